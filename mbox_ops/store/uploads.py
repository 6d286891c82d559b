"""Uploads as rows: how far the bytes of a content have come."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, select
from sqlalchemy import delete as sql_delete
from sqlalchemy import update as sql_update
from sqlalchemy.dialects import postgresql, sqlite

from mbox_ops.store.among import among
from mbox_ops.store.tables import namespaces
from mbox_ops.store.tables import uploads as table


class UploadRow(NamedTuple):
    """An upload's row; with a blob it is complete."""

    id: int
    uid: str
    namespace: str
    sha256: str
    size: int
    part_bytes: int
    offset: int
    blob_id: int | None


_SELECT: Select[Any] = select(
    table.c.id, table.c.uid, namespaces.c.name, table.c.sha256, table.c.size, table.c.part_bytes, table.c.offset,
    table.c.blob_id,
).join(namespaces, namespaces.c.id == table.c.namespace_id)  # fmt: skip


def insert(
    conn: Connection, *, uid: str, namespace_id: int, sha256: str, size: int, part_bytes: int, now: int
) -> UploadRow:
    """The namespace's upload of that content: a new one, or the one that is there, which lives on."""
    insert_here = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    row = {
        "uid": uid, "namespace_id": namespace_id, "sha256": sha256, "size": size, "part_bytes": part_bytes,
        "offset": 0, "created_at": now, "updated_at": now,
    }  # fmt: skip
    wanted = ["namespace_id", "sha256", "size"]
    made = insert_here(table).values(row).on_conflict_do_update(index_elements=wanted, set_={"updated_at": now})
    row_id = conn.execute(made.returning(table.c.id)).scalar_one()
    return UploadRow(*conn.execute(_SELECT.where(table.c.id == row_id)).one())


def unfinished(conn: Connection, *, namespace_id: int, sha256: str) -> int:
    """How many uploads of a namespace are not complete, but for those of that content."""
    others = (table.c.namespace_id == namespace_id, table.c.sha256 != sha256)
    return conn.execute(select(func.count()).where(table.c.blob_id.is_(None), *others)).scalar_one()


def find(conn: Connection, *, uid: str) -> UploadRow | None:
    """An upload by its id, in whatever namespace it is."""
    row = conn.execute(_SELECT.where(table.c.uid == uid)).one_or_none()
    return None if row is None else UploadRow(*row)


def advance(conn: Connection, *, row_id: int, offset: int, by: int, now: int) -> None:
    """Count a part that was stored, unless another sender's was counted before."""
    at = (table.c.id == row_id, table.c.offset == offset)
    conn.execute(sql_update(table).where(*at).values(offset=offset + by, updated_at=now))


def complete(conn: Connection, *, row_id: int, blob_id: int, now: int) -> None:
    """Note the blob that the upload has become; it keeps the blob from collection."""
    change = sql_update(table).where(table.c.id == row_id)
    conn.execute(change.values(blob_id=blob_id, offset=table.c.size, updated_at=now))


def drop(conn: Connection, *, row_id: int) -> None:
    """Forget an upload that did not become a blob."""
    conn.execute(sql_delete(table).where(table.c.id == row_id, table.c.blob_id.is_(None)))


def drop_expired(conn: Connection, *, before: int, limit: int) -> list[str]:
    """Forget uploads that nothing was done with since then, and return their ids."""
    old = select(table.c.id).where(table.c.updated_at < before).order_by(table.c.updated_at).limit(limit)
    ids = list(conn.execute(old.with_for_update(skip_locked=True)).scalars())
    gone = sql_delete(table).where(table.c.id.in_(ids)).returning(table.c.uid)
    return list(conn.execute(gone).scalars())


def known(conn: Connection, *, uids: Iterable[str]) -> set[str]:
    """Those of some ids that an upload has."""
    query = select(table.c.uid).where(among(conn.dialect.name, table.c.uid, "uids", list(uids)))
    return set(conn.execute(query).scalars())
