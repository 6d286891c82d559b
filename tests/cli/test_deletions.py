"""`mbox deletions`: what was deleted is looked at, undone, purged, and accounted for."""

import json
import time
from collections.abc import Iterator

import pytest

from mbox_ops.client.client import Client
from mbox_ops.testing import LiveServer, live_server
from tests.cli.test_cli import answer, mbox


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    """A server for these tests."""
    with live_server() as server:
        yield server


def ended(server: LiveServer, scenario: str, *, key: str | None = None) -> str:
    """The id of a new, ended run."""
    client = Client(server.url)
    run = client.runs.create(scenario=scenario, key=key)
    client.runs.end(run.id)
    return run.id


def test_a_deletion_is_shown_and_undone(server: LiveServer) -> None:
    """The runs are back; a second undo is refused."""
    run_id = ended(server, "undone")
    done = answer(server, "scenarios", "delete", "undone", "--max-runs", "1", "--key", "once")
    assert answer(server, "scenarios", "delete", "undone", "--key", "once") == done
    page = mbox(server, "deletions", "show", done["id"]).stdout
    for part in (done["id"], "TOMBSTONED", "undoable until", "loopback", "undone"):
        assert part in page
    assert answer(server, "deletions", "show", done["id"]) == done
    assert "1 runs are back" in mbox(server, "deletions", "undo", done["id"]).stdout
    assert [run["id"] for run in answer(server, "runs", "list", "--scenario", "undone")["items"]] == [run_id]
    again = mbox(server, "deletions", "undo", done["id"])
    assert (again.returncode, "UNDONE" in again.stderr) == (1, True)
    assert [entry["action"] for entry in answer(server, "deletions", "audit", done["id"])["items"]] == [
        "created", "undone",
    ]  # fmt: skip
    assert "undone" in mbox(server, "deletions", "audit").stdout


def test_an_undo_beside_a_twin_takes_a_suffix(server: LiveServer) -> None:
    """Without one the refusal names the way out."""
    run_id = ended(server, "twins", key="k")
    done = answer(server, "scenarios", "delete", "twins")
    ended(server, "twins", key="k")
    refused = mbox(server, "deletions", "undo", done["id"])
    assert (refused.returncode, "key_suffix" in refused.stderr) == (1, True)
    assert answer(server, "deletions", "undo", done["id"], "--key-suffix", "-old")["state"] == "UNDONE"
    assert answer(server, "runs", "show", run_id)["key"] == "k-old"


def test_more_runs_than_the_cap_are_not_deleted(server: LiveServer) -> None:
    """With an exit status for programs."""
    ended(server, "capped")
    refused = mbox(server, "scenarios", "delete", "capped", "--max-runs", "0", "--yes")
    assert (refused.returncode, "max_runs is 0" in refused.stderr) == (1, True)


def test_a_purge_asks_and_then_begins_at_once(server: LiveServer) -> None:
    """Without an id it takes all that wait; it is never done unasked."""
    done = [answer(server, "scenarios", "delete", name) for name in ("p1", "p2") if ended(server, name)]
    assert mbox(server, "deletions", "purge", text="n\n").returncode == 1
    assert json.loads(mbox(server, "deletions", "purge", "--json").stdout)["error"]["code"] == "invalid_request"
    assert answer(server, "deletions", "show", done[0]["id"])["state"] == "TOMBSTONED"
    asked = mbox(server, "deletions", "purge", done[0]["id"], text="y\n")
    assert (asked.returncode, "1 deletions now" in asked.stdout) == (0, True)
    assert done[1]["id"] in [each["id"] for each in answer(server, "deletions", "purge", "--yes")["items"]]
    ends = time.monotonic() + 20
    while {answer(server, "deletions", "show", each["id"])["state"] for each in done} != {"PURGED"}:
        assert time.monotonic() < ends, "nothing purges"
    actions = [entry["action"] for entry in answer(server, "deletions", "audit", done[0]["id"])["items"]]
    assert actions == ["created", "purge_requested", "purge_started", "purge_step", "purge_finished"]
