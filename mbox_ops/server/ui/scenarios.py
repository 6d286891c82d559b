"""Scenarios: the tree of what runs are put under."""

import msgspec

from mbox_ops.server.ui.pages import page
from mbox_ops.server.ui.rendering import render
from mbox_ops.server.ui.visits import Answer, Visit


class ScenariosQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of scenarios."""

    limit: int = 50
    cursor: str | None = None


@page("GET", "/scenarios", scope="read")
def scenarios(visit: Visit, query: ScenariosQuery) -> Answer:
    """The scenarios that have live runs, by name."""
    found = visit.service.scenarios.list(visit.actor, limit=query.limit, cursor=query.cursor)
    return render(visit, "scenarios.html", section="scenarios", page=found, query=query)
