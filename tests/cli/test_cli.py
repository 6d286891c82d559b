"""The command line, as a person and a program use it: real processes against a real server."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mbox_ops.client.client import Client
from mbox_ops.client.values import Event, EventSource, MetricValue
from mbox_ops.testing import LiveServer, live_server

MBOX = Path(sys.executable).with_name("mbox")


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    """A server with one finished run and one experiment."""
    with live_server() as server:
        client = Client(server.url)
        run = client.runs.create(key="k", run_name="first", scenario="churn", pipeline="nightly", tags={"team": "cv"})
        for step, loss in enumerate([0.9, 0.5, float("nan"), 0.1]):
            client.log_metrics(run.id, "loss", MetricValue(step=step, wallclock_time=step, value=loss))
        client.log_event(run.id, Event("checkpoint_started", EventSource("trainer"), 12000, {"size": 1}))
        client.track_artifacts(run.id, ["s3://bucket/model.onnx"])
        client.runs.end(run.id)
        client.create_experiment("yolo-v4")
        yield server


def mbox(server: LiveServer, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
    """Run `mbox`."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("MBOX_")}
    env = {**known, "MBOX_URL": server.url, "MBOX_HOME": str(server.home), "COLUMNS": "160"}
    return subprocess.run([MBOX, *arguments], env=env, input=text, capture_output=True, text=True, timeout=60)


