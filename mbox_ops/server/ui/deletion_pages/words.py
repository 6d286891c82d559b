"""Deletions in words: what was asked for, how it stands, what an entry of the audit tells."""

from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec
from markupsafe import Markup

from mbox_ops.entities.audit import AuditEntry
from mbox_ops.entities.deletions import Counts, Deletion
from mbox_ops.server.ui.formats import count, duration, size

KINDS = tuple(name for name in Counts.__struct_fields__ if name != "checkpoints")
_STATES = {
    "TOMBSTONED": ("lost", "\N{ANTICLOCKWISE OPEN CIRCLE ARROW}", "Can be undone"),
    "UNDONE": ("finished", "\N{CHECK MARK}", "Undone"),
    "PURGING": ("running", "\N{BLACK RIGHT-POINTING SMALL TRIANGLE}", "Being purged"),
    "PURGED": ("other", "\N{MULTIPLICATION X}", "Purged"),
}
_ACTIONS = {
    "created": "deleted", "undone": "undone", "purge_requested": "asked to purge at once",
    "purge_started": "purge begun", "purge_step": "purged a part", "purge_finished": "purge finished",
}  # fmt: skip
_SELECTED = {
    "scenarios": "scenario", "scenario_version": "version", "pipeline": "pipeline", "execution": "execution",
    "notebook": "notebook", "run_id": "run", "filter": "filter",
}  # fmt: skip


class Said(NamedTuple):
    """A part of what was asked for; `is_code`: it is in the filter language."""

    name: str
    text: str
    is_code: bool


def standing(state: str) -> Markup:
    """How a deletion stands: a sign, words and a colour."""
    kind, sign, words = _STATES.get(state, ("other", "", state.capitalize()))
    return Markup('<span class="state state-{}"><span aria-hidden="true">{}</span> {}</span>').format(kind, sign, words)


def asked_for(deletion: Deletion) -> list[Said]:
    """What a deletion was asked to take, part by part."""
    if deletion.rules is not None:
        return [Said("rule", text, False) for text in _rules(msgspec.to_builtins(deletion.rules))]
    parts = []
    for field, name in _SELECTED.items():
        value = getattr(deletion.selector, field)
        texts = value if isinstance(value, list) else [] if value is None else [value]
        parts += [Said(name, text, field == "filter") for text in texts]
    return parts


def action_of(entry: AuditEntry) -> str:
    """What an entry tells was done."""
    return _ACTIONS.get(entry.action, entry.action)


def counted(counts: dict[str, int]) -> str:
    """How much of what, without what there is none of."""
    return ", ".join(_counted(kind, many) for kind, many in counts.items() if many) or "nothing"


def _counted(kind: str, many: int) -> str:
    return size(many) if kind == "bytes" else f"{count(many)} {kind.removesuffix('s') if many == 1 else kind}"


def _rules(rules: dict[str, Any]) -> list[str]:
    """The rules of a cleanup, each as a short text."""
    return [f"{name.removesuffix('_seconds').replace('_', ' ')}: {_rule(name, rules[name])}" for name in rules]


def _rule(name: str, value: Any) -> str:
    if name == "keep_best":
        return f"{value['runs']} by the {value['direction']} of {value['metric']}.{value.get('statistic', 'last')}"
    if name == "older_than_seconds":
        return duration(float(value))
    return ", ".join(value) if isinstance(value, list) else str(value)


def exact(value: datetime) -> Markup:
    """An instant as a date and a time, for what lies ahead."""
    text = f"{value.astimezone(UTC):%Y-%m-%d %H:%M}"
    return Markup('<time datetime="{0}">{1} UTC</time>').format(value.isoformat(), text)


FILTERS = {"standing": standing, "counted": counted, "exact": exact}
