"""Models, their versions and checkpoints through the SDK: flat, as objects, in a training loop, and offline."""

import os
import pickle

import pytest

import mbox_ops as mbox
from mbox_ops import tracking
from mbox_ops.errors import Conflict, InvalidRequest, NotFound
from mbox_ops.testing import free_port, live_server


def test_a_model_and_its_versions_are_made_once(namespace):
    """Flat as ModelBox has it, and as objects; `existed` tells which it was."""
    client = mbox.Client()
    model = client.create_model(name="yolo", owner="foo@bar.com", task="detection", metadata={"classes": 80})
    again = client.create_model(name="yolo", description="You only look once.")
    assert (model.existed, again.existed, again.id) == (False, True, model.model_id)
    assert (again.name, again.owner, again.task, again.description) == (
        "yolo", "foo@bar.com", "detection", "You only look once.",
    )  # fmt: skip
    first = client.create_model_version(
        model.id, "1", framework="pytorch", unique_tags=["production"], metadata={"map": 0.5}
    )
    second = model.create_version("2", name="nightly")
    assert (first.existed, second.existed, model.create_version("2").existed) == (False, False, True)
    assert (first.framework, first.model, first.get_metadata()) == (mbox.MLFramework.PYTORCH, "yolo", {"map": 0.5})
    assert [version.version for version in model.versions()] == ["2", "1"]
    assert (model.refresh().latest_version, client.get_model("yolo").latest_version_id) == ("2", second.id)
    assert [found.name for found in client.list_models()] == ["yolo"]
    assert [found.id for found in client.list_model_versions("yolo", limit=1)] == [second.id]
    assert client.get_model_version(first.id).model_id == model.id
    copy = pickle.loads(pickle.dumps(second))  # noqa: S301 - it was made a moment ago
    assert copy.name == "nightly"
    with pytest.raises(NotFound):
        client.get_model("none")
    with pytest.raises(InvalidRequest, match="there are OTHER, PYTORCH"):
        client.create_model_version(model.id, "3", framework="torch")


def test_a_unique_tag_moves_when_it_is_told_to(namespace):
    """And says from where; otherwise who has it keeps it."""
    model = mbox.Client().create_model("m")
    one = model.create_version("1", unique_tags=["production"])
    two = model.create_version("2")
    with pytest.raises(Conflict, match="'1' of the model has the unique tag 'production'"):
        two.set_unique_tags(["production"])
    assert two.set_unique_tags(["production"], move=True).moved_from == {"production": "1"}
    assert (one.refresh().unique_tags, two.unique_tags) == ([], ["production"])
    assert [version.version for version in model.versions(unique_tag="production")] == ["2"]


def test_whatever_goes_on_a_run_goes_on_them(namespace, tmp_path):
    """Metrics with their history and curves, events, files of both kinds, metadata."""
    client = mbox.Client()
    experiment = client.create_experiment("e")
    (tmp_path / "w.bin").write_bytes(b"weights")
    model = client.create_model("m")
    things = [model, model.create_version("1"), client.create_checkpoint(experiment.experiment_id, 0)]
    for thing in things:
        thing.log_metrics({"acc": 0.5, "loss": 2.0}, step=1)
        thing.log_metric("acc", 0.75, step=2)
        client.log_metrics(parent_id=thing.id, key="acc", value=mbox.MetricValue(step=3, value=1.0))
        thing.log_event(mbox.Event("served", mbox.EventSource("inference"), 12000, {"rate": 7}))
        thing.track_artifacts("s3://lake/w.bin")
        (uploaded,) = thing.upload_artifact(tmp_path / "w.bin")
        assert thing.update_metadata("a", {"b": 1}).num_keys_written == 1
        assert (thing.metrics["acc"].last, thing.metrics["acc"].count) == (1.0, 3)
        (history,) = thing.get_metrics_history("acc")
        assert [(point.step, point.value) for point in history.points] == [(1, 0.5), (2, 0.75), (3, 1.0)]
        (curve,) = client.metrics.curves(thing, "acc")
        assert list(curve.values) == [0.5, 0.75, 1.0]
        assert [(event.name, event.parent_id, event.metadata) for event in thing.events()] == [
            ("served", thing.id, {"rate": 7})
        ]
        assert [artifact.kind for artifact in thing.artifacts()] == ["tracked", "uploaded"]
        assert client.artifacts.download(uploaded, tmp_path / "back").read_bytes() == b"weights"
        assert (thing.get_metadata(), client.get_metadata(thing.id)) == ({"a": {"b": 1}}, {"a": {"b": 1}})
    found = client.artifacts.lineage(things[2].artifacts()[1])
    assert {edge.run.id for edge in found if edge.relation == "produced"} == {experiment.experiment_id}


