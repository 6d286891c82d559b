"""What people hand in and get back: events, metric values and artifacts."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from mbox_ops.entities.artifacts import ArtifactKind, ArtifactMime, StoredArtifact
from mbox_ops.entities.events import StoredEvent

Wallclock: TypeAlias = float | datetime | str
"""An instant: seconds since 1970 UTC, a datetime (without a zone: local time) or RFC 3339 text."""

MetricScalar: TypeAlias = float | str | bytes
"""A metric's value: a number (NumPy's too), text of 5,000 characters or 65,536 bytes; no bool, no None."""


@dataclass(frozen=True)
class EventSource:
    """Who says that something happened.

    Args:
        name: 1-256 characters, such as `trainer`.
    """

    name: str

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True)
class Event:
    """Something that happened at an instant.

    Args:
        name: 1-256 characters. `x_started` and `x_finish` or `x_finished` from one source are shown as a span.
        source: who says so; plain text is taken too.
        wallclock_time: when it happened; now if it is not given. Read back as seconds since 1970 UTC.
        metadata: any JSON document.
        id: given by the server; empty until it is read back.
        parent_id: the run it belongs to; empty until it is read back.
        received_at: when the server got it; None until it is read back.

    Example:
        >>> Event("checkpoint_started", EventSource("trainer"), 12000, {"chk_size": 2345}).source.name
        'trainer'
    """

    name: str
    source: EventSource | str
    wallclock_time: Wallclock | None = None
    metadata: Mapping[str, Any] = field(default_factory=dict)
    id: str = field(default="", compare=False)
    parent_id: str = field(default="", compare=False)
    received_at: datetime | None = field(default=None, compare=False)

    @property
    def source_name(self) -> str:
        """The name of the source, whether it was given as an `EventSource` or as text."""
        return self.source.name if isinstance(self.source, EventSource) else self.source


@dataclass(frozen=True)
class MetricValue:
    """One value of a metric, as `client.log_metrics` takes it.

    Args:
        step: an epoch, an update step; the series' largest + 1 if it is not given.
        wallclock_time: when it was measured; now if it is not given.
        value: the number, text or bytes.

    Example:
        >>> MetricValue(step=1, wallclock_time=12325, value=97.6).value
        97.6
    """

    step: int | None = None
    wallclock_time: Wallclock | None = None
    value: MetricScalar | None = None


@dataclass(frozen=True)
class Artifact:
    """A file that belongs to a run.

    Attributes:
        parent: the id of the run.
        path: the label it is listed under.
        mime_type: what kind of thing it is.
        checksum: `sha256:<64 hex digits>`, or empty when the bytes were not read.
        id: given by the server.
        uri: where a tracked one is.
        media_type: such as `image/png`; empty when unknown.
        size: in bytes; None when unknown.
        created_at: when the server got it.
        kind: `tracked` (only a reference is kept) or `uploaded` (the service has the bytes).
    """

    parent: str
    path: str
    mime_type: ArtifactMime = ArtifactMime.Unknown
    checksum: str = ""
    id: str = ""
    uri: str = ""
    media_type: str = ""
    size: int | None = None
    created_at: datetime | None = None
    kind: ArtifactKind = "tracked"


@dataclass(frozen=True)
class MetadataWritten:
    """What a change of metadata came to.

    Attributes:
        num_keys_written: how many top-level keys it wrote.
        updated_at: the server's time of the write.
    """

    num_keys_written: int
    updated_at: datetime | None


def event_of(stored: StoredEvent) -> Event:
    """The event that was read from the server."""
    return Event(
        name=stored.name,
        source=EventSource(stored.source),
        wallclock_time=stored.wallclock / 1_000_000,
        metadata=stored.metadata,
        id=stored.id,
        parent_id=stored.parent_id,
        received_at=stored.received_at,
    )


def artifact_of(stored: StoredArtifact) -> Artifact:
    """The artifact that was read from the server."""
    return Artifact(
        parent=stored.parent,
        path=stored.path,
        mime_type=stored.mime_type,
        checksum=stored.checksum,
        id=stored.id,
        uri=stored.uri,
        media_type=stored.media_type,
        size=stored.size,
        created_at=stored.created_at,
        kind=stored.kind,
    )
