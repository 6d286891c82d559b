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


class ArtifactRecord(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A reference to a file stored elsewhere, as it is written.

    Attributes:
        path: the label the file is listed under, 1-2,048 characters; never opened as a path by the service.
        uri: where the file is, without credentials, 1-2,048 characters.
        mime_type: guessed from the name and media type if it is not given.
        checksum: `sha256:<64 hex digits>`, or empty when the bytes were not read.
        size: in bytes, if it is known.
    """

    path: str
    uri: str
    mime_type: ArtifactMime | None = None
    media_type: str = ""
    checksum: str = ""
    size: int | None = None


class StoredArtifact(msgspec.Struct, frozen=True, kw_only=True):
    """An artifact as it is read back."""

    id: str
    parent: str
    path: str
    uri: str
    mime_type: ArtifactMime
    media_type: str
    checksum: str
    size: int | None
    kind: Literal["tracked", "uploaded"]
    created_at: datetime


class ArtifactQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which artifacts to list, ordered by path: by kind, by what the path begins with."""

    mime_type: ArtifactMime | None = None
    prefix: str | None = None
    limit: int = 100
    cursor: str | None = None
