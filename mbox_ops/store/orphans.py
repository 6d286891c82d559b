"""Rows whose parents are gone: a walk over every foreign key of every table, and over what is none but points too."""

from sqlalchemy import Connection, func, select

from mbox_ops.errors import InternalError
from mbox_ops.store import tables
from mbox_ops.store.database import Database


def orphans(conn: Connection) -> dict[str, int]:
    """For each reference that leads nowhere, how many rows have it."""
    references = [
        (table, key.parent, key.column) for table in tables.metadata.sorted_tables for key in table.foreign_keys
    ]
    references.append((tables.segments, tables.segments.c.writer_id, tables.writers.c.id))
    found: dict[str, int] = {}
    for table, column, parent in references:
        target = parent.table.alias()
        exists = select(target.c.id if "id" in target.c else parent).where(target.c[parent.name] == column).exists()
        query = select(func.count()).select_from(table).where(column.is_not(None), ~exists)
        if count := conn.execute(query).scalar_one():
            found[f"{table.name}.{column.name}"] = count
    return found


def damages(database: Database) -> list[str]:
    """What SQLite finds wrong with its file, at most ten things; PostgreSQL has its own tools for that.

    Raises:
        Unavailable: the database is away.
    """
    question = "PRAGMA quick_check(10)" if database.dialect == "sqlite" else "SELECT 'ok'"
    try:
        with database.read() as conn:
            found = [str(row[0]) for row in conn.exec_driver_sql(question)]
    except InternalError as error:
        return [str(error.details["reason"])]
    return [] if found == ["ok"] else found
