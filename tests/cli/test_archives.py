"""`mbox scenarios export` and `mbox import`, as a person and a program use them."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from mbox_ops.client.client import Client
from mbox_ops.testing import LiveServer, live_server

MBOX = Path(sys.executable).with_name("mbox")


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    """A server with two scenarios, which goes on serving."""
    with live_server() as server:
        client = Client(server.url)
        for name in ("churn", "fraud"):
            run = client.runs.create(scenario=name, key=name)
            run.log_metrics({"loss": 0.5, "bad": float("nan")}, step=3)
            run.upload_artifact(Path(__file__), under=name)
        yield server


def mbox(home: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run `mbox` where the data is."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("MBOX_")}
    env = {**known, "MBOX_HOME": str(home), "COLUMNS": "200"}
    return subprocess.run([MBOX, *map(str, arguments)], env=env, capture_output=True, text=True, timeout=60)


def told(home: Path, *arguments: object) -> Any:
    """What it prints with --json, and nothing beside that."""
    done = mbox(home, *arguments, "--json")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    return json.loads(done.stdout)


def test_a_database_moves_from_sqlite_to_postgresql(
    server: LiveServer, postgres_url: Callable[[], str], tmp_path: Path
) -> None:
    """While the old service runs; the new one serves what the old one did, and exports the same bytes."""
    archive, back, new, url = tmp_path / "all.tar", tmp_path / "back.tar", tmp_path / "new", postgres_url()
    done = mbox(server.home, "scenarios", "export", "--all", "--to", archive)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "2 runs, 4 points, 2 artifacts of churn, fraud." in said
    would = told(new, "import", archive, "--database-url", url, "--dry-run")
    assert (would["runs"], would["dry_run"]) == (2, True)
    assert told(new, "import", archive, "--database-url", url)["runs"] == 2
    done = mbox(new, "import", archive, "--database-url", url)
    assert done.stdout == "0 runs imported into the namespace 'default', 2 were there already.\n"
    assert told(new, "scenarios", "export", "churn", "fraud", "--to", back, "--database-url", url)["runs"] == 2
    assert back.read_bytes() == archive.read_bytes()
    with live_server(home=new, database_url=url) as moved:
        old, client = Client(server.url), Client(moved.url)
        for name in ("churn", "fraud"):
            (was,), (run,) = old.runs.list(scenario=name), client.runs.list(scenario=name)
            assert (run.id, run.key, run.metrics["loss"].last) == (was.id, was.key, 0.5)
            (file,) = run.download_artifacts(tmp_path / name)
            assert file.read_bytes() == Path(__file__).read_bytes()


def test_mistakes_are_one_line_and_a_status(server: LiveServer, tmp_path: Path) -> None:
    """And leave no half a file behind."""
    there = tmp_path / "there.tar"
    there.write_text("something else")
    for arguments, status, said in (
        (("scenarios", "export", "nowhere", "--to", tmp_path / "a.tar"), 1, "No scenario 'nowhere'"),
        (("scenarios", "export", "churn", "--to", there), 1, "is there already"),
        (("scenarios", "export", "--to", tmp_path / "a.tar"), 2, "name the scenarios, or give --all"),
        (("import", there), 1, "is no archive of scenarios"),
        (("import", tmp_path / "nothing.tar"), 1, "There is no file"),
    ):
        done = mbox(server.home, *arguments)
        assert (done.returncode, done.stdout) == (status, "")
        assert said in " ".join(done.stderr.split())
    assert [path.name for path in tmp_path.iterdir()] == ["there.tar"]
