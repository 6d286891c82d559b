"""Events as rows: insert-only."""

from collections.abc import Callable, Sequence

import msgspec
from sqlalchemy import Connection
from sqlalchemy import insert as sql_insert

from mbox_ops.entities.events import EventRecord
from mbox_ops.entities.ids import uuid7
from mbox_ops.store.tables import events as table


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
