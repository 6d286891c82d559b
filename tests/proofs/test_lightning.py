"""The logger for PyTorch Lightning, with real trainings on real digits in an environment of their own.

`make lightning` makes that environment: torch is too large for the one that everything else is tested in.
"""

import json
import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mbox_ops.client.client import Client
from mbox_ops.testing import LiveServer, free_port, live_server
from tests.proofs.conftest import ROOT

PYTHON = ROOT / ".venv-lightning" / "bin" / "python"
PACKAGES = ["lightning.pytorch", "pytorch_lightning"]
SECONDS = 300
STEPS = 8  # a training epoch's batches: 1,438 digits by 180
EPOCHS = 4

pytestmark = [pytest.mark.proof, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def server() -> Iterator[LiveServer]:
    """One service for all trainings."""
    if not PYTHON.exists():
        pytest.fail(f"There is no {PYTHON}: `make lightning` makes the environment of this proof.")
    with live_server() as running:
        yield running


@pytest.fixture
def client(server: LiveServer) -> Client:
    """Reads what was logged."""
    return Client(server.url)


def run_script(folder: Path, url: str, *command: str | Path) -> str:
    """What a script prints in the environment of Lightning."""
    known = {name: value for name, value in os.environ.items() if not name.startswith(("MBOX_", "PYTHON"))}
    env = {**known, "MBOX_URL": url, "MBOX_HOME": str(folder / "home"), "PYTHONWARNINGS": "ignore"}
    done = subprocess.run(
        [PYTHON, *command], env=env, cwd=folder, capture_output=True, text=True, timeout=SECONDS
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def train(case: str, folder: Path, url: str, package: str = PACKAGES[0]) -> dict[str, Any]:
    """What a case of `lightning_training.py` told."""
    said = run_script(folder, url, Path(__file__).with_name("lightning_training.py"), package, case, folder)
    told: dict[str, Any] = json.loads(said.splitlines()[-1])
    return told


@pytest.mark.parametrize("package", PACKAGES)
def test_a_training_is_a_run_with_its_checkpoints(client: Client, server: LiveServer, tmp_path, package) -> None:
    """Hyperparameters, metrics of fit and test, an end, and each checkpoint that Lightning kept uploaded once."""
    told = train("fitted", tmp_path, server.url, package)
    run = client.runs.get(told["version"])
    assert (run.name, run.run_collection, run.status, run.tags["kind"]) == ("fitted", "digits", "FINISHED", "proof")
    assert run.parameters["hparams.optimizer.lr"] == "0.1"
    assert run.parameters["hparams.optimizer.betas"] == "[0.9,0.99]"
    assert (run.parameters["hparams.model.act"], run.parameters["hparams.note"]) == ("ReLU", "None")
    (loss,) = client.metrics.history(run, ["train/loss"])
    assert [point.step for point in loss.points] == list(range(EPOCHS * STEPS))
    assert run.metrics["val/accuracy"].count == EPOCHS
    assert run.metrics["test/accuracy"].count == 1
    artifacts = client.artifacts.list(run)
    assert {each.kind for each in artifacts} == {"uploaded"}
    last = {each.path: each.size for each in artifacts}
    assert last.items() >= {f"checkpoints/{Path(path).name}": size for path, size in told["files"].items()}.items()
    given = [(each.path, each.checksum) for each in artifacts]
    assert sorted(given) == sorted(set(given))
    assert told["dirpath"] == str(Path(told["log_dir"]).resolve() / "checkpoints")


def test_a_training_is_resumed_by_its_key_and_gives_no_checkpoint_twice(
    client: Client, server: LiveServer, tmp_path: Path
) -> None:
    """Four epochs, then two more in another process: one run, six checkpoints, each once."""
    first = train("tracked", tmp_path, server.url)
    (run,) = client.runs.list(filter="key = 'proof tracked'")
    paths = [each.path for each in run.artifacts()]
    assert sorted(paths) == sorted(first["files"])
    assert len(paths) == EPOCHS
    second = train("resumed", tmp_path, server.url)
    paths = [each.path for each in run.artifacts()]
    assert sorted(paths) == sorted(second["files"])
    assert len(paths) == EPOCHS + 2
    assert [each.epoch for each in run.checkpoints()] == list(range(EPOCHS + 2))
    assert {each.mime_type.value for each in run.artifacts()} == {"Checkpoint"}
    (loss,) = client.metrics.history(run, ["digits/train/loss"])
    assert [point.step for point in loss.points] == list(range((EPOCHS + 2) * STEPS))
    assert run.refresh().status == "FINISHED"


def test_the_end_of_a_training_is_the_end_of_its_run(client: Client, server: LiveServer, tmp_path: Path) -> None:
    """An exception fails it; Ctrl-C and SIGTERM kill it; what was logged before is there."""
    told = train("failed", tmp_path, server.url)
    runs = {failure: client.runs.get(version) for failure, version in told.items()}
    assert {failure: run.status for failure, run in runs.items()} == {
        "error": "FAILED", "interrupt": "KILLED", "sigterm": "KILLED",
    }  # fmt: skip
    assert {run.metrics["train/loss"].count for run in runs.values()} <= {7, 8}


def test_two_ranks_log_once(client: Client, server: LiveServer, tmp_path: Path) -> None:
    """Fit and test in four processes are one run, in which each step and each checkpoint is there once."""
    told = train("spawned", tmp_path, server.url)
    run = client.runs.get(told["version"])
    (loss,) = client.metrics.history(run, ["train/loss"])
    assert [point.step for point in loss.points] == list(range(2 * STEPS // 2))
    assert (run.status, run.metrics["test/accuracy"].count, len(run.artifacts())) == ("FINISHED", 1, 2)
    broken = client.runs.get(told["broken"])
    assert (broken.status, broken.metrics["train/loss"].count) == ("FAILED", 3)
    assert {each.name for each in client.runs.list(filter="name CONTAINS 'spawned'")} == {run.name, broken.name}


def test_a_service_that_is_away_costs_no_training(tmp_path: Path) -> None:
    """Where nothing ever answers, the training ends as it would; what was logged arrives when the service is there."""
    port = free_port()
    with socket.create_server(("127.0.0.1", port)):
        told = train("away", tmp_path, f"http://127.0.0.1:{port}")
    assert told["steps"] == EPOCHS * STEPS
    with live_server(port=port) as late:
        env = {**os.environ, "MBOX_URL": late.url, "MBOX_HOME": str(tmp_path / "home")}
        subprocess.run([sys.executable, "-m", "mbox_ops", "sync"], env=env, check=True)
        run = Client(late.url).runs.get(told["version"])
        assert (run.status, run.metrics["train/loss"].count) == ("FINISHED", EPOCHS * STEPS)
        assert told["best"] in [each.path for each in run.artifacts() if each.kind == "tracked"]


@pytest.mark.parametrize("package", PACKAGES)
def test_it_is_a_logger_as_lightning_documents_it(client: Client, server: LiveServer, tmp_path, package) -> None:
    """Every method and property of `Logger`; pickled, in a trainer or alone; silent in other ranks; never fatal."""
    told = train("contract", tmp_path, server.url, package)
    assert told == {
        "version": told["version"], "name": "lightning_logs", "save_dir": str(tmp_path),
        "root_dir": str(tmp_path / "lightning_logs"), "separator": "/",
    }  # fmt: skip
    run = client.runs.get(told["version"])
    assert run.status == "FINISHED"
    assert {name: value for name, value in run.parameters.items() if name not in ("start", "end")} == {
        "depth": "2", "schedule.warmup": "3", "layers": '[{"size":1}]', "flat": "0.5", "limit": "inf",
    }  # fmt: skip
    points = {name: [(p.step, p.value) for p in run.get_metrics_history([name])[0].points] for name in run.metrics}
    assert points == {
        "plain": [(3, 1.0), (4, 2.0)], "tensor": [(3, 0.25)], "text": [(3, "ok")], "copied": [(1, 1.0), (2, 2.0)],
    }  # fmt: skip


def test_checkpoints_and_hyperparameters_need_no_lightning() -> None:
    """The package itself imports nothing of it, so that looking for the logger costs nothing."""
    script = "import sys, mbox_ops.lightning.checkpoints; sys.exit(not {'torch', 'lightning'}.isdisjoint(sys.modules))"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_the_page_about_it_trains(server: LiveServer, tmp_path: Path) -> None:
    """The snippet of `docs/how-to/lightning.md` runs as it stands."""
    page = (ROOT / "docs" / "how-to" / "lightning.md").read_text("utf-8")
    script = tmp_path / "page.py"
    script.write_text("\n".join(re.findall(r"^```python\n(.*?)^```", page, re.MULTILINE | re.DOTALL)), "utf-8")
    said = run_script(tmp_path, server.url, script)
    assert "FINISHED 0.1 17" in said
    assert "'checkpoints/last.ckpt'" in said
