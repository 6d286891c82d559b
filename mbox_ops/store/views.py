"""Saved views as rows."""

from typing import Any

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from mbox_ops.entities.instants import to_datetime
from mbox_ops.entities.views import SavedView
from mbox_ops.store.tables import views as table


def save(conn: Connection, *, namespace_id: int, name: str, query: str, saved_by: str, now: int) -> None:
    """Keep a view under a name, in the place of the one that had the name."""
    insert = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    said = {"query": query, "saved_by": saved_by, "saved_at": now}
    statement = insert(table).values(namespace_id=namespace_id, name=name, **said)
    conn.execute(statement.on_conflict_do_update(index_elements=["namespace_id", "name"], set_=said))


def find(conn: Connection, *, namespace_id: int, name: str) -> SavedView | None:
    """The view of that name."""
    row = conn.execute(select(table).where(table.c.namespace_id == namespace_id, table.c.name == name)).one_or_none()
    return None if row is None else _view(row)


def page(conn: Connection, *, namespace_id: int, limit: int) -> list[SavedView]:
    """The first views of a namespace, by name."""
    query = select(table).where(table.c.namespace_id == namespace_id).order_by(table.c.name).limit(limit)
    return [_view(row) for row in conn.execute(query)]


def count(conn: Connection, *, namespace_id: int) -> int:
    """How many views a namespace has."""
    return int(conn.execute(select(func.count()).where(table.c.namespace_id == namespace_id)).scalar_one())


def remove(conn: Connection, *, namespace_id: int, name: str) -> bool:
    """Forget a view; whether there was one."""
    gone = conn.execute(delete(table).where(table.c.namespace_id == namespace_id, table.c.name == name))
    return bool(gone.rowcount)


def _view(row: Any) -> SavedView:
    return SavedView(name=row.name, query=row.query, saved_by=row.saved_by, saved_at=to_datetime(row.saved_at))
