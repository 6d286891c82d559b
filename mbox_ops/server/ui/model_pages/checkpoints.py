"""The checkpoints of a run: what it held fast at the end of each epoch."""

from typing import Any, NamedTuple

import msgspec

from mbox_ops.entities.artifacts import ArtifactQuery, StoredArtifact
from mbox_ops.entities.checkpoints import Checkpoint, CheckpointQuery
from mbox_ops.errors import NotFound
from mbox_ops.server.ui.metric_formats import format_of
from mbox_ops.server.ui.pages import page
from mbox_ops.server.ui.run_pages.frame import render_run, run_of
from mbox_ops.server.ui.visits import Answer, Visit

_MOST_METRICS = 12  # columns
_MOST_ARTIFACTS = 100


class CheckpointsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of checkpoints, and the id of the one that is looked at."""

    checkpoint: str = ""
    newest: bool = True
    limit: int = 50
    cursor: str | None = None


class Shown(NamedTuple):
    """The checkpoint that is looked at."""

    checkpoint: Checkpoint
    metadata: dict[str, Any]
    artifacts: list[StoredArtifact]
    more: bool


@page("GET", "/runs/{run_id}/checkpoints", scope="read")
def run_checkpoints(visit: Visit, run_id: str, query: CheckpointsQuery) -> Answer:
    """The checkpoints by epoch, each with the last value of its metrics."""
    visit, run = run_of(visit, run_id)
    asked = CheckpointQuery(newest_first=query.newest, limit=query.limit, cursor=query.cursor)
    found = visit.service.checkpoints.list(visit.actor, run_id, asked)
    names = sorted({name for one in found.items for name in one.metrics})
    kept = {"newest": None if query.newest else False, "limit": None if query.limit == 50 else query.limit}
    return render_run(
        visit, run, "models/checkpoints.html", "checkpoints",
        found=found.items, newest=query.newest, columns=[(name, format_of(run.labels, name)) for name in names],
        most=_MOST_METRICS, shown=_shown(visit, query.checkpoint) if query.checkpoint else None,
        here=lambda **changes: visit.link("/runs", run.id, "checkpoints", **{**kept, **changes}),
        cursor=query.cursor, next_cursor=found.next,
    )  # fmt: skip


def _shown(visit: Visit, checkpoint_id: str) -> Shown | None:
    """The checkpoint; None where there is none of that id."""
    try:
        checkpoint = visit.service.checkpoints.get(visit.actor, checkpoint_id)
    except NotFound:
        return None
    files = visit.service.artifacts.list(visit.actor, checkpoint_id, ArtifactQuery(limit=_MOST_ARTIFACTS))
    document = visit.service.metadata.get(visit.actor, checkpoint_id)
    return Shown(checkpoint, document, files.items, files.next is not None)
