"""The example that people deploy as it is, run as `mbox demo` runs it."""

import hashlib
from pathlib import Path

import pytest

from mbox_airflow.local import example_dag, run_dag
from mbox_ops.identity import airflow_key
from mbox_ops.testing import LiveServer
from tests.airflow import reading
from tests.airflow.conftest import server

__all__ = ["server"]

pytestmark = [pytest.mark.proof, pytest.mark.airflow]


def test_the_example_trains_and_records_all_of_it(server: LiveServer, tmp_path: Path) -> None:
    """Parameters, tags, labels, metadata, curves, events, an artifact, final scores and the end."""
    namespace = "example"
    ended = run_dag(
        example_dag("train_and_track"),
        "train_and_track",
        home=tmp_path / "airflow",
        env={"MBOX_URL": server.url, "MBOX_NAMESPACE": namespace, "MBOX_SPOOL_DIR": str(tmp_path / "spool")},
        conf={"epochs": 12, "trials": 2, "folder": str(tmp_path / "models"), "mbox_scenario": "tumours"},
    )
    assert ended.state == "success", ended.log.read_text()[-5_000:]
    key = airflow_key("default", "train_and_track", ended.run_id)
    run = reading.find(server.url, namespace, key)
    assert run is not None
    assert (run.status, run.scenario, run.pipeline, run.run_collection_is_default) == (
        "FINISHED", "tumours", "train_and_track", True,
    )  # fmt: skip
    assert (run.parameters["epochs"], run.parameters["model"]) == ("12", "SGDClassifier")
    assert run.tags["data"] == "breast_cancer"
    assert run.labels["test/accuracy"] == {"format_string": "percentage"}
    assert [step for step, _ in reading.points(server.url, namespace, run.id, "test/accuracy")] == list(range(12))
    assert [step for step, _ in reading.points(server.url, namespace, run.id, "search/alpha")] == [0, 1]
    assert float(run.metrics["final/auc"].last or 0) > 0.95
    events = reading.events(server.url, namespace, run.id)
    assert [event.name for event in events] == ["training_started", "training_finished", "metric_gate", "model_ready"]
    (artifact,) = reading.artifacts(server.url, namespace, run.id)
    assert (artifact.path, artifact.kind) == ("model.joblib", "uploaded")
    (file,) = (tmp_path / "models").rglob("*.joblib")
    assert (artifact.checksum, artifact.size) == (
        f"sha256:{hashlib.sha256(file.read_bytes()).hexdigest()}", file.stat().st_size,
    )  # fmt: skip
    assert reading.metadata(server.url, namespace, run.id)["data"]["name"] == "breast_cancer"
