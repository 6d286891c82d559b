"""Completion of field names in a shell, from what the runs of the namespace have; silent when no server answers."""

import re
from collections.abc import Iterator

import typer

from mbox_ops.client.connection import with_overrides
from mbox_ops.client.http import HttpApi
from mbox_ops.entities.pages import Page
from mbox_ops.entities.search import FieldKind, KnownField
from mbox_ops.errors import MboxError
from mbox_ops.search.fields import COLUMNS, STATS
from mbox_ops.settings import ClientSettings, client_settings

KINDS: dict[str, FieldKind] = {"params": "parameter", "tags": "tag", "metadata": "metadata", "metrics": "metric"}
SECONDS = 0.5  # that a key press may wait
MOST = 200  # fields that are offered at once

_UNFINISHED = re.compile(r"""[^\s,()=<>!]*$""")


def complete_fields(context: typer.Context, incomplete: str) -> list[str]:
    """What the last word of a filter, an order or a list of columns may become, with what stands before it."""
    start = _UNFINISHED.search(incomplete)
    assert start is not None  # it matches nothing, too
    word = start[0]
    minus = word[: len(word) - len(word.lstrip("-"))]
    before = incomplete[: start.start()] + minus
    try:
        return [before + name for name in _names(context, word[len(minus) :])]
    except (MboxError, OSError):
        return []


def _names(context: typer.Context, word: str) -> Iterator[str]:
    group, dot, rest = word.partition(".")
    if dot:
        name, _, tail = rest.rpartition(".")
        if group == "metrics" and name:
            yield from (f"metrics.{name}.{stat}" for stat in STATS if stat.startswith(tail))
        if group in KINDS:
            yield from _known(_settings(context), KINDS[group], rest.lstrip('"`'))
        return
    yield from (name for name in COLUMNS if name.startswith(word))
    yield from (f"{name}." for name in KINDS if name.startswith(word))


def _settings(context: typer.Context) -> ClientSettings:
    given = {name: context.params.get(name) for name in ("url", "namespace")}
    return with_overrides(client_settings(), **given)


def _known(settings: ClientSettings, kind: FieldKind, prefix: str) -> list[str]:
    api = HttpApi(
        settings.url, settings.token, settings.namespace, connect_timeout=SECONDS, read_timeout=SECONDS,
        verify=settings.verify,
    )  # fmt: skip
    query = {"kind": kind, "prefix": prefix, "limit": MOST}
    found = api.call("GET", "/fields", query=query, result=Page[KnownField], retry=False)
    return [known.field for known in found.items]