def answer(server: LiveServer, *arguments: str) -> Any:
    """What `mbox ... --json` prints."""
    done = mbox(server, *arguments, "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout)


def test_lists_are_for_people_and_for_programs(server: LiveServer) -> None:
    """Tables on a terminal, `{"items": [...], "next": ...}` with --json."""
    found = answer(server, "runs", "list", "--scenario", "churn", "--tag", "team=cv")
    assert [(run["name"], run["status"], run["metrics"]["loss"]["last"]) for run in found["items"]] == [
        ("first", "FINISHED", 0.1)
    ]
    assert "first" in mbox(server, "runs", "list").stdout
    assert "churn" in [s["name"] for s in answer(server, "scenarios", "list")["items"]]
    shown = {c["display_name"] for c in answer(server, "collections", "list")["items"]}
    assert "nightly (Default)" in shown
    for noun in ("scenarios", "collections", "deletions"):
        assert mbox(server, noun, "list").returncode == 0


def test_a_run_is_shown_with_its_curves(server: LiveServer) -> None:
    """Parameters, metrics, tags, events, artifacts; NaN as text in JSON."""
    run_id = answer(server, "runs", "list", "--scenario", "churn")["items"][0]["id"]
    page = mbox(server, "runs", "show", run_id).stdout
    for part in ("churn", "loss", "█▅ ▁", "team", "checkpoint_started", "s3://bucket/model.onnx", "Model"):
        assert part in page
    assert answer(server, "runs", "show", run_id)["metadata"] == {}
    (series,) = answer(server, "history", run_id, "loss")["items"]
    assert [p["value"] for p in series["points"]] == [0.9, 0.5, "NaN", 0.1]
    assert "0.5" in mbox(server, "history", run_id).stdout
    (event,) = answer(server, "events", run_id)["items"]
    assert (event["source"], event["wallclock_time"], event["metadata"]) == ("trainer", 12000.0, {"size": 1})
    assert event["duration_seconds"] is None


def test_an_event_that_ends_a_span_says_how_long_it_took(server: LiveServer) -> None:
    """In the table and as JSON."""
    run = Client(server.url).runs.create(scenario="spans")
    for name, at in (("checkpoint_started", 12_000), ("checkpoint_finish", 12_500)):
        run.log_event(Event(name, EventSource("trainer"), at))
    took = [event["duration_seconds"] for event in answer(server, "events", run.id)["items"]]
    assert took == [None, 500.0]
    assert "took (s)" in mbox(server, "events", run.id).stdout


def test_mistakes_are_one_line_and_a_status(server: LiveServer) -> None:
    """On standard error for people, as JSON for programs."""
    done = mbox(server, "runs", "show", "nobody")
    assert (done.returncode, done.stdout) == (1, "")
    assert "No run 'nobody'" in done.stderr
    done = mbox(server, "runs", "show", "nobody", "--json")
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (1, "not_found")
    assert mbox(server, "runs", "list", "--status", "DONE").returncode == 2
    assert mbox(server, "runs", "list", "--tag", "team").returncode == 2
    for seconds, reason in (("0.5", "127.0.0.1:9"), ("soon", "MBOX_RETRY_SECONDS must be a number from 0 to 3,600")):
        away = subprocess.run(
            [MBOX, "runs", "list", "--url", "http://127.0.0.1:9"], capture_output=True, text=True, timeout=60,
            env={**os.environ, "MBOX_RETRY_SECONDS": seconds},
        )  # fmt: skip
        assert (away.returncode, reason in away.stderr) == (1, True), away.stderr
    done = mbox(server, "serve", "--tls-cert", "server.pem")
    assert (done.returncode, done.stderr.startswith("Error: TLS needs both a certificate and its key")) == (1, True)
    told = json.loads(mbox(server, "db", "backup", "copy.db", "--database-url", "bogus", "--json").stdout)["error"]
    assert told["message"].startswith("The database URL cannot be read; give one such as sqlite:///mbox.db")


def test_a_scenario_is_deleted_after_a_preview_and_a_yes(server: LiveServer) -> None:
    """A dry run changes nothing, a no changes nothing, a yes deletes."""
    client = Client(server.url)
    run = client.runs.create(scenario="old", pipeline="p")
    client.runs.end(run.id)
    assert answer(server, "scenarios", "delete", "old", "--dry-run")["counts"]["runs"] == 1
    refused = mbox(server, "scenarios", "delete", "old", text="n\n")
    assert refused.returncode == 1
    assert "would be deleted" in refused.stdout
    assert answer(server, "runs", "list", "--scenario", "old")["items"] != []
    assert mbox(server, "scenarios", "delete", "old", text="y\n").returncode == 0
    assert answer(server, "runs", "list", "--scenario", "old")["items"] == []
    assert next(d["by_scenario"] for d in answer(server, "deletions", "list")["items"]).keys() == {"old"}


def test_runs_are_deleted_by_any_part_of_their_hierarchy(server: LiveServer) -> None:
    """All conditions must hold; none at all is refused."""
    client = Client(server.url)
    for pipeline in ("daily", "weekly"):
        client.runs.end(client.runs.create(scenario="parts", pipeline=pipeline).id)
    assert answer(server, "runs", "delete", "--scenario", "parts", "--pipeline", "daily")["counts"]["runs"] == 1
    (left,) = answer(server, "runs", "list", "--scenario", "parts")["items"]
    assert left["pipeline"] == "weekly"
    assert mbox(server, "runs", "delete", "--yes").returncode == 1
    assert mbox(server, "runs", "delete", left["id"], "--yes").returncode == 0
    assert answer(server, "runs", "list", "--scenario", "parts")["items"] == []


def test_experiments_are_listed_and_shown(server: LiveServer) -> None:
    """They are runs, found by their kind."""
    (found,) = answer(server, "experiments", "list")["items"]
    assert found["name"] == "yolo-v4"
    assert "yolo-v4" in mbox(server, "experiments", "show", found["id"]).stdout


def test_a_backup_is_a_database_of_its_own(server: LiveServer, tmp_path: Path) -> None:
    """It is taken while the server runs, and never over a file that is there."""
    target = tmp_path / "backup" / "copy.db"
    assert answer(server, "db", "backup", str(target))["bytes"] == target.stat().st_size
    again = mbox(server, "db", "backup", str(target))
    assert again.returncode == 1
    assert "is there already" in again.stderr
    with live_server(database_url=f"sqlite:///{target}") as copy:
        assert "churn" in [s["name"] for s in answer(copy, "scenarios", "list")["items"]]


def test_tokens_are_made_listed_and_revoked_where_the_database_is() -> None:
    """The first one closes the running server."""
    with live_server() as server:
        made = answer(server, "token", "create", "ci", "--scope", "read", "--expires-in", "30d")
        assert made["token"].startswith("mbox_")
        assert mbox(server, "runs", "list").returncode == 1
        (listed,) = answer(server, "token", "list")["items"]
        assert listed["name"] == "ci"
        assert "token" not in listed
        assert list(Client(server.url, token=made["token"]).runs.list()) == []
        assert answer(server, "token", "revoke", made["id"])["revoked_at"]
        assert mbox(server, "runs", "list").returncode == 1
        assert mbox(server, "token", "create", "x", "--scope", "everything").returncode == 2
        assert mbox(server, "token", "create", "x", "--scope", "read", "--expires-in", "soon").returncode == 2


def test_sync_says_that_nothing_waits(server: LiveServer) -> None:
    """With the same exit status as `python -m mbox_ops sync`."""
    assert mbox(server, "sync").returncode == 0


def test_every_command_tells_what_it_does() -> None:
    """Help is there for each, and the version."""
    for command in ([], ["runs"], ["runs", "list"], ["scenarios", "delete"], ["token", "create"], ["demo"], ["serve"]):
        done = subprocess.run([MBOX, *command, "--help"], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0
        assert "Usage" in done.stdout
    done = subprocess.run([MBOX, "--version"], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip().count(".") == 2
