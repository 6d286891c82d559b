"""Purging: what a deletion took is dropped for good, in transactions small enough to hold up no writer."""

from typing import Any

from sqlalchemy import Connection, Select, Table, and_, select
from sqlalchemy import delete as sql_delete
from sqlalchemy import update as sql_update

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
    settings,
    subjects,
    writers,
)

_DUE = ("PURGING", "TOMBSTONED")
_SUBJECTS = 50  # in one transaction

# What can be many rows of one subject, in the order in which it goes; the rest goes with the subject by cascade.
_PARTS: tuple[Table, ...] = (segments, chunks, axes, series, events, artifacts, attributes, metadata_patches, settings)


def due(conn: Connection, *, now: int) -> list[int]:
    """The deletions to purge: those that were asked for, then those whose undo window is over, oldest first."""
    over = and_(deletions.c.state == "TOMBSTONED", deletions.c.purge_after <= now)
    query = select(deletions.c.id).where((deletions.c.state == "PURGING") | over).order_by(deletions.c.id)
    return list(conn.execute(query).scalars())


def claim(conn: Connection, *, deletion_id: int) -> bool:
    """Hold a deletion, now PURGING, until the transaction ends; false: another server is at it, or it is done."""
    row = deletions.c.id == deletion_id
    held = select(deletions.c.id).where(row, deletions.c.state.in_(_DUE)).with_for_update(skip_locked=True)
    if conn.execute(held).scalar() is None:
        return False
    conn.execute(sql_update(deletions).where(row, deletions.c.state != "PURGING").values(state="PURGING"))
    return True


def purge_slice(conn: Connection, *, deletion_id: int, rows: int) -> bool:
    """Drop about that many rows of what a deletion took; false when there is nothing left."""
    query = select(subjects.c.id).where(subjects.c.deletion_id == deletion_id).order_by(subjects.c.id).limit(_SUBJECTS)
    ids = list(conn.execute(query).scalars())
    left = rows
    for table in _PARTS if ids else ():
        part = _rows_of(table, ids).limit(left)
        left -= conn.execute(sql_delete(table).where(table.c.id.in_(part))).rowcount
        if left <= 0:
            return True
    conn.execute(sql_delete(subjects).where(subjects.c.id.in_(ids)))
    return bool(ids)


def _rows_of(table: Table, subject_ids: list[int]) -> Select[Any]:
    if table is chunks:
        held = select(chunks.c.id).join(series, series.c.id == chunks.c.series_id)
        return held.where(series.c.subject_id.in_(subject_ids))
    if table is axes:
        held = select(axes.c.id).join(writers, writers.c.id == axes.c.writer_id)
        return held.where(writers.c.subject_id.in_(subject_ids))
    return select(table.c.id).where(table.c.subject_id.in_(subject_ids))
