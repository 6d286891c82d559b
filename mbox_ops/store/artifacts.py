"""Artifacts as rows: what was tracked (a reference) or uploaded (bytes that we hold)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, func, select, tuple_
from sqlalchemy import insert as sql_insert
from sqlalchemy import update as sql_update

from mbox_ops.entities.artifacts import ArtifactMime, ArtifactQuery, ArtifactRecord, StoredArtifact
from mbox_ops.entities.ids import uuid7
from mbox_ops.entities.instants import to_datetime
from mbox_ops.store.blobs import Blob
from mbox_ops.store.tables import INDEXED_TEXT, blobs, namespaces, subjects, writers
from mbox_ops.store.tables import artifacts as table
from mbox_ops.store.uses import hash_of

Key = tuple[str, int]  # path, row
PREFIX = "sha256:"  # of a checksum


class Found(NamedTuple):
    """An artifact of a live subject, the namespace it is in, and the key of its bytes if we hold them."""

    artifact: StoredArtifact
    namespace: str
    key: str | None


def insert(
    conn: Connection,
    *,
    subject_id: int,
    writer_id: int,
    arrival: int,
    received_at: int,
    artifacts: Sequence[ArtifactRecord],
    held: Mapping[str, Blob],
    new_id: Callable[[], str] = uuid7,
) -> list[str]:
    """Store the artifacts of one batch and return their ids, in order; `held` has the blobs of the uploaded ones."""
    if not artifacts:
        return []
    contents = [held[record.checksum[len(PREFIX) :]] if record.kind == "uploaded" else None for record in artifacts]
    rows = [
        {
            "uid": new_id(),
            "subject_id": subject_id,
            "writer_id": writer_id,
            "arrival": arrival,
            "blob_id": blob and blob.id,
            "kind": record.kind,
            "path": record.path,
            "path_start": record.path[:INDEXED_TEXT],
            "uri": record.uri,
            "uri_hash": hash_of(("uri", record.uri)) if record.uri else None,
            "mime_type": (record.mime_type or ArtifactMime.Unknown).value,
            "media_type": record.media_type,
            "checksum": record.checksum,
            "size": blob.size if blob else record.size,
            "created_at": received_at,
        }
        for record, blob in zip(artifacts, contents, strict=True)
    ]
    conn.execute(sql_insert(table), rows)
    return [str(row["uid"]) for row in rows]


def ids_of_last(conn: Connection, *, subject_id: int, writer_id: int) -> list[str]:
    """The ids that `insert` returned for a writer's last batch with artifacts."""
    of_writer = (table.c.subject_id == subject_id, table.c.writer_id == writer_id)
    last = select(func.max(table.c.arrival)).where(*of_writer).scalar_subquery()
    query = select(table.c.uid).where(*of_writer, table.c.arrival == last).order_by(table.c.id)
    return list(conn.execute(query).scalars())


def page(
    conn: Connection, *, subject_id: int, parent: str, query: ArtifactQuery, after: Key | None, limit: int
) -> list[tuple[Key, StoredArtifact]]:
    """At most `limit` artifacts of a subject by (path, row), after that key; `parent` is the subject's id."""
    c = table.c
    # A path's beginning sorts as the path does, and the index holds it.
    order = (c.path_start, c.path, c.id)
    found = (
        select(table)
        .join(writers, writers.c.id == c.writer_id)
        .where(c.subject_id == subject_id, writers.c.replaced.is_(False))
        .order_by(*order)
        .limit(limit)
    )
    if query.mime_type is not None:
        found = found.where(c.mime_type == query.mime_type.value)
    if query.kind is not None:
        found = found.where(c.kind == query.kind)
    if query.prefix:
        begins = func.substr(c.path, 1, len(query.prefix)) == query.prefix
        found = found.where(c.path_start >= query.prefix[:INDEXED_TEXT], begins)
    if after is not None:
        found = found.where(tuple_(*order) > tuple_(after[0][:INDEXED_TEXT], *after))
    return [((row.path, row.id), stored(row, parent)) for row in conn.execute(found)]


def last_uploaded(conn: Connection, *, subject_id: int, path: str) -> str | None:
    """The id of the last artifact with bytes that a subject has under a path."""
    c = table.c
    query = (
        select(c.uid)
        .join(writers, writers.c.id == c.writer_id)
        .where(c.subject_id == subject_id, writers.c.replaced.is_(False), c.kind == "uploaded")
        .where(c.path_start == path[:INDEXED_TEXT], c.path == path)
        .order_by(c.id.desc())
        .limit(1)
    )
    return conn.execute(query).scalar()


def counts(conn: Connection, *, subject_ids: Sequence[int]) -> dict[int, int]:
    """How many artifacts subjects have, by their rows; those that have none are left out."""
    query = (
        select(table.c.subject_id, func.count().label("held"))
        .join(writers, writers.c.id == table.c.writer_id)
        .where(table.c.subject_id.in_(subject_ids), writers.c.replaced.is_(False))
        .group_by(table.c.subject_id)
    )
    return {row.subject_id: row.held for row in conn.execute(query)}


def find(conn: Connection, *, uid: str) -> Found | None:
    """A live artifact by its id, in whatever namespace it is."""
    query = (
        select(table, subjects.c.uid.label("parent"), namespaces.c.name.label("namespace"), blobs.c.key)
        .join(writers, writers.c.id == table.c.writer_id)
        .join(subjects, subjects.c.id == table.c.subject_id)
        .join(namespaces, namespaces.c.id == subjects.c.namespace_id)
        .outerjoin(blobs, blobs.c.id == table.c.blob_id)
        .where(table.c.uid == uid, writers.c.replaced.is_(False), subjects.c.deletion_id.is_(None))
    )
    row = conn.execute(query).one_or_none()
    return None if row is None else Found(stored(row, row.parent), row.namespace, row.key)


def release(conn: Connection, *, writer_ids: Sequence[int]) -> None:
    """Let go of the bytes of what replaced writers uploaded: no reading shows it, and nothing brings it back."""
    conn.execute(sql_update(table).where(table.c.writer_id.in_(writer_ids)).values(blob_id=None))


def stored(row: Any, parent: str) -> StoredArtifact:
    """A row as it is read back."""
    return StoredArtifact(
        id=row.uid,
        parent=parent,
        path=row.path,
        uri=row.uri,
        mime_type=ArtifactMime(row.mime_type),
        media_type=row.media_type,
        checksum=row.checksum,
        size=row.size,
        kind=row.kind,
        created_at=to_datetime(row.created_at),
    )
