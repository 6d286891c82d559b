"""Downloading: bytes come in pieces, are verified, and only then get their name."""

import hashlib
import secrets
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from mbox_ops.client.http import HttpApi
from mbox_ops.client.placing import place
from mbox_ops.client.uploading import PATIENCE, Progress
from mbox_ops.client.values import Artifact
from mbox_ops.errors import InternalError, InvalidRequest, Unavailable


def download(
    api: HttpApi,
    artifact: Artifact,
    folder: Path,
    *,
    progress: Progress | None = None,
    timeout: float = PATIENCE,
) -> Path:
    """Write an artifact's bytes to the file of its path in a folder, and return that file.

    Raises:
        InvalidRequest: it is only tracked, or its path is none inside the folder; nothing was written.
        InternalError: the bytes are not those of the checksum; nothing was written.
        Unavailable: nothing has come for too long; nothing was written.
    """
    if artifact.kind != "uploaded":
        raise InvalidRequest(
            f"The artifact {artifact.path!r} is only tracked: its bytes are at {artifact.uri}.",
            field="artifact", value=artifact.path,
        )  # fmt: skip
    target = place(folder, artifact.path)
    beside = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        with beside.open("xb") as file:
            found = _Fetch(api, artifact, file, progress, timeout).checksum()
        if found != artifact.checksum:
            raise InternalError(
                f"The bytes of the artifact {artifact.path!r} have the checksum {found!r} and not"
                f" {artifact.checksum!r}: they are damaged, and were not kept."
            )
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)
    return target


class _Fetch:
    """One artifact on its way into a file; a broken connection is taken up where it broke."""

    def __init__(self, api: HttpApi, artifact: Artifact, file: Any, progress: Progress | None, timeout: float) -> None:
        self._api, self._artifact, self._file, self._timeout = api, artifact, file, timeout
        self._tell = progress or (lambda path, done, of: None)
        self._size = artifact.size or 0
        self._done = 0
        self._digest = hashlib.sha256()

    def checksum(self) -> str:
        """Fetch everything and return the checksum of what came."""
        until = time.monotonic() + self._timeout
        while True:
            before = self._done
            try:
                self._fetch()
            except Unavailable:
                if self._done > before:
                    until = time.monotonic() + self._timeout
                if time.monotonic() >= until:
                    raise
                time.sleep(min(0.5, self._timeout / 10))
            else:
                return f"sha256:{self._digest.hexdigest()}"

    def _fetch(self) -> None:
        self._tell(self._artifact.path, self._done, self._size)
        if self._done == self._size:
            return
        path = f"/artifacts/{quote(self._artifact.id, safe='')}/content"
        for piece in self._api.stream(path, start=self._done):
            self._file.write(piece)
            self._digest.update(piece)
            self._done += len(piece)
            self._tell(self._artifact.path, self._done, self._size)
