"""Checkpoints of runs as rows: one of each epoch; the subject's parent is the run."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, insert, select

from mbox_ops.entities.checkpoints import Checkpoint, CheckpointQuery
from mbox_ops.entities.instants import to_datetime
from mbox_ops.store import artifacts, series, subjects
from mbox_ops.store.tables import checkpoints as table
from mbox_ops.store.tables import namespaces
from mbox_ops.store.tables import subjects as own

TYPE = "checkpoint"
Key = tuple[int]  # the epoch

_run = own.alias()


class Address(NamedTuple):
    """What a checkpoint is of: its run, by row, id and key, and an epoch."""

    run_id: int
    run: str
    key: str | None
    epoch: int


class Row(NamedTuple):
    """A live checkpoint's columns, in the order of `_SELECT`."""

    subject_id: int
    uid: str
    run_uid: str
    namespace: str
    epoch: int
    created_at: int
    updated_at: int
    unfolded: bool


_SELECT: Select[Any] = (
    select(
        own.c.id, own.c.uid, _run.c.uid.label("run_uid"), namespaces.c.name.label("namespace"), table.c.epoch,
        own.c.created_at, own.c.updated_at, (own.c.folded < own.c.arrival).label("unfolded"),
    )
    .select_from(table)
    .join(own, own.c.id == table.c.subject_id)
    .join(_run, _run.c.id == table.c.run_id)
    .join(namespaces, namespaces.c.id == own.c.namespace_id)
    .where(own.c.deletion_id.is_(None))
)  # fmt: skip


def hold(conn: Connection, *, run_id: int, epoch: int) -> subjects.Subject | None:
    """The checkpoint of a run and an epoch, held until the transaction ends."""
    query = select(table.c.subject_id).where(table.c.run_id == run_id, table.c.epoch == epoch)
    found = conn.execute(query).scalar()
    return None if found is None else subjects.hold(conn, subject_id=found)


def make(conn: Connection, *, run: subjects.Subject, epoch: int, uid: str, now: int) -> subjects.Subject | None:
    """Make a checkpoint of a run that the transaction holds; None if its id is taken."""
    row = subjects.insert(
        conn, uid=uid, namespace_id=run.namespace_id, type=TYPE, key=None, now=now, parent_id=run.id
    )  # fmt: skip
    if row is None:
        return None
    conn.execute(insert(table).values(subject_id=row, run_id=run.id, epoch=epoch))
    return subjects.hold(conn, subject_id=row)


def address(conn: Connection, *, subject_id: int) -> Address | None:
    """What a checkpoint, live or not, is of; None if the subject is none."""
    query = select(_run.c.id, _run.c.uid, _run.c.key, table.c.epoch).join(_run, _run.c.id == table.c.run_id)
    row = conn.execute(query.where(table.c.subject_id == subject_id)).one_or_none()
    return None if row is None else Address(*row)


def find(conn: Connection, *, uid: str) -> Row | None:
    """A live checkpoint by its id, in whatever namespace it is."""
    row = conn.execute(_SELECT.where(own.c.uid == uid)).one_or_none()
    return None if row is None else Row(*row)


def page(
    conn: Connection, *, run_id: int, query: CheckpointQuery, after: Key | None, limit: int
) -> list[tuple[Key, Row]]:
    """At most `limit` live checkpoints of a run by epoch, after that one."""
    c = table.c.epoch
    found = _SELECT.where(table.c.run_id == run_id).order_by(c.desc() if query.newest_first else c).limit(limit)
    if query.first_epoch is not None:
        found = found.where(c >= query.first_epoch)
    if query.last_epoch is not None:
        found = found.where(c <= query.last_epoch)
    if after is not None:
        found = found.where(c < after[0] if query.newest_first else c > after[0])
    return [((row.epoch,), Row(*row)) for row in conn.execute(found)]


def describe(conn: Connection, rows: Sequence[Row]) -> list[Checkpoint]:
    """The checkpoints of these rows, in their order."""
    ids = [row.subject_id for row in rows]
    summaries = series.summaries(conn, subject_ids=ids) if ids else {}
    files = artifacts.counts(conn, subject_ids=ids)
    return [
        Checkpoint(
            id=row.uid, run_id=row.run_uid, namespace=row.namespace, epoch=row.epoch,
            metrics=summaries.get(row.subject_id, {}), artifacts=files.get(row.subject_id, 0),
            created_at=to_datetime(row.created_at), updated_at=to_datetime(row.updated_at),
        )
        for row in rows
    ]  # fmt: skip