def test_a_training_loop_logs_its_checkpoints(namespace, tmp_path):
    """One of each epoch, with metrics and files; the best one becomes a version of a model."""
    (tmp_path / "epoch.ckpt").write_bytes(b"x")
    with tracking.start_run(run_name="training") as run:
        for epoch, loss in enumerate([0.5, 0.2, 0.4]):
            tracking.log_checkpoint(
                epoch, {"loss": loss}, files=tmp_path / "epoch.ckpt", checksum=True, metadata={"lr": 0.1}
            )
        assert [checkpoint.epoch for checkpoint in run.checkpoints()] == [0, 1, 2]
    run.log_checkpoint(2, {"later": 1.0})
    client = mbox.Client()
    found = list(client.list_checkpoints(run.id))
    best = min(found, key=lambda checkpoint: checkpoint.metrics["loss"].last)
    assert (best.epoch, best.experiment_id, best.get_metadata()) == (1, run.id, {"lr": 0.1})
    (file,) = best.artifacts()
    assert (file.mime_type, file.checksum[:7]) == (mbox.ArtifactMime.Checkpoint, "sha256:")
    assert sorted(found[2].metrics) == ["later", "loss"]
    version = client.create_model("m").create_version("1", checkpoint=best)
    assert version.source is not None
    assert (version.source.run_name, version.source.epoch) == ("training", 1)
    assert [each.id for each in client.model_versions.list(run=run)] == [version.id]
    again = client.create_checkpoint(run, 1)
    assert (again.existed, again.id, client.get_checkpoint(again.id).epoch) == (True, best.id, 1)
    assert [one.epoch for one in client.checkpoints.list(run, first_epoch=1, newest_first=True)] == [2, 1]


def test_a_bad_checkpoint_is_refused_at_the_call(namespace):
    """By the field, and nothing of it is logged."""
    with tracking.start_run() as run:
        for field, wrong in (
            ("epoch", lambda: run.log_checkpoint(-1)), ("epoch", lambda: run.log_checkpoint(None)),
            ("metric name", lambda: run.log_checkpoint(0, {"": 1.0})), ("step", lambda: run.log_checkpoint("x")),
        ):  # fmt: skip
            with pytest.raises(InvalidRequest) as refused:
                wrong()
            assert refused.value.details["field"] == field
        assert run.checkpoints() == []


def test_checkpoints_wait_for_a_service_that_is_away(namespace, tmp_path, monkeypatch):
    """Also those of a run that nobody has opened yet; what was logged twice is there twice, and none is lost."""
    port = free_port()
    monkeypatch.setenv("MBOX_URL", f"http://127.0.0.1:{port}")
    run = tracking.start_run(key="offline")
    for epoch in range(3):
        run.log_checkpoint(epoch, {"loss": float(epoch)})
    run.log_checkpoint(1, {"loss": 7.0})
    assert run.persist_run().where == "spool"
    with live_server(port=port, home=tmp_path):
        assert run.persist_run(timeout=20).where == "server"
        counts = {found.epoch: found.metrics["loss"].count for found in run.checkpoints()}
        assert counts == {0: 1, 1: 2, 2: 1}
        tracking.end_run()


def test_a_forked_child_logs_checkpoints_of_its_own(namespace):
    """What waits in the parent is sent by the parent, once."""
    with tracking.start_run() as run:
        run.log_checkpoint(0, {"parent": 1.0})
        child = os.fork()
        if child == 0:
            run.log_checkpoint(0, {"child": 1.0})
            os._exit(0 if run.persist_run(timeout=20).where == "server" else 1)
        assert os.waitpid(child, 0)[1] == 0
        (checkpoint,) = run.checkpoints()
        assert {name: summary.count for name, summary in checkpoint.metrics.items()} == {"parent": 1, "child": 1}
