"""Changes of metadata documents as rows; a document is the fold of those whose writers are not replaced."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from sqlalchemy import Connection, Select, bindparam, delete, select
from sqlalchemy import insert as sql_insert
from sqlalchemy import update as sql_update

from mbox_ops.store.documents import Document, Patch, fold
from mbox_ops.store.tables import metadata_patches as table
from mbox_ops.store.tables import subjects, writers

_PRESENT: Select[Any] = (
    select(table.c.id, table.c.writer_id, table.c.op, table.c.document)
    .join(writers, writers.c.id == table.c.writer_id)
    .where(table.c.subject_id == bindparam("subject_id"), writers.c.replaced.is_(False))
    .order_by(table.c.arrival, table.c.ordinal)
)


class PatchRow(NamedTuple):
    """A patch with its row; `id` is None while it has none."""

    id: int | None
    writer_id: int
    patch: Patch


def present(conn: Connection, *, subject_id: int) -> list[PatchRow]:
    """The patches of writers that are not replaced, in order of arrival."""
    rows = conn.execute(_PRESENT, {"subject_id": subject_id})
    return [PatchRow(row.id, row.writer_id, Patch(row.op, msgspec.json.decode(row.document))) for row in rows]


def document(conn: Connection, *, subject_id: int) -> Document:
    """A subject's metadata; empty when nobody gave any."""
    return fold(row.patch for row in present(conn, subject_id=subject_id))


def documents(conn: Connection, *, subject_uids: Collection[str]) -> dict[str, Document]:
    """The metadata of subjects, by their ids; those to whom nobody gave any are left out."""
    query = (
        select(subjects.c.uid, table.c.op, table.c.document)
        .join(writers, writers.c.id == table.c.writer_id)
        .join(subjects, subjects.c.id == table.c.subject_id)
        .where(subjects.c.uid.in_(subject_uids), writers.c.replaced.is_(False))
        .order_by(table.c.subject_id, table.c.arrival, table.c.ordinal)
    )
    patches: dict[str, list[Patch]] = {}
    for row in conn.execute(query):
        patches.setdefault(row.uid, []).append(Patch(row.op, msgspec.json.decode(row.document)))
    return {uid: fold(some) for uid, some in patches.items()}


def any_of(conn: Connection, *, writer_ids: Sequence[int]) -> bool:
    """Whether one of these writers gave a patch."""
    return conn.execute(select(table.c.id).where(table.c.writer_id.in_(writer_ids)).limit(1)).scalar() is not None


def insert(
    conn: Connection, *, subject_id: int, writer_id: int, arrival: int, at: int, patches: Mapping[int, Patch]
) -> None:
    """Store patches of one batch by their place in it."""
    rows = [
        {
            "subject_id": subject_id, "writer_id": writer_id, "arrival": arrival, "ordinal": ordinal,
            "op": patch.op, "document": _text(patch.document), "at": at,
        }
        for ordinal, patch in patches.items()
    ]  # fmt: skip
    if rows:
        conn.execute(sql_insert(table).inline(), rows)


def rewrite(conn: Connection, *, left: Mapping[int, Patch | None]) -> None:
    """Keep what is left of older patches, by row; None: nothing."""
    dropped = [row for row, patch in left.items() if patch is None]
    changed = [{"of": row, "new": _text(patch.document)} for row, patch in left.items() if patch is not None]
    for start in range(0, len(dropped), 1_000):
        conn.execute(delete(table).where(table.c.id.in_(dropped[start : start + 1_000])))
    if changed:
        conn.execute(sql_update(table).where(table.c.id == bindparam("of")).values(document=bindparam("new")), changed)


def _text(value: Document) -> str:
    return msgspec.json.encode(value).decode()
