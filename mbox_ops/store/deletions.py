"""Deletions and the gravestones they leave."""

from sqlalchemy import Connection, and_, func, or_, select

from mbox_ops.store.tables import gravestones


def gravestone(
    conn: Connection, *, run_uid: str | None = None, namespace_id: int | None = None, key_hash: bytes | None = None
) -> int | None:
    """When a run with that id, or with that key in that namespace, was last deleted (microseconds); None: never."""
    matches = []
    if run_uid is not None:
        matches.append(gravestones.c.run_uid == run_uid)
    if key_hash is not None:
        matches.append(and_(gravestones.c.namespace_id == namespace_id, gravestones.c.key_hash == key_hash))
    if not matches:
        return None
    return conn.execute(select(func.max(gravestones.c.deleted_at)).where(or_(*matches))).scalar()
