"""Scenarios: the tree of what runs are put under."""

from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import msgspec

from mbox_ops.entities.grouping import Scenario, ScenarioPart
from mbox_ops.entities.pages import Page
from mbox_ops.server.ui.pages import page
from mbox_ops.server.ui.rendering import render
from mbox_ops.server.ui.visits import Answer, Visit

_MOST_PARTS = 1_000


class ScenariosQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of scenarios, and which of them are open."""

    open: list[str] = []
    limit: int = 25
    cursor: str | None = None


class Branch(NamedTuple):
    """A scenario in the tree.

    Attributes:
        sources: its pipelines and notebooks with their collections; None while it is closed.
        toggle: the address of the same page with it closed, or open.
        more: it holds more than is shown.
    """

    scenario: Scenario
    sources: "list[Source] | None"
    toggle: str
    bytes: int = 0
    more: bool = False


class Source(NamedTuple):
    """A pipeline or a notebook in the tree; `kind` is None where runs do not say where they come from."""

    kind: str | None
    name: str | None
    parts: list[ScenarioPart]


@page("GET", "/scenarios", scope="read")
def scenarios(visit: Visit, query: ScenariosQuery) -> Answer:
    """The scenarios that have live runs, by name; the open ones with what is in them."""
    found = visit.service.scenarios.list(visit.actor, limit=query.limit, cursor=query.cursor)
    branches = [_branch(visit, query, found, scenario) for scenario in found.items]
    following = found.next and visit.link("/scenarios", limit=_limit(query), cursor=found.next)
    first = visit.link("/scenarios", limit=_limit(query)) if query.cursor else None
    return render(visit, "scenarios.html", section="scenarios", branches=branches, next=following, first=first)


def _branch(visit: Visit, query: ScenariosQuery, found: Page[Scenario], scenario: Scenario) -> Branch:
    alone = len(found.items) == 1 and query.cursor is None
    is_open = scenario.name in query.open or alone
    kept = [name for name in query.open if name != scenario.name] if is_open else [*query.open, scenario.name]
    toggle = visit.link("/scenarios", open=kept or None, limit=_limit(query), cursor=query.cursor)
    if not is_open:
        return Branch(scenario, None, toggle)
    parts = visit.service.scenarios.parts(visit.actor, scenario.id, limit=_MOST_PARTS)
    held = sum(part.bytes for part in parts)
    return Branch(scenario, _sources(parts), "" if alone else toggle, held, len(parts) == _MOST_PARTS)


def _sources(parts: Sequence[ScenarioPart]) -> list[Source]:
    by_source = groupby(parts, key=lambda part: (part.source_kind, part.source))
    return [Source(kind, name, list(held)) for (kind, name), held in by_source]


def _limit(query: ScenariosQuery) -> int | None:
    return None if query.limit == ScenariosQuery().limit else query.limit
