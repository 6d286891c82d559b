"""Scenarios and run collections as rows: names that runs are put under, made at the first use."""

from collections.abc import Callable

from sqlalchemy import Connection, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from mbox_ops.entities.ids import uuid7
from mbox_ops.store.tables import collections, scenarios

NewId = Callable[[], str]


def scenario_id(conn: Connection, *, namespace_id: int, name: str, now: int, new_id: NewId = uuid7) -> int:
    """The row of the scenario with that name, made if it is not there; safe against others who make it too."""
    key = {"namespace_id": namespace_id, "name": name}
    return _get_or_make(conn, scenarios, key, now, new_id)


def collection_id(
    conn: Connection, *, scenario_id: int, name: str, is_default: bool, now: int, new_id: NewId = uuid7
) -> int:
    """The row of the collection with that name, default or explicit, made if it is not there."""
    key = {"scenario_id": scenario_id, "name": name, "is_default": is_default}
    return _get_or_make(conn, collections, key, now, new_id)


def _get_or_make(conn: Connection, table: Table, key: dict[str, object], now: int, new_id: NewId) -> int:
    query = select(table.c.id).where(*(table.c[name] == value for name, value in key.items()))
    found = conn.execute(query).scalar()
    if found is None:
        insert = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
        conn.execute(insert(table).values(**key, uid=new_id(), created_at=now).on_conflict_do_nothing())
        found = conn.execute(query).scalar_one()
    return int(found)
