"""The database: transactions, its file, its version, and that the migrations make what the tables say."""

import runpy
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, inspect, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.schema import CreateColumn, CreateIndex, CreateTable

from mbox_ops.errors import InternalError, Unavailable
from mbox_ops.store import schema
from mbox_ops.store.database import Database
from mbox_ops.store.orphans import damages
from mbox_ops.store.tables import metadata, namespaces

MakeDatabase = Callable[[], Database]


@pytest.fixture(params=["sqlite", "postgresql"])
def make_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[MakeDatabase]:
    """A function that gives an empty database."""
    made: list[Database] = []

    def make() -> Database:
        if request.param == "sqlite":
            url = f"sqlite:///{tmp_path / f'{len(made)}.db'}"
        else:
            url = request.getfixturevalue("postgres_url")()
        made.append(Database(url))
        return made[-1]

    yield make
    for database in made:
        database.close()


def test_a_failed_statement_does_not_tell_what_was_written(make_database: MakeDatabase) -> None:
    """Its error gets into the log, and callers' data must not."""
    database = make_database()
    with pytest.raises(DBAPIError) as failed, database.write() as conn:
        conn.execute(text("INSERT INTO nowhere VALUES (:value)"), {"value": "patient 4711"})
    assert "nowhere" in str(failed.value)
    assert "patient 4711" not in str(failed.value)


def described(conn: Connection) -> dict[str, Any]:
    """Everything the database says about its tables."""
    seen = inspect(conn)
    found: dict[str, Any] = {}
    for table in seen.get_table_names():
        if table != "alembic_version":
            columns = [{**c, "type": repr(c["type"])} for c in seen.get_columns(table)]
            indexes = [
                {**index, "dialect_options": {key: str(option) for key, option in index["dialect_options"].items()}}
                for index in seen.get_indexes(table)
            ]
            found[table] = (
                sorted(columns, key=lambda c: c["name"]), seen.get_pk_constraint(table),
                sorted(seen.get_foreign_keys(table), key=str), sorted(indexes, key=str),
                sorted(seen.get_unique_constraints(table), key=str), sorted(seen.get_check_constraints(table), key=str),
            )  # fmt: skip
    return found


def test_migrations_make_what_the_tables_say(make_database: MakeDatabase) -> None:
    """A migrated database and one made from `tables.py` are described alike, down to the SQL that SQLite keeps."""
    migrated, made = make_database(), make_database()
    migrated.upgrade()
    with made.write() as conn:
        metadata.create_all(conn)
    with migrated.read() as one, made.read() as other:
        assert described(one) == described(other)
        assert compare_metadata(MigrationContext.configure(one, opts={"compare_type": True}), metadata) == []


def test_tables_of_sqlite_are_declared_as_they_should_be(tmp_path: Path) -> None:
    """What inspection cannot see: rowids, AUTOINCREMENT, partial indexes."""
    with Database(f"sqlite:///{tmp_path / 'a.db'}") as database:
        database.upgrade()
        with database.read() as conn:
            rows = conn.execute(text("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL"))
            kept = {row.name: row.sql for row in rows}
            for table in metadata.sorted_tables:
                made = str(CreateTable(table).compile(conn))
                for word in ("WITHOUT ROWID", "AUTOINCREMENT"):
                    assert (word in kept[table.name]) == (word in made), table.name
                for column in table.columns:
                    assert str(CreateColumn(column).compile(conn)).split()[0] in kept[table.name]
                for index in table.indexes:
                    sql = " ".join(str(CreateIndex(index).compile(conn)).split())
                    assert " ".join(kept[sql.split("INDEX ")[1].split(" ON")[0]].split()) == sql


def test_an_upgrade_is_done_once_and_checked(make_database: MakeDatabase) -> None:
    """Before it, the check says what to type; a second one changes nothing; a newer version is named."""
    database = make_database()
    with pytest.raises(Unavailable, match="mbox db upgrade"):
        database.check_schema()
    database.upgrade()
    database.check_schema()
    database.upgrade()
    with database.write() as conn:
        conn.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    for refused in (database.check_schema, database.upgrade):
        with pytest.raises(Unavailable, match="newer mbox-ops"):
            refused()


def test_the_files_of_the_migrations_are_named_as_their_revisions() -> None:
    """The version is checked by these names at every start; each migration follows on the one before."""
    before = None
    for version, path in schema.known().items():
        migration = runpy.run_path(str(path))
        assert (migration["revision"], migration["down_revision"]) == (version, before)
        before = version


