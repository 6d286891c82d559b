"""What runs used, as rows: an artifact by its id, a content by its checksum, a place by its URI."""

import hashlib
from collections.abc import Sequence

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from mbox_ops.entities.lineage import ArtifactUse, Match
from mbox_ops.store.tables import uses as table

Target = tuple[Match, str]


def insert(
    conn: Connection, *, subject_id: int, writer_id: int, arrival: int, received_at: int, uses: Sequence[ArtifactUse]
) -> None:
    """Store what a batch says was used; what its writer has said before stays as it is."""
    place = {"subject_id": subject_id, "writer_id": writer_id, "arrival": arrival, "created_at": received_at}
    targets = dict.fromkeys(map(target_of, uses))
    rows = [{**place, "by": by, "target": text, "target_hash": hash_of((by, text))} for by, text in targets]
    if rows:
        insert_here = sqlite.insert if conn.dialect.name == "sqlite" else postgresql.insert
        conn.execute(insert_here(table).on_conflict_do_nothing(), rows)


def target_of(use: ArtifactUse) -> Target:
    """What a use is known by; it was checked that it says exactly one thing."""
    if use.artifact_id is not None:
        return "id", use.artifact_id
    return ("checksum", use.checksum) if use.checksum is not None else ("uri", use.uri or "")


def hash_of(target: Target) -> bytes:
    """What a target is looked up by: an index row of PostgreSQL is too short for the longest URIs."""
    return hashlib.sha256(":".join(target).encode()).digest()
