"""`mbox artifacts`, as a person and a program use it."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mbox_ops.client.client import Client
from mbox_ops.testing import LiveServer, live_server

MBOX = Path(sys.executable).with_name("mbox")


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    """A server of its own."""
    with live_server() as server:
        yield server


@pytest.fixture
def run_id(server: LiveServer) -> str:
    """A run with one tracked file."""
    client = Client(server.url)
    run = client.runs.create(scenario="churn")
    client.track_artifacts(run.id, "s3://bucket/raw.csv")
    return run.id


def mbox(server: LiveServer, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Run `mbox artifacts`."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("MBOX_")}
    env = {**known, "MBOX_URL": server.url, "MBOX_HOME": str(server.home), "COLUMNS": "200"}
    command = [MBOX, "artifacts", *map(str, arguments)]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60)


def answer(server: LiveServer, *arguments: object) -> list[Any]:
    """The items that it prints with --json, and nothing beside them."""
    done = mbox(server, *arguments, "--json")
    assert (done.returncode, done.stderr) == (0, ""), done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["next"] is None
    return list(found["items"])


def test_a_folder_is_uploaded_listed_and_downloaded(server: LiveServer, run_id: str, tmp_path: Path) -> None:
    """With tables and a bar for people, and JSON for programs."""
    folder = tmp_path / "out"
    (folder / "deep").mkdir(parents=True)
    (folder / "[red]model.onnx").write_text("weights")
    (folder / "deep" / "notes.txt").write_text("notes")
    done = mbox(server, "upload", run_id, folder)
    assert (done.returncode, done.stdout) == (0, "Uploaded 2 files (12 bytes).\n")
    (again,) = answer(server, "upload", run_id, folder / "deep" / "notes.txt", "--under", "best")
    assert (again["path"], again["size"], again["kind"]) == ("best/notes.txt", 5, "uploaded")
    listed = answer(server, "list", run_id)
    paths = ["best/notes.txt", "out/[red]model.onnx", "out/deep/notes.txt", "s3://bucket/raw.csv"]
    assert [item["path"] for item in listed] == paths
    shown = mbox(server, "list", run_id).stdout
    assert all(path in shown for path in paths)
    back = tmp_path / "back"
    done = mbox(server, "download", run_id, "-o", back)
    assert (done.returncode, done.stdout.replace("\n", "")) == (0, f"Downloaded 3 files to {back}.")
    assert (back / "out" / "[red]model.onnx").read_text() == "weights"
    assert answer(server, "download", listed[0]["id"], "-o", tmp_path / "one") == [
        str(tmp_path / "one" / "best" / "notes.txt")
    ]
    assert len(answer(server, "download", run_id, "-o", tmp_path / "some", "--prefix", "out/")) == 2


def test_lineage_is_shown_of_an_artifact_and_of_a_run(server: LiveServer, run_id: str) -> None:
    """As a table, and as edges with all that is known."""
    client = Client(server.url)
    user = client.runs.create(scenario="churn", run_name="[red]score")
    client.use_artifact(user.id, "s3://bucket/raw.csv")
    (raw,) = client.artifacts.list(run_id)
    edges = answer(server, "lineage", raw.id)
    known = {(edge["relation"], edge["by"], edge["run"]["id"]) for edge in edges}
    assert {("produced", "id", run_id), ("used", "uri", user.id)} <= known
    (used,) = answer(server, "lineage", user.id)
    assert (used["target"], used["artifact"]["path"]) == ("s3://bucket/raw.csv", "s3://bucket/raw.csv")
    shown = mbox(server, "lineage", user.id).stdout
    assert "[red]score" in shown
    assert "s3://bucket/raw.csv" in shown


def test_mistakes_are_one_line_and_a_status(server: LiveServer, run_id: str, tmp_path: Path) -> None:
    """What is not there, here or on the service."""
    for arguments, said in (
        (("upload", run_id, tmp_path / "nowhere"), "cannot be uploaded"),
        (("upload", "nobody", __file__), "No run 'nobody'"),
        (("download", "nobody"), "No run 'nobody'"),
        (("list", "nobody"), "No run 'nobody'"),
        (("lineage", "nobody"), "No run 'nobody'"),
    ):
        done = mbox(server, *arguments)
        assert (done.returncode, done.stdout) == (1, "")
        assert said in done.stderr.replace("\n", " ")
