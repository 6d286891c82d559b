"""Bytes under their sha256: `ab/cd/<sha256>.<random>` below a root, which is a folder, a bucket or memory.

The random end makes each name a name for ever: what is removed can never be what somebody else has just stored, so
storing and removing need no lock, here or in an object store. Nothing is overwritten and nothing is read by a name that
a caller chose.

    <root>/ab/cd/<sha256>.<16 hex digits>   a blob, whole and verified
    <root>/parts/<upload>/<number>          what has come of an upload
    <root>/tmp/...                          of local folders only: what becomes a blob or a part by a rename
"""

import errno
import hashlib
import os
import secrets
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import fsspec
from fsspec.implementations.local import LocalFileSystem
from fsspec.spec import AbstractBufferedFile

from mbox_ops.artifacts.failures import translated

WRITE_BLOCK = 16 << 20  # bytes that an object store is sent at once; it takes 10,000 of them for one object
SHARDS = 256
_TIMES = ("mtime", "LastModified", "last_modified", "modified", "created", "updated")  # by kind of file system

_OVERTAKEN = {errno.ENOTEMPTY, errno.EISDIR}  # by somebody who has just written into the folder


class Found(NamedTuple):
    """Something that lies in the store."""

    key: str
    modified_at: int | None  # microseconds since 1970 UTC; None where the store does not say


class Mismatch(Exception):
    """The bytes of an upload are not those it was announced with."""

    def __init__(self, found: str) -> None:
        super().__init__(found)
        self.found = found


