"""`mbox doctor` finds what is wrong, and says what to do."""

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mbox_ops.artifacts.blobs import Blobs, Found
from mbox_ops.client.client import Client
from mbox_ops.client.doctor.asking import _clock, answers
from mbox_ops.client.doctor.reaching import way
from mbox_ops.client.doctor.waiting import spool_findings
from mbox_ops.entities.findings import Finding
from mbox_ops.service.doctor import artifact_findings, database_findings, disk_findings
from mbox_ops.settings import ClientSettings
from mbox_ops.store.database import Database
from mbox_ops.testing import LiveServer, live_server
from tests.server.authority import Authority

MBOX = Path(sys.executable).with_name("mbox")


@pytest.fixture(scope="module")
def closed() -> Iterator[LiveServer]:
    """A server that asks for tokens."""
    with live_server(tokens=True) as server:
        yield server


def doctor(*arguments: str, **environment: str) -> tuple[int, Any]:
    """The exit status of `mbox doctor --json` and what it prints."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(("MBOX_", "REQUESTS_"))}
    command = [MBOX, "doctor", "--json", *arguments]
    done = subprocess.run(command, env={**known, **environment}, capture_output=True, text=True, timeout=120)
    assert not done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


def states(found: Iterable[Finding]) -> dict[str, str]:
    """The state of each check; whatever is not well says what to do."""
    told = list(found)
    assert all(finding.says for finding in told)
    assert all(finding.do for finding in told if finding.state in ("warning", "failed")), told
    return {finding.check: finding.state for finding in told}


def settings(server: LiveServer, tmp_path: Path, **changes: Any) -> ClientSettings:
    """Those of a client of that server."""
    return ClientSettings(**{"url": server.url, "token": server.token, "spool_dir": tmp_path / "spool", **changes})


def test_all_is_well_from_the_client_to_the_disk(closed: LiveServer, tmp_path: Path) -> None:
    """Both sides, as a person and a program run it; the exit status is 0."""
    status, found = doctor(MBOX_URL=closed.url, MBOX_TOKEN=str(closed.token), MBOX_HOME=str(tmp_path))
    assert (status, found["ok"]) == (0, True)
    assert {item["check"]: item["state"] for item in found["items"]} == dict.fromkeys(
        ["address", "name", "connection", "service", "token", "clock", "versions", "spool"], "ok"
    )
    assert "read, write, delete" in next(item["says"] for item in found["items"] if item["check"] == "token")
    status, found = doctor("--server", MBOX_HOME=str(closed.home))
    assert status == 0
    assert [item["check"] for item in found["items"]] == ["database", "integrity", "disk", "disk", "artifacts"]


def test_each_broken_part_of_the_way_is_named(closed: LiveServer, tmp_path: Path) -> None:
    """And nothing behind it is tried."""
    for url, found in (
        ("ftp://x", {"address": "failed"}),
        ("http://[x", {"address": "failed"}),
        ("http://nowhere.invalid:1", {"address": "ok", "name": "failed"}),
        ("http://127.0.0.1:1", {"address": "ok", "name": "ok", "connection": "failed"}),
    ):
        assert states(way(settings(closed, tmp_path, url=url))) == found
    status, told = doctor(MBOX_URL="http://127.0.0.1:1", MBOX_HOME=str(tmp_path))
    assert status == 1
    assert [item["state"] for item in told["items"]] == ["ok", "ok", "failed", "ok"]
    assert "mbox serve" in told["items"][2]["do"]


def test_a_token_is_looked_at(closed: LiveServer, tmp_path: Path) -> None:
    """None, an unknown one, one that may only write, one for another namespace."""
    for token in (None, "mbox_unknown"):
        assert states(answers(settings(closed, tmp_path, token=token))) == {"token": "failed"}
    admin = Client(closed.url, token=closed.token)
    writer = admin.tokens.create("writer", scopes=["write"]).token
    found = list(answers(settings(closed, tmp_path, token=writer)))
    assert [(each.check, each.state) for each in found] == [("service", "ok"), ("token", "warning")]
    assert "may write." in found[1].says
    other = admin.tokens.create("other", scopes=["read", "write"], namespaces=["other"]).token
    assert states(answers(settings(closed, tmp_path, token=other))) == {"service": "ok", "token": "failed"}
    assert not list(admin.runs.search("name IS NOT NULL")), "looking has made no run"


def test_a_certificate_is_looked_at(tmp_path: Path) -> None:
    """One of an unknown authority is refused with what to set; with the authority its end is told."""
    authority = Authority(tmp_path)
    cert, key = authority.sign("server")
    with live_server(environment={"MBOX_TLS_CERT": str(cert), "MBOX_TLS_KEY": str(key)}) as server:
        url = server.url.replace("http:", "https:")
        refused = list(way(settings(server, tmp_path, url=url)))[-1]
        assert (refused.check, refused.state) == ("certificate", "failed")
        assert "REQUESTS_CA_BUNDLE" in refused.do
        trusting = settings(server, tmp_path, url=url, verify=str(authority.ca))
        assert states(way(trusting))["certificate"] == "ok"
        assert states(answers(trusting))["clock"] == "ok"
        assert states(way(settings(server, tmp_path, url=url, verify=False)))["certificate"] == "warning"
        *_, folder = way(settings(server, tmp_path, url=url, verify=str(tmp_path)))  # of authorities; this has none
        assert folder.says == "It is refused: unable to get local issuer certificate."


def test_clocks_may_differ_by_some_seconds() -> None:
    """More is a warning, unless the way there took as long."""
    assert states([_clock(4.0, 0.1)]) == states([_clock(-4.0, 0.1)]) == states([_clock(9.0, 6.0)]) == {"clock": "ok"}
    assert states([_clock(9.0, 0.1)]) == states([_clock(-9.0, 0.1)]) == {"clock": "warning"}


def test_what_waits_and_what_was_refused_is_told(closed: LiveServer, tmp_path: Path) -> None:
    """For each service; and a folder that cannot be written, or that others may read."""
    here = settings(closed, tmp_path)
    assert states(spool_findings(here)) == {"spool": "ok"}
    script = "from mbox_ops import tracking\nwith tracking.start_run(): tracking.log_metric('loss', 0.5)"
    env = {**os.environ, "MBOX_URL": "http://127.0.0.1:1", "MBOX_SPOOL_DIR": str(here.spool_dir)}
    subprocess.run([sys.executable, "-c", script], env=env, check=True, capture_output=True)
    (folder,) = here.spool_dir.glob("*/")
    (folder / "refused").mkdir()
    (folder / "refused" / "x-1.json").write_text('{"message": "It was too old.", "refused_at": 1.0}')
    found = list(spool_findings(here))
    assert states(found) == {"spool": "ok", "waiting": "warning", "refused": "warning"}
    assert "sync --url http://127.0.0.1:1" in found[1].do
    assert "It was too old." in found[2].says
    folder.chmod(0o755)
    assert states(spool_findings(here))["spool"] == "warning"
    (tmp_path / "file").write_text("")
    assert states(spool_findings(settings(closed, tmp_path, spool_dir=tmp_path / "file" / "spool"))) == {
        "spool": "failed"
    }


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with tables."""
    url = (
        f"sqlite:///{tmp_path / 'mbox.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")()
    )
    with Database(url) as made:
        made.upgrade()
        yield made


