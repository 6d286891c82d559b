"""Artifacts as rows: what was tracked (a reference) or uploaded (bytes that we hold)."""

from collections.abc import Callable, Sequence

from sqlalchemy import Connection
from sqlalchemy import insert as sql_insert

from mbox_ops.entities.artifacts import ArtifactMime, ArtifactRecord
from mbox_ops.entities.ids import uuid7
from mbox_ops.store.tables import INDEXED_TEXT
from mbox_ops.store.tables import artifacts as table


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
