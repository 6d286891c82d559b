"""Files that are tracked where they are: labels, URIs and, when asked, checksums."""

import hashlib
import os
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from mbox_ops.entities.artifacts import ArtifactMime, ArtifactRecord
from mbox_ops.entities.limits import DEFAULT, Limits, check_text
from mbox_ops.entities.uris import check_uri
from mbox_ops.errors import InvalidRequest

File: TypeAlias = str | os.PathLike[str]
Files: TypeAlias = File | Iterable[File]


def records(
    files: Files, *, checksum: bool = False, mime_type: ArtifactMime | None = None, limits: Limits = DEFAULT
) -> list[ArtifactRecord]:
    """What is written of files stored elsewhere.

    Args:
        files: paths or URIs, one or a list. A path is listed as it is given and kept as an absolute `file:` URI.
        checksum: read local files and keep their sha256.
        mime_type: what kind of thing they are; guessed from their names if it is not given.

    Raises:
        InvalidRequest: a name is too long, a URI carries credentials, or a file to be read cannot be.
    """
    several = [files] if isinstance(files, (str, os.PathLike)) else list(files)
    return [_record(file, checksum, mime_type, limits) for file in several]


def _record(file: File, checksum: bool, mime_type: ArtifactMime | None, limits: Limits) -> ArtifactRecord:
    if not isinstance(file, (str, os.PathLike)):
        raise InvalidRequest(
            f"files must hold paths and URIs, not {type(file).__name__}: {file!r:.80}", field="files", value=file
        )
    text = check_text("artifact path", os.fspath(file), most=limits.uri)
    if isinstance(file, str) and "://" in text:
        if checksum:
            raise InvalidRequest(f"checksum=True reads local files, and {text!r} is a URI.", field="files", value=text)
        return ArtifactRecord(path=text, uri=check_uri("artifact uri", text), mime_type=mime_type)
    path = expanded(text).absolute()
    uri = check_text("artifact uri", path.as_uri(), most=limits.uri)
    record = ArtifactRecord(path=text, uri=uri, mime_type=mime_type)
    if checksum:
        record.checksum = _sha256(path, text)
    record.size = _size(path)
    return record


def expanded(text: str) -> Path:
    """The path with a home in place of `~`; it stays as it is where nobody has that name, as in a shell."""
    try:
        return Path(text).expanduser()
    except RuntimeError:
        return Path(text)


def _size(path: Path) -> int | None:
    """The size of a file; None of anything else, and of what is not there."""
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _sha256(path: Path, given: str) -> str:
    try:
        with path.open("rb") as file:
            return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InvalidRequest(
            f"The checksum of {given!r} cannot be made: {error.strerror}.", field="files", value=given
        ) from error
