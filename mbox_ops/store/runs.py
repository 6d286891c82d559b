"""Runs as rows: what a run is shown as, kept up to date from the rows in `settings`."""

from sqlalchemy import Connection
from sqlalchemy import insert as sql_insert
from sqlalchemy import update as sql_update

from mbox_ops.store.tables import runs as table


def insert(conn: Connection, *, subject_id: int, **columns: object) -> None:
    """Give a subject that was just made its row in `runs`; the caller computed every column."""
    conn.execute(sql_insert(table).values(subject_id=subject_id, **columns))


def update(conn: Connection, *, subject_id: int, **columns: object) -> None:
    """Change what a run is shown as; columns that are not named stay."""
    if columns:
        conn.execute(sql_update(table).where(table.c.subject_id == subject_id).values(**columns))