def test_servers_that_start_together_upgrade_once(make_database: MakeDatabase) -> None:
    """Each waits for the other."""
    database = make_database()
    threads = [threading.Thread(target=database.upgrade) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    database.check_schema()


def test_a_block_that_raises_changes_nothing(make_database: MakeDatabase) -> None:
    """Its transaction is rolled back, and the next one can begin."""
    database = make_database()
    database.upgrade()
    for fails in (True, False):
        try:
            with database.write() as conn:
                conn.execute(namespaces.insert().values(name="n", created_at=1))
                if fails:
                    raise KeyError
        except KeyError:
            pass
        with database.read() as conn:
            assert conn.execute(text("SELECT count(*) FROM namespaces")).scalar_one() == (0 if fails else 1)


def test_sqlite_is_set_up_to_survive_a_power_cut_and_to_shrink(tmp_path: Path) -> None:
    """WAL, synchronous FULL, foreign keys, incremental vacuum; a writer takes the lock when it begins."""
    with Database(f"sqlite:///{tmp_path / 'a.db'}") as database:
        database.upgrade()
        with database.read() as conn:
            pragmas = ("journal_mode", "synchronous", "foreign_keys", "auto_vacuum")
            assert [conn.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in pragmas] == ["wal", 2, 1, 2]
        other = sqlite3.connect(tmp_path / "a.db", timeout=0)
        with database.write():
            with pytest.raises(sqlite3.OperationalError) as caught:
                other.execute("BEGIN IMMEDIATE")
            assert caught.value.sqlite_errorcode == sqlite3.SQLITE_BUSY
        other.close()


def test_a_sqlite_file_has_one_server(tmp_path: Path) -> None:
    """Another process is told who holds the file; the lock goes with its holder."""
    url = f"sqlite:///{tmp_path / 'a.db'}"
    program = f"from mbox_ops.store.database import Database; Database({url!r}).lock_file()"
    with Database(url) as database:
        database.lock_file()
        refused = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert "Another server is using" in refused.stderr
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_a_database_that_is_away_is_unavailable(tmp_path: Path) -> None:
    """Whatever the driver says."""
    away = Database("postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(Unavailable), away.read():
        pass
    away.close()
    folder = Database(f"sqlite:///{tmp_path}")
    with pytest.raises(Unavailable), folder.read():
        pass
    folder.close()


@pytest.mark.parametrize("left", ["nothing", "a log"])
def test_a_file_that_is_no_database_is_said_to_be_damaged(tmp_path: Path, left: str) -> None:
    """When it is read, when a server takes it and when it is looked at; it says what to do."""
    path = tmp_path / "a.db"
    path.write_bytes(b"These bytes are no database. " * 1_000)
    if left == "a log":
        path.with_name("a.db-wal").write_bytes(bytes(100))
    with Database(f"sqlite:///{path}") as database:
        for use in (database.lock_file, database.upgrade, database.check_schema):
            with pytest.raises(InternalError, match=r"damaged .* restore a backup"):
                use()
        assert damages(database) == ["file is not a database"]


def test_a_page_that_is_damaged_is_told_and_nothing_else(tmp_path: Path) -> None:
    """Neither as a database that is away, which one would ask again and again, nor as the driver's error."""
    path = tmp_path / "a.db"
    with Database(f"sqlite:///{path}") as database:
        database.upgrade()
        with database.write() as conn:
            conn.execute(namespaces.insert(), [{"name": f"n{number}", "created_at": 1} for number in range(1_000)])
        with database.read() as conn:
            (page,) = conn.execute(text("SELECT rootpage FROM sqlite_master WHERE name = 'namespaces'")).one()
        database.cut_log()
    with path.open("r+b") as file:
        file.seek((page - 1) * 4096)
        file.write(b"\xff" * 4096)
    with Database(f"sqlite:///{path}") as database:
        for block in (database.read, database.write):
            with pytest.raises(InternalError, match="damaged"), block() as conn:
                conn.execute(namespaces.select()).all()
        assert damages(database)


def test_other_databases_are_refused() -> None:
    """And so is SQLite without a file."""
    for url in ("sqlite://", "sqlite:///:memory:", "mysql://root@localhost/x"):
        with pytest.raises(ValueError, match="Give a database URL"):
            Database(url)