class Blobs:
    """A blob store.

    Args:
        url: of the root: `file:///folder` or a path, `s3://bucket/prefix`, `memory://name`, or any that fsspec knows.
            Credentials come from where its library looks for them (for S3: `AWS_ACCESS_KEY_ID` and so on).

    Raises:
        ValueError: fsspec knows no such kind of URL.
        ImportError: its package is not installed.
    """

    def __init__(self, url: str) -> None:
        self.url = url
        self._fs: Any
        self._fs, root = fsspec.core.url_to_fs(url, use_listings_cache=False)
        self._root = root.rstrip("/")
        self._local = isinstance(self._fs, LocalFileSystem)

    def __repr__(self) -> str:
        return f"Blobs({self.url!r})"

    def put_part(self, upload: str, number: int, data: bytes) -> None:
        """Keep one part of an upload; the same part again takes the place of the first."""
        with translated(self.url):
            self._write_whole(_part(upload, number), data)

    def drop_parts(self, upload: str) -> None:
        """Remove what has come of an upload."""
        self._remove(f"parts/{upload}")

    def compose(self, upload: str, parts: int, sha256: str) -> str:
        """Make one blob of an upload's parts, verified while it is written, and return its key.

        Raises:
            Mismatch: the bytes have another sha256; nothing is kept of the blob.
        """
        key = f"{sha256[:2]}/{sha256[2:4]}/{sha256}.{secrets.token_hex(8)}"
        with translated(self.url):
            if self._local:
                self._compose_local(upload, parts, sha256, key)
            else:
                self._compose_remote(upload, parts, sha256, key)
        return key

    def verify(self, upload: str, parts: int, sha256: str) -> None:
        """Make sure that an upload's parts have that sha256.

        Raises:
            Mismatch: they have another one.
        """
        with translated(self.url):
            _check(sha256, self._hashed(upload, parts, _Nowhere()))

    def read(self, key: str, start: int, end: int) -> bytes:
        """The bytes of a blob from `start` up to `end`."""
        with translated(self.url):
            return bytes(self._fs.cat_file(self._path(key), start=start, end=end)) if end > start else b""

    def delete(self, key: str) -> None:
        """Remove a blob; one that is not there is no error."""
        self._remove(key)

    def probe(self) -> None:
        """Make sure that the store takes bytes, by a file of one byte that goes again.

        Raises:
            StorageFull: it has no room.
            Unavailable: it is away, or refuses.
        """
        key = f"tmp/{secrets.token_hex(16)}"
        with translated(self.url):
            if self._local:
                Path(self._path("tmp")).mkdir(parents=True, exist_ok=True)
            self._fs.pipe_file(self._path(key), b"?")
        self._remove(key)

    def blobs(self, shard: int) -> list[Found]:
        """What lies in one of the 256 folders of blobs."""
        return self._walk(f"{shard:02x}")

    def parts(self) -> list[Found]:
        """What lies there of uploads, and of writes that broke off; the keys begin with `parts/<upload>/` or `tmp/`."""
        return self._walk("parts") + self._walk("tmp")

    def _compose_local(self, upload: str, parts: int, sha256: str, key: str) -> None:
        beside = Path(self._path(f"tmp/{secrets.token_hex(16)}"))
        beside.parent.mkdir(parents=True, exist_ok=True)
        try:
            with beside.open("xb") as file:
                _check(sha256, self._hashed(upload, parts, file))
                file.flush()
                os.fsync(file.fileno())
            target = Path(self._path(key))
            target.parent.mkdir(parents=True, exist_ok=True)
            beside.rename(target)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
        for folder in (target.parent, target.parent.parent, Path(self._root)):
            _sync_folder(folder)

    def _compose_remote(self, upload: str, parts: int, sha256: str, key: str) -> None:
        file = self._fs.open(self._path(key), "wb", block_size=WRITE_BLOCK)
        try:
            _check(sha256, self._hashed(upload, parts, file))
        except BaseException:
            file.discard()
            if isinstance(file, AbstractBufferedFile):
                file.closed = True  # or it would try to complete the object when it is forgotten
            self._remove(key)  # some file systems have it from the beginning
            raise
        file.close()

    def _hashed(self, upload: str, parts: int, file: Any) -> str:
        """Write an upload's parts to a file and return their sha256."""
        digest = hashlib.sha256()
        for number in range(parts):
            data = self._fs.cat_file(self._path(_part(upload, number)))
            digest.update(data)
            file.write(data)
        return digest.hexdigest()

    def _write_whole(self, key: str, data: bytes) -> None:
        if not self._local:
            self._fs.pipe_file(self._path(key), data)
            return
        beside, target = Path(self._path(f"tmp/{secrets.token_hex(16)}")), Path(self._path(key))
        for path in (beside, target):
            path.parent.mkdir(parents=True, exist_ok=True)
        try:
            beside.write_bytes(data)
            beside.replace(target)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise

    def _remove(self, key: str) -> None:
        with translated(self.url):
            try:
                self._fs.rm(self._path(key), recursive=True)
            except OSError as error:
                if error.errno not in _OVERTAKEN and not isinstance(error, FileNotFoundError):
                    raise
                # Gone before, or a part has just come to an upload that is forgotten: a stray, which is swept later.

    def _walk(self, folder: str) -> list[Found]:
        with translated(self.url):
            found = self._fs.find(self._path(folder), detail=True)
        start = len(self._root) + 1
        return [Found(path[start:], _modified(info)) for path, info in found.items()]

    def _path(self, key: str) -> str:
        return f"{self._root}/{key}"


class _Nowhere:
    def write(self, data: bytes) -> None:
        """Keep nothing."""


def _part(upload: str, number: int) -> str:
    return f"parts/{upload}/{number:08d}"


def _check(expected: str, found: str) -> None:
    if found != expected:
        raise Mismatch(found)


def _modified(info: dict[str, Any]) -> int | None:
    at = next((info[name] for name in _TIMES if info.get(name)), None)
    if isinstance(at, datetime):
        at = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    return None if at is None else int(float(at) * 1_000_000)


def _sync_folder(folder: Path) -> None:
    """Make what was renamed in a folder durable; Windows does so by itself."""
    if os.name == "nt":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
