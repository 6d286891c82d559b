"""Bringing the tables to the newest version: each transaction leaves a database that the next one goes on with."""

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy import Connection, inspect, text

from mbox_ops.store import schema

_ONE_AT_A_TIME = 0x6D626F78  # "mbox": PostgreSQL's advisory lock for whoever upgrades
_NOTES = "upgrade_steps"  # there while an upgrade goes on: how many steps of a version are done

Step = Callable[[Connection], int]


class Piece(NamedTuple):
    """What one transaction of an upgrade has done.

    Attributes:
        version: the version that it leads to.
        step: which step of its migration, from 1.
        steps: how many that migration has.
        rows: how many rows it has changed; 0 when the step is done.
    """

    version: str
    step: int
    steps: int
    rows: int


def advance(conn: Connection) -> Piece | None:
    """Do one piece of what is missing in the caller's transaction; None if nothing is.

    Raises:
        Unavailable: the tables are newer than this program.
    """
    if conn.dialect.name == "postgresql":
        conn.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ONE_AT_A_TIME})
    found = schema.version(conn)
    schema.check_not_newer(found)
    missing = [version for version in schema.known() if found is None or version > found]
    if not missing:
        return None
    wanted = missing[0]
    steps = _steps(schema.known()[wanted])
    done = _done(conn, wanted)
    with Operations.context(MigrationContext.configure(conn)):
        rows = steps[done](conn)
    if not rows and done + 1 == len(steps):
        _stamp(conn, wanted)
    elif not rows:
        _note(conn, wanted, done + 1)
    return Piece(wanted, done + 1, len(steps), rows)


def _steps(path: Path) -> Sequence[Step]:
    spec = importlib.util.spec_from_file_location(f"mbox_ops_migration_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    steps: Sequence[Step] = getattr(module, "STEPS", None) or [_at_once(module.upgrade)]
    return steps


def _at_once(upgrade: Callable[[], None]) -> Step:
    def step(conn: Connection) -> int:
        upgrade()
        return 0

    return step


def _done(conn: Connection, version: str) -> int:
    if not inspect(conn).has_table(_NOTES):
        return 0
    query = text(f"SELECT done FROM {_NOTES} WHERE version = :version")  # noqa: S608 - a name of ours
    return conn.execute(query, {"version": version}).scalar() or 0


def _note(conn: Connection, version: str, done: int) -> None:
    given = {"version": version, "done": done}
    if not inspect(conn).has_table(_NOTES):
        conn.execute(text(f"CREATE TABLE {_NOTES} (version VARCHAR(32) PRIMARY KEY, done INTEGER NOT NULL)"))
    conn.execute(text(f"DELETE FROM {_NOTES}"))  # noqa: S608 - a name of ours
    conn.execute(text(f"INSERT INTO {_NOTES} VALUES (:version, :done)"), given)  # noqa: S608 - a name of ours


def _stamp(conn: Connection, version: str) -> None:
    conn.execute(text(f"DROP TABLE IF EXISTS {_NOTES}"))
    if not inspect(conn).has_table("alembic_version"):
        conn.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    conn.execute(text("DELETE FROM alembic_version"))
    conn.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": version})
