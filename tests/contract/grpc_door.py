"""The door over gRPC: Structs as messages and back, so that the suite asks and compares the same at every door."""

import base64
import datetime
import itertools
import json
import types
import typing
from collections.abc import Callable
from typing import Any

import grpc
import msgspec

from mbox_ops.entities.artifacts import StoredArtifact
from mbox_ops.entities.changes import Change
from mbox_ops.entities.checkpoints import Checkpoint, CreateCheckpoint, CreatedCheckpoint
from mbox_ops.entities.deletions import CreateDeletion, Deletion, UndoDeletion
from mbox_ops.entities.events import EventRecord, StoredEvent
from mbox_ops.entities.experiments import CreatedExperiment, CreateExperiment
from mbox_ops.entities.grouping import RunCollection, Scenario
from mbox_ops.entities.instants import EPOCH
from mbox_ops.entities.metrics import Block, MetricHistory, MetricSummary
from mbox_ops.entities.model_versions import (
    CreatedModelVersion,
    CreateModelVersion,
    ModelVersion,
    SetUniqueTags,
    UniqueTags,
)
from mbox_ops.entities.models import CreatedModel, CreateModel, Model
from mbox_ops.entities.pages import Page
from mbox_ops.entities.runs import Run
from mbox_ops.entities.writers import Batch, BatchResult
from mbox_ops.errors import MboxError, from_code
from mbox_ops.server.rpc.messages import fill, write, write_instant
from mbox_ops.wire import modelbox_pb2 as pb
from mbox_ops.wire.encodings import pack_floats, pack_ints, to_wire, unpack_floats, unpack_ints
from mbox_ops.wire.modelbox_pb2_grpc import ModelStoreStub

RENAMED = {"modelbox.Checkpoint.experiment_id": "run_id"}
COLUMNS = {"float": "doubles", "string": "strings", "bytes": "blobs"}


