"""The folder in which batches for one service and namespace wait: its processes' journals, and what was refused."""

import contextlib
import hashlib
import os
import time
from collections.abc import Container, Iterator
from pathlib import Path

import msgspec

from mbox_ops.client.journal import Journal, sync_folder
from mbox_ops.client.refused import Refused
from mbox_ops.entities.ids import uuid7
from mbox_ops.wire.encodings import JSON, decode, encode

_META = "meta.json"
CLOCK_DAYS = 30.0


class Address(msgspec.Struct, frozen=True):
    """Where the batches of a spool folder go."""

    url: str
    namespace: str


class Spool:
    """The spool of one (URL, namespace). Touches the disk only when something has to wait.

    Args:
        root: the folder of all spools, `MBOX_SPOOL_DIR`.
        segment_bytes: a journal begins a new segment file beyond this size.
        limit: bytes that all processes together may keep waiting here.
    """

    def __init__(
        self, root: Path, url: str, namespace: str, *, segment_bytes: int = 8 << 20, limit: int = 1 << 30
    ) -> None:
        self.address = Address(url.rstrip("/"), namespace)
        digest = hashlib.sha256(f"{self.address.url}\n{namespace}".encode()).hexdigest()
        self.folder = root / digest[:32]
        self.limit = limit
        self.refused = Refused(self.folder / "refused")
        self._segment_bytes = segment_bytes

    def new_journal(self) -> Journal:
        """A new journal that this process owns.

        Raises:
            OSError: the folder cannot be written, or its file system has no locks.
        """
        self._make()
        while (journal := Journal.own(self.folder, uuid7(), self._segment_bytes)) is None:
            pass
        return journal

    def orphans(self, *, but: Container[str] = ()) -> Iterator[Journal]:
        """The journals that a process left behind, oldest first, each owned by this process from now on.

        Args:
            but: names of those that are not wanted.
        """
        for name in self.names():
            if name in but:
                continue
            try:
                journal = Journal.own(self.folder, name, self._segment_bytes)
            except OSError:
                continue
            if journal is not None:
                yield journal

    def names(self) -> list[str]:
        """The names of all journals, oldest first, owned or not."""
        try:
            found = {path.name.split(".")[0] for path in self.folder.iterdir() if path.suffix in (".lock", ".seg")}
        except OSError:
            return []
        return sorted(found)

    def used(self) -> int:
        """The bytes of all segments in the folder."""
        total = 0
        for path in self.folder.glob("*.seg"):
            try:
                total += path.stat().st_size
            except FileNotFoundError:
                continue
        return total

    def clock_path(self, family: str) -> Path:
        """Where the processes of a family keep what they know of the server's time."""
        return self.folder / f"{family}.clock"

    def forget_old_clocks(self) -> None:
        """Remove what families noted of the server's time and nobody can need any more."""
        for path in self.folder.glob("*.clock"):
            with contextlib.suppress(OSError):
                if time.time() - path.lstat().st_mtime > CLOCK_DAYS * 86_400:
                    path.unlink()

    def _make(self) -> None:
        """Make the folder, then say in it whose it is: once that stands, the way to it survives a crash."""
        if (self.folder / _META).exists():
            return
        missing = [folder for folder in self.folder.parents if not folder.exists()]
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.folder, *missing):
            sync_folder(folder.parent)
        draft = self.folder / f"{_META}.{os.getpid()}"
        with draft.open("wb") as file:
            file.write(encode(self.address, JSON))
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self.folder / _META)


def spools(root: Path) -> list[Spool]:
    """Every spool below `root` whose address can be read."""
    found = []
    for meta in sorted(root.glob(f"*/{_META}")):
        try:
            address = decode(meta.read_bytes(), Address, JSON)
        except (OSError, msgspec.DecodeError):
            continue
        found.append(Spool(root, address.url, address.namespace))
    return found