def test_the_tables_are_looked_at(database: Database) -> None:
    """Their version, and rows that belong to nothing."""
    assert states(database_findings(database)) == {"database": "ok", "integrity": "ok"}
    with database.write() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert states(database_findings(database)) == {"database": "failed"}


def test_a_damaged_file_and_lost_rows_are_found(tmp_path: Path) -> None:
    """SQLite's own check, and a walk over all references."""
    path = tmp_path / "mbox.db"
    with Database(f"sqlite:///{path}") as database:
        database.upgrade()
        database.cut_log()
    with sqlite3.connect(path) as raw:
        raw.execute("INSERT INTO names VALUES (1, 77, 'x', 'h', 'x', 'h')")
    raw.close()
    with Database(f"sqlite:///{path}") as database:
        lost = list(database_findings(database))[-1]
        assert (lost.check, lost.state) == ("integrity", "failed")
        assert "1 rows of names.namespace_id" in lost.says
        database.cut_log()
    with path.open("r+b") as file:
        file.seek(3 * 4_096)
        file.write(b"\xff" * 8_192)
    with Database(f"sqlite:///{path}") as database:
        assert states(database_findings(database)) == {"integrity": "failed"}
    path.write_bytes(b"no database at all" * 1_000)
    for each in tmp_path.glob("mbox.db-*"):
        each.unlink()
    with Database(f"sqlite:///{path}") as database:
        assert states(database_findings(database)) == {"integrity": "failed"}


class Busy(Blobs):
    """A store to which others upload while it is looked at: in each folder one more is there after it was listed."""

    database: Database

    def blobs(self, shard: int) -> list[Found]:
        """What lies in a folder, before one more is there."""
        listed = super().blobs(shard)
        row = f"('{shard}', 1, '{shard:02x}/cd/a.0', 1)"
        with self.database.write() as conn:
            conn.exec_driver_sql(f"INSERT INTO blobs (sha256, size, key, created_at) VALUES {row}")
        return listed


def test_the_store_is_looked_at(database: Database, tmp_path: Path) -> None:
    """Bytes that are gone, and a store that takes none."""
    store = Blobs(str(tmp_path / "artifacts"))
    assert states(artifact_findings(database, store)) == {"artifacts": "ok"}
    with database.write() as conn:
        values = "('ab', 1, 'ab/cd/abcd.0', 1)"
        conn.exec_driver_sql(f"INSERT INTO blobs (sha256, size, key, created_at) VALUES {values}")
    missing = list(artifact_findings(database, store))[-1]
    assert missing.state == "failed"
    assert "1 of 1 contents" in missing.says
    with database.write() as conn:
        conn.exec_driver_sql("DELETE FROM blobs")
    busy = Busy(str(tmp_path / "artifacts"))
    busy.database = database
    assert states(artifact_findings(database, busy)) == {"artifacts": "ok"}
    (tmp_path / "file").write_text("")
    assert states(artifact_findings(database, Blobs(str(tmp_path / "file" / "artifacts")))) == {"artifacts": "failed"}


def test_the_disk_is_looked_at(tmp_path: Path) -> None:
    """With what is left on it."""
    (found,) = disk_findings({"artifacts": tmp_path / "not" / "there"})
    assert found.check == "disk"
    assert str(tmp_path) in found.says


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """Looking changes nothing."""
    status, found = doctor("--database-url", f"sqlite:///{tmp_path / 'none.db'}", MBOX_HOME=str(tmp_path / "home"))
    assert status == 1
    assert "MBOX_DATABASE_URL" in found["items"][0]["do"]
    assert list(tmp_path.iterdir()) == []