class GrpcDoor:
    """A generated stub, over a real server."""

    def __init__(self, address: str, namespace: str = "default", token: str | None = None) -> None:
        self.channel = grpc.insecure_channel(address)
        self.stub = ModelStoreStub(self.channel)
        self.headers = [("mbox-namespace", namespace)]
        if token:
            self.headers.append(("authorization", f"Bearer {token}"))

    def ask(self, name: str, request: Any) -> Any:
        """One call; a failure is raised as what it was in the service."""
        return answered(lambda: getattr(self.stub, name)(request, metadata=self.headers))

    def write(self, batch: Batch) -> BatchResult:
        return read(self.ask("WriteBatch", batch_of(batch)), BatchResult)

    def create_experiment(self, request: CreateExperiment) -> CreatedExperiment:
        message = request_of(request, pb.CreateExperimentRequest)
        return read(self.ask("CreateExperiment", message), CreatedExperiment)

    def run(self, run_id: str) -> Run:
        return read(self.ask("GetRun", pb.GetRunRequest(run_id=run_id)), Run)

    def runs(self, **query: Any) -> Page[Run]:
        return page(self.ask("ListRuns", pb.ListRunsRequest(**query)), "runs", Run)

    def metrics(self, run_id: str) -> list[MetricSummary]:
        answer = self.ask("ListMetrics", pb.ListMetricsRequest(parent_id=run_id))
        return [read(summary, MetricSummary) for summary in answer.metrics]

    def history(self, run_id: str, *, limit: int | None = 1_000, received: bool = True, **query: Any) -> Any:
        if limit is None:
            return self._whole(run_id, **query)
        request = pb.GetMetricsRequest(parent_id=run_id, limit=limit, received=received, **query)
        return [read(history, MetricHistory) for history in self.ask("GetMetrics", request).metrics]

    def _whole(self, run_id: str, **query: Any) -> list[MetricHistory]:
        """All points, put together from their pieces."""
        request = pb.StreamHistoryRequest(parent_id=run_id, received=True, **query)
        calls = self.stub.StreamHistory(request, metadata=self.headers)
        whole: dict[str, pb.MetricHistory] = {}
        for piece in answered(lambda: list(calls)):
            first = whole.setdefault(piece.name, piece)
            if first is not piece:
                first.MergeFrom(piece)
        for history in whole.values():
            history.ClearField("next")
            history.truncated = False
        return [read(history, MetricHistory) for history in whole.values()]

    def metadata(self, run_id: str) -> dict[str, Any]:
        return json.loads(self.ask("ListMetadata", pb.ListMetadataRequest(parent_id=run_id)).metadata.json)

    def events(self, run_id: str, *, since: int | None = None, **query: Any) -> Page[StoredEvent]:
        request = pb.ListEventsRequest(parent_id=run_id, **query)
        if since is not None:
            write_instant(request.since, since)
        return page(self.ask("ListEvents", request), "events", StoredEvent)

    def artifacts(self, run_id: str, *, mime_type: Any = None, **query: Any) -> Page[StoredArtifact]:
        if mime_type is not None:
            query["mime_type"] = mime_type.value
        request = pb.ListArtifactsRequest(parent_id=run_id, **query)
        return page(self.ask("ListArtifacts", request), "artifacts", StoredArtifact)

    def cursor(self) -> str:
        return str(self._watch(lambda call: next(call).cursor, pb.WatchNamespaceRequest()))

    def changes(self, count: int, *, since: int | None = None, **query: Any) -> list[Change]:
        request = pb.WatchNamespaceRequest(**query)
        if since is not None:
            write_instant(request.since, since)

        def take(call: Any) -> list[Change]:
            told = (read(answer.change, Change) for answer in call if answer.HasField("change"))
            return list(itertools.islice(told, count))

        return list(self._watch(take, request))

    def _watch(self, take: Callable[[Any], Any], request: pb.WatchNamespaceRequest) -> Any:
        call = self.stub.WatchNamespace(request, metadata=self.headers, timeout=30)
        try:
            return answered(lambda: take(call))
        finally:
            call.cancel()

    def scenarios(self) -> list[Scenario]:
        return page(self.ask("ListScenarios", pb.ListScenariosRequest()), "scenarios", Scenario).items

    def collections(self, scenario: str | None = None) -> list[RunCollection]:
        answer = self.ask("ListCollections", pb.ListCollectionsRequest(scenario=scenario))
        return page(answer, "collections", RunCollection).items

    def create_model(self, request: CreateModel) -> CreatedModel:
        return read(self.ask("CreateModel", request_of(request, pb.CreateModelRequest)), CreatedModel)

    def model(self, model: str) -> Model:
        return read(self.ask("GetModel", pb.GetModelRequest(model_id=model)).model, Model)

    def models(self, **query: Any) -> Page[Model]:
        return page(self.ask("ListModels", pb.ListModelsRequest(**query)), "models", Model)

    def create_model_version(self, request: CreateModelVersion) -> CreatedModelVersion:
        message = request_of(request, pb.CreateModelVersionRequest)
        if request.run_id is not None:
            message.experiment_id = request.run_id
        return read(self.ask("CreateModelVersion", message), CreatedModelVersion)

    def model_version(self, model_version_id: str) -> ModelVersion:
        request = pb.GetModelVersionRequest(model_version_id=model_version_id)
        return read(self.ask("GetModelVersion", request).model_version, ModelVersion)

    def model_versions(self, *, run_id: str | None = None, **query: Any) -> Page[ModelVersion]:
        request = pb.ListModelVersionsRequest(experiment_id=run_id, **query)
        return page(self.ask("ListModelVersions", request), "model_versions", ModelVersion)

    def set_unique_tags(self, model_version_id: str, request: SetUniqueTags) -> UniqueTags:
        message = write(request, pb.SetUniqueTagsRequest, model_version_id=model_version_id)
        return read(self.ask("SetUniqueTags", message), UniqueTags)

    def create_checkpoint(self, run_id: str, request: CreateCheckpoint) -> CreatedCheckpoint:
        message = request_of(msgspec.structs.replace(request, metrics={}), pb.CreateCheckpointRequest)
        message.experiment_id = run_id
        for name, value in request.metrics.items():
            message.metrics[name] = float(value)
        return read(self.ask("CreateCheckpoint", message), CreatedCheckpoint)

    def checkpoint(self, checkpoint_id: str) -> Checkpoint:
        return read(
            self.ask("GetCheckpoint", pb.GetCheckpointRequest(checkpoint_id=checkpoint_id)).checkpoint, Checkpoint
        )

    def checkpoints(self, run_id: str, **query: Any) -> Page[Checkpoint]:
        request = pb.ListCheckpointsRequest(experiment_id=run_id, **query)
        return page(self.ask("ListCheckpoints", request), "checkpoints", Checkpoint)

    def delete(self, request: CreateDeletion) -> Deletion:
        return read(self.ask("CreateDeletion", request_of(request, pb.CreateDeletionRequest)), Deletion)

    def deletion(self, deletion_id: str) -> Deletion:
        return read(self.ask("GetDeletion", pb.GetDeletionRequest(deletion_id=deletion_id)), Deletion)

    def undo(self, deletion_id: str, request: UndoDeletion) -> Deletion:
        message = write(request, pb.UndoDeletionRequest, deletion_id=deletion_id)
        return read(self.ask("UndoDeletion", message), Deletion)

    def purge(self, deletion_id: str) -> Deletion:
        return read(self.ask("PurgeDeletion", pb.PurgeDeletionRequest(deletion_id=deletion_id)), Deletion)


