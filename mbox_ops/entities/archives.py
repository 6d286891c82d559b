"""Archives: whole scenarios as a file. Every Struct here is a part of the format; instants are microseconds."""

from typing import Any

import msgspec

from mbox_ops.entities.artifacts import ArtifactKind
from mbox_ops.entities.lineage import Match
from mbox_ops.entities.metrics import Kind
from mbox_ops.entities.runs import Status

FORMAT = "mbox-ops scenarios"
VERSION = 1


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What lies in an archive."""


class Manifest(_Part, frozen=True):
    """What an archive begins with."""

    format: str
    version: int
    namespace: str
    scenarios: list[str]


class ArchivedScenario(_Part, frozen=True):
    """A run's scenario."""

    id: str
    name: str
    created_at: int


class ArchivedCollection(_Part, frozen=True):
    """A run's collection."""

    id: str
    name: str
    is_default: bool
    created_at: int


class ArchivedRun(_Part, frozen=True):
    """A run: what it is shown as, and how many batches it has had."""

    id: str
    key: str | None
    arrival: int
    created_at: int
    updated_at: int
    scenario: ArchivedScenario
    collection: ArchivedCollection
    name: str
    scenario_version: str | None
    source_kind: str | None
    source: str | None
    execution: str | None
    external_id: str | None
    owner: str
    framework: str | None
    task: str
    status: Status
    started_at: int
    ended_at: int | None
    lease_at: int | None
    lost_at: int | None


class ArchivedCheckpoint(_Part, frozen=True):
    """A checkpoint of a run; it follows its run, and has writers and rows of its own."""

    id: str
    run: str
    epoch: int
    arrival: int
    created_at: int
    updated_at: int


class ArchivedWriter(_Part, frozen=True):
    """A writer and how far its stream has come. Other rows name writers by their place, from 0."""

    origin: str
    epoch: int
    producer: str
    seq: int
    lost: int
    replaced: bool
    created_at: int
    updated_at: int


class ArchivedSetting(_Part, frozen=True):
    """A parameter, tag, label or claim of one writer."""

    writer: int
    kind: str
    name: str
    value: str
    type: str
    rank: int
    arrival: int
    at: int


class ArchivedPatch(_Part, frozen=True):
    """A change of the metadata document; the document is the fold of all; `document` is JSON text."""

    writer: int
    arrival: int
    ordinal: int
    op: str
    document: str
    at: int


class ArchivedSeries(_Part, frozen=True):
    """A series that has points."""

    name: str
    kind: Kind


class ArchivedEvent(_Part, frozen=True):
    """An event; `metadata` is JSON text."""

    writer: int
    uid: str
    arrival: int
    ordinal: int
    name: str
    source: str
    wallclock: int
    received_at: int
    metadata: str


class ArchivedArtifact(_Part, frozen=True):
    """An artifact; the bytes of an uploaded one are in `blobs/<the checksum's digits>`."""

    writer: int
    uid: str
    arrival: int
    kind: ArtifactKind
    path: str
    uri: str
    mime_type: str
    media_type: str
    checksum: str
    size: int | None
    created_at: int


class ArchivedUse(_Part, frozen=True):
    """Something that the run used."""

    writer: int
    arrival: int
    by: Match
    target: str
    created_at: int


class PointBlock(_Part, frozen=True):
    """Points of one series by one writer, in order of arrival.

    Attributes:
        steps, wallclocks, arrivals, received_ats: little-endian int64, each the difference to the one before.
        values: little-endian float64, or texts, or byte strings.
    """

    series: str
    kind: Kind
    writer: int
    steps: bytes
    wallclocks: bytes
    arrivals: bytes
    received_ats: bytes
    values: Any  # by the kind


class End(_Part, frozen=True):
    """What an archive ends with: what is in it, and the sha256 of all bytes before."""

    runs: int
    checkpoints: int
    points: int
    events: int
    artifacts: int
    blobs: int
    sha256: str


ROWS: dict[str, type[_Part]] = {
    "writers": ArchivedWriter,
    "settings": ArchivedSetting,
    "patches": ArchivedPatch,
    "series": ArchivedSeries,
    "events": ArchivedEvent,
    "artifacts": ArchivedArtifact,
    "uses": ArchivedUse,
}
"""What a run, or a checkpoint, has rows of, in the order in which they lie in the archive; points follow."""


class ExportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was exported."""

    file: str
    bytes: int
    namespace: str
    scenarios: list[str]
    runs: int
    checkpoints: int
    points: int
    events: int
    artifacts: int
    blobs: int


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was imported, or would be.

    Attributes:
        runs: those that were written; with all that belongs to them.
        checkpoints: those that were written.
        present: those that were there already, and were left as they are.
        renamed: the ids of those whose keys were taken, and got the suffix.
        blobs: contents whose bytes were written.
    """

    file: str
    namespace: str
    scenarios: list[str]
    runs: int
    checkpoints: int
    present: int
    renamed: list[str]
    blobs: int
    dry_run: bool
