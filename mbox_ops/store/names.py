"""Names of series and paths of attributes: each is said once and has a number.

They are made in short transactions of their own, in sorted order, before the data's: two batches cannot wait for each
other on them. A name keeps its number for ever, so a process remembers those it has seen.
"""

from collections.abc import Iterable

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from mbox_ops.store.database import Database
from mbox_ops.store.tables import names as table

_AT_ONCE = 1_000
_REMEMBERED = 500_000


def intern(database: Database, names: Iterable[str]) -> dict[str, int]:
    """The number of each name, made where it is new."""
    known = database.name_ids
    wanted = dict.fromkeys(names)
    missing = sorted(name for name in wanted if name not in known)
    if missing:
        if len(known) > _REMEMBERED:
            database.name_ids = known = {}
            missing = sorted(wanted)
        known.update(_found_or_made(database, missing))
    return {name: known[name] for name in wanted}


def resolve(conn: Connection, database: Database, names: Iterable[str]) -> dict[str, int]:
    """The number of each name, inside a transaction; all of them were said before, so nothing waits for anything."""
    wanted = list(names)
    found = {name: database.name_ids[name] for name in wanted if name in database.name_ids}
    missing = sorted({name for name in wanted if name not in found})
    return found | _find(conn, missing)


def _found_or_made(database: Database, missing: list[str]) -> dict[str, int]:
    with database.read() as conn:
        found = _find(conn, missing)
    new = [name for name in missing if name not in found]
    if new:
        with database.write() as conn:
            insert = sqlite.insert if database.dialect == "sqlite" else postgresql.insert
            conn.execute(insert(table).on_conflict_do_nothing(), [{"name": name} for name in new])
            found |= _find(conn, new)
    return found


def _find(conn: Connection, names: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(names), _AT_ONCE):
        query = select(table.c.name, table.c.id).where(table.c.name.in_(names[start : start + _AT_ONCE]))
        found |= {row.name: row.id for row in conn.execute(query)}
    return found
