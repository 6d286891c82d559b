# Made by `make proto`: do not edit.
import datetime

from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class MLFramework(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    FRAMEWORK_UNSPECIFIED: _ClassVar[MLFramework]
    PYTORCH: _ClassVar[MLFramework]
    KERAS: _ClassVar[MLFramework]
    TENSORFLOW: _ClassVar[MLFramework]
    JAX: _ClassVar[MLFramework]
    SKLEARN: _ClassVar[MLFramework]
    XGBOOST: _ClassVar[MLFramework]
    LIGHTGBM: _ClassVar[MLFramework]
    CATBOOST: _ClassVar[MLFramework]
    HUGGINGFACE: _ClassVar[MLFramework]
    OTHER: _ClassVar[MLFramework]
FRAMEWORK_UNSPECIFIED: MLFramework
PYTORCH: MLFramework
KERAS: MLFramework
TENSORFLOW: MLFramework
JAX: MLFramework
SKLEARN: MLFramework
XGBOOST: MLFramework
LIGHTGBM: MLFramework
CATBOOST: MLFramework
HUGGINGFACE: MLFramework
OTHER: MLFramework

class Metadata(_message.Message):
    __slots__ = ("metadata", "json")
    class MetadataEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: _struct_pb2.Value
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[_struct_pb2.Value, _Mapping]] = ...) -> None: ...
    METADATA_FIELD_NUMBER: _ClassVar[int]
    JSON_FIELD_NUMBER: _ClassVar[int]
    metadata: _containers.MessageMap[str, _struct_pb2.Value]
    json: str
    def __init__(self, metadata: _Optional[_Mapping[str, _struct_pb2.Value]] = ..., json: _Optional[str] = ...) -> None: ...

