"""Reading the outbox: what was committed, in the order of (xid, id), and no further than it is settled."""

import secrets
from collections.abc import Sequence
from typing import Any, NamedTuple

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    String,
    case,
    cast,
    delete,
    func,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from mbox_ops.entities.changes import Action
from mbox_ops.store.tables import feed, model_versions, namespaces, runs, scenarios, subjects, swept
from mbox_ops.store.tables import outbox as table

_ENDLESS = 2**63 - 1
_PLACE = text(
    "SELECT (SELECT system_identifier FROM pg_control_system())::text || '/' ||"
    " (SELECT oid FROM pg_database WHERE datname = current_database())::text"
)


class Position(NamedTuple):
    """A place in the feed: behind the change that has these numbers."""

    xid: int
    id: int


class ChangeRow(NamedTuple):
    """A change, with what its subject is now."""

    xid: int
    id: int
    kind: str
    uid: str
    action: Action
    parts: str
    at: int
    scenario: str | None
    scenario_uid: str | None
    name: str | None
    status: str | None

    @property
    def position(self) -> Position:
        """Behind this change."""
        return Position(self.xid, self.id)


class Span(NamedTuple):
    """Changes in order; `waiting`: there are some that an open transaction keeps from being read."""

    rows: list[ChangeRow]
    waiting: bool


_KEY = tuple_(table.c.xid, table.c.id)
_NAME = func.coalesce(runs.c.name, model_versions.c.name, case((subjects.c.type == "model", subjects.c.key)))
_ROWS = (
    select(
        table.c.xid, table.c.id, table.c.kind, table.c.subject_uid, table.c.action, table.c.parts, table.c.at,
        scenarios.c.name, scenarios.c.uid, _NAME, runs.c.status,
    )
    .outerjoin(scenarios, scenarios.c.id == table.c.scenario_id)
    .outerjoin(subjects, subjects.c.uid == table.c.subject_uid)
    .outerjoin(runs, runs.c.subject_id == subjects.c.id)
    .outerjoin(model_versions, model_versions.c.subject_id == subjects.c.id)
    .order_by(table.c.xid, table.c.id)
)  # fmt: skip


def read(conn: Connection, *, namespace_id: int, after: Position, since: int | None, limit: int) -> Span:
    """At most `limit` settled changes of a namespace after a position, those before the instant `since` left out."""
    settled = _horizon(conn)
    own = table.c.namespace_id == namespace_id
    query = _ROWS.where(own, tuple_(*after) < _KEY, table.c.xid < settled).limit(limit)
    if since is not None:
        query = query.where(table.c.at >= since)
    rows = [ChangeRow(*row) for row in conn.execute(query)]
    if len(rows) == limit or settled == _ENDLESS:
        return Span(rows, waiting=False)
    return Span(rows, bool(conn.execute(select(table.c.id).where(own, table.c.xid >= settled).limit(1)).first()))


def end(conn: Connection) -> Position:
    """Where the feed ends: behind all that is committed now, before all that is committed later."""
    if conn.dialect.name == "postgresql":
        return Position(_horizon(conn), 0)
    return Position(0, _last_id(conn))


def is_there(conn: Connection, position: Position) -> bool:
    """Whether the feed has come as far as that position: one of a later state of the database is not there."""
    if conn.dialect.name == "postgresql":
        return position.xid <= _number(conn, func.pg_snapshot_xmax(func.pg_current_snapshot()))
    return position.xid == 0 and position.id <= _last_id(conn)


def first_since(conn: Connection, at: int, *, margin: int) -> Position:
    """A position before all changes from that instant on.

    It is that of the last change before: who has made one since then began after that was made, since transactions last
    no longer than the margin, and so has a higher number.

    Args:
        margin: by so many microseconds instants may be out of order, and so long transactions last.
    """
    low, high = (conn.execute(select(pick(table.c.id))).scalar() or 0 for pick in (func.min, func.max))
    beyond = high + 1
    while low < beyond:
        middle = (low + beyond) // 2
        row = conn.execute(_from(middle)).first()
        if row is None or row.at >= at - margin:
            beyond = middle
        else:
            low = row.id + 1
    if conn.execute(_from(low)).first() is None:
        return end(conn)
    before = select(table.c.xid, table.c.id).where(table.c.id < low).order_by(table.c.id.desc()).limit(1)
    row = conn.execute(before).first()
    return Position(0, 0) if row is None else Position(*row)


