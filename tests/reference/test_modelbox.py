"""The examples of ModelBox's "Logging Experiment Metadata", in both its forms: flat calls, and an experiment object.

Source: the page "Logging Experiment Metadata" of ModelBox's documentation, before and after its SDK became
object-oriented. Each example is as printed, but for what a comment beside it says.
"""

# fmt: off
# The examples stay as they are printed.

from pathlib import Path

import pytest

import mbox_ops as mbox
from mbox_ops import ArtifactMime, Client, Event, EventSource, MetricValue, MLFramework


@pytest.fixture
def client() -> Client:
    # Changed: the document uses `client` without saying where it comes from.
    return Client()


def test_create_an_experiment_flat(client):
    """Create an Experiment."""
    result = client.create_experiment(
                name="yolo-v4", owner="foo@bar.com", namespace="cv", external_id="ext1", framework=MLFramework.PYTORCH
            )
    experiment_id = result.experiment_id

    assert experiment_id
    assert result.experiment_exists is False
    assert result.created_at <= result.updated_at
    again = client.create_experiment(name="yolo-v4", namespace="cv")
    assert (again.experiment_id, again.experiment_exists) == (experiment_id, True)
    listed = list(client.list_experiments(namespace="cv", external_id="ext1"))
    assert [(found.id, found.name, found.owner, found.framework) for found in listed] == [
        (experiment_id, "yolo-v4", "foo@bar.com", MLFramework.PYTORCH)
    ]


def test_log_additional_metadata_flat(client):
    """Log additional metadata."""
    experiment_id = client.create_experiment(name="yolo-v4").experiment_id

    result = client.update_metadata(parent_id=experiment_id, key="hyperparams", value={"fc_layers": 3, "lr": 0.0002})
    # Changed: the document's comment begins with `//`.
    # result has the updated_at timestamp

    assert result.updated_at.tzinfo is not None
    assert result.num_keys_written == 1
    assert client.get_metadata(experiment_id) == {"hyperparams": {"fc_layers": 3, "lr": 0.0002}}


def test_log_metrics_flat(client):
    """Log Metrics."""
    experiment_id = client.create_experiment(name="yolo-v4").experiment_id

    metric_value = MetricValue(step=1, wallclock_time=12325, value=97.6)
    result = client.log_metrics(parent_id=experiment_id, key="val_accu", value=metric_value)

    assert result.run_id == experiment_id
    (history,) = client.metrics.history(experiment_id)
    assert (history.name, history.points) == ("val_accu", [(1, 12325, 97.6)])


@pytest.mark.parametrize("value", [97.6, "a tensor as text", b"a tensor as bytes"])
def test_the_supported_types_of_values(client, value):
    """ "The following types of values are supported - float, strings and bytes."""
    experiment_id = client.create_experiment(name="yolo-v4").experiment_id
    client.log_metrics(parent_id=experiment_id, key="x", value=MetricValue(step=1, wallclock_time=12325, value=value))
    assert client.metrics.list(experiment_id)["x"].last == value
    assert client.metrics.history(experiment_id)[0].points == [(1, 12325, value)]


@pytest.fixture
def experiment() -> mbox.Experiment:
    return mbox.new_experiment(name="yolo-v4")


def test_create_an_experiment_as_an_object():
    """Create an Experiment."""
    for found in Client().list_experiments(namespace="cv"):  # the flat example may have made it
        found.delete(force=True)

    # Changed: the document's call lacks its closing parenthesis.
    experiment = mbox.new_experiment(
    name="yolo-v4", owner="", namespace="cv", external_id="ext1", framework=MLFramework.PYTORCH
    )

    assert experiment.experiment_id
    assert experiment.namespace == "cv"
    assert (experiment.name, experiment.owner, experiment.external_id) == ("yolo-v4", "", "ext1")
    assert experiment.framework is MLFramework.PYTORCH


def test_log_additional_metadata_as_an_object(experiment):
    """Log additional metadata."""
    # Changed: the document's comment begins with `//`; `result` is what it speaks of.
    result = experiment.update_metadata(key="hyperparams", value={"fc_layers": 3, "lr": 0.0002})
    # result has the updated_at timestamp

    assert result.updated_at is not None
    assert experiment.get_metadata() == {"hyperparams": {"fc_layers": 3, "lr": 0.0002}}


def test_log_metrics_as_an_object(experiment):
    """Log Metrics."""
    experiment.log_metrics(metrics={'loss': 2.4, 'accu': 97.6}, step=10, wallclock=12345)

    histories = {history.name: history.points for history in experiment.get_metrics_history()}
    assert histories == {"loss": [(10, 12345, 2.4)], "accu": [(10, 12345, 97.6)]}


def test_log_events(experiment):
    """Log Events."""
    experiment.log_event(Event(name="checkpoint_started", source=EventSource(name="trainer"), wallclock_time = 12000 , metadata={"chk_size": 2345}))  # noqa: E501
    experiment.log_event(Event(name="checkpoint_finish", source=EventSource(name="trainer"), wallclock_time = 12500 , metadata={"write_speed": 2000}))  # noqa: E501

    assert experiment.events() == [
        Event("checkpoint_started", EventSource("trainer"), 12000, {"chk_size": 2345}),
        Event("checkpoint_finish", EventSource("trainer"), 12500, {"write_speed": 2000}),
    ]


def test_track_and_list_artifacts(experiment, tmp_path, monkeypatch):
    """Track Artifacts stored elsewhere; Listing Artifacts. The document describes the calls and prints the class."""
    monkeypatch.chdir(tmp_path)
    Path("model.onnx").write_bytes(b"\0" * 10)

    experiment.track_artifacts(files=["model.onnx", "s3://bucket/curves.png"])
    artifacts = experiment.artifacts()

    assert [(a.parent, a.path, a.mime_type, a.checksum, a.size) for a in artifacts] == [
        (experiment.id, "model.onnx", ArtifactMime.Model, "", 10),
        (experiment.id, "s3://bucket/curves.png", ArtifactMime.Image, "", None),
    ]
    assert all(artifact.id for artifact in artifacts)
    assert [a.uri for a in artifacts] == [(tmp_path / "model.onnx").as_uri(), "s3://bucket/curves.png"]


def test_log_metrics_for_an_experiment_model_or_checkpoint(client):
    """Log Metrics for an experiment, model or checkpoint; other systems log events against a model."""
    experiment_id = client.create_experiment(name="yolo-v4").experiment_id
    model = client.create_model(name="yolo")
    checkpoint = client.create_checkpoint(experiment_id, epoch=1)

    metric_value = MetricValue(step=1, wallclock_time=12325, value=97.6)
    # Changed: the parent is each of the three in turn, as the comment in the document's gRPC service says.
    for parent_id in (experiment_id, model.id, checkpoint.id):
        result = client.log_metrics(parent_id=parent_id, key="val_accu", value=metric_value)
        assert result.status == "ok"
        (history,) = client.metrics.history(parent_id)
        assert [(point.step, point.wallclock, point.value) for point in history.points] == [(1, 12325, 97.6)]
    # Changed: on a model, which the document only tells of.
    model.log_event(Event(name="transformed", source=EventSource(name="converter"), wallclock_time = 12000 , metadata={"to": "onnx"}))  # noqa: E501 - as it is printed
    (event,) = model.events()
    assert (event.name, event.wallclock_time, event.metadata) == ("transformed", 12000, {"to": "onnx"})
