"""Lineage, as people write and read it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from mbox_ops import Client, tracking
from mbox_ops.client.sync import main as sync
from mbox_ops.client.values import Artifact
from mbox_ops.errors import InvalidRequest
from mbox_ops.testing import LiveServer, live_server


def test_what_a_run_used_is_told_in_every_way(namespace: str, tmp_path: Path) -> None:
    """An artifact, its id, its checksum, its URI, its path: all lead to the run that produced it."""
    file = tmp_path / "model.onnx"
    file.write_bytes(b"weights")
    with tracking.start_run(run_name="train", scenario="churn") as train:
        (model,) = tracking.upload_artifact(file)
        tracking.track_artifacts([file, "s3://lake/raw.csv"])
    with tracking.start_run(run_name="score", scenario="churn") as score:
        tracking.use_artifact(model)
        score.use_artifact([model.checksum, file])
        tracking.use_artifact("s3://lake/raw.csv", run=score)
    client = Client()
    assert client.use_artifact(score.id, model.id).status == "ok"
    edges = list(client.artifacts.lineage(model))
    assert [(edge.relation, edge.run.name, edge.by) for edge in edges] == [
        ("produced", "train", "id"), ("used", "score", "id"), ("used", "score", "checksum"), ("used", "score", "id")
    ]  # fmt: skip
    assert [(edge.by, edge.artifact and edge.artifact.path) for edge in score.lineage()] == [
        ("id", "model.onnx"), ("checksum", "model.onnx"), ("uri", str(file)), ("uri", "s3://lake/raw.csv"),
        ("id", "model.onnx"),
    ]  # fmt: skip
    assert [edge.relation for edge in train.lineage()] == ["produced"] * 3
    assert len(list(client.artifacts.lineage(model.id, limit=2))) == 2


def test_what_cannot_be_known_is_refused_at_the_call(namespace: str) -> None:
    """Nothing of the call is kept."""
    with tracking.start_run() as run:
        for wrong, said in (
            (Artifact(parent="", path="a"), "no id, no checksum and no uri"),
            (["s3://lake/fine", "s3://me:secret@lake/x"], "credentials"),
            (["x" * 3_000], "2048"),
            ([7], "not int"),
        ):
            with pytest.raises(InvalidRequest, match=said):
                run.use_artifact(wrong)  # type: ignore[arg-type]
    assert run.lineage() == []


@pytest.fixture
def away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveServer]:
    """A server that is away until it is started."""
    with live_server() as server:
        server.stop()
        for variable, value in (("URL", server.url), ("NAMESPACE", "away"), ("SPOOL_DIR", str(tmp_path / "spool"))):
            monkeypatch.setenv(f"MBOX_{variable}", value)
        yield server


def test_what_a_run_used_waits_in_the_spool(away: LiveServer) -> None:
    """Like all that is logged while the service is away; it is there once, however often it is sent."""
    with tracking.start_run(key="offline") as run:
        run.use_artifact(["s3://lake/raw.csv", "s3://lake/more.csv"])
        assert run.persist_run().where == "spool"
    away.start()
    for _ in range(2):
        sync([])
    assert [edge.target for edge in run.lineage()] == ["s3://lake/raw.csv", "s3://lake/more.csv"]
