"""The checkpoints of a run: what it held fast at the end of each epoch."""

from functools import partial

import msgspec

from mbox_ops.entities.checkpoints import CheckpointQuery
from mbox_ops.server.ui.metric_formats import format_of
from mbox_ops.server.ui.model_pages.looking import looked_at
from mbox_ops.server.ui.pages import page
from mbox_ops.server.ui.run_pages.frame import render_run, run_of
from mbox_ops.server.ui.visits import Answer, Visit

_MOST_METRICS = 12  # columns


class CheckpointsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of checkpoints, and the id of the one that is looked at."""

    checkpoint: str = ""
    newest: bool = True
    limit: int = 50
    cursor: str | None = None


@page("GET", "/runs/{run_id}/checkpoints", scope="read")
def run_checkpoints(visit: Visit, run_id: str, query: CheckpointsQuery) -> Answer:
    """The checkpoints by epoch, each with the last value of its metrics."""
    visit, run = run_of(visit, run_id)
    asked = CheckpointQuery(newest_first=query.newest, limit=query.limit, cursor=query.cursor)
    found = visit.service.checkpoints.list(visit.actor, run_id, asked)
    names = sorted({name for one in found.items for name in one.metrics})
    kept = {"newest": None if query.newest else False, "limit": None if query.limit == 50 else query.limit}
    shown = looked_at(visit, visit.service.checkpoints.get, query.checkpoint, lambda one: one.run_id == run.id)
    return render_run(
        visit, run, "models/checkpoints.html", "checkpoints",
        found=found.items, newest=query.newest, columns=[(name, format_of(run.labels, name)) for name in names],
        most=_MOST_METRICS, forms=partial(format_of, run.labels), shown=shown,
        here=lambda **changes: visit.link("/runs", run.id, "checkpoints", **{**kept, **changes}),
        cursor=query.cursor, next_cursor=found.next,
    )  # fmt: skip
