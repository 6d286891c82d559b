"""The fields that runs can be found by, on the command line and in a shell's completion, against a real server."""

import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from mbox_ops.cli.app import app
from mbox_ops.client.client import Client
from mbox_ops.testing import LiveServer, live_server

MBOX = Path(sys.executable).with_name("mbox")


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    """A server with two runs."""
    with live_server() as server:
        client = Client(server.url)
        for rate in (0.01, 0.1):
            run = client.runs.create(scenario="churn", tags={"team": "cv"})
            run.log_parameters({"lr": rate, "odd name": "x"})
            run.log_metric("loss", 0.5)
            run.report_metadata({"model": {"depth": 34}})
        yield server


@pytest.fixture
def mbox(server: LiveServer, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Run `mbox` in this process."""
    monkeypatch.setenv("MBOX_URL", server.url)

    def run(*arguments: str) -> Result:
        done = CliRunner().invoke(app, arguments)
        assert done.exit_code == 0, done.output
        return done

    return run


def test_fields_and_their_values_are_listed(mbox: Any) -> None:
    """As filters name them."""
    assert "params.lr" in mbox("fields", "list").stdout
    found = json.loads(mbox("fields", "list", "--kind", "metadata", "--json").stdout)["items"]
    assert [known["field"] for known in found] == ["metadata.model.depth"]
    assert mbox("fields", "values", "params.lr").stdout.split() == ["0.01", "0.1"]
    assert json.loads(mbox("fields", "values", "tags.team", "--prefix", "c", "--json").stdout)["items"] == ["cv"]


def completed(url: str, line: str) -> str:
    """What a shell is told to offer for the last word of a line."""
    env = {**os.environ, "MBOX_URL": url, "_MBOX_COMPLETE": "complete_zsh", "_TYPER_COMPLETE_ARGS": line}
    done = subprocess.run([MBOX], env=env, capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    return done.stdout


def test_a_shell_completes_fields(server: LiveServer) -> None:
    """The last word of a filter, an order or a list of columns: names from the runs, and the run's own columns."""
    assert "params.lr" in completed(server.url, "mbox runs list --filter params.l")
    assert "name,-metrics.loss" in completed(server.url, "mbox runs list --sort name,-metrics.lo")
    assert "name,started_at" in completed(server.url, "mbox runs list --columns name,start")


def test_completion_is_silent_where_no_server_answers() -> None:
    """Neither an error nor a wait: what takes the connection and says nothing is given half a second."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        assert "params" not in completed(url, "mbox runs list --filter params.l")
        assert time.monotonic() - began < 20  # a read of 30 s, three times, is what other commands would wait
    assert "params" not in completed("http://127.0.0.1:9", "mbox runs list --filter params.l")
