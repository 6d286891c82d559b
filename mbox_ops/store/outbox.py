"""The outbox: every write says what it changed, in its own transaction, and readers go through it in order.

The order is that of (`xid`, `id`). On SQLite, which lets one writer in at a time, `xid` is 0 and ids are given in the
order of commits. On PostgreSQL ids are not: a transaction that took the lower id may commit later. There `xid` is the
number of the transaction, and a reader goes only as far as the oldest transaction that is still open: whatever commits
after that has a higher number. So that changes of one subject stay in the order in which they were made, a change's
`xid` is at least that of the subject's last change (`subjects.changed_xid`): a transaction may have got its number
long before it came to hold the subject.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Insert, Text, bindparam, cast, func, select
from sqlalchemy import insert as sql_insert
from sqlalchemy import update as sql_update

from mbox_ops.entities.changes import Action
from mbox_ops.store.tables import outbox as table
from mbox_ops.store.tables import runs, subjects

_COLUMNS = ["namespace_id", "subject_uid", "kind", "scenario_id", "xid", "action", "parts", "at"]
# xid8 has no way to bigint but through text.
_XID: ColumnElement[int] = cast(cast(func.pg_current_xact_id(), Text()), BigInteger())
_OF = subjects.c.id == bindparam("of")


def add(conn: Connection, *, subject_id: int, action: Action, at: int, parts: Sequence[str] = ()) -> None:
    """Say what this transaction, which holds the subject, does to it."""
    given = {"of": subject_id, "action": action, "parts": ",".join(parts), "at": at}
    conn.execute(_adding_one(conn.dialect.name), given)


def add_all(
    conn: Connection, which: ColumnElement[bool], *, action: Action, at: int, parts: Sequence[str] = ()
) -> None:
    """The same of all subjects that a condition takes."""
    given = {"action": action, "parts": ",".join(parts), "at": at}
    conn.execute(_adding(conn.dialect.name, which), given)


@cache
def _adding_one(dialect: str) -> Insert:
    return _adding(dialect, _OF)


def _adding(dialect: str, which: ColumnElement[bool]) -> Insert:
    s: Any = subjects
    if dialect == "postgresql":
        numbered = sql_update(subjects).where(which).values(changed_xid=func.greatest(subjects.c.changed_xid, _XID))
        s = numbered.returning(*(subjects.c[name] for name in _OWN)).cte("numbered")
    scenario_id = func.coalesce(_scenario_of(s.c.id), _scenario_of(s.c.parent_id))
    told = [bindparam("action", type_=Text()), bindparam("parts", type_=Text()), bindparam("at", type_=BigInteger())]
    rows = select(s.c.namespace_id, s.c.uid, s.c.type, scenario_id, s.c.changed_xid, *told).order_by(s.c.id)
    return sql_insert(table).from_select(_COLUMNS, rows.where(which) if s is subjects else rows).inline()


_OWN = ("id", "namespace_id", "uid", "type", "parent_id", "changed_xid")


def _scenario_of(subject_id: ColumnElement[Any]) -> Any:
    return select(runs.c.scenario_id).where(runs.c.subject_id == subject_id).scalar_subquery()
