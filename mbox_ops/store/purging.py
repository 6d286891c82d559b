"""Purging: what a deletion took is dropped for good, in transactions small enough to hold up no writer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    Table,
    and_,
    bindparam,
    func,
    select,
    text,
    tuple_,
)
from sqlalchemy import delete as sql_delete
from sqlalchemy import update as sql_update
from sqlalchemy.dialects.postgresql import ARRAY

from mbox_ops.entities.deletions import DeletionState, Left
from mbox_ops.store.database import Database
from mbox_ops.store.tables import (
    artifacts,
    attributes,
    axes,
    chunks,
    deletions,
    events,
    metadata_patches,
    segments,
    series,
    series_writers,
    settings,
    subjects,
    uses,
    writers,
)

_ONE_AT_A_TIME = 0x6D627075  # PostgreSQL's advisory lock for servers that purge
_STATES: tuple[DeletionState, ...] = ("TOMBSTONED", "UNDONE", "PURGING", "PURGED")
_SUBJECTS = 50  # in one transaction
_AT_ONCE: dict[str, int] = {"sqlite": 100, "postgresql": 1_000}  # rows in a statement, about a millisecond, or five

# What can be many rows of one subject, in the order in which it goes, so that nothing goes by cascade but with a run.
_PARTS: tuple[Table, ...] = (
    segments, chunks, axes, series_writers, series, events, artifacts, uses, attributes, metadata_patches, settings,
    writers,
)  # fmt: skip
# By where they lie: it would look through all rows of a writer for each.
_AT_PLACES: Any = text(
    "series_writers.ctid = ANY (ARRAY (SELECT own.ctid FROM series_writers AS own"
    " JOIN series ON series.id = own.series_id WHERE series.subject_id = ANY (:subject_ids) LIMIT :most))"
).bindparams(bindparam("subject_ids", type_=ARRAY(BigInteger)))


def left(conn: Connection) -> list[Left]:
    """What there is of deletions, for each state that a deletion can be in once it was made."""
    made = select(deletions.c.state, func.count()).group_by(deletions.c.state)
    runs = (
        select(deletions.c.state, func.count())
        .select_from(subjects.join(deletions, deletions.c.id == subjects.c.deletion_id))
        .where(subjects.c.type == "run")
        .group_by(deletions.c.state)
    )
    counted, there = (dict(map(tuple, conn.execute(query))) for query in (made, runs))
    return [Left(state=state, deletions=counted.get(state, 0), runs=there.get(state, 0)) for state in _STATES]


def due(conn: Connection, *, now: int) -> list[int]:
    """The deletions to purge: those that were asked for, then those whose undo window is over, oldest first."""
    over = and_(deletions.c.state == "TOMBSTONED", deletions.c.purge_after <= now)
    query = select(deletions.c.id).where((deletions.c.state == "PURGING") | over).order_by(deletions.c.id)
    return list(conn.execute(query).scalars())


@contextmanager
def alone(database: Database) -> Iterator[bool]:
    """Whether this process may purge while the block runs: of all servers of a database one may at a time.

    A file of SQLite has one server. PostgreSQL drops the lock with the connection, however a server ends.
    """
    if database.dialect == "sqlite":
        yield True
        return
    with database.read() as conn:
        yield bool(conn.execute(text("SELECT pg_try_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME}).scalar())


def claim(conn: Connection, *, deletion_id: int) -> DeletionState | None:
    """Hold a deletion, now PURGING, until the transaction ends; else the state it is in, None if others hold it."""
    row = deletions.c.id == deletion_id
    held = select(deletions.c.state).where(row).with_for_update(skip_locked=True)
    state: DeletionState | None = conn.execute(held).scalar()
    if state == "TOMBSTONED":
        conn.execute(sql_update(deletions).where(row).values(state="PURGING"))
        return "PURGING"
    return state


def purge_slice(conn: Connection, *, deletion_id: int, is_over: Callable[[], bool]) -> int | None:
    """Drop rows of some runs that a deletion took, until all of these are gone or it is over.

    Args:
        is_over: asked every few milliseconds.

    Returns:
        How many runs went with that for good; None when there is nothing left.
    """
    query = select(subjects.c.id).where(subjects.c.deletion_id == deletion_id).order_by(subjects.c.id).limit(_SUBJECTS)
    ids = list(conn.execute(query).scalars())
    # Those below them, checkpoints of runs, go before them: with them they would go by cascade, however many they are.
    below = select(subjects.c.id).where(subjects.c.parent_id.in_(ids)).order_by(subjects.c.id).limit(_SUBJECTS)
    first = list(conn.execute(below).scalars())
    gone = _drop(conn, first or ids, is_over)
    return None if not ids else len(ids) if gone and not first else 0


def _drop(conn: Connection, ids: list[int], is_over: Callable[[], bool]) -> bool:
    """Drop rows of some subjects, and them, when nothing else is left; whether they went."""
    most = _AT_ONCE[conn.dialect.name]
    for table in _PARTS if ids else ():
        statement = sql_delete(table).where(_is_one_of(conn, table, ids, most))
        dropped = most
        while dropped == most:
            dropped = conn.execute(statement).rowcount
            if dropped and is_over():
                return False
    conn.execute(sql_delete(subjects).where(subjects.c.id.in_(ids)))
    return True


def _is_one_of(conn: Connection, table: Table, subject_ids: list[int], most: int) -> ColumnElement[bool]:
    """Whether a row of a table is one of the first so many of these subjects."""
    if table is series_writers and conn.dialect.name == "postgresql":
        places: ColumnElement[bool] = _AT_PLACES.bindparams(subject_ids=subject_ids, most=most)
        return places
    rows = _rows_of(table, subject_ids).limit(most)
    own = table.primary_key.columns.values()
    return own[0].in_(rows) if len(own) == 1 else tuple_(*own).in_(rows)


def _rows_of(table: Table, subject_ids: list[int]) -> Select[Any]:
    """The keys of the rows of subjects."""
    own = select(*table.primary_key.columns)
    if table in (chunks, series_writers):
        return own.join(series, series.c.id == table.c.series_id).where(series.c.subject_id.in_(subject_ids))
    if table is axes:
        return own.join(writers, writers.c.id == axes.c.writer_id).where(writers.c.subject_id.in_(subject_ids))
    return own.where(table.c.subject_id.in_(subject_ids))
