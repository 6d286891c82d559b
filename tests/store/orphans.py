"""Rows whose parents are gone, of a database."""

from mbox_ops.store import orphans as store
from mbox_ops.store.database import Database


def orphans(database: Database) -> dict[str, int]:
    """For each reference that leads nowhere, how many rows have it."""
    with database.read() as conn:
        return store.orphans(conn)
