"""Events as rows: insert-only."""

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, or_, select, tuple_
from sqlalchemy import insert as sql_insert

from mbox_ops.entities.events import EventQuery, EventRecord, StoredEvent
from mbox_ops.entities.ids import uuid7
from mbox_ops.entities.instants import to_datetime
from mbox_ops.entities.spans import BEGIN, ENDS
from mbox_ops.store.tables import events as table
from mbox_ops.store.tables import writers

Key = tuple[int, int, int]  # wallclock, arrival, ordinal


def insert(
    conn: Connection,
    *,
    subject_id: int,
    writer_id: int,
    arrival: int,
    received_at: int,
    events: Sequence[EventRecord],
    new_id: Callable[[], str] = uuid7,
) -> None:
    """Store the events of one batch, in order; an event without a wallclock gets `received_at`."""
    if not events:
        return
    rows = [
        {
            "uid": new_id(),
            "subject_id": subject_id,
            "writer_id": writer_id,
            "arrival": arrival,
            "ordinal": ordinal,
            "name": event.name,
            "source": event.source,
            "wallclock": received_at if event.wallclock is None else event.wallclock,
            "received_at": received_at,
            "metadata": msgspec.json.encode(event.metadata).decode(),
        }
        for ordinal, event in enumerate(events)
    ]
    conn.execute(sql_insert(table), rows)


def page(
    conn: Connection, *, subject_id: int, parent_id: str, query: EventQuery, after: Key | None, limit: int
) -> list[tuple[Key, StoredEvent]]:
    """At most `limit` events of a subject by (wallclock, arrival, ordinal), after that key; `parent_id` is its id."""
    c = table.c
    found = (
        select(table)
        .join(writers, writers.c.id == c.writer_id)
        .where(c.subject_id == subject_id, writers.c.replaced.is_(False))
        .order_by(c.wallclock, c.arrival, c.ordinal)
        .limit(limit)
    )
    if query.since is not None:
        found = found.where(c.wallclock >= query.since)
    if query.name is not None:
        found = found.where(c.name == query.name)
    if query.source is not None:
        found = found.where(c.source == query.source)
    if after is not None:
        found = found.where(tuple_(c.wallclock, c.arrival, c.ordinal) > tuple_(*after))
    return [((row.wallclock, row.arrival, row.ordinal), _event(row, parent_id)) for row in conn.execute(found)]


def marks(conn: Connection, *, subject_id: int, parent_id: str, limit: int) -> list[StoredEvent]:
    """The newest events of a subject that begin or end a span, at most `limit`, by (wallclock, arrival, ordinal)."""
    c = table.c
    endings = or_(*(c.name.endswith(ending, autoescape=True) for ending in (BEGIN, *ENDS)))
    found = (
        select(table)
        .join(writers, writers.c.id == c.writer_id)
        .where(c.subject_id == subject_id, writers.c.replaced.is_(False), endings)
        .order_by(c.wallclock.desc(), c.arrival.desc(), c.ordinal.desc())
        .limit(limit)
    )
    return [_event(row, parent_id) for row in conn.execute(found)][::-1]


def _event(row: Any, parent_id: str) -> StoredEvent:
    return StoredEvent(
        id=row.uid,
        parent_id=parent_id,
        name=row.name,
        source=row.source,
        wallclock=row.wallclock,
        received_at=to_datetime(row.received_at),
        metadata=msgspec.json.decode(row.metadata),
    )
