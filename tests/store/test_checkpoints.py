"""SQLite's log: moved into the database by ourselves, and made whole by the next process. How it is kept when the disk
fails is proven in tests/proofs/faults."""

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from mbox_ops.store.checkpoints import PAGES, TENDED_PAGES, Log, make_whole
from mbox_ops.store.database import Database

LEAVES_A_LOG = """
import os, sys
from mbox_ops.store.database import Database
database = Database(sys.argv[1])
with database.write() as conn:
    conn.exec_driver_sql("CREATE TABLE kept (value INTEGER)")
    conn.exec_driver_sql("INSERT INTO kept VALUES (7)")
os._exit(0)
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A database that a process has left without closing it."""
    path = tmp_path / "mbox.db"
    subprocess.run([sys.executable, "-c", LEAVES_A_LOG, f"sqlite:///{path}"], check=True)
    assert log_of(path).stat().st_size > 0
    return path


def log_of(path: Path) -> Path:
    """Where SQLite keeps its log."""
    return path.with_name(f"{path.name}-wal")


def kept(path: Path) -> int:
    """What the process wrote."""
    with Database(f"sqlite:///{path}") as database, database.read() as conn:
        return int(conn.exec_driver_sql("SELECT value FROM kept").scalar_one())


def test_a_server_moves_what_another_process_left_in_the_log(file: Path) -> None:
    """Before it reads or writes anything, with the lock on the file."""
    with Database(f"sqlite:///{file}") as database:
        database.lock_file()
        assert log_of(file).stat().st_size == 0
    assert kept(file) == 7


def test_a_log_that_another_program_uses_is_left_as_it_is(file: Path, caplog: pytest.LogCaptureFixture) -> None:
    """One line tells of it."""
    reader = sqlite3.connect(file, isolation_level=None)
    reader.execute("BEGIN")
    assert reader.execute("SELECT value FROM kept").fetchone() == (7,)
    before = log_of(file).read_bytes()
    make_whole(file)
    assert log_of(file).read_bytes() == before
    assert len(caplog.records) == 1
    reader.close()


def test_a_log_is_moved_when_it_is_long(tmp_path: Path) -> None:
    """So that it is begun anew, and does not grow with every write."""
    path = tmp_path / "mbox.db"
    with Database(f"sqlite:///{path}") as database:
        with database.write() as conn:
            conn.exec_driver_sql("CREATE TABLE kept (value BLOB)")
        for _ in range(4):
            assert not Log(path).is_long()
            with database.write() as conn:
                conn.exec_driver_sql("INSERT INTO kept VALUES (?)", (os.urandom(PAGES * 4096),))
            assert Log(path).is_long()  # until the next write begins it anew
            assert path.stat().st_size > PAGES * 4096
            with database.write() as conn:
                conn.exec_driver_sql("INSERT INTO kept VALUES (1)")
        assert log_of(path).stat().st_size < 2 * PAGES * 4096


def test_a_log_is_cut_while_others_write_and_read(tmp_path: Path) -> None:
    """A reader who needs it keeps it as it is, for a second; nobody is told of an error."""
    path = tmp_path / "mbox.db"
    with Database(f"sqlite:///{path}") as database:
        with database.write() as conn:
            conn.exec_driver_sql("CREATE TABLE kept (value INTEGER)")
        with database.read() as reader:
            assert list(reader.exec_driver_sql("SELECT value FROM kept")) == []
            with database.write() as conn:
                conn.exec_driver_sql("INSERT INTO kept VALUES (7)")
            database.cut_log()
            assert log_of(path).stat().st_size > 0
            assert list(reader.exec_driver_sql("SELECT value FROM kept")) == []
        database.cut_log()
        assert log_of(path).stat().st_size == 0
        with database.write() as conn:
            assert conn.exec_driver_sql("PRAGMA busy_timeout").scalar_one() == 30_000
    assert kept(path) == 7


def test_some_of_a_log_is_moved_while_somebody_writes(tmp_path: Path) -> None:
    """It takes no turn from writers; what they are about to commit stays in the log."""
    path = tmp_path / "mbox.db"
    with Database(f"sqlite:///{path}") as database:
        with database.write(moves_log=False) as conn:
            conn.exec_driver_sql("CREATE TABLE kept (value BLOB)")
            conn.exec_driver_sql("INSERT INTO kept VALUES (?)", (os.urandom(TENDED_PAGES * 4096),))
        before = path.stat().st_size
        with database.write() as conn:
            conn.exec_driver_sql("INSERT INTO kept VALUES (1)")
            database.move_log()
            assert path.stat().st_size >= before + TENDED_PAGES * 4096
        with database.read() as conn:
            assert conn.exec_driver_sql("SELECT count(*) FROM kept").scalar_one() == 2


def test_a_log_that_somebody_tends_is_left_to_him(tmp_path: Path) -> None:
    """So no writer holds up the others for it."""
    path = tmp_path / "mbox.db"
    with Database(f"sqlite:///{path}") as database:
        with database.write() as conn:
            conn.exec_driver_sql("CREATE TABLE kept (value BLOB)")
        database.move_log()
        before = path.stat().st_size
        with database.write() as conn:
            conn.exec_driver_sql("INSERT INTO kept VALUES (?)", (os.urandom(TENDED_PAGES * 4096),))
        assert path.stat().st_size == before
        database.move_log()
        assert path.stat().st_size >= before + TENDED_PAGES * 4096
