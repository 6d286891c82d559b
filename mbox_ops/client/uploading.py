"""Uploading: files go to the service in parts, in constant memory, and go on where they broke off."""

import hashlib
import mimetypes
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from mbox_ops.client.files import Files
from mbox_ops.client.folders import Source, sources
from mbox_ops.client.http import HttpApi
from mbox_ops.client.stream import Stream
from mbox_ops.client.values import Artifact
from mbox_ops.entities.artifacts import ArtifactMime, ArtifactRecord
from mbox_ops.entities.uploads import CreateUpload, Upload
from mbox_ops.errors import Conflict, InternalError, InvalidRequest, NotFound, Unavailable
from mbox_ops.wire.encodings import OCTETS

if TYPE_CHECKING:
    from mbox_ops.client.connection import Connection

Progress: TypeAlias = Callable[[str, int, int], None]
"""Called with an artifact's path, how many of its bytes are done, and how many it has."""

PATIENCE = 30.0  # seconds
_VERIFIED = 20 << 20  # bytes that a slow service verifies in a second
_AT_ONCE = 5_000  # artifacts in one write


def upload(
    connection: "Connection",
    stream: Stream,
    files: Files,
    *,
    under: str | None = None,
    mime_type: ArtifactMime | None = None,
    progress: Progress | None = None,
    timeout: float = PATIENCE,
) -> list[Artifact]:
    """Upload files and write them to a run; see `Run.upload_artifact`."""
    wanted = sources(files, under)
    uploader = Uploader(connection.api, progress=progress, timeout=timeout)
    records = [uploader.send(source, mime_type) for source in wanted]
    made: list[Artifact] = []
    for start in range(0, len(records), _AT_ONCE):
        part = records[start : start + _AT_ONCE]
        result = stream.write_now(artifacts=part, timeout=timeout)
        made += [_artifact(result.run_id, *pair) for pair in zip(part, result.artifact_ids, strict=True)]
    return made


class Uploader:
    """Sends the bytes of files.

    Args:
        api: where to.
        progress: told after each part.
        timeout: seconds to go on trying while nothing gets through.
    """

    def __init__(self, api: HttpApi, *, progress: Progress | None = None, timeout: float = PATIENCE) -> None:
        self._api, self._timeout = api, timeout
        self._tell = progress or (lambda path, done, of: None)
        self._parts = 0  # that got through

    def send(self, source: Source, mime_type: ArtifactMime | None = None) -> ArtifactRecord:
        """Have the service hold a file's content, and return what is written of it.

        Raises:
            InvalidRequest: the file cannot be read, or changes meanwhile.
            Unavailable: nothing has got through for too long.
        """
        size, checksum = _measure(source.path)
        self._deliver(source, CreateUpload(checksum=checksum, size=size))
        self._tell(source.label, size, size)
        media_type = _types().guess_type(source.path.name)[0] or ""
        return ArtifactRecord(
            path=source.label, kind="uploaded", checksum=checksum, size=size, mime_type=mime_type, media_type=media_type
        )

    def _deliver(self, source: Source, wish: CreateUpload) -> None:
        until = time.monotonic() + self._timeout
        while True:
            before = self._parts
            try:
                upload = self._begin(wish)
                if upload.complete:
                    return
                self._send_parts(source, upload)
            except (Unavailable, InternalError, Conflict, NotFound):  # the last two: others send it too, or it expired
                if self._parts > before:
                    until = time.monotonic() + self._timeout
                if time.monotonic() >= until:
                    raise
                time.sleep(min(0.5, self._timeout / 10))

    def _begin(self, wish: CreateUpload) -> Upload:
        patient = self._timeout + wish.size / _VERIFIED
        return self._api.call("POST", "/uploads", body=wish, result=Upload, retry=False, timeout=patient)

    def _send_parts(self, source: Source, upload: Upload) -> None:
        with source.path.open("rb") as file:
            file.seek(upload.offset)
            for offset in range(upload.offset, upload.size, upload.part_bytes):
                self._tell(source.label, offset, upload.size)
                expected = min(upload.part_bytes, upload.size - offset)
                part = file.read(expected)
                if len(part) != expected:
                    raise InvalidRequest(
                        f"{str(source.path)!r} became shorter while it was uploaded.", field="files", value=source.label
                    )
                self._api.call(
                    "PUT", f"/uploads/{upload.id}", query={"offset": offset}, body=part, media_type=OCTETS,
                    result=Upload, retry=False,
                )  # fmt: skip
                self._parts += 1


@cache
def _types() -> mimetypes.MimeTypes:
    """The same on every machine: it knows none of the system's tables."""
    return mimetypes.MimeTypes()


def _measure(path: Path) -> tuple[int, str]:
    """A file's size and checksum, of the same reading."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            return file.tell(), f"sha256:{digest}"
    except OSError as error:
        raise InvalidRequest(
            f"{str(path)!r} cannot be uploaded: {error.strerror}.", field="files", value=str(path)
        ) from error


def _artifact(run_id: str, record: ArtifactRecord, artifact_id: str) -> Artifact:
    return Artifact(
        parent=run_id, path=record.path, mime_type=record.mime_type or ArtifactMime.Unknown, kind="uploaded",
        checksum=record.checksum, id=artifact_id, media_type=record.media_type, size=record.size,
    )  # fmt: skip
