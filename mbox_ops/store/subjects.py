"""Subjects as rows: anything that can be logged against. A run is one."""

import hashlib
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, select
from sqlalchemy import update as sql_update
from sqlalchemy.dialects import postgresql, sqlite

from mbox_ops.store.tables import namespaces
from mbox_ops.store.tables import subjects as table


class Subject(NamedTuple):
    """A subject's row; `deletion_id` is None while it is live."""

    id: int
    uid: str
    namespace_id: int
    namespace: str
    type: str
    key: str | None
    arrival: int
    folded: int
    created_at: int
    updated_at: int
    deletion_id: int | None


_SELECT: Select[Any] = select(
    table.c.id, table.c.uid, table.c.namespace_id, namespaces.c.name.label("namespace"), table.c.type, table.c.key,
    table.c.arrival, table.c.folded, table.c.created_at, table.c.updated_at, table.c.deletion_id,
).join(namespaces, namespaces.c.id == table.c.namespace_id)  # fmt: skip

_BY_UID = _SELECT.where(table.c.uid == bindparam("uid"))
# Nobody changes a subject's id, so holding it keeps out all but those who only need it to be there: whoever writes to a
# checkpoint holds that, and needs its run to be there while another, who makes a checkpoint, holds the run.
_BY_UID_HELD = _BY_UID.with_for_update(of=table, key_share=True)
_BY_ID_HELD = _SELECT.where(table.c.id == bindparam("id")).with_for_update(of=table, key_share=True)
_BY_KEY_HELD = _SELECT.where(
    table.c.namespace_id == bindparam("namespace_id"),
    table.c.type == bindparam("type"),
    table.c.key_hash == bindparam("key_hash"),
    table.c.deletion_id.is_(None),
).with_for_update(of=table, key_share=True)
_ARRIVE = sql_update(table).where(table.c.id == bindparam("of")).values(
    arrival=bindparam("new_arrival"), folded=bindparam("new_folded"), updated_at=bindparam("now")
)  # fmt: skip
_ARRIVE_WITH_POINTS = sql_update(table).where(table.c.id == bindparam("of")).values(
    arrival=bindparam("new_arrival"), updated_at=bindparam("now")
)  # fmt: skip


def key_hash(key: str) -> bytes:
    """What a key is looked up by: an index row has a limit, a key of 1,024 characters may not fit."""
    return hashlib.sha256(key.encode()).digest()


def find(conn: Connection, *, uid: str, hold: bool = False) -> Subject | None:
    """A subject by its id, live or not; `hold` keeps other writers away from it until the transaction ends."""
    row = conn.execute(_BY_UID_HELD if hold else _BY_UID, {"uid": uid}).one_or_none()
    return None if row is None else Subject(*row)


def hold(conn: Connection, *, subject_id: int) -> Subject | None:
    """A subject by its row, held until the transaction ends; None if it was purged."""
    row = conn.execute(_BY_ID_HELD, {"id": subject_id}).one_or_none()
    return None if row is None else Subject(*row)


def hold_live_by_key(conn: Connection, *, namespace_id: int, type: str, key: str) -> Subject | None:
    """The live subject with that key, held until the transaction ends."""
    given = {"namespace_id": namespace_id, "type": type, "key_hash": key_hash(key)}
    row = conn.execute(_BY_KEY_HELD, given).one_or_none()
    return None if row is None else Subject(*row)


def insert(
    conn: Connection, *, uid: str, namespace_id: int, type: str, key: str | None, now: int, parent_id: int | None = None
) -> int | None:
    """Make a subject; None if its id, or a live subject's key, is taken."""
    row = {
        "uid": uid, "namespace_id": namespace_id, "type": type, "parent_id": parent_id, "key": key,
        "key_hash": None if key is None else key_hash(key),
        "arrival": 0, "folded": 0, "created_at": now, "updated_at": now,
    }  # fmt: skip
    sql_insert = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    return conn.execute(sql_insert(table).values(row).on_conflict_do_nothing().returning(table.c.id)).scalar()


def arrive(conn: Connection, *, subject: Subject, arrival: int, now: int, pointless: bool) -> None:
    """Count an accepted batch; one without points leaves complete summaries complete."""
    values = {"of": subject.id, "new_arrival": arrival, "now": now}
    if pointless and subject.folded == subject.arrival:
        conn.execute(_ARRIVE, {**values, "new_folded": arrival})
    else:
        conn.execute(_ARRIVE_WITH_POINTS, values)


def touch(conn: Connection, *, subject_id: int, now: int) -> None:
    """Note that something was written to a subject that the transaction holds."""
    conn.execute(sql_update(table).where(table.c.id == subject_id).values(updated_at=now))


def namespace_id(conn: Connection, *, name: str, now: int) -> int:
    """The namespace's row, made at the first use."""
    query = select(namespaces.c.id).where(namespaces.c.name == name)
    found = conn.execute(query).scalar()
    if found is None:
        sql_insert = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
        conn.execute(sql_insert(namespaces).values(name=name, created_at=now).on_conflict_do_nothing())
        found = conn.execute(query).scalar_one()
    return int(found)


def unfolded_since(conn: Connection, *, before: int, limit: int) -> list[int]:
    """At most so many live subjects, written to last before that instant, whose summaries lack some of their points."""
    c = table.c
    query = select(c.id).where(c.folded < c.arrival, c.updated_at < before, c.deletion_id.is_(None))
    return list(conn.execute(query.order_by(c.id).limit(limit)).scalars())


def unfolded(conn: Connection, *, namespace_id: int) -> list[int]:
    """The live subjects of a namespace whose summaries do not hold all of their points yet."""
    c = table.c
    query = select(c.id).where(c.folded < c.arrival, c.namespace_id == namespace_id, c.deletion_id.is_(None))
    return list(conn.execute(query.order_by(c.id)).scalars())
