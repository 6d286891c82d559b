"""The snippets of the how-to pages run, as they stand and in their order."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from mbox_ops.client.client import Client
from mbox_ops.testing import live_server

ROOT = Path(__file__).resolve().parents[2]
HOW_TO = ROOT / "docs" / "how-to"


def blocks(kind: str, page: str = "find-runs.md") -> str:
    """All code blocks of a kind on a page as one text."""
    text = (HOW_TO / page).read_text("utf-8")
    return "\n".join(re.findall(rf"^```{kind}\n(.*?)^```", text, re.MULTILINE | re.DOTALL))


def run(command: list[str], folder: Path, url: str) -> str:
    """What a command prints, in an environment that knows the service and `mbox`."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("MBOX_")}
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    env = {**known, "MBOX_URL": url, "MBOX_HOME": str(folder), "PATH": path, "COLUMNS": "100"}
    done = subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, timeout=180)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.timeout(400)  # it starts some twenty processes
def test_runs_are_found_as_the_page_says(tmp_path: Path) -> None:
    """In Python, in a shell and with curl; and what is exported is there."""
    with live_server() as server:
        script = tmp_path / "find.py"
        script.write_text(blocks("python"), "utf-8")
        printed = run([sys.executable, str(script)], tmp_path, server.url)
        assert "lr-0.3 vit 0.0164" in printed
        assert "5 runs read from the CRM" in printed
        printed = run(["bash", "-euxc", blocks("sh")], tmp_path, server.url)
        assert '"total":4' in printed
        assert "metrics.loss.min over params.lr" in printed
    assert (tmp_path / "runs.csv").read_text("utf-8").count("\n") == 6
    assert (tmp_path / "chosen.csv").read_text("utf-8").splitlines()[1].endswith(",569")
    assert (tmp_path / "events.csv").read_text("utf-8").count("saved") == 5
    assert (tmp_path / "points.parquet").stat().st_size > 0


def test_files_are_kept_with_a_run_as_the_page_says(tmp_path: Path) -> None:
    """Uploaded and downloaded in Python, in a shell and with curl."""
    with live_server() as server:
        script = tmp_path / "files.py"
        script.write_text(blocks("python", "artifacts.md"), "utf-8")
        printed = run([sys.executable, str(script)], tmp_path, server.url)
        assert "('out/model.onnx', 'tracked', 'Model'), ('out/model.onnx', 'uploaded', 'Model')" in printed
        assert f"{Path('one/out/model.onnx')} b'weights'" in printed.replace(f"{tmp_path}/", "")
        printed = run(["bash", "-euc", blocks("sh", "artifacts.md")], tmp_path, server.url)
        assert '"complete":true' in printed
        assert printed.endswith("ell")
    for folder in ("back", "plots", "all"):
        assert (tmp_path / folder / "out" / "plots" / "roc.png").read_bytes() == b"a picture"


def test_system_metrics_are_logged_as_the_page_says(tmp_path: Path) -> None:
    """By the switch, and for a part of a run."""
    with live_server() as server:
        script = tmp_path / "system.py"
        script.write_text(blocks("python", "system-metrics.md"), "utf-8")
        printed = run([sys.executable, str(script)], tmp_path, server.url)
    assert "'system/memory_percent', " in printed


def test_data_moves_as_the_page_says(tmp_path: Path) -> None:
    """Exported while the service runs, imported twice elsewhere, and a file that tar can read."""
    with live_server(home=tmp_path) as server:
        client = Client(server.url)
        for name in ("churn", "fraud"):
            client.runs.create(scenario=name).log_metrics({"loss": 0.5})
        printed = run(["bash", "-euc", blocks("sh", "moving-data.md")], tmp_path, server.url)
    assert "2 runs imported into the namespace 'default', 0 were there already." in printed
    assert '"present": 2' in printed
    assert '"format": "mbox-ops scenarios"' in printed
    assert (tmp_path / "two.tar").read_bytes() == (tmp_path / "everything.tar").read_bytes()


def test_models_and_checkpoints_are_kept_as_the_page_says(tmp_path: Path) -> None:
    """In a training loop, as versions with tags, in a shell and with curl."""
    with live_server() as server:
        script = tmp_path / "models.py"
        script.write_text(blocks("python", "models.md"), "utf-8")
        printed = run([sys.executable, str(script)], tmp_path, server.url).splitlines()
        assert printed == [
            "the best of 3 is epoch 1",
            "True ['tracked', 'uploaded']",
            "nightly 1 ['2026-11-21', '2026-11-14']",
            "conflict",
            "{'production': '2026-11-14'}",
            "2026-11-21",
            "[('produced', 'nightly'), ('used', 'scoring')]",
        ]
        printed_there = run(["bash", "-euc", blocks("sh", "models.md")], tmp_path, server.url)
        assert "2026-11-14 of churn-classifier: fallback" in printed_there
        assert '"latest_version":"2026-11-21"' in printed_there
        assert '"checkpoint_exists":false' in printed_there


def test_the_pages_ask_for_a_token_once_there_is_one(tmp_path: Path) -> None:
    """Before, they are open to this machine; the command of the page makes the first one while the service runs."""
    with live_server(home=tmp_path) as server:
        assert requests.get(server.url, timeout=30).url == f"{server.url}/scenarios"
        assert "mbox_" in run(["bash", "-euc", blocks("sh", "pages.md")], tmp_path, server.url)
        assert requests.get(server.url, timeout=30).url.startswith(f"{server.url}/sign-in")


def test_changes_are_followed_as_the_page_says(tmp_path: Path) -> None:
    """In Python, in a shell and with curl; what happened while nobody watched is told."""
    with live_server() as server:
        script = tmp_path / "watch.py"
        script.write_text(blocks("python", "watch.md"), "utf-8")
        printed = run([sys.executable, str(script)], tmp_path, server.url)
        assert printed.startswith("created run night 7 []\n")
        assert "['metrics'" in printed
        assert printed.endswith("missed: while nobody watched\n")
        printed = run(["bash", "-euc", blocks("sh", "watch.md")], tmp_path, server.url)
    assert "created run" in printed
    assert '"more":true' in printed
    assert ": still here" in printed
