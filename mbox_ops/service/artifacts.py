"""Artifacts: what is checked and guessed when one is written, and how they are read."""

import mimetypes
import re
from collections.abc import Sequence
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, NamedTuple, cast

import msgspec

from mbox_ops.artifacts.blobs import Blobs
from mbox_ops.entities.artifacts import ArtifactMime, ArtifactQuery, ArtifactRecord, StoredArtifact
from mbox_ops.entities.instants import INT64
from mbox_ops.entities.limits import DEFAULT, Limits, check_text
from mbox_ops.entities.pages import Page
from mbox_ops.entities.uris import check_uri
from mbox_ops.errors import InternalError, InvalidRequest, NotFound, Unavailable
from mbox_ops.service.access import Actor
from mbox_ops.service.cursors import check_limit, page_of, read_cursor
from mbox_ops.service.queries import check_texts, is_storable
from mbox_ops.service.reading import live_subject
from mbox_ops.store import artifacts, blobs
from mbox_ops.store.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

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


class Content(NamedTuple):
    """The bytes of an uploaded artifact, to be read piece by piece."""

    artifact: StoredArtifact
    size: int
    blobs: Blobs
    key: str

    def read(self, start: int, end: int) -> bytes:
        """The bytes from `start` up to `end`.

        Raises:
            InternalError: some of them are missing.
            Unavailable: the store is away.
        """
        data = self.blobs.read(self.key, start, end)
        if len(data) != end - start:
            raise InternalError(f"The bytes of the artifact {self.artifact.id!r} are damaged in the store.")
        return data


class Artifacts:
    """The artifacts of a service."""

    def __init__(self, database: Database, *, limits: Limits, blobs: Blobs | None) -> None:
        self._database = database
        self._limits = limits
        self._blobs = blobs

    def get(self, actor: Actor, artifact_id: str) -> StoredArtifact:
        """An artifact by its id.

        Raises:
            NotFound: there is none of a live subject, or the token does not open its namespace.
        """
        return self._find(actor, artifact_id).artifact

    def content(self, actor: Actor, artifact_id: str) -> Content:
        """The bytes of an uploaded artifact.

        Raises:
            NotFound: as for `get`.
            InvalidRequest: it is tracked, so that its bytes are elsewhere.
        """
        artifact, _, key = self._find(actor, artifact_id)
        if key is None or artifact.size is None:
            raise InvalidRequest(
                f"The artifact {artifact.path[:200]!r} is only tracked: its bytes are at {artifact.uri[:500]}.",
                field="artifact_id", value=artifact_id,
            )  # fmt: skip
        return Content(artifact, artifact.size, store_of(self._blobs), key)

    def content_at(self, actor: Actor, subject_id: str, path: str) -> Content:
        """The bytes of the file that was uploaded to a subject last under a path.

        Raises:
            NotFound: there is none, or no such live subject, or the token does not open its namespace.
            InvalidRequest: no artifact can have the path.
        """
        actor.require("read")
        check_texts(path=path)
        with self._database.read() as conn:
            subject = live_subject(conn, actor, subject_id)
            uid = artifacts.last_uploaded(conn, subject_id=subject.id, path=path)
        if uid is None:
            raise NotFound("uploaded file", path, actor.namespace)
        return self.content(actor, uid)

    def _find(self, actor: Actor, artifact_id: str) -> artifacts.Found:
        actor.require("read")
        with self._database.read() as conn:
            found = artifacts.find(conn, uid=artifact_id) if is_storable(artifact_id) else None
        if found is None or not actor.opens(found.namespace):
            raise NotFound("artifact", artifact_id, actor.namespace)
        return found

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


def store_of(blobs: Blobs | None) -> Blobs:
    """The blob store.

    Raises:
        Unavailable: this service was made without one.
    """
    if blobs is None:
        raise Unavailable("This service has no store for artifacts' bytes; set MBOX_ARTIFACT_URL.")
    return blobs


def held_blobs(conn: "Connection", namespace_id: int, records: Sequence[ArtifactRecord]) -> dict[str, blobs.Blob]:
    """The blobs that uploaded artifacts refer to, by sha256, kept until the transaction ends.

    Raises:
        InvalidRequest: the namespace has not uploaded the content of one of them, or it has another size.
    """
    uploaded = [record for record in records if record.kind == "uploaded"]
    if not uploaded:
        return {}
    held = blobs.held(conn, namespace_id=namespace_id, sha256s={_hex(record) for record in uploaded})
    for record in uploaded:
        blob = held.get(_hex(record))
        if blob is None:
            raise InvalidRequest(
                f"The content {record.checksum!r} of the artifact {record.path[:200]!r} has not been uploaded to this"
                " namespace: POST /api/v1/uploads first.",
                field="artifact checksum", value=record.checksum,
            )  # fmt: skip
        if record.size not in {None, blob.size}:
            raise InvalidRequest(
                f"artifact size is {record.size}, and the content {record.checksum!r} has {blob.size} bytes.",
                field="artifact size", limit=blob.size, value=record.size,
            )  # fmt: skip
    return held


def check_checksum(field: str, checksum: str) -> str:
    """The hex digits of a checksum.

    Raises:
        InvalidRequest: it is not `sha256:` and 64 lower-case hex digits.
    """
    if not _CHECKSUM.fullmatch(checksum):
        raise InvalidRequest(
            f"{field} must be 'sha256:' and 64 lower-case hex digits, not {checksum[:80]!r}",
            field=field, value=checksum,
        )  # fmt: skip
    return checksum.removeprefix("sha256:")


def check_artifact(record: ArtifactRecord, limits: Limits = DEFAULT) -> ArtifactRecord:
    """The record of an artifact, with what kind of thing it is guessed where it was not said.

    Raises:
        InvalidRequest: path, URI, media type, checksum or size breaks a rule, or the URI carries credentials.
    """
    path = check_text("artifact path", record.path, most=limits.uri)
    if record.kind == "tracked":
        check_uri("artifact uri", record.uri, limits)
    elif record.uri:
        raise InvalidRequest(
            "An uploaded artifact has no artifact uri: its bytes are here.", field="artifact uri", value=record.uri
        )
    if "://" in path:  # a URI is listed under itself
        check_uri("artifact path", path, limits)
    check_text("artifact media_type", record.media_type, least=0, most=limits.name)
    if record.checksum or record.kind == "uploaded":
        check_checksum("artifact checksum", record.checksum)
    if record.size is not None and not 0 <= record.size < INT64:
        raise InvalidRequest(
            f"artifact size must be 0 or more bytes in 64 bits, not {record.size}",
            field="artifact size", value=str(record.size),
        )  # fmt: skip
    mime_type = record.mime_type or guess_mime(path, record.media_type)
    return msgspec.structs.replace(record, mime_type=mime_type)


def _hex(record: ArtifactRecord) -> str:
    return record.checksum.removeprefix("sha256:")


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
