"""Artifacts: what is checked and guessed when one is written, and how they are read."""

import mimetypes
import re
from pathlib import PurePosixPath
from typing import cast

import msgspec

from mbox_ops.entities.artifacts import ArtifactMime, ArtifactQuery, ArtifactRecord, StoredArtifact
from mbox_ops.entities.instants import INT64
from mbox_ops.entities.limits import DEFAULT, Limits, check_text
from mbox_ops.entities.pages import Page
from mbox_ops.entities.uris import check_uri
from mbox_ops.errors import InvalidRequest
from mbox_ops.service.access import Actor
from mbox_ops.service.cursors import check_limit, page_of, read_cursor
from mbox_ops.service.queries import check_texts
from mbox_ops.service.reading import live_subject
from mbox_ops.store import artifacts
from mbox_ops.store.database import Database

_CHECKSUM = re.compile(r"sha256:[0-9a-f]{64}")
_CHECKPOINTS = frozenset({".ckpt", ".chk", ".checkpoint"})
_MODELS = frozenset({
    ".bst", ".caffemodel", ".cbm", ".dill", ".gguf", ".h5", ".joblib", ".keras", ".mar", ".mlmodel", ".onnx", ".pb",
    ".pickle", ".pkl", ".pmml", ".pt", ".pth", ".safetensors", ".tflite", ".torchscript", ".ubj",
})  # fmt: skip
_TEXTS = frozenset({".cfg", ".ini", ".ipynb", ".jsonl", ".log", ".md", ".toml", ".yaml", ".yml"})
_TEXT_TYPES = frozenset({"application/json", "application/xml", "application/yaml", "application/x-ndjson"})
_BY_NAME = mimetypes.MimeTypes()  # the same on every machine: it reads none of the system's tables
_FAMILIES = {
    "text": ArtifactMime.Text,
    "image": ArtifactMime.Image,
    "video": ArtifactMime.Video,
    "audio": ArtifactMime.Audio,
}


class Artifacts:
    """The artifacts of a service."""

    def __init__(self, database: Database, *, limits: Limits) -> None:
        self._database = database
        self._limits = limits

    def list(self, actor: Actor, subject_id: str, query: ArtifactQuery) -> Page[StoredArtifact]:
        """A page of a subject's artifacts, by path.

        Raises:
            NotFound: there is no such live subject, or the token does not open its namespace.
            InvalidRequest: a condition, the limit or the cursor breaks a rule.
        """
        actor.require("read")
        check_limit(query.limit, self._limits)
        check_texts(prefix=query.prefix or None)
        after = cast("tuple[str, int] | None", read_cursor("artifacts", query.cursor, (str, int)))
        with self._database.read() as conn:
            subject = live_subject(conn, actor, subject_id)
            rows = artifacts.page(
                conn, subject_id=subject.id, parent=subject.uid, query=query, after=after, limit=query.limit + 1
            )
        return page_of("artifacts", rows, query.limit)


def check_artifact(record: ArtifactRecord, limits: Limits = DEFAULT) -> ArtifactRecord:
    """The record of a tracked artifact, with what kind of thing it is guessed where it was not said.

    Raises:
        InvalidRequest: path, URI, media type, checksum or size breaks a rule, or the URI carries credentials.
    """
    check_uri("artifact uri", record.uri, limits)
    path = check_text("artifact path", record.path, most=limits.uri)
    if "://" in path:  # a URI is listed under itself
        check_uri("artifact path", path, limits)
    check_text("artifact media_type", record.media_type, least=0, most=limits.name)
    if record.checksum and not _CHECKSUM.fullmatch(record.checksum):
        raise InvalidRequest(
            f"artifact checksum must be 'sha256:' and 64 lower-case hex digits, not {record.checksum[:80]!r}",
            field="artifact checksum", value=record.checksum,
        )  # fmt: skip
    if record.size is not None and not 0 <= record.size < INT64:
        raise InvalidRequest(
            f"artifact size must be 0 or more bytes in 64 bits, not {record.size}",
            field="artifact size", value=str(record.size),
        )  # fmt: skip
    mime_type = record.mime_type or guess_mime(path, record.media_type)
    return msgspec.structs.replace(record, mime_type=mime_type)


def guess_mime(path: str, media_type: str = "") -> ArtifactMime:
    """What kind of thing a file is, by its name first and its media type then.

    >>> guess_mime("weights/model-7.ckpt")
    <ArtifactMime.Checkpoint: 'Checkpoint'>
    >>> guess_mime("s3://bucket/plot", "image/png")
    <ArtifactMime.Image: 'Image'>
    """
    bare = path.partition("?")[0].partition("#")[0] if "://" in path else path
    name = PurePosixPath(bare).name.lower()
    suffix = PurePosixPath(name).suffix
    if suffix in _CHECKPOINTS or "checkpoint" in name:
        return ArtifactMime.Checkpoint
    if suffix in _MODELS:
        return ArtifactMime.Model
    known = media_type.partition(";")[0].strip().lower() or _BY_NAME.guess_type(name)[0] or ""
    if suffix in _TEXTS or known in _TEXT_TYPES:
        return ArtifactMime.Text
    return _FAMILIES.get(known.partition("/")[0], ArtifactMime.Unknown)
