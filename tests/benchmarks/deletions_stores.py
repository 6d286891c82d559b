"""Databases of both kinds for the benchmark of deletions: copies of what was made once."""

import hashlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import msgspec
import psycopg
from sqlalchemy import select, text

from mbox_ops.entities.metrics import HistoryQuery
from mbox_ops.entities.runs import RunQuery
from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from mbox_ops.store.tables import audit, deletions, gravestones, metadata, outbox, subjects
from tests.benchmarks.search_copy import copy
from tests.benchmarks.stored import ACTOR
from tests.postgres import running_server_in, server_folder, server_programs, stop_server_in

_RECORD = {audit, deletions, gravestones, outbox}  # what a deletion and its undo write about themselves
_DROP = """DELETE FROM subjects WHERE id IN (
    SELECT r.subject_id FROM runs AS r JOIN scenarios AS s ON s.id = r.scenario_id WHERE s.name = :name)"""


class Files:
    """SQLite files."""

    name = "SQLite"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def put(self, data: Path, name: str) -> str:
        """The URL of a copy of the data."""
        path = self._folder / f"{name}.db"
        shutil.copyfile(data, path)
        return f"sqlite:///{path}"


class Postgres:
    """Databases of a PostgreSQL server."""

    name = "PostgreSQL"

    def __init__(self, folder: Path) -> None:
        self._server = running_server_in(folder)

    def put(self, data: Path, name: str) -> str:
        """The URL of a database with the data."""
        url = self._server.create_database()
        copy(data, url)
        return url


Store = Files | Postgres


@contextmanager
def files() -> Iterator[Store]:
    """SQLite files in a folder that goes when the block ends."""
    with tempfile.TemporaryDirectory() as folder:
        yield Files(Path(folder))


@contextmanager
def postgres() -> Iterator[Store]:
    """A PostgreSQL server that goes when the block ends."""
    folder = server_folder()
    try:
        yield Postgres(folder)
    finally:
        stop_server_in(folder)


def has_postgres() -> bool:
    """Whether PostgreSQL is installed."""
    return server_programs() is not None


def digests(database: Database) -> dict[str, str]:
    """A digest of every table's rows, but for what a deletion writes about itself, and of what readers are shown."""
    found = {}
    with database.read() as conn:
        for table in metadata.sorted_tables:
            if table in _RECORD:
                continue
            digest = hashlib.sha256()
            columns = [column for column in table.columns if column is not subjects.c.changed_xid]  # the feed's own
            rows = conn.execution_options(yield_per=10_000).execute(select(*columns).order_by(*table.primary_key))
            for row in rows:
                digest.update(repr(tuple(row)).encode())
            found[table.name] = digest.hexdigest()
    return found | {"what readers are shown": _shown(Service(database))}


def _shown(service: Service) -> str:
    """A digest of every run, and of the histories of those that were made first."""
    digest, cursor, pages = hashlib.sha256(), None, 0
    while pages == 0 or cursor is not None:
        page = service.runs.list(ACTOR, RunQuery(limit=1_000, sort="created_at", cursor=cursor))
        digest.update(msgspec.json.encode(page.items))
        for run in page.items if pages == 0 else ():
            digest.update(msgspec.json.encode(service.metrics.history(ACTOR, run.id, HistoryQuery())))
        cursor, pages = page.next, pages + 1
    return digest.hexdigest()


def drop_at_once(url: str, scenario: str) -> None:
    """What a purge does, as one statement in one transaction that holds everybody up."""
    with Database(url) as database, database.write() as conn:
        conn.execute(text(_DROP), {"name": scenario})


def vacuum(url: str) -> None:
    """What a database does by itself to get as small as it can (SQLite), or to have its space used again."""
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            connection.execute("VACUUM")
        return
    with psycopg.connect(url.replace("+psycopg", ""), autocommit=True) as postgresql:
        postgresql.execute("VACUUM")


def used(url: str) -> int:
    """The bytes that a database takes on disk, once its log is empty."""
    with Database(url) as database:
        database.cut_log()
        return database.size()
