"""Names of series and attributes' paths: each is said once in a namespace and has a number.

They are found or made in the transaction that needs them, all at once and in sorted order, so that two batches never
wait for each other in a circle. A name keeps its number for ever, so a process remembers those it has seen committed.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from typing import TypeAlias

from sqlalchemy import Connection, select
from sqlalchemy.dialects import postgresql, sqlite

from mbox_ops.store import commits
from mbox_ops.store.database import Database
from mbox_ops.store.tables import INDEXED_TEXT
from mbox_ops.store.tables import names as table

Numbers: TypeAlias = Callable[[Iterable[str]], dict[str, int]]  # `number` in a transaction and a namespace

_AT_ONCE = 1_000
_REMEMBERED = 500_000
_QUOTED_OR_ARRAY = re.compile(r'("(?:[^"\\]|\\.)*")|\[\*\]', re.DOTALL)


def number(conn: Connection, database: Database, namespace_id: int, names: Iterable[str]) -> dict[str, int]:
    """The number of each name in a namespace, made where it is new, in a writing transaction."""
    known = database.name_ids
    wanted = dict.fromkeys(names)
    found = {name: known[namespace_id, name] for name in wanted if (namespace_id, name) in known}
    missing = sorted(name for name in wanted if name not in found)
    if missing:
        read = find(conn, namespace_id, missing)
        if new := [name for name in missing if name not in read]:
            _make(conn, database, namespace_id, new)
            read |= find(conn, namespace_id, new)
        commits.after(conn, lambda: _remember(database, namespace_id, read))
        found |= read
    return found


def find(conn: Connection, namespace_id: int, names: Iterable[str]) -> dict[str, int]:
    """The numbers of those of the names that the namespace has."""
    found: dict[str, int] = {}
    hashes = [hash_of(name) for name in names]
    for start in range(0, len(hashes), _AT_ONCE):
        query = select(table.c.name, table.c.id).where(
            table.c.namespace_id == namespace_id, table.c.name_hash.in_(hashes[start : start + _AT_ONCE])
        )
        found |= {row.name: row.id for row in conn.execute(query)}
    return found


def hash_of(name: str) -> bytes:
    """What a name is looked up by: an index row of PostgreSQL is too short for the longest paths."""
    return hashlib.sha256(name.encode()).digest()


def plain_hash_of(path: str) -> bytes:
    """The hash of a path without its `[*]`: by it a path is found whether it leads through arrays or not.

    >>> plain_hash_of('layers[*]."a[*]".size') == hash_of('layers."a[*]".size')
    True
    """
    return hash_of(_QUOTED_OR_ARRAY.sub(lambda match: match[1] or "", path))


def _make(conn: Connection, database: Database, namespace_id: int, names: list[str]) -> None:
    insert = sqlite.insert if database.dialect == "sqlite" else postgresql.insert
    rows = [
        {
            "namespace_id": namespace_id, "name": name, "name_hash": hash_of(name), "name_start": name[:INDEXED_TEXT],
            "plain_hash": plain_hash_of(name),
        }
        for name in names
    ]  # fmt: skip
    conn.execute(insert(table).on_conflict_do_nothing(), rows)


def _remember(database: Database, namespace_id: int, read: dict[str, int]) -> None:
    if len(database.name_ids) > _REMEMBERED:
        database.name_ids = {}
    database.name_ids.update({(namespace_id, name): ident for name, ident in read.items()})
