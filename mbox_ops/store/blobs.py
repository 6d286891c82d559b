"""Blobs as rows: which contents are held, under which key, and which of them nothing needs any more."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, exists, or_, select
from sqlalchemy import delete as sql_delete
from sqlalchemy.dialects import postgresql, sqlite

from mbox_ops.store.among import among
from mbox_ops.store.tables import artifacts, subjects, uploads
from mbox_ops.store.tables import blobs as table


class Blob(NamedTuple):
    """A content that is held, whole and verified."""

    id: int
    sha256: str
    size: int
    key: str


_COLUMNS = (table.c.id, table.c.sha256, table.c.size, table.c.key)


def held(conn: Connection, *, namespace_id: int, sha256s: Iterable[str]) -> dict[str, Blob]:
    """Those of some contents that the namespace has uploaded, kept from collection until the transaction ends.

    What only other namespaces hold is not among them: who knows no more than a checksum gets no bytes by it.
    """
    of_upload = exists().where(uploads.c.blob_id == table.c.id, uploads.c.namespace_id == namespace_id)
    of_artifact = exists().where(
        artifacts.c.blob_id == table.c.id,
        artifacts.c.subject_id == subjects.c.id,
        subjects.c.namespace_id == namespace_id,
    )
    wanted = among(conn.dialect.name, table.c.sha256, "wanted", sorted(set(sha256s)))
    query = select(*_COLUMNS).where(wanted, or_(of_upload, of_artifact))
    rows = conn.execute(query.order_by(table.c.id).with_for_update(read=True, key_share=True, of=table))
    return {row.sha256: Blob(*row) for row in rows}


def find(conn: Connection, *, sha256: str) -> Blob | None:
    """A content that is held for any namespace."""
    row = conn.execute(select(*_COLUMNS).where(table.c.sha256 == sha256)).one_or_none()
    return None if row is None else Blob(*row)


def insert(conn: Connection, *, sha256: str, size: int, key: str, now: int) -> int | None:
    """A new blob's row; None if that content has one."""
    insert_here = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
    row = {"sha256": sha256, "size": size, "key": key, "created_at": now}
    made = insert_here(table).values(row).on_conflict_do_nothing(index_elements=["sha256"]).returning(table.c.id)
    return conn.execute(made).scalar()


def keep(conn: Connection, *, sha256: str) -> int | None:
    """The row of a content, kept from collection until the transaction ends; None if it has none."""
    query = select(table.c.id).where(table.c.sha256 == sha256).with_for_update(read=True, key_share=True)
    return conn.execute(query).scalar()


def unused(conn: Connection, *, limit: int) -> list[int]:
    """Blobs that neither an artifact nor an upload refers to, at this moment."""
    return list(conn.execute(select(table.c.id).where(_is_unused()).order_by(table.c.id).limit(limit)).scalars())


def drop_unused(conn: Connection, *, ids: Sequence[int]) -> list[str]:
    """Drop the rows of those blobs that nothing refers to, and return the keys of what may now be removed.

    Rows that a writer is about to refer to are left for the next time.
    """
    rows = select(table.c.id).where(table.c.id.in_(ids)).order_by(table.c.id).with_for_update(skip_locked=True)
    locked = list(conn.execute(rows).scalars())
    # A statement of its own: it sees what was committed before the rows were locked.
    gone = sql_delete(table).where(table.c.id.in_(locked), _is_unused()).returning(table.c.key)
    return list(conn.execute(gone).scalars())


def keys_below(conn: Connection, *, folder: str) -> set[str]:
    """The keys of the blobs in one of the store's folders."""
    return set(conn.execute(select(table.c.key).where(table.c.key.startswith(f"{folder}/"))).scalars())


def known_keys(conn: Connection, *, keys: Iterable[str]) -> set[str]:
    """Those of some keys that a blob has."""
    query = select(table.c.key).where(among(conn.dialect.name, table.c.key, "keys", list(keys)))
    return set(conn.execute(query).scalars())


def _is_unused() -> ColumnElement[bool]:
    of_artifact = exists().where(artifacts.c.blob_id == table.c.id)
    of_upload = exists().where(uploads.c.blob_id == table.c.id)
    return ~of_artifact & ~of_upload