def answered(call: Callable[[], Any]) -> Any:
    """What a call answers, or the error of ours that its status carries."""
    try:
        return call()
    except grpc.RpcError as error:
        raise error_of(error) from error


def error_of(error: Any) -> MboxError:
    """The error of ours in a call's trailing metadata."""
    bodies = [value for name, value in error.trailing_metadata() if name == "mbox-error-bin"]
    assert bodies, error
    told = json.loads(bodies[0])["error"]
    return from_code(told["code"], told["message"], told["details"])


def request_of(value: Any, kind: type[Any]) -> Any:
    """The message that asks for what a Struct asks for."""
    message = write(value, kind)
    _keep_text(message)
    return message


def batch_of(batch: Batch) -> pb.Batch:
    """A batch as a message; what goes by other names there is put in one by one."""
    message: pb.Batch = request_of(msgspec.structs.replace(batch, points=[], events=[], metadata=[]), pb.Batch)
    for block in batch.points:
        _write_points(message.points.add(), block)
    for event in batch.events:
        _write_event(message.events.add(), event)
    for change in batch.metadata:
        added = message.metadata.add()
        fill(added, change)
        if change.op == "set":
            added.value_json = json.dumps(change.value)
    _keep_text(message)
    return message


def _keep_text(message: Any) -> None:
    """Leave documents in one of their two forms, the exact one."""
    if message.DESCRIPTOR.full_name == "modelbox.Metadata":
        message.ClearField("metadata")
        return
    for field, value in message.ListFields():
        if field.message_type is None or field.message_type.GetOptions().map_entry:
            continue
        for each in [value] if hasattr(value, "DESCRIPTOR") else value:
            _keep_text(each)


def _write_points(message: pb.Points, block: Block) -> None:
    message.names.extend(block.names)
    message.steps.extend(unpack_ints(block.steps or b""))
    message.wallclocks.extend(unpack_ints(block.wallclocks or b""))
    values = unpack_floats(block.values) if block.kind == "float" else block.values
    getattr(message, COLUMNS[block.kind]).extend(values)


def _write_event(message: pb.Event, event: EventRecord) -> None:
    fill(message, event)
    message.source.name = event.source
    if event.wallclock is not None:
        write_instant(message.wallclock_time, event.wallclock)


def page(message: Any, name: str, kind: type[Any]) -> Page[Any]:
    """A page of Structs."""
    total = message.total if hasattr(message, "total") and message.HasField("total") else None
    following = message.next if message.HasField("next") else None
    return Page(items=[read(item, kind) for item in getattr(message, name)], next=following, total=total)


