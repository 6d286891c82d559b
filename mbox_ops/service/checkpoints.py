"""Checkpoints of runs: one of each epoch, made by whoever writes to it first."""

from typing import TYPE_CHECKING, cast

from mbox_ops.entities.checkpoints import (
    MOST_EPOCH,
    Checkpoint,
    CheckpointQuery,
    CreateCheckpoint,
    CreatedCheckpoint,
)
from mbox_ops.entities.instants import to_datetime
from mbox_ops.entities.limits import Limits
from mbox_ops.entities.metrics import Block
from mbox_ops.entities.pages import Page
from mbox_ops.entities.writers import Batch, MetadataOp
from mbox_ops.errors import NotFound
from mbox_ops.service.access import Actor
from mbox_ops.service.batches import Batches
from mbox_ops.service.checks import check_range
from mbox_ops.service.cursors import check_limit, page_of, read_cursor
from mbox_ops.service.freshness import read_fresh
from mbox_ops.service.queries import check_int64, is_storable
from mbox_ops.service.reading import live_run
from mbox_ops.store import run_checkpoints, subjects
from mbox_ops.store.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

_LIST = "checkpoints"
_Found = list[tuple[run_checkpoints.Key, run_checkpoints.Row]]


class Checkpoints:
    """The checkpoints of a service's runs."""

    def __init__(self, database: Database, *, batches: Batches, limits: Limits) -> None:
        self._database, self._batches, self._limits = database, batches, limits

    def create(self, actor: Actor, run_id: str, request: CreateCheckpoint) -> CreatedCheckpoint:
        """The checkpoint of a run and an epoch, made if it is not there; what is given is added to it, in one write.

        Raises:
            InvalidRequest: a field breaks a rule.
            NotFound: there is no such run, or the token does not open its namespace.
            RunDeleted: the run was deleted.
            Fenced: a newer attempt of the writer's origin has written to the run or to the checkpoint.
        """
        check_range("epoch", request.epoch, 0, MOST_EPOCH)
        result = self._batches.write(actor, _batch(run_id, request))
        with self._database.read() as conn:
            subject = subjects.find(conn, uid=result.run_id)
        return CreatedCheckpoint(
            checkpoint_id=result.run_id,
            checkpoint_exists=result.existed,
            created_at=result.updated_at if subject is None else to_datetime(subject.created_at),
            updated_at=result.updated_at,
            artifact_ids=result.artifact_ids,
        )

    def get(self, actor: Actor, checkpoint_id: str) -> Checkpoint:
        """A checkpoint by its id, in any namespace that the token opens.

        Raises:
            NotFound: there is none of a live run, or the token does not open its namespace.
        """
        actor.require("read")

        def select(conn: "Connection") -> _Found:
            row = run_checkpoints.find(conn, uid=checkpoint_id) if is_storable(checkpoint_id) else None
            return [] if row is None or not actor.opens(row.namespace) else [((row.epoch,), row)]

        found = read_fresh(self._database, select, run_checkpoints.describe)
        if not found:
            raise NotFound("checkpoint", checkpoint_id, actor.namespace)
        return found[0][1]

    def list(self, actor: Actor, run_id: str, query: CheckpointQuery) -> Page[Checkpoint]:
        """A page of a run's checkpoints, by epoch.

        Raises:
            NotFound: there is no such live run, or the token does not open its namespace.
            InvalidRequest: a condition, the limit or the cursor breaks a rule.
        """
        actor.require("read")
        check_limit(query.limit, self._limits)
        check_int64("first_epoch", query.first_epoch)
        check_int64("last_epoch", query.last_epoch)
        after = cast("run_checkpoints.Key | None", read_cursor(_LIST, query.cursor, (int,)))

        def select(conn: "Connection") -> _Found:
            run = live_run(conn, actor, run_id)
            return run_checkpoints.page(conn, run_id=run.id, query=query, after=after, limit=query.limit + 1)

        return page_of(_LIST, read_fresh(self._database, select, run_checkpoints.describe), query.limit)


def _batch(run_id: str, request: CreateCheckpoint) -> Batch:
    points = []
    if request.metrics:
        points = [Block(names=[*request.metrics], steps=[request.epoch], values=[*request.metrics.values()])]
    changes = [MetadataOp(op="merge", document=request.metadata)] if request.metadata else []
    return Batch(
        run_id=run_id, checkpoint=request.epoch, writer=request.writer, points=points, metadata=changes,
        artifacts=request.artifacts,
    )  # fmt: skip