def swept_to(conn: Connection, *, namespace_id: int) -> Position:
    """Up to where a namespace's changes are gone."""
    row = conn.execute(select(swept.c.xid, swept.c.id).where(swept.c.namespace_id == namespace_id)).first()
    return Position(0, 0) if row is None else Position(*row)


def sweep(conn: Connection, *, before: int, limit: int) -> int:
    """Drop at most `limit` of the oldest changes, those before that instant; returns how many."""
    c = table.c
    oldest = conn.execute(select(c.id, c.namespace_id, c.xid, c.at).order_by(c.id).limit(limit)).all()
    going = next((oldest[:place] for place, row in enumerate(oldest) if row.at >= before), oldest)
    if not going:
        return 0
    last: dict[int, Position] = {}
    for row in going:
        last[row.namespace_id] = max(last.get(row.namespace_id, Position(0, 0)), Position(row.xid, row.id))
    _note_swept(conn, sorted(last.items()))
    conn.execute(delete(table).where(c.id.in_([row.id for row in going])))
    return len(going)


def _note_swept(conn: Connection, last: Sequence[tuple[int, Position]]) -> None:
    sql_insert = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    rows = [{"namespace_id": namespace_id, "xid": at.xid, "id": at.id} for namespace_id, at in last]
    made = sql_insert(swept)
    further = tuple_(made.excluded.xid, made.excluded.id) > tuple_(swept.c.xid, swept.c.id)
    new = {"xid": made.excluded.xid, "id": made.excluded.id}
    conn.execute(made.on_conflict_do_update(index_elements=["namespace_id"], set_=new, where=further), rows)


def feed_name(conn: Connection) -> str | None:
    """What this feed is called in cursors; None: it has to be named first."""
    found = conn.execute(select(feed.c.name).where(feed.c.place == _place(conn))).scalar()
    return None if found is None else str(found)


def name_feed(conn: Connection) -> str:
    """Begin a feed: in a new database, or in one that was moved, whose transactions have new numbers."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("LOCK TABLE feed IN EXCLUSIVE MODE"))
    if known := feed_name(conn):
        return known
    if conn.execute(delete(feed)).rowcount:
        conn.execute(delete(table))
        conn.execute(delete(swept))
        conn.execute(update(subjects).where(subjects.c.changed_xid > 0).values(changed_xid=0))
    name = secrets.token_hex(4)
    conn.execute(feed.insert().values(id=1, name=name, place=_place(conn)))
    return name


def namespace_ids(conn: Connection, names: Sequence[str]) -> dict[str, int]:
    """The rows of those of these namespaces that there are."""
    query = select(namespaces.c.name, namespaces.c.id).where(namespaces.c.name.in_(names))
    return {row.name: row.id for row in conn.execute(query)}


def _horizon(conn: Connection) -> int:
    """Below this number all transactions are over; what commits later has this one or a higher one."""
    if conn.dialect.name == "sqlite":
        return _ENDLESS
    return _number(conn, func.pg_snapshot_xmin(func.pg_current_snapshot()))


def _number(conn: Connection, xid8: ColumnElement[str]) -> int:
    return int(conn.execute(select(cast(cast(xid8, String()), BigInteger()))).scalar_one())


def _last_id(conn: Connection) -> int:
    return int(conn.execute(text("SELECT seq FROM sqlite_sequence WHERE name = 'outbox'")).scalar() or 0)


def _place(conn: Connection) -> str:
    return str(conn.execute(_PLACE).scalar_one()) if conn.dialect.name == "postgresql" else ""


def _from(row_id: int) -> Select[Any]:
    return select(table.c.id, table.c.at).where(table.c.id >= row_id).order_by(table.c.id).limit(1)