def read(message: Any, kind: type[Any]) -> Any:
    """The Struct that an answer stands for; fields that are not there have what stands for nothing."""
    special = ANSWERS.get(message.DESCRIPTOR.full_name)
    if special is not None:
        return special(message)
    hints = typing.get_type_hints(kind)
    names = {field: RENAMED.get(field.full_name, field.name) for field in message.DESCRIPTOR.fields}
    found = {name: _field(message, field, hints[name]) for field, name in names.items()}
    return kind(**{name: value for name, value in found.items() if name in hints})


def _field(message: Any, field: Any, hint: Any) -> Any:
    optional = type(None) in typing.get_args(hint)
    inner = next((part for part in typing.get_args(hint) if part is not type(None)), hint) if optional else hint
    value = getattr(message, field.name)
    if optional and (not message.HasField(field.name) if field.has_presence else not value):
        return None
    origin, parts = typing.get_origin(inner), typing.get_args(inner)
    if field.message_type is not None and field.message_type.GetOptions().map_entry:
        return {key: read(each, parts[1]) if hasattr(each, "DESCRIPTOR") else each for key, each in value.items()}
    if origin is list and not hasattr(value, "DESCRIPTOR"):
        return [read(each, parts[0]) if hasattr(each, "DESCRIPTOR") else each for each in value]
    if field.message_type is not None:
        return _message(value, inner)
    if field.enum_type is not None:
        name = field.enum_type.values_by_number[value].name
        return name if isinstance(inner, types.GenericAlias) or origin is typing.Literal else inner(name)
    return value


def _message(value: Any, inner: Any) -> Any:
    name = value.DESCRIPTOR.full_name
    if name == "google.protobuf.Timestamp":
        return EPOCH + datetime.timedelta(seconds=value.seconds, microseconds=value.nanos // 1_000)
    if name == "modelbox.Metadata":
        return msgspec.convert(json.loads(value.json), inner)
    return list(value.names) if name == "modelbox.Names" else read(value, inner)


def _read_history(message: pb.MetricHistory) -> MetricHistory:
    values: Any = getattr(message, COLUMNS[message.kind])
    return MetricHistory(
        name=message.name, kind=message.kind, total=message.total, truncated=message.truncated,
        steps=pack_ints(message.steps), wallclocks=pack_ints(message.wallclocks),
        received_ats=pack_ints(message.received_ats),
        values=pack_floats(values) if message.kind == "float" else list(values),
        next=message.next if message.HasField("next") else None,
    )  # fmt: skip


def _read_summary(message: pb.MetricSummary) -> MetricSummary:
    told = {name: to_wire(getattr(message, name)) for name in ("min", "max", "mean") if message.HasField(name)}
    last = message.last
    return MetricSummary(
        name=message.name, kind=message.kind, count=message.count, nan_count=message.nan_count,
        first=_value(message.first), last=_value(last), last_step=last.step,
        last_wallclock=last.wallclock_time.seconds * 1_000_000 + last.wallclock_time.nanos // 1_000, **told,
    )  # fmt: skip


def _value(message: pb.MetricValue) -> Any:
    which = message.WhichOneof("value")
    if which == "double_value":
        return to_wire(message.double_value)
    return base64.b64encode(message.bytes_value).decode() if which == "bytes_value" else message.string_value


def _read_event(message: pb.Event) -> StoredEvent:
    at = message.wallclock_time
    return StoredEvent(
        id=message.id, parent_id=message.parent_id, name=message.name, source=message.source.name,
        wallclock=at.seconds * 1_000_000 + at.nanos // 1_000,
        received_at=_message(message.received_at, None), metadata=json.loads(message.metadata.json),
    )  # fmt: skip


ANSWERS: dict[str, Callable[[Any], Any]] = {
    "modelbox.MetricHistory": _read_history, "modelbox.MetricSummary": _read_summary, "modelbox.Event": _read_event,
}  # fmt: skip
