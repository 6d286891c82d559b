"""Artifacts as rows: what was tracked (a reference) or uploaded (bytes that we hold)."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, func, select, tuple_
from sqlalchemy import insert as sql_insert

from mbox_ops.entities.artifacts import ArtifactMime, ArtifactQuery, ArtifactRecord, StoredArtifact
from mbox_ops.entities.ids import uuid7
from mbox_ops.entities.instants import to_datetime
from mbox_ops.store.tables import INDEXED_TEXT, writers
from mbox_ops.store.tables import artifacts as table

Key = tuple[str, int]  # path, row


def insert(
    conn: Connection,
    *,
    subject_id: int,
    writer_id: int,
    arrival: int,
    received_at: int,
    artifacts: Sequence[ArtifactRecord],
    new_id: Callable[[], str] = uuid7,
) -> list[str]:
    """Store the tracked artifacts of one batch and return their ids, in order."""
    if not artifacts:
        return []
    rows = [
        {
            "uid": new_id(),
            "subject_id": subject_id,
            "writer_id": writer_id,
            "arrival": arrival,
            "kind": "tracked",
            "path": record.path,
            "path_start": record.path[:INDEXED_TEXT],
            "uri": record.uri,
            "mime_type": (record.mime_type or ArtifactMime.Unknown).value,
            "media_type": record.media_type,
            "checksum": record.checksum,
            "size": record.size,
            "created_at": received_at,
        }
        for record in artifacts
    ]
    conn.execute(sql_insert(table), rows)
    return [str(row["uid"]) for row in rows]


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
    if query.prefix:
        begins = func.substr(c.path, 1, len(query.prefix)) == query.prefix
        found = found.where(c.path_start >= query.prefix[:INDEXED_TEXT], begins)
    if after is not None:
        found = found.where(tuple_(*order) > tuple_(after[0][:INDEXED_TEXT], *after))
    return [((row.path, row.id), _stored(row, parent)) for row in conn.execute(found)]


def _stored(row: Any, parent: str) -> StoredArtifact:
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
