"""The audit as rows: they are inserted and read, nothing else."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

import msgspec
from sqlalchemy import Connection, select
from sqlalchemy import insert as sql_insert

from mbox_ops.entities.audit import AuditAction, AuditEntry
from mbox_ops.entities.instants import to_datetime
from mbox_ops.store.tables import audit as table
from mbox_ops.store.tables import deletions

SERVICE = "service"  # who does what nobody asked for


def add(
    conn: Connection, *, deletion_id: int, action: AuditAction, by: str, counts: Mapping[str, int], now: int
) -> None:
    """Note, in the transaction that does it, what is done with a deletion."""
    namespace_id = select(deletions.c.namespace_id).where(deletions.c.id == deletion_id).scalar_subquery()
    row = {"namespace_id": namespace_id, "deletion_id": deletion_id, "action": action, "by": by, "at": now}
    conn.execute(sql_insert(table).values(**row, counts=msgspec.json.encode(dict(counts)).decode()))


def has(conn: Connection, *, deletion_id: int, action: AuditAction) -> bool:
    """Whether that was done with a deletion."""
    query = select(table.c.id).where(table.c.deletion_id == deletion_id, table.c.action == action).limit(1)
    return conn.execute(query).scalar() is not None


def steps(conn: Connection, *, deletion_id: int) -> dict[str, int]:
    """The sum of what the steps of a deletion's purge count."""
    query = select(table.c.counts).where(table.c.deletion_id == deletion_id, table.c.action == "purge_step")
    found: Counter[str] = Counter()
    for text in conn.execute(query).scalars():
        found.update(msgspec.json.decode(text, type=dict[str, int]))
    return dict(found)


def page(
    conn: Connection, *, namespace_id: int | None = None, deletion_id: int | None = None, after: int | None, limit: int
) -> list[tuple[tuple[int], AuditEntry]]:
    """At most `limit` entries of a namespace or a deletion, in the order they were made, after that row."""
    query = (
        select(table, deletions.c.uid)
        .join(deletions, deletions.c.id == table.c.deletion_id)
        .where(table.c.id > (after or 0))
        .order_by(table.c.id)
        .limit(limit)
    )
    for column, value in ((table.c.namespace_id, namespace_id), (table.c.deletion_id, deletion_id)):
        if value is not None:
            query = query.where(column == value)
    return [((row.id,), _entry(row)) for row in conn.execute(query)]


def _entry(row: Any) -> AuditEntry:
    return AuditEntry(
        at=to_datetime(row.at),
        deletion_id=row.uid,
        action=row.action,
        by=row.by,
        counts=msgspec.json.decode(row.counts, type=dict[str, int]),
    )
