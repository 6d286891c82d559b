"""Which names are used for what, with values of which types: what autocompletion and the filter language ask.

A row is written with the first value of its kind and type, and stays: who reads it makes sure that a live run has one.
The rows of a transaction are written together and in order, so that two batches never wait for each other in a circle.
"""

from collections.abc import Iterable

from sqlalchemy import Connection
from sqlalchemy.dialects import postgresql, sqlite

from mbox_ops.store import commits
from mbox_ops.store.database import Database
from mbox_ops.store.tables import catalogue as table

Use = tuple[int, str, str]  # name id, kind, type

_NOTES = "catalogue"
_REMEMBERED = 500_000


def note(conn: Connection, uses: Iterable[Use]) -> None:
    """Keep what a writing transaction's values use until `write`."""
    commits.notes(conn).setdefault(_NOTES, set()).update(uses)


def write(conn: Connection, database: Database) -> None:
    """Write what was noted, once and near the transaction's end."""
    uses: set[Use] = commits.notes(conn).pop(_NOTES, set())
    new = sorted(uses - database.catalogued)
    if not new:
        return
    insert = sqlite.insert if database.dialect == "sqlite" else postgresql.insert
    rows = [dict(zip(("name_id", "kind", "type"), use, strict=True)) for use in new]
    conn.execute(insert(table).on_conflict_do_nothing(), rows)
    commits.after(conn, lambda: _remember(database, new))


def _remember(database: Database, uses: list[Use]) -> None:
    if len(database.catalogued) > _REMEMBERED:
        database.catalogued = set()
    database.catalogued.update(uses)
