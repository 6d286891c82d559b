"""`mbox watch` and `mbox events --follow`, as a person and a program use them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mbox_ops.client.client import Client
from mbox_ops.client.values import Event
from mbox_ops.testing import LiveServer, live_server

MBOX = Path(sys.executable).with_name("mbox")


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    """A server."""
    with live_server() as running:
        yield running


def start(server: LiveServer, *arguments: str) -> "subprocess.Popen[str]":
    """Begin to run `mbox`."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("MBOX_")}
    env = {**known, "MBOX_URL": server.url, "MBOX_HOME": str(server.home), "COLUMNS": "160", "PYTHONUNBUFFERED": "1"}
    pipe = subprocess.PIPE
    return subprocess.Popen([MBOX, *arguments], env=env, stdout=pipe, stderr=pipe, text=True)


def run(server: LiveServer, *arguments: str) -> tuple[int, str, str]:
    """Run `mbox` to its end."""
    with start(server, *arguments) as process:
        out, err = process.communicate(timeout=60)
    return process.returncode, out, err


def test_changes_are_lines_for_people_and_for_programs(server: LiveServer) -> None:
    """With what to go on from; `--from` and `--since` begin where they say, `--kind` and `--scenario` choose."""
    client = Client(server.url)
    start_at = client.watch().cursor or ""
    made = client.runs.create(scenario="churn", run_name="first")
    made.set_tags({"a": "b"})
    made.persist_run()
    status, out, err = run(server, "watch", "--from", start_at, "--timeout", "0")
    assert (status, "created run" in out, "'first' in churn RUNNING (tags)" in out) == (0, True, True)
    cursor = err.split("--from ")[1].strip()
    assert run(server, "watch", "--from", cursor, "--timeout", "0", "--json")[1] == ""
    lines = run(server, "watch", "--since", "1h", "--kind", "run", "--scenario", "churn", "--timeout", "0", "--json")[1]
    changes = [json.loads(line) for line in lines.splitlines()]
    assert [(change["action"], change["parts"]) for change in changes] == [("created", []), ("updated", ["tags"])]
    assert run(server, "watch", "--kind", "thing")[0] == 1
    assert run(server, "watch", "--since", "soon")[0] == 2


def test_watching_ends_with_ctrl_c(server: LiveServer) -> None:
    """Quietly, after what came until then."""
    with start(server, "watch", "--json", "--since", "0001-01-01T00:00:00Z") as process:
        run_id = Client(server.url).runs.create(scenario="ctrl").id
        assert process.stdout is not None
        while json.loads(process.stdout.readline())["id"] != run_id:
            pass
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "")


def test_events_are_followed(server: LiveServer) -> None:
    """Those that are there, then those that come, until the run is deleted."""
    client = Client(server.url)
    made = client.runs.create(scenario="events")
    made.log_event(Event("load_started", "trainer", 10))
    made.persist_run()
    with start(server, "events", made.id, "--follow", "--json") as process:
        assert process.stdout is not None
        assert json.loads(process.stdout.readline())["name"] == "load_started"
        made.log_event(Event("load_finished", "trainer", 12.5))
        made.persist_run()
        told = json.loads(process.stdout.readline())
        assert (told["name"], told["duration_seconds"]) == ("load_finished", 2.5)
        client.deletions.create(run=made.id, force=True)
        assert process.communicate(timeout=60) == ("", "")
    assert process.returncode == 0