class CreateExperimentRequest(_message.Message):
    __slots__ = ("name", "owner", "namespace", "framework", "task", "metadata", "external_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    FRAMEWORK_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    owner: str
    namespace: str
    framework: MLFramework
    task: str
    metadata: Metadata
    external_id: str
    def __init__(self, name: _Optional[str] = ..., owner: _Optional[str] = ..., namespace: _Optional[str] = ..., framework: _Optional[_Union[MLFramework, str]] = ..., task: _Optional[str] = ..., metadata: _Optional[_Union[Metadata, _Mapping]] = ..., external_id: _Optional[str] = ...) -> None: ...

class CreateExperimentResponse(_message.Message):
    __slots__ = ("experiment_id", "experiment_exists", "created_at", "updated_at")
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    EXPERIMENT_EXISTS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    experiment_id: str
    experiment_exists: bool
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, experiment_id: _Optional[str] = ..., experiment_exists: bool = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Experiment(_message.Message):
    __slots__ = ("id", "name", "owner", "namespace", "framework", "task", "external_id", "created_at", "updated_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    FRAMEWORK_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    owner: str
    namespace: str
    framework: MLFramework
    task: str
    external_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., owner: _Optional[str] = ..., namespace: _Optional[str] = ..., framework: _Optional[_Union[MLFramework, str]] = ..., task: _Optional[str] = ..., external_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetExperimentRequest(_message.Message):
    __slots__ = ("experiment_id",)
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    experiment_id: str
    def __init__(self, experiment_id: _Optional[str] = ...) -> None: ...

class GetExperimentResponse(_message.Message):
    __slots__ = ("experiment",)
    EXPERIMENT_FIELD_NUMBER: _ClassVar[int]
    experiment: Experiment
    def __init__(self, experiment: _Optional[_Union[Experiment, _Mapping]] = ...) -> None: ...

class ListExperimentsRequest(_message.Message):
    __slots__ = ("namespace", "external_id", "sort", "limit", "cursor")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    external_id: str
    sort: str
    limit: int
    cursor: str
    def __init__(self, namespace: _Optional[str] = ..., external_id: _Optional[str] = ..., sort: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListExperimentsResponse(_message.Message):
    __slots__ = ("experiments", "next")
    EXPERIMENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIELD_NUMBER: _ClassVar[int]
    experiments: _containers.RepeatedCompositeFieldContainer[Experiment]
    next: str
    def __init__(self, experiments: _Optional[_Iterable[_Union[Experiment, _Mapping]]] = ..., next: _Optional[str] = ...) -> None: ...

class UpdateMetadataRequest(_message.Message):
    __slots__ = ("parent_id", "metadata")
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    parent_id: str
    metadata: Metadata
    def __init__(self, parent_id: _Optional[str] = ..., metadata: _Optional[_Union[Metadata, _Mapping]] = ...) -> None: ...

class UpdateMetadataResponse(_message.Message):
    __slots__ = ("num_keys_written", "updated_at")
    NUM_KEYS_WRITTEN_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    num_keys_written: int
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, num_keys_written: _Optional[int] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class SetMetadataRequest(_message.Message):
    __slots__ = ("parent_id", "metadata")
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    parent_id: str
    metadata: Metadata
    def __init__(self, parent_id: _Optional[str] = ..., metadata: _Optional[_Union[Metadata, _Mapping]] = ...) -> None: ...

class ListMetadataRequest(_message.Message):
    __slots__ = ("parent_id",)
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    parent_id: str
    def __init__(self, parent_id: _Optional[str] = ...) -> None: ...

class ListMetadataResponse(_message.Message):
    __slots__ = ("metadata",)
    METADATA_FIELD_NUMBER: _ClassVar[int]
    metadata: Metadata
    def __init__(self, metadata: _Optional[_Union[Metadata, _Mapping]] = ...) -> None: ...

class MetricValue(_message.Message):
    __slots__ = ("step", "wallclock_time", "double_value", "string_value", "bytes_value")
    STEP_FIELD_NUMBER: _ClassVar[int]
    WALLCLOCK_TIME_FIELD_NUMBER: _ClassVar[int]
    DOUBLE_VALUE_FIELD_NUMBER: _ClassVar[int]
    STRING_VALUE_FIELD_NUMBER: _ClassVar[int]
    BYTES_VALUE_FIELD_NUMBER: _ClassVar[int]
    step: int
    wallclock_time: _timestamp_pb2.Timestamp
    double_value: float
    string_value: str
    bytes_value: bytes
    def __init__(self, step: _Optional[int] = ..., wallclock_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., double_value: _Optional[float] = ..., string_value: _Optional[str] = ..., bytes_value: _Optional[bytes] = ...) -> None: ...

class LogMetricsRequest(_message.Message):
    __slots__ = ("parent_id", "key", "value")
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    parent_id: str
    key: str
    value: MetricValue
    def __init__(self, parent_id: _Optional[str] = ..., key: _Optional[str] = ..., value: _Optional[_Union[MetricValue, _Mapping]] = ...) -> None: ...

class LogMetricsResponse(_message.Message):
    __slots__ = ("updated_at",)
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetMetricsRequest(_message.Message):
    __slots__ = ("parent_id", "names", "limit", "after", "received")
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    AFTER_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_FIELD_NUMBER: _ClassVar[int]
    parent_id: str
    names: _containers.RepeatedScalarFieldContainer[str]
    limit: int
    after: str
    received: bool
    def __init__(self, parent_id: _Optional[str] = ..., names: _Optional[_Iterable[str]] = ..., limit: _Optional[int] = ..., after: _Optional[str] = ..., received: bool = ...) -> None: ...

class GetMetricsResponse(_message.Message):
    __slots__ = ("metrics",)
    METRICS_FIELD_NUMBER: _ClassVar[int]
    metrics: _containers.RepeatedCompositeFieldContainer[MetricHistory]
    def __init__(self, metrics: _Optional[_Iterable[_Union[MetricHistory, _Mapping]]] = ...) -> None: ...

class StreamHistoryRequest(_message.Message):
    __slots__ = ("parent_id", "names", "received")
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    NAMES_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_FIELD_NUMBER: _ClassVar[int]
    parent_id: str
    names: _containers.RepeatedScalarFieldContainer[str]
    received: bool
    def __init__(self, parent_id: _Optional[str] = ..., names: _Optional[_Iterable[str]] = ..., received: bool = ...) -> None: ...

class MetricHistory(_message.Message):
    __slots__ = ("name", "kind", "total", "truncated", "steps", "wallclocks", "received_ats", "doubles", "strings", "blobs", "next")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    TRUNCATED_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    WALLCLOCKS_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_ATS_FIELD_NUMBER: _ClassVar[int]
    DOUBLES_FIELD_NUMBER: _ClassVar[int]
    STRINGS_FIELD_NUMBER: _ClassVar[int]
    BLOBS_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIELD_NUMBER: _ClassVar[int]
    name: str
    kind: str
    total: int
    truncated: bool
    steps: _containers.RepeatedScalarFieldContainer[int]
    wallclocks: _containers.RepeatedScalarFieldContainer[int]
    received_ats: _containers.RepeatedScalarFieldContainer[int]
    doubles: _containers.RepeatedScalarFieldContainer[float]
    strings: _containers.RepeatedScalarFieldContainer[str]
    blobs: _containers.RepeatedScalarFieldContainer[bytes]
    next: str
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[str] = ..., total: _Optional[int] = ..., truncated: bool = ..., steps: _Optional[_Iterable[int]] = ..., wallclocks: _Optional[_Iterable[int]] = ..., received_ats: _Optional[_Iterable[int]] = ..., doubles: _Optional[_Iterable[float]] = ..., strings: _Optional[_Iterable[str]] = ..., blobs: _Optional[_Iterable[bytes]] = ..., next: _Optional[str] = ...) -> None: ...

class ListMetricsRequest(_message.Message):
    __slots__ = ("parent_id",)
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    parent_id: str
    def __init__(self, parent_id: _Optional[str] = ...) -> None: ...

class ListMetricsResponse(_message.Message):
    __slots__ = ("metrics",)
    METRICS_FIELD_NUMBER: _ClassVar[int]
    metrics: _containers.RepeatedCompositeFieldContainer[MetricSummary]
    def __init__(self, metrics: _Optional[_Iterable[_Union[MetricSummary, _Mapping]]] = ...) -> None: ...

class MetricSummary(_message.Message):
    __slots__ = ("name", "kind", "count", "nan_count", "last", "first", "min", "max", "mean")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    COUNT_FIELD_NUMBER: _ClassVar[int]
    NAN_COUNT_FIELD_NUMBER: _ClassVar[int]
    LAST_FIELD_NUMBER: _ClassVar[int]
    FIRST_FIELD_NUMBER: _ClassVar[int]
    MIN_FIELD_NUMBER: _ClassVar[int]
    MAX_FIELD_NUMBER: _ClassVar[int]
    MEAN_FIELD_NUMBER: _ClassVar[int]
    name: str
    kind: str
    count: int
    nan_count: int
    last: MetricValue
    first: MetricValue
    min: float
    max: float
    mean: float
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[str] = ..., count: _Optional[int] = ..., nan_count: _Optional[int] = ..., last: _Optional[_Union[MetricValue, _Mapping]] = ..., first: _Optional[_Union[MetricValue, _Mapping]] = ..., min: _Optional[float] = ..., max: _Optional[float] = ..., mean: _Optional[float] = ...) -> None: ...

class EventSource(_message.Message):
    __slots__ = ("name",)
    NAME_FIELD_NUMBER: _ClassVar[int]
    name: str
    def __init__(self, name: _Optional[str] = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("name", "source", "wallclock_time", "metadata", "id", "parent_id", "received_at")
    NAME_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    WALLCLOCK_TIME_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    RECEIVED_AT_FIELD_NUMBER: _ClassVar[int]
    name: str
    source: EventSource
    wallclock_time: _timestamp_pb2.Timestamp
    metadata: Metadata
    id: str
    parent_id: str
    received_at: _timestamp_pb2.Timestamp
    def __init__(self, name: _Optional[str] = ..., source: _Optional[_Union[EventSource, _Mapping]] = ..., wallclock_time: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., metadata: _Optional[_Union[Metadata, _Mapping]] = ..., id: _Optional[str] = ..., parent_id: _Optional[str] = ..., received_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class LogEventRequest(_message.Message):
    __slots__ = ("parent_id", "event")
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    parent_id: str
    event: Event
    def __init__(self, parent_id: _Optional[str] = ..., event: _Optional[_Union[Event, _Mapping]] = ...) -> None: ...

class LogEventResponse(_message.Message):
    __slots__ = ("updated_at",)
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListEventsRequest(_message.Message):
    __slots__ = ("parent_id", "since", "name", "source", "limit", "cursor")
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    parent_id: str
    since: _timestamp_pb2.Timestamp
    name: str
    source: str
    limit: int
    cursor: str
    def __init__(self, parent_id: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., name: _Optional[str] = ..., source: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListEventsResponse(_message.Message):
    __slots__ = ("events", "next")
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIELD_NUMBER: _ClassVar[int]
    events: _containers.RepeatedCompositeFieldContainer[Event]
    next: str
    def __init__(self, events: _Optional[_Iterable[_Union[Event, _Mapping]]] = ..., next: _Optional[str] = ...) -> None: ...

class Artifact(_message.Message):
    __slots__ = ("parent", "path", "mime_type", "checksum", "id", "uri", "media_type", "size", "kind", "created_at")
    class ArtifactMime(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        Unknown: _ClassVar[Artifact.ArtifactMime]
        Model: _ClassVar[Artifact.ArtifactMime]
        Checkpoint: _ClassVar[Artifact.ArtifactMime]
        Text: _ClassVar[Artifact.ArtifactMime]
        Image: _ClassVar[Artifact.ArtifactMime]
        Video: _ClassVar[Artifact.ArtifactMime]
        Audio: _ClassVar[Artifact.ArtifactMime]
    Unknown: Artifact.ArtifactMime
    Model: Artifact.ArtifactMime
    Checkpoint: Artifact.ArtifactMime
    Text: Artifact.ArtifactMime
    Image: Artifact.ArtifactMime
    Video: Artifact.ArtifactMime
    Audio: Artifact.ArtifactMime
    PARENT_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    MIME_TYPE_FIELD_NUMBER: _ClassVar[int]
    CHECKSUM_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    URI_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    parent: str
    path: str
    mime_type: Artifact.ArtifactMime
    checksum: str
    id: str
    uri: str
    media_type: str
    size: int
    kind: str
    created_at: _timestamp_pb2.Timestamp
    def __init__(self, parent: _Optional[str] = ..., path: _Optional[str] = ..., mime_type: _Optional[_Union[Artifact.ArtifactMime, str]] = ..., checksum: _Optional[str] = ..., id: _Optional[str] = ..., uri: _Optional[str] = ..., media_type: _Optional[str] = ..., size: _Optional[int] = ..., kind: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ArtifactRecord(_message.Message):
    __slots__ = ("path", "uri", "kind", "mime_type", "media_type", "checksum", "size")
    PATH_FIELD_NUMBER: _ClassVar[int]
    URI_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    MIME_TYPE_FIELD_NUMBER: _ClassVar[int]
    MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
    CHECKSUM_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    path: str
    uri: str
    kind: str
    mime_type: Artifact.ArtifactMime
    media_type: str
    checksum: str
    size: int
    def __init__(self, path: _Optional[str] = ..., uri: _Optional[str] = ..., kind: _Optional[str] = ..., mime_type: _Optional[_Union[Artifact.ArtifactMime, str]] = ..., media_type: _Optional[str] = ..., checksum: _Optional[str] = ..., size: _Optional[int] = ...) -> None: ...

class TrackArtifactsRequest(_message.Message):
    __slots__ = ("parent_id", "artifacts")
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    ARTIFACTS_FIELD_NUMBER: _ClassVar[int]
    parent_id: str
    artifacts: _containers.RepeatedCompositeFieldContainer[ArtifactRecord]
    def __init__(self, parent_id: _Optional[str] = ..., artifacts: _Optional[_Iterable[_Union[ArtifactRecord, _Mapping]]] = ...) -> None: ...

class TrackArtifactsResponse(_message.Message):
    __slots__ = ("artifact_ids", "updated_at")
    ARTIFACT_IDS_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    artifact_ids: _containers.RepeatedScalarFieldContainer[str]
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, artifact_ids: _Optional[_Iterable[str]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListArtifactsRequest(_message.Message):
    __slots__ = ("parent_id", "mime_type", "kind", "prefix", "limit", "cursor")
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    MIME_TYPE_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    parent_id: str
    mime_type: Artifact.ArtifactMime
    kind: str
    prefix: str
    limit: int
    cursor: str
    def __init__(self, parent_id: _Optional[str] = ..., mime_type: _Optional[_Union[Artifact.ArtifactMime, str]] = ..., kind: _Optional[str] = ..., prefix: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListArtifactsResponse(_message.Message):
    __slots__ = ("artifacts", "next")
    ARTIFACTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIELD_NUMBER: _ClassVar[int]
    artifacts: _containers.RepeatedCompositeFieldContainer[Artifact]
    next: str
    def __init__(self, artifacts: _Optional[_Iterable[_Union[Artifact, _Mapping]]] = ..., next: _Optional[str] = ...) -> None: ...

class UploadFileRequest(_message.Message):
    __slots__ = ("file", "chunk")
    class File(_message.Message):
        __slots__ = ("parent_id", "path", "checksum", "size", "mime_type", "media_type")
        PARENT_ID_FIELD_NUMBER: _ClassVar[int]
        PATH_FIELD_NUMBER: _ClassVar[int]
        CHECKSUM_FIELD_NUMBER: _ClassVar[int]
        SIZE_FIELD_NUMBER: _ClassVar[int]
        MIME_TYPE_FIELD_NUMBER: _ClassVar[int]
        MEDIA_TYPE_FIELD_NUMBER: _ClassVar[int]
        parent_id: str
        path: str
        checksum: str
        size: int
        mime_type: Artifact.ArtifactMime
        media_type: str
        def __init__(self, parent_id: _Optional[str] = ..., path: _Optional[str] = ..., checksum: _Optional[str] = ..., size: _Optional[int] = ..., mime_type: _Optional[_Union[Artifact.ArtifactMime, str]] = ..., media_type: _Optional[str] = ...) -> None: ...
    FILE_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    file: UploadFileRequest.File
    chunk: bytes
    def __init__(self, file: _Optional[_Union[UploadFileRequest.File, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class UploadFileResponse(_message.Message):
    __slots__ = ("artifact_id", "updated_at")
    ARTIFACT_ID_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    artifact_id: str
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, artifact_id: _Optional[str] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class DownloadFileRequest(_message.Message):
    __slots__ = ("artifact_id", "parent_id", "path", "offset")
    ARTIFACT_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_ID_FIELD_NUMBER: _ClassVar[int]
    PATH_FIELD_NUMBER: _ClassVar[int]
    OFFSET_FIELD_NUMBER: _ClassVar[int]
    artifact_id: str
    parent_id: str
    path: str
    offset: int
    def __init__(self, artifact_id: _Optional[str] = ..., parent_id: _Optional[str] = ..., path: _Optional[str] = ..., offset: _Optional[int] = ...) -> None: ...

class DownloadFileResponse(_message.Message):
    __slots__ = ("artifact", "chunk")
    ARTIFACT_FIELD_NUMBER: _ClassVar[int]
    CHUNK_FIELD_NUMBER: _ClassVar[int]
    artifact: Artifact
    chunk: bytes
    def __init__(self, artifact: _Optional[_Union[Artifact, _Mapping]] = ..., chunk: _Optional[bytes] = ...) -> None: ...

class Writer(_message.Message):
    __slots__ = ("origin", "epoch", "producer", "seq")
    ORIGIN_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    PRODUCER_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    origin: str
    epoch: int
    producer: str
    seq: int
    def __init__(self, origin: _Optional[str] = ..., epoch: _Optional[int] = ..., producer: _Optional[str] = ..., seq: _Optional[int] = ...) -> None: ...

class Source(_message.Message):
    __slots__ = ("kind", "name", "rank")
    KIND_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    RANK_FIELD_NUMBER: _ClassVar[int]
    kind: str
    name: str
    rank: str
    def __init__(self, kind: _Optional[str] = ..., name: _Optional[str] = ..., rank: _Optional[str] = ...) -> None: ...

class OpenRun(_message.Message):
    __slots__ = ("run_id", "name", "scenario", "scenario_explicit", "scenario_version", "source", "execution", "collection", "external_id", "owner", "framework", "task", "started_at", "lease")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_EXPLICIT_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_VERSION_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    FRAMEWORK_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    LEASE_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    name: str
    scenario: str
    scenario_explicit: bool
    scenario_version: str
    source: Source
    execution: str
    collection: str
    external_id: str
    owner: str
    framework: MLFramework
    task: str
    started_at: _timestamp_pb2.Timestamp
    lease: bool
    def __init__(self, run_id: _Optional[str] = ..., name: _Optional[str] = ..., scenario: _Optional[str] = ..., scenario_explicit: bool = ..., scenario_version: _Optional[str] = ..., source: _Optional[_Union[Source, _Mapping]] = ..., execution: _Optional[str] = ..., collection: _Optional[str] = ..., external_id: _Optional[str] = ..., owner: _Optional[str] = ..., framework: _Optional[_Union[MLFramework, str]] = ..., task: _Optional[str] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lease: bool = ...) -> None: ...

class Points(_message.Message):
    __slots__ = ("names", "steps", "wallclocks", "doubles", "strings", "blobs")
    NAMES_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    WALLCLOCKS_FIELD_NUMBER: _ClassVar[int]
    DOUBLES_FIELD_NUMBER: _ClassVar[int]
    STRINGS_FIELD_NUMBER: _ClassVar[int]
    BLOBS_FIELD_NUMBER: _ClassVar[int]
    names: _containers.RepeatedScalarFieldContainer[str]
    steps: _containers.RepeatedScalarFieldContainer[int]
    wallclocks: _containers.RepeatedScalarFieldContainer[int]
    doubles: _containers.RepeatedScalarFieldContainer[float]
    strings: _containers.RepeatedScalarFieldContainer[str]
    blobs: _containers.RepeatedScalarFieldContainer[bytes]
    def __init__(self, names: _Optional[_Iterable[str]] = ..., steps: _Optional[_Iterable[int]] = ..., wallclocks: _Optional[_Iterable[int]] = ..., doubles: _Optional[_Iterable[float]] = ..., strings: _Optional[_Iterable[str]] = ..., blobs: _Optional[_Iterable[bytes]] = ...) -> None: ...

class MetadataChange(_message.Message):
    __slots__ = ("op", "document", "key", "value_json")
    OP_FIELD_NUMBER: _ClassVar[int]
    DOCUMENT_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_JSON_FIELD_NUMBER: _ClassVar[int]
    op: str
    document: Metadata
    key: str
    value_json: str
    def __init__(self, op: _Optional[str] = ..., document: _Optional[_Union[Metadata, _Mapping]] = ..., key: _Optional[str] = ..., value_json: _Optional[str] = ...) -> None: ...

class ArtifactUse(_message.Message):
    __slots__ = ("artifact_id", "checksum", "uri")
    ARTIFACT_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKSUM_FIELD_NUMBER: _ClassVar[int]
    URI_FIELD_NUMBER: _ClassVar[int]
    artifact_id: str
    checksum: str
    uri: str
    def __init__(self, artifact_id: _Optional[str] = ..., checksum: _Optional[str] = ..., uri: _Optional[str] = ...) -> None: ...

class Batch(_message.Message):
    __slots__ = ("run_id", "key", "writer", "open", "points", "parameters", "tags", "labels", "metadata", "events", "artifacts", "uses", "name", "collection", "state", "at", "lease", "lost", "checkpoint")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    WRITER_FIELD_NUMBER: _ClassVar[int]
    OPEN_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    ARTIFACTS_FIELD_NUMBER: _ClassVar[int]
    USES_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    LEASE_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    key: str
    writer: Writer
    open: OpenRun
    points: _containers.RepeatedCompositeFieldContainer[Points]
    parameters: Metadata
    tags: _containers.ScalarMap[str, str]
    labels: Metadata
    metadata: _containers.RepeatedCompositeFieldContainer[MetadataChange]
    events: _containers.RepeatedCompositeFieldContainer[Event]
    artifacts: _containers.RepeatedCompositeFieldContainer[ArtifactRecord]
    uses: _containers.RepeatedCompositeFieldContainer[ArtifactUse]
    name: str
    collection: str
    state: Run.Status
    at: _timestamp_pb2.Timestamp
    lease: bool
    lost: int
    checkpoint: int
    def __init__(self, run_id: _Optional[str] = ..., key: _Optional[str] = ..., writer: _Optional[_Union[Writer, _Mapping]] = ..., open: _Optional[_Union[OpenRun, _Mapping]] = ..., points: _Optional[_Iterable[_Union[Points, _Mapping]]] = ..., parameters: _Optional[_Union[Metadata, _Mapping]] = ..., tags: _Optional[_Mapping[str, str]] = ..., labels: _Optional[_Union[Metadata, _Mapping]] = ..., metadata: _Optional[_Iterable[_Union[MetadataChange, _Mapping]]] = ..., events: _Optional[_Iterable[_Union[Event, _Mapping]]] = ..., artifacts: _Optional[_Iterable[_Union[ArtifactRecord, _Mapping]]] = ..., uses: _Optional[_Iterable[_Union[ArtifactUse, _Mapping]]] = ..., name: _Optional[str] = ..., collection: _Optional[str] = ..., state: _Optional[_Union[Run.Status, str]] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lease: bool = ..., lost: _Optional[int] = ..., checkpoint: _Optional[int] = ...) -> None: ...

class BatchResult(_message.Message):
    __slots__ = ("status", "run_id", "existed", "seq", "updated_at", "num_keys_written", "artifact_ids")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    EXISTED_FIELD_NUMBER: _ClassVar[int]
    SEQ_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    NUM_KEYS_WRITTEN_FIELD_NUMBER: _ClassVar[int]
    ARTIFACT_IDS_FIELD_NUMBER: _ClassVar[int]
    status: str
    run_id: str
    existed: bool
    seq: int
    updated_at: _timestamp_pb2.Timestamp
    num_keys_written: int
    artifact_ids: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, status: _Optional[str] = ..., run_id: _Optional[str] = ..., existed: bool = ..., seq: _Optional[int] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., num_keys_written: _Optional[int] = ..., artifact_ids: _Optional[_Iterable[str]] = ...) -> None: ...

class CreateRunResponse(_message.Message):
    __slots__ = ("existed", "run")
    EXISTED_FIELD_NUMBER: _ClassVar[int]
    RUN_FIELD_NUMBER: _ClassVar[int]
    existed: bool
    run: Run
    def __init__(self, existed: bool = ..., run: _Optional[_Union[Run, _Mapping]] = ...) -> None: ...

class UpdateRunRequest(_message.Message):
    __slots__ = ("run_id", "name", "collection", "parameters", "tags", "labels")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    name: str
    collection: str
    parameters: Metadata
    tags: _containers.ScalarMap[str, str]
    labels: Metadata
    def __init__(self, run_id: _Optional[str] = ..., name: _Optional[str] = ..., collection: _Optional[str] = ..., parameters: _Optional[_Union[Metadata, _Mapping]] = ..., tags: _Optional[_Mapping[str, str]] = ..., labels: _Optional[_Union[Metadata, _Mapping]] = ...) -> None: ...

class EndRunRequest(_message.Message):
    __slots__ = ("run_id", "state", "at")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    state: Run.Status
    at: _timestamp_pb2.Timestamp
    def __init__(self, run_id: _Optional[str] = ..., state: _Optional[_Union[Run.Status, str]] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Run(_message.Message):
    __slots__ = ("id", "key", "namespace", "name", "status", "scenario", "scenario_id", "scenario_version", "pipeline", "notebook", "execution", "run_collection", "run_collection_id", "run_collection_is_default", "external_id", "owner", "framework", "task", "parameters", "parameter_types", "tags", "labels", "metrics", "started_at", "ended_at", "created_at", "updated_at", "lost", "number_of_writers")
    class Status(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATUS_UNSPECIFIED: _ClassVar[Run.Status]
        RUNNING: _ClassVar[Run.Status]
        FINISHED: _ClassVar[Run.Status]
        FAILED: _ClassVar[Run.Status]
        KILLED: _ClassVar[Run.Status]
        LOST: _ClassVar[Run.Status]
    STATUS_UNSPECIFIED: Run.Status
    RUNNING: Run.Status
    FINISHED: Run.Status
    FAILED: Run.Status
    KILLED: Run.Status
    LOST: Run.Status
    class ParametersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class ParameterTypesEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    class MetricsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: MetricSummary
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[MetricSummary, _Mapping]] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_ID_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_VERSION_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    NOTEBOOK_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    RUN_COLLECTION_FIELD_NUMBER: _ClassVar[int]
    RUN_COLLECTION_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_COLLECTION_IS_DEFAULT_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    FRAMEWORK_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    PARAMETERS_FIELD_NUMBER: _ClassVar[int]
    PARAMETER_TYPES_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    ENDED_AT_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    LOST_FIELD_NUMBER: _ClassVar[int]
    NUMBER_OF_WRITERS_FIELD_NUMBER: _ClassVar[int]
    id: str
    key: str
    namespace: str
    name: str
    status: Run.Status
    scenario: str
    scenario_id: str
    scenario_version: str
    pipeline: str
    notebook: str
    execution: str
    run_collection: str
    run_collection_id: str
    run_collection_is_default: bool
    external_id: str
    owner: str
    framework: MLFramework
    task: str
    parameters: _containers.ScalarMap[str, str]
    parameter_types: _containers.ScalarMap[str, str]
    tags: _containers.ScalarMap[str, str]
    labels: Metadata
    metrics: _containers.MessageMap[str, MetricSummary]
    started_at: _timestamp_pb2.Timestamp
    ended_at: _timestamp_pb2.Timestamp
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    lost: int
    number_of_writers: int
    def __init__(self, id: _Optional[str] = ..., key: _Optional[str] = ..., namespace: _Optional[str] = ..., name: _Optional[str] = ..., status: _Optional[_Union[Run.Status, str]] = ..., scenario: _Optional[str] = ..., scenario_id: _Optional[str] = ..., scenario_version: _Optional[str] = ..., pipeline: _Optional[str] = ..., notebook: _Optional[str] = ..., execution: _Optional[str] = ..., run_collection: _Optional[str] = ..., run_collection_id: _Optional[str] = ..., run_collection_is_default: bool = ..., external_id: _Optional[str] = ..., owner: _Optional[str] = ..., framework: _Optional[_Union[MLFramework, str]] = ..., task: _Optional[str] = ..., parameters: _Optional[_Mapping[str, str]] = ..., parameter_types: _Optional[_Mapping[str, str]] = ..., tags: _Optional[_Mapping[str, str]] = ..., labels: _Optional[_Union[Metadata, _Mapping]] = ..., metrics: _Optional[_Mapping[str, MetricSummary]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., ended_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., lost: _Optional[int] = ..., number_of_writers: _Optional[int] = ...) -> None: ...

class GetRunRequest(_message.Message):
    __slots__ = ("run_id",)
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    def __init__(self, run_id: _Optional[str] = ...) -> None: ...

class ListRunsRequest(_message.Message):
    __slots__ = ("scenario", "scenario_version", "pipeline", "notebook", "execution", "run_id", "key", "external_id", "collection", "status", "experiments", "tags", "filter", "sort", "total", "limit", "cursor")
    class TagsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    SCENARIO_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_VERSION_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    NOTEBOOK_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    EXTERNAL_ID_FIELD_NUMBER: _ClassVar[int]
    COLLECTION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    EXPERIMENTS_FIELD_NUMBER: _ClassVar[int]
    TAGS_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    SORT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    scenario: str
    scenario_version: str
    pipeline: str
    notebook: str
    execution: str
    run_id: str
    key: str
    external_id: str
    collection: str
    status: Run.Status
    experiments: bool
    tags: _containers.ScalarMap[str, str]
    filter: str
    sort: str
    total: bool
    limit: int
    cursor: str
    def __init__(self, scenario: _Optional[str] = ..., scenario_version: _Optional[str] = ..., pipeline: _Optional[str] = ..., notebook: _Optional[str] = ..., execution: _Optional[str] = ..., run_id: _Optional[str] = ..., key: _Optional[str] = ..., external_id: _Optional[str] = ..., collection: _Optional[str] = ..., status: _Optional[_Union[Run.Status, str]] = ..., experiments: bool = ..., tags: _Optional[_Mapping[str, str]] = ..., filter: _Optional[str] = ..., sort: _Optional[str] = ..., total: bool = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListRunsResponse(_message.Message):
    __slots__ = ("runs", "next", "total")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    runs: _containers.RepeatedCompositeFieldContainer[Run]
    next: str
    total: int
    def __init__(self, runs: _Optional[_Iterable[_Union[Run, _Mapping]]] = ..., next: _Optional[str] = ..., total: _Optional[int] = ...) -> None: ...

class Scenario(_message.Message):
    __slots__ = ("id", "name", "namespace", "runs", "collections", "last_run_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    RUNS_FIELD_NUMBER: _ClassVar[int]
    COLLECTIONS_FIELD_NUMBER: _ClassVar[int]
    LAST_RUN_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    namespace: str
    runs: int
    collections: int
    last_run_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., namespace: _Optional[str] = ..., runs: _Optional[int] = ..., collections: _Optional[int] = ..., last_run_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListScenariosRequest(_message.Message):
    __slots__ = ("limit", "cursor")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    limit: int
    cursor: str
    def __init__(self, limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListScenariosResponse(_message.Message):
    __slots__ = ("scenarios", "next")
    SCENARIOS_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIELD_NUMBER: _ClassVar[int]
    scenarios: _containers.RepeatedCompositeFieldContainer[Scenario]
    next: str
    def __init__(self, scenarios: _Optional[_Iterable[_Union[Scenario, _Mapping]]] = ..., next: _Optional[str] = ...) -> None: ...

class RunCollection(_message.Message):
    __slots__ = ("id", "name", "display_name", "is_default", "scenario", "scenario_id", "runs", "last_run_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DISPLAY_NAME_FIELD_NUMBER: _ClassVar[int]
    IS_DEFAULT_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_ID_FIELD_NUMBER: _ClassVar[int]
    RUNS_FIELD_NUMBER: _ClassVar[int]
    LAST_RUN_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    display_name: str
    is_default: bool
    scenario: str
    scenario_id: str
    runs: int
    last_run_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., display_name: _Optional[str] = ..., is_default: bool = ..., scenario: _Optional[str] = ..., scenario_id: _Optional[str] = ..., runs: _Optional[int] = ..., last_run_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class ListCollectionsRequest(_message.Message):
    __slots__ = ("scenario", "limit", "cursor")
    SCENARIO_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    scenario: str
    limit: int
    cursor: str
    def __init__(self, scenario: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListCollectionsResponse(_message.Message):
    __slots__ = ("collections", "next")
    COLLECTIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIELD_NUMBER: _ClassVar[int]
    collections: _containers.RepeatedCompositeFieldContainer[RunCollection]
    next: str
    def __init__(self, collections: _Optional[_Iterable[_Union[RunCollection, _Mapping]]] = ..., next: _Optional[str] = ...) -> None: ...

class Model(_message.Message):
    __slots__ = ("id", "name", "owner", "namespace", "task", "description", "versions", "latest_version", "latest_version_id", "created_at", "updated_at")
    ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    VERSIONS_FIELD_NUMBER: _ClassVar[int]
    LATEST_VERSION_FIELD_NUMBER: _ClassVar[int]
    LATEST_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    name: str
    owner: str
    namespace: str
    task: str
    description: str
    versions: int
    latest_version: str
    latest_version_id: str
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., name: _Optional[str] = ..., owner: _Optional[str] = ..., namespace: _Optional[str] = ..., task: _Optional[str] = ..., description: _Optional[str] = ..., versions: _Optional[int] = ..., latest_version: _Optional[str] = ..., latest_version_id: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CreateModelRequest(_message.Message):
    __slots__ = ("name", "owner", "namespace", "task", "description", "metadata", "writer")
    NAME_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    WRITER_FIELD_NUMBER: _ClassVar[int]
    name: str
    owner: str
    namespace: str
    task: str
    description: str
    metadata: Metadata
    writer: Writer
    def __init__(self, name: _Optional[str] = ..., owner: _Optional[str] = ..., namespace: _Optional[str] = ..., task: _Optional[str] = ..., description: _Optional[str] = ..., metadata: _Optional[_Union[Metadata, _Mapping]] = ..., writer: _Optional[_Union[Writer, _Mapping]] = ...) -> None: ...

class CreateModelResponse(_message.Message):
    __slots__ = ("model_id", "model_exists", "created_at", "updated_at")
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_EXISTS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    model_exists: bool
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, model_id: _Optional[str] = ..., model_exists: bool = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetModelRequest(_message.Message):
    __slots__ = ("model_id",)
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    model_id: str
    def __init__(self, model_id: _Optional[str] = ...) -> None: ...

class GetModelResponse(_message.Message):
    __slots__ = ("model",)
    MODEL_FIELD_NUMBER: _ClassVar[int]
    model: Model
    def __init__(self, model: _Optional[_Union[Model, _Mapping]] = ...) -> None: ...

class ListModelsRequest(_message.Message):
    __slots__ = ("namespace", "name", "prefix", "owner", "task", "limit", "cursor")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    PREFIX_FIELD_NUMBER: _ClassVar[int]
    OWNER_FIELD_NUMBER: _ClassVar[int]
    TASK_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    name: str
    prefix: str
    owner: str
    task: str
    limit: int
    cursor: str
    def __init__(self, namespace: _Optional[str] = ..., name: _Optional[str] = ..., prefix: _Optional[str] = ..., owner: _Optional[str] = ..., task: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListModelsResponse(_message.Message):
    __slots__ = ("models", "next")
    MODELS_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIELD_NUMBER: _ClassVar[int]
    models: _containers.RepeatedCompositeFieldContainer[Model]
    next: str
    def __init__(self, models: _Optional[_Iterable[_Union[Model, _Mapping]]] = ..., next: _Optional[str] = ...) -> None: ...

class ModelSource(_message.Message):
    __slots__ = ("run_id", "run_name", "scenario", "run_exists", "checkpoint_id", "epoch")
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    RUN_NAME_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_FIELD_NUMBER: _ClassVar[int]
    RUN_EXISTS_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    run_id: str
    run_name: str
    scenario: str
    run_exists: bool
    checkpoint_id: str
    epoch: int
    def __init__(self, run_id: _Optional[str] = ..., run_name: _Optional[str] = ..., scenario: _Optional[str] = ..., run_exists: bool = ..., checkpoint_id: _Optional[str] = ..., epoch: _Optional[int] = ...) -> None: ...

class ModelVersion(_message.Message):
    __slots__ = ("id", "model_id", "model", "namespace", "version", "name", "description", "framework", "unique_tags", "source", "metrics", "artifacts", "created_at", "updated_at")
    class MetricsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: MetricSummary
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[MetricSummary, _Mapping]] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    FRAMEWORK_FIELD_NUMBER: _ClassVar[int]
    UNIQUE_TAGS_FIELD_NUMBER: _ClassVar[int]
    SOURCE_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    ARTIFACTS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    model_id: str
    model: str
    namespace: str
    version: str
    name: str
    description: str
    framework: MLFramework
    unique_tags: _containers.RepeatedScalarFieldContainer[str]
    source: ModelSource
    metrics: _containers.MessageMap[str, MetricSummary]
    artifacts: int
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., model_id: _Optional[str] = ..., model: _Optional[str] = ..., namespace: _Optional[str] = ..., version: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., framework: _Optional[_Union[MLFramework, str]] = ..., unique_tags: _Optional[_Iterable[str]] = ..., source: _Optional[_Union[ModelSource, _Mapping]] = ..., metrics: _Optional[_Mapping[str, MetricSummary]] = ..., artifacts: _Optional[int] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CreateModelVersionRequest(_message.Message):
    __slots__ = ("model", "version", "name", "description", "framework", "unique_tags", "metadata", "experiment_id", "checkpoint_id", "writer")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    DESCRIPTION_FIELD_NUMBER: _ClassVar[int]
    FRAMEWORK_FIELD_NUMBER: _ClassVar[int]
    UNIQUE_TAGS_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_ID_FIELD_NUMBER: _ClassVar[int]
    WRITER_FIELD_NUMBER: _ClassVar[int]
    model: str
    version: str
    name: str
    description: str
    framework: MLFramework
    unique_tags: _containers.RepeatedScalarFieldContainer[str]
    metadata: Metadata
    experiment_id: str
    checkpoint_id: str
    writer: Writer
    def __init__(self, model: _Optional[str] = ..., version: _Optional[str] = ..., name: _Optional[str] = ..., description: _Optional[str] = ..., framework: _Optional[_Union[MLFramework, str]] = ..., unique_tags: _Optional[_Iterable[str]] = ..., metadata: _Optional[_Union[Metadata, _Mapping]] = ..., experiment_id: _Optional[str] = ..., checkpoint_id: _Optional[str] = ..., writer: _Optional[_Union[Writer, _Mapping]] = ...) -> None: ...

class CreateModelVersionResponse(_message.Message):
    __slots__ = ("model_version_id", "model_version_exists", "created_at", "updated_at")
    MODEL_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    MODEL_VERSION_EXISTS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    model_version_id: str
    model_version_exists: bool
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, model_version_id: _Optional[str] = ..., model_version_exists: bool = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetModelVersionRequest(_message.Message):
    __slots__ = ("model_version_id",)
    MODEL_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    model_version_id: str
    def __init__(self, model_version_id: _Optional[str] = ...) -> None: ...

class GetModelVersionResponse(_message.Message):
    __slots__ = ("model_version",)
    MODEL_VERSION_FIELD_NUMBER: _ClassVar[int]
    model_version: ModelVersion
    def __init__(self, model_version: _Optional[_Union[ModelVersion, _Mapping]] = ...) -> None: ...

class ListModelVersionsRequest(_message.Message):
    __slots__ = ("model", "version", "unique_tag", "experiment_id", "limit", "cursor")
    MODEL_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    UNIQUE_TAG_FIELD_NUMBER: _ClassVar[int]
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    model: str
    version: str
    unique_tag: str
    experiment_id: str
    limit: int
    cursor: str
    def __init__(self, model: _Optional[str] = ..., version: _Optional[str] = ..., unique_tag: _Optional[str] = ..., experiment_id: _Optional[str] = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListModelVersionsResponse(_message.Message):
    __slots__ = ("model_versions", "next")
    MODEL_VERSIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIELD_NUMBER: _ClassVar[int]
    model_versions: _containers.RepeatedCompositeFieldContainer[ModelVersion]
    next: str
    def __init__(self, model_versions: _Optional[_Iterable[_Union[ModelVersion, _Mapping]]] = ..., next: _Optional[str] = ...) -> None: ...

class SetUniqueTagsRequest(_message.Message):
    __slots__ = ("model_version_id", "unique_tags", "move", "change")
    MODEL_VERSION_ID_FIELD_NUMBER: _ClassVar[int]
    UNIQUE_TAGS_FIELD_NUMBER: _ClassVar[int]
    MOVE_FIELD_NUMBER: _ClassVar[int]
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    model_version_id: str
    unique_tags: _containers.RepeatedScalarFieldContainer[str]
    move: bool
    change: str
    def __init__(self, model_version_id: _Optional[str] = ..., unique_tags: _Optional[_Iterable[str]] = ..., move: bool = ..., change: _Optional[str] = ...) -> None: ...

class SetUniqueTagsResponse(_message.Message):
    __slots__ = ("unique_tags", "moved_from", "updated_at")
    class MovedFromEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    UNIQUE_TAGS_FIELD_NUMBER: _ClassVar[int]
    MOVED_FROM_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    unique_tags: _containers.RepeatedScalarFieldContainer[str]
    moved_from: _containers.ScalarMap[str, str]
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, unique_tags: _Optional[_Iterable[str]] = ..., moved_from: _Optional[_Mapping[str, str]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Checkpoint(_message.Message):
    __slots__ = ("id", "experiment_id", "epoch", "metrics", "namespace", "artifacts", "created_at", "updated_at")
    class MetricsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: MetricSummary
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[MetricSummary, _Mapping]] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    ARTIFACTS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    id: str
    experiment_id: str
    epoch: int
    metrics: _containers.MessageMap[str, MetricSummary]
    namespace: str
    artifacts: int
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, id: _Optional[str] = ..., experiment_id: _Optional[str] = ..., epoch: _Optional[int] = ..., metrics: _Optional[_Mapping[str, MetricSummary]] = ..., namespace: _Optional[str] = ..., artifacts: _Optional[int] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class CreateCheckpointRequest(_message.Message):
    __slots__ = ("experiment_id", "epoch", "metrics", "metadata", "artifacts", "writer")
    class MetricsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    EPOCH_FIELD_NUMBER: _ClassVar[int]
    METRICS_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    ARTIFACTS_FIELD_NUMBER: _ClassVar[int]
    WRITER_FIELD_NUMBER: _ClassVar[int]
    experiment_id: str
    epoch: int
    metrics: _containers.ScalarMap[str, float]
    metadata: Metadata
    artifacts: _containers.RepeatedCompositeFieldContainer[ArtifactRecord]
    writer: Writer
    def __init__(self, experiment_id: _Optional[str] = ..., epoch: _Optional[int] = ..., metrics: _Optional[_Mapping[str, float]] = ..., metadata: _Optional[_Union[Metadata, _Mapping]] = ..., artifacts: _Optional[_Iterable[_Union[ArtifactRecord, _Mapping]]] = ..., writer: _Optional[_Union[Writer, _Mapping]] = ...) -> None: ...

class CreateCheckpointResponse(_message.Message):
    __slots__ = ("checkpoint_id", "checkpoint_exists", "artifact_ids", "created_at", "updated_at")
    CHECKPOINT_ID_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINT_EXISTS_FIELD_NUMBER: _ClassVar[int]
    ARTIFACT_IDS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    UPDATED_AT_FIELD_NUMBER: _ClassVar[int]
    checkpoint_id: str
    checkpoint_exists: bool
    artifact_ids: _containers.RepeatedScalarFieldContainer[str]
    created_at: _timestamp_pb2.Timestamp
    updated_at: _timestamp_pb2.Timestamp
    def __init__(self, checkpoint_id: _Optional[str] = ..., checkpoint_exists: bool = ..., artifact_ids: _Optional[_Iterable[str]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., updated_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class GetCheckpointRequest(_message.Message):
    __slots__ = ("checkpoint_id",)
    CHECKPOINT_ID_FIELD_NUMBER: _ClassVar[int]
    checkpoint_id: str
    def __init__(self, checkpoint_id: _Optional[str] = ...) -> None: ...

class GetCheckpointResponse(_message.Message):
    __slots__ = ("checkpoint",)
    CHECKPOINT_FIELD_NUMBER: _ClassVar[int]
    checkpoint: Checkpoint
    def __init__(self, checkpoint: _Optional[_Union[Checkpoint, _Mapping]] = ...) -> None: ...

class ListCheckpointsRequest(_message.Message):
    __slots__ = ("experiment_id", "first_epoch", "last_epoch", "newest_first", "limit", "cursor")
    EXPERIMENT_ID_FIELD_NUMBER: _ClassVar[int]
    FIRST_EPOCH_FIELD_NUMBER: _ClassVar[int]
    LAST_EPOCH_FIELD_NUMBER: _ClassVar[int]
    NEWEST_FIRST_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    experiment_id: str
    first_epoch: int
    last_epoch: int
    newest_first: bool
    limit: int
    cursor: str
    def __init__(self, experiment_id: _Optional[str] = ..., first_epoch: _Optional[int] = ..., last_epoch: _Optional[int] = ..., newest_first: bool = ..., limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListCheckpointsResponse(_message.Message):
    __slots__ = ("checkpoints", "next")
    CHECKPOINTS_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIELD_NUMBER: _ClassVar[int]
    checkpoints: _containers.RepeatedCompositeFieldContainer[Checkpoint]
    next: str
    def __init__(self, checkpoints: _Optional[_Iterable[_Union[Checkpoint, _Mapping]]] = ..., next: _Optional[str] = ...) -> None: ...

class Names(_message.Message):
    __slots__ = ("names",)
    NAMES_FIELD_NUMBER: _ClassVar[int]
    names: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, names: _Optional[_Iterable[str]] = ...) -> None: ...

class Selector(_message.Message):
    __slots__ = ("scenarios", "scenario_version", "pipeline", "execution", "notebook", "run_id", "filter")
    SCENARIOS_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_VERSION_FIELD_NUMBER: _ClassVar[int]
    PIPELINE_FIELD_NUMBER: _ClassVar[int]
    EXECUTION_FIELD_NUMBER: _ClassVar[int]
    NOTEBOOK_FIELD_NUMBER: _ClassVar[int]
    RUN_ID_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    scenarios: Names
    scenario_version: str
    pipeline: str
    execution: str
    notebook: str
    run_id: str
    filter: str
    def __init__(self, scenarios: _Optional[_Union[Names, _Mapping]] = ..., scenario_version: _Optional[str] = ..., pipeline: _Optional[str] = ..., execution: _Optional[str] = ..., notebook: _Optional[str] = ..., run_id: _Optional[str] = ..., filter: _Optional[str] = ...) -> None: ...

class Expected(_message.Message):
    __slots__ = ("runs", "points", "events", "artifacts", "bytes", "checkpoints")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    ARTIFACTS_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINTS_FIELD_NUMBER: _ClassVar[int]
    runs: int
    points: int
    events: int
    artifacts: int
    bytes: int
    checkpoints: int
    def __init__(self, runs: _Optional[int] = ..., points: _Optional[int] = ..., events: _Optional[int] = ..., artifacts: _Optional[int] = ..., bytes: _Optional[int] = ..., checkpoints: _Optional[int] = ...) -> None: ...

class CreateDeletionRequest(_message.Message):
    __slots__ = ("selector", "dry_run", "force", "purge", "max_runs", "expected", "key")
    SELECTOR_FIELD_NUMBER: _ClassVar[int]
    DRY_RUN_FIELD_NUMBER: _ClassVar[int]
    FORCE_FIELD_NUMBER: _ClassVar[int]
    PURGE_FIELD_NUMBER: _ClassVar[int]
    MAX_RUNS_FIELD_NUMBER: _ClassVar[int]
    EXPECTED_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    selector: Selector
    dry_run: bool
    force: bool
    purge: bool
    max_runs: int
    expected: Expected
    key: str
    def __init__(self, selector: _Optional[_Union[Selector, _Mapping]] = ..., dry_run: bool = ..., force: bool = ..., purge: bool = ..., max_runs: _Optional[int] = ..., expected: _Optional[_Union[Expected, _Mapping]] = ..., key: _Optional[str] = ...) -> None: ...

class Counts(_message.Message):
    __slots__ = ("runs", "points", "events", "artifacts", "bytes", "checkpoints")
    RUNS_FIELD_NUMBER: _ClassVar[int]
    POINTS_FIELD_NUMBER: _ClassVar[int]
    EVENTS_FIELD_NUMBER: _ClassVar[int]
    ARTIFACTS_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    CHECKPOINTS_FIELD_NUMBER: _ClassVar[int]
    runs: int
    points: int
    events: int
    artifacts: int
    bytes: int
    checkpoints: int
    def __init__(self, runs: _Optional[int] = ..., points: _Optional[int] = ..., events: _Optional[int] = ..., artifacts: _Optional[int] = ..., bytes: _Optional[int] = ..., checkpoints: _Optional[int] = ...) -> None: ...

class Deletion(_message.Message):
    __slots__ = ("id", "state", "namespace", "selector", "counts", "by_scenario", "scenarios_not_found", "running", "protected", "created_at", "purge_after", "created_by", "finished_at", "rules", "kept")
    class ByScenarioEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: Counts
        def __init__(self, key: _Optional[str] = ..., value: _Optional[_Union[Counts, _Mapping]] = ...) -> None: ...
    ID_FIELD_NUMBER: _ClassVar[int]
    STATE_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    SELECTOR_FIELD_NUMBER: _ClassVar[int]
    COUNTS_FIELD_NUMBER: _ClassVar[int]
    BY_SCENARIO_FIELD_NUMBER: _ClassVar[int]
    SCENARIOS_NOT_FOUND_FIELD_NUMBER: _ClassVar[int]
    RUNNING_FIELD_NUMBER: _ClassVar[int]
    PROTECTED_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    PURGE_AFTER_FIELD_NUMBER: _ClassVar[int]
    CREATED_BY_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    RULES_FIELD_NUMBER: _ClassVar[int]
    KEPT_FIELD_NUMBER: _ClassVar[int]
    id: str
    state: str
    namespace: str
    selector: Selector
    counts: Counts
    by_scenario: _containers.MessageMap[str, Counts]
    scenarios_not_found: _containers.RepeatedScalarFieldContainer[str]
    running: _containers.RepeatedScalarFieldContainer[str]
    protected: int
    created_at: _timestamp_pb2.Timestamp
    purge_after: _timestamp_pb2.Timestamp
    created_by: str
    finished_at: _timestamp_pb2.Timestamp
    rules: Metadata
    kept: Metadata
    def __init__(self, id: _Optional[str] = ..., state: _Optional[str] = ..., namespace: _Optional[str] = ..., selector: _Optional[_Union[Selector, _Mapping]] = ..., counts: _Optional[_Union[Counts, _Mapping]] = ..., by_scenario: _Optional[_Mapping[str, Counts]] = ..., scenarios_not_found: _Optional[_Iterable[str]] = ..., running: _Optional[_Iterable[str]] = ..., protected: _Optional[int] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., purge_after: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., created_by: _Optional[str] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., rules: _Optional[_Union[Metadata, _Mapping]] = ..., kept: _Optional[_Union[Metadata, _Mapping]] = ...) -> None: ...

class GetDeletionRequest(_message.Message):
    __slots__ = ("deletion_id",)
    DELETION_ID_FIELD_NUMBER: _ClassVar[int]
    deletion_id: str
    def __init__(self, deletion_id: _Optional[str] = ...) -> None: ...

class ListDeletionsRequest(_message.Message):
    __slots__ = ("limit", "cursor")
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    limit: int
    cursor: str
    def __init__(self, limit: _Optional[int] = ..., cursor: _Optional[str] = ...) -> None: ...

class ListDeletionsResponse(_message.Message):
    __slots__ = ("deletions", "next")
    DELETIONS_FIELD_NUMBER: _ClassVar[int]
    NEXT_FIELD_NUMBER: _ClassVar[int]
    deletions: _containers.RepeatedCompositeFieldContainer[Deletion]
    next: str
    def __init__(self, deletions: _Optional[_Iterable[_Union[Deletion, _Mapping]]] = ..., next: _Optional[str] = ...) -> None: ...

class UndoDeletionRequest(_message.Message):
    __slots__ = ("deletion_id", "key_suffix")
    DELETION_ID_FIELD_NUMBER: _ClassVar[int]
    KEY_SUFFIX_FIELD_NUMBER: _ClassVar[int]
    deletion_id: str
    key_suffix: str
    def __init__(self, deletion_id: _Optional[str] = ..., key_suffix: _Optional[str] = ...) -> None: ...

class PurgeDeletionRequest(_message.Message):
    __slots__ = ("deletion_id",)
    DELETION_ID_FIELD_NUMBER: _ClassVar[int]
    deletion_id: str
    def __init__(self, deletion_id: _Optional[str] = ...) -> None: ...

class WatchNamespaceRequest(_message.Message):
    __slots__ = ("namespace", "since", "cursor", "kind", "scenario", "subject")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    SINCE_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_FIELD_NUMBER: _ClassVar[int]
    SUBJECT_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    since: _timestamp_pb2.Timestamp
    cursor: str
    kind: _containers.RepeatedScalarFieldContainer[str]
    scenario: str
    subject: str
    def __init__(self, namespace: _Optional[str] = ..., since: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., cursor: _Optional[str] = ..., kind: _Optional[_Iterable[str]] = ..., scenario: _Optional[str] = ..., subject: _Optional[str] = ...) -> None: ...

class WatchNamespaceResponse(_message.Message):
    __slots__ = ("change", "cursor")
    CHANGE_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    change: Change
    cursor: str
    def __init__(self, change: _Optional[_Union[Change, _Mapping]] = ..., cursor: _Optional[str] = ...) -> None: ...

class Change(_message.Message):
    __slots__ = ("cursor", "action", "kind", "id", "at", "parts", "scenario", "scenario_id", "name", "status")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    ACTION_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    AT_FIELD_NUMBER: _ClassVar[int]
    PARTS_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_FIELD_NUMBER: _ClassVar[int]
    SCENARIO_ID_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    cursor: str
    action: str
    kind: str
    id: str
    at: _timestamp_pb2.Timestamp
    parts: _containers.RepeatedScalarFieldContainer[str]
    scenario: str
    scenario_id: str
    name: str
    status: str
    def __init__(self, cursor: _Optional[str] = ..., action: _Optional[str] = ..., kind: _Optional[str] = ..., id: _Optional[str] = ..., at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., parts: _Optional[_Iterable[str]] = ..., scenario: _Optional[str] = ..., scenario_id: _Optional[str] = ..., name: _Optional[str] = ..., status: _Optional[str] = ...) -> None: ...
