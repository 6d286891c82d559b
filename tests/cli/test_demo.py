"""What the demonstration's trainings leave behind."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from mbox_ops.client.client import Client
from mbox_ops.testing import LiveServer, live_server

pytest.importorskip("sklearn", reason="scikit-learn is not installed: make install")

from mbox_ops.cli.demo.running import run_demo
from mbox_ops.demo import diabetes, tumours
from mbox_ops.demo.recording import RECORDED, TUMOURS
from mbox_ops.demo.views import save_view


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[LiveServer]:
    """A server that the environment names."""
    with live_server() as server:
        monkeypatch.setenv("MBOX_URL", server.url)
        monkeypatch.setenv("MBOX_SPOOL_DIR", str(tmp_path / "spool"))
        yield server


def test_the_trainings_leave_something_for_every_page(server: LiveServer, tmp_path: Path) -> None:
    """All runs that the demo counts but the orchestrators', and of the last one everything that a run can have."""
    tumours.first_tries(1)
    diabetes.compare_scaling(5)
    diabetes.explore(1)
    training = tumours.train_longer(tumours.search(tmp_path, 1), tmp_path, 2 * tumours.CHECKPOINT_EVERY)
    tumours.register(training, tmp_path)
    save_view(server.url, "a view", scenario=TUMOURS)
    client = Client(server.url)
    runs = list(client.runs.list())
    counted = Counter((run.scenario, run.pipeline or run.notebook, run.status) for run in runs)
    orchestrated = {"train_and_track", "diabetes-regression"}
    assert counted == {which: count for which, count in RECORDED.items() if which[1] not in orchestrated}
    assert [run.lost for run in runs] == [0] * len(runs)
    run = client.runs.get(training.id)
    assert {"test/accuracy", "test/auc", "system/cpu_percent"} <= set(run.metrics)
    assert {"report.txt", "confusion_matrix.png", "model.joblib"} <= {one.path for one in client.artifacts.list(run)}
    assert [checkpoint.metrics["test/loss"].count for checkpoint in run.checkpoints()] == [1, 1]
    assert {edge.relation for edge in run.lineage()} == {"produced", "used"}
    assert sorted(tag for version in client.model_versions.list(run=run) for tag in version.unique_tags) == [
        "candidate", "production",
    ]  # fmt: skip


def test_a_folder_with_an_earlier_demo_is_left_as_it_is(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Else its runs would be counted among the new ones."""
    (tmp_path / "service").mkdir()
    assert run_demo(keep=False, home=tmp_path) == 2
    assert "holds what an earlier demo recorded" in " ".join(capsys.readouterr().err.split())
    assert list(tmp_path.iterdir()) == [tmp_path / "service"]
