"""The README's snippets run, as they stand."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from mbox_ops.client.client import Client
from mbox_ops.testing import LiveServer, live_server

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text("utf-8")


@pytest.fixture
def server() -> Iterator[LiveServer]:
    """A server for one snippet."""
    with live_server() as server:
        yield server


def snippet(kind: str) -> str:
    """The one code block of that kind."""
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    return str(found)


def environment(server: LiveServer) -> dict[str, str]:
    """What a newcomer's shell knows, and where the service is."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(("MBOX_", "AIRFLOW"))}
    return {**known, "MBOX_URL": server.url, "MBOX_HOME": str(server.home)}


def run_script(server: LiveServer, text: str, folder: Path) -> str:
    """What the script prints."""
    file = folder / "snippet.py"
    file.write_text(text, "utf-8")
    done = subprocess.run(
        [sys.executable, file], env=environment(server), cwd=folder, capture_output=True, text=True, timeout=110
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_snippet_for_the_sdk_runs(server: LiveServer, tmp_path: Path) -> None:
    """It records a run and finds it again."""
    printed = run_script(server, snippet("python"), tmp_path)
    assert "FINISHED 0.975" in printed
    (run,) = Client(server.url).runs.list(scenario="churn")
    assert (run.run_collection, run.metrics["loss"].count) == ("baselines", 20)
    assert run.get_metadata() == {"hardware": {"gpu": "H200", "hosts": 2}}


@pytest.mark.kfp
def test_the_snippet_for_kubeflow_runs(server: LiveServer, tmp_path: Path) -> None:
    """Its run holds what all steps recorded, and is finished."""
    run_script(server, snippet("python kfp"), tmp_path)
    (run,) = Client(server.url).runs.list(scenario="churn")
    assert (run.status, run.pipeline, run.run_collection_is_default) == ("FINISHED", "churn", True)
    assert {name: (m.count, m.last) for name, m in run.metrics.items()} == {"loss": (10, 0.1), "accuracy": (1, 0.93)}
    assert next(event.name for event in run.events()) == "trained"


@pytest.mark.airflow
def test_the_snippet_for_airflow_runs(server: LiveServer, tmp_path: Path) -> None:
    """Its run holds what all tasks recorded, and is finished."""
    from mbox_airflow.local import run_dag

    file = tmp_path / "churn.py"
    file.write_text(snippet("python airflow"), "utf-8")
    connection = f'{{"conn_type": "mbox", "host": "{server.url}"}}'
    ended = run_dag(file, "churn", home=tmp_path / "airflow", env={"AIRFLOW_CONN_MBOX_DEFAULT": connection})
    assert ended.state == "success", ended.log.read_text("utf-8")
    (run,) = Client(server.url).runs.list(scenario="churn")
    assert (run.status, run.pipeline, run.tags["data"]) == ("FINISHED", "churn", "2026-11")
    assert {name: (m.count, m.last) for name, m in run.metrics.items()} == {"loss": (10, 0.1), "accuracy": (1, 0.93)}


def test_the_readme_names_the_two_commands_and_real_targets() -> None:
    """What it tells to type is there."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))
    named = set(re.findall(r"`?make ([a-z]+)", README))
    assert {"demo", "test"} <= named <= targets
