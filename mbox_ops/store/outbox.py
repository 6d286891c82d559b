"""The outbox: every write says what it changed, in its own transaction."""

from typing import Literal

from sqlalchemy import BigInteger, ColumnElement, Connection, Text, cast, func, literal
from sqlalchemy import insert as sql_insert

from mbox_ops.store.tables import outbox as table

Action = Literal["created", "updated", "deleted"]

_INSERT_SQLITE = sql_insert(table).inline()
# xid8 has no way to bigint but through text.
_XID: ColumnElement[int] = cast(cast(func.pg_current_xact_id(), Text()), BigInteger())
_INSERT_POSTGRESQL = sql_insert(table).values(xid=_XID).inline()


def add(conn: Connection, *, namespace_id: int, subject_uid: str, action: Action, at: int) -> None:
    """Say what this transaction does to a subject."""
    statement = _INSERT_SQLITE if conn.dialect.name == "sqlite" else _INSERT_POSTGRESQL
    conn.execute(statement, {"namespace_id": namespace_id, "subject_uid": subject_uid, "action": action, "at": at})


def transaction_id(conn: Connection) -> ColumnElement[int]:
    """The transaction's number on PostgreSQL, by which readers go in commit order; NULL on SQLite, which needs none."""
    return _XID if conn.dialect.name == "postgresql" else literal(None, BigInteger())
