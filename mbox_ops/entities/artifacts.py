"""Artifacts: files that belong to a run, held by us or only referred to."""

import enum
from datetime import datetime
from typing import Literal

import msgspec


class ArtifactMime(enum.Enum):
    """What kind of thing a file is; sent by name."""

    Unknown = "Unknown"
    Model = "Model"
    Checkpoint = "Checkpoint"
    Text = "Text"
    Image = "Image"
    Video = "Video"
    Audio = "Audio"


ArtifactKind = Literal["tracked", "uploaded"]


class ArtifactRecord(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A file of a run, as it is written: a reference to one stored elsewhere, or content that was uploaded before.

    Attributes:
        path: the label the file is listed under, 1-2,048 characters; never opened as a path by the service.
        uri: of a tracked file: where it is, without credentials, 1-2,048 characters. An uploaded one has none.
        kind: `tracked`, or `uploaded`: then the namespace has uploaded the content of that checksum.
        mime_type: guessed from the name and media type if it is not given.
        checksum: `sha256:<64 hex digits>`; of a tracked file empty when the bytes were not read.
        size: in bytes, if it is known; an uploaded one has the size of its content.
    """

    path: str
    uri: str = ""
    kind: ArtifactKind = "tracked"
    mime_type: ArtifactMime | None = None
    media_type: str = ""
    checksum: str = ""
    size: int | None = None


class StoredArtifact(msgspec.Struct, frozen=True, kw_only=True):
    """An artifact as it is read back.

    Attributes:
        uri: where a tracked file is; empty for an uploaded one, whose bytes are at `/api/v1/artifacts/{id}/content`.
    """

    id: str
    parent: str
    path: str
    uri: str
    mime_type: ArtifactMime
    media_type: str
    checksum: str
    size: int | None
    kind: ArtifactKind
    created_at: datetime


class ArtifactQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which artifacts to list, ordered by path: by kind, by what the path begins with."""

    mime_type: ArtifactMime | None = None
    kind: ArtifactKind | None = None
    prefix: str | None = None
    limit: int = 100
    cursor: str | None = None
