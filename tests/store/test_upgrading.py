"""An upgrade may be killed at any moment, and goes on from there."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import inspect, text

from mbox_ops.errors import Unavailable
from mbox_ops.store import schema
from mbox_ops.store.database import Database

UPGRADER = Path(__file__).with_name("upgrader.py")
ROWS = 100  # filled 40 at a time: three calls, and one that finds none
DEATHS = ["1:1:inside", "1:1:after", "2:2:inside", "2:1:after", "2:2:inside", "3:1:inside"]


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of the first version with a hundred namespaces."""
    found = (
        f"sqlite:///{tmp_path / 'old.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")()
    )
    with Database(found) as database:
        database.upgrade()
        with database.write() as conn:
            for number in range(ROWS):
                row = {"name": "n" * (number + 1), "at": number}
                conn.execute(text("INSERT INTO namespaces (name, created_at) VALUES (:name, :at)"), row)
    return str(found)


@pytest.fixture
def newer(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """The folder of one more migration, which this process knows, too, once it is there."""
    folder = tmp_path / "versions"
    folder.mkdir()
    monkeypatch.setattr(schema, "FOLDERS", [*schema.FOLDERS, folder])
    schema.known.cache_clear()
    yield folder
    schema.known.cache_clear()


def upgrade(url: str, folder: Path, where: str) -> int:
    """Run the upgrade in a process of its own; its exit status."""
    done = subprocess.run([sys.executable, UPGRADER, url, folder, where], capture_output=True, text=True)
    schema.known.cache_clear()
    assert not done.stderr, done.stderr
    return done.returncode


def test_an_upgrade_that_is_killed_goes_on_where_it_was(url: str, newer: Path) -> None:
    """Killed six times, within transactions and between them: servers refuse the database until the end, no row is
    lost or filled twice, and nothing of the upgrade's own is left.
    """
    with Database(url) as database:
        database.check_schema()
    filled = []
    for where in DEATHS:
        assert upgrade(url, newer, where) == -signal.SIGKILL
        with Database(url) as database, database.read() as conn:
            assert database.version() == "0001"
            with pytest.raises(Unavailable, match="mbox db upgrade"):
                database.check_schema()
            columns = {column["name"] for column in inspect(conn).get_columns("namespaces")}
            done = "SELECT count(*) FROM namespaces WHERE times = 1" if "times" in columns else "SELECT 0"
            filled.append(conn.execute(text(done)).scalar_one())
    assert filled == [0, 0, 40, 80, 100, 100]
    assert upgrade(url, newer, "never") == 0
    with Database(url) as database, database.read() as conn:
        database.check_schema()
        assert conn.execute(text("SELECT count(*), sum(letters) FROM namespaces WHERE times = 1")).one() == (
            ROWS, ROWS * (ROWS + 1) // 2,
        )  # fmt: skip
        assert "upgrade_steps" not in inspect(conn).get_table_names()
        assert "ix_namespaces_letters" in {index["name"] for index in inspect(conn).get_indexes("namespaces")}
    assert upgrade(url, newer, "never") == 0


def test_two_upgrades_at_once_share_the_work(url: str, newer: Path) -> None:
    """On PostgreSQL piece by piece, on SQLite one after the other."""
    command = [sys.executable, UPGRADER, url, newer, "never"]
    both = [subprocess.Popen(command, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    assert [(each.wait(60), each.stderr.read()) for each in both if each.stderr] == [(0, ""), (0, "")]
    for each in both:
        assert each.stderr is not None
        each.stderr.close()
    schema.known.cache_clear()
    with Database(url) as database, database.read() as conn:
        database.check_schema()
        assert conn.execute(text("SELECT min(times), max(times) FROM namespaces")).one() == (1, 1)


def test_an_older_program_refuses_what_was_upgraded(url: str, tmp_path: Path) -> None:
    """It names what to install, and changes nothing."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    assert upgrade(url, folder, "never") == 0
    with Database(url) as database:
        for refused in (database.check_schema, database.upgrade):
            with pytest.raises(Unavailable, match=r"version 0002 .* newer than this program \(0001\)"):
                refused()
