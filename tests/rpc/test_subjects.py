"""What is logged over gRPC goes on every object by its `parent_id`: also on models, versions and checkpoints."""

import hashlib
import json
from collections.abc import Iterator

import pytest

from mbox_ops.wire import modelbox_pb2 as pb
from tests.rpc.asking import Caller

DATA = b"weights"
CHECKSUM = f"sha256:{hashlib.sha256(DATA).hexdigest()}"


@pytest.fixture(params=["model", "version", "checkpoint"])
def parent_id(caller: Caller, request: pytest.FixtureRequest) -> str:
    """The id of one."""
    name = f"files of a {request.param}"
    model = caller.ask("CreateModel", pb.CreateModelRequest(name=name))
    if request.param == "model":
        return str(model.model_id)
    if request.param == "version":
        wish = pb.CreateModelVersionRequest(model=name, version="1", framework=pb.PYTORCH)
        return str(caller.ask("CreateModelVersion", wish).model_version_id)
    experiment = caller.ask("CreateExperiment", pb.CreateExperimentRequest(name=name))
    wish = pb.CreateCheckpointRequest(experiment_id=experiment.experiment_id, epoch=7)
    return str(caller.ask("CreateCheckpoint", wish).checkpoint_id)


def test_everything_is_logged_and_read_by_the_parent_s_id(caller: Caller, parent_id: str) -> None:
    """Metrics, events, metadata, references and files."""
    point = pb.MetricValue(step=3, double_value=0.5)
    caller.ask("LogMetrics", pb.LogMetricsRequest(parent_id=parent_id, key="acc", value=point))
    (history,) = caller.ask("GetMetrics", pb.GetMetricsRequest(parent_id=parent_id)).metrics
    assert (history.name, list(history.steps), list(history.doubles)) == ("acc", [3], [0.5])
    (piece,) = caller.ask("StreamHistory", pb.StreamHistoryRequest(parent_id=parent_id))
    assert list(piece.doubles) == [0.5]
    event = pb.Event(name="served", source=pb.EventSource(name="inference"))
    caller.ask("LogEvent", pb.LogEventRequest(parent_id=parent_id, event=event))
    (told,) = caller.ask("ListEvents", pb.ListEventsRequest(parent_id=parent_id)).events
    assert (told.name, told.parent_id) == ("served", parent_id)
    document = pb.Metadata(json='{"a": {"b": 1}}')
    written = caller.ask("UpdateMetadata", pb.UpdateMetadataRequest(parent_id=parent_id, metadata=document))
    assert written.num_keys_written == 1
    found = caller.ask("ListMetadata", pb.ListMetadataRequest(parent_id=parent_id)).metadata
    assert json.loads(found.json) == {"a": {"b": 1}}
    record = pb.ArtifactRecord(path="w", uri="s3://lake/w")
    caller.ask("TrackArtifacts", pb.TrackArtifactsRequest(parent_id=parent_id, artifacts=[record]))

    def stream() -> Iterator[pb.UploadFileRequest]:
        file = pb.UploadFileRequest.File(parent_id=parent_id, path="w.bin", checksum=CHECKSUM, size=len(DATA))
        yield pb.UploadFileRequest(file=file)
        yield pb.UploadFileRequest(chunk=DATA)

    caller.ask("UploadFile", stream())
    listed = caller.ask("ListArtifacts", pb.ListArtifactsRequest(parent_id=parent_id)).artifacts
    assert [(each.path, each.kind, each.parent) for each in listed] == [
        ("w", "tracked", parent_id), ("w.bin", "uploaded", parent_id),
    ]  # fmt: skip
    first, *chunks = caller.ask("DownloadFile", pb.DownloadFileRequest(parent_id=parent_id, path="w.bin"))
    assert (first.artifact.parent, b"".join(part.chunk for part in chunks)) == (parent_id, DATA)


def test_a_model_may_name_its_namespace_in_the_request(caller: Caller) -> None:
    """As an experiment may."""
    made = caller.ask("CreateModel", pb.CreateModelRequest(name="there", namespace="elsewhere-too"))
    listed = caller.ask("ListModels", pb.ListModelsRequest(namespace="elsewhere-too")).models
    assert [(model.id, model.namespace) for model in listed] == [(made.model_id, "elsewhere-too")]
    found = caller.ask("GetModel", pb.GetModelRequest(model_id=made.model_id)).model
    assert (found.name, found.HasField("latest_version"), found.versions) == ("there", False, 0)


def test_a_version_without_a_source_says_none(caller: Caller) -> None:
    """What was not said is absent, not empty."""
    caller.ask("CreateModel", pb.CreateModelRequest(name="bare"))
    made = caller.ask("CreateModelVersion", pb.CreateModelVersionRequest(model="bare", version="1"))
    request = pb.GetModelVersionRequest(model_version_id=made.model_version_id)
    version = caller.ask("GetModelVersion", request).model_version
    assert (version.HasField("source"), version.framework, list(version.unique_tags)) == (False, 0, [])
