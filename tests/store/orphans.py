"""Rows whose parents are gone: a walk over every foreign key of every table, and over what is none but points too."""

from sqlalchemy import func, select

from mbox_ops.store import tables
from mbox_ops.store.database import Database


def orphans(database: Database) -> dict[str, int]:
    """For each reference that leads nowhere, how many rows have it."""
    references = [
        (table, key.parent, key.column) for table in tables.metadata.sorted_tables for key in table.foreign_keys
    ]
    references.append((tables.segments, tables.segments.c.writer_id, tables.writers.c.id))
    found: dict[str, int] = {}
    with database.read() as conn:
        for table, column, parent in references:
            target = parent.table.alias()
            exists = select(target.c.id if "id" in target.c else parent).where(target.c[parent.name] == column).exists()
            count = conn.execute(
                select(func.count()).select_from(table).where(column.is_not(None), ~exists)
            ).scalar_one()
            if count:
                found[f"{table.name}.{column.name}"] = count
    return found
