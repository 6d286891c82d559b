"""What a disk holds after a power cut: what was synced, and nothing else.

A file's bytes are there if an fsync of it succeeded after they were written; bytes whose fsync failed are forgotten,
as systems do, whatever a later fsync says. A name is there, or gone, if an fsync of its folder succeeded since. This is
the harshest that may happen: a real disk may have kept more.
"""

import os
import shutil
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

_RECORD = struct.Struct("<IIQQ")
_WITH_DATA = "WRLY"


@dataclass
class File:
    """A file as processes see it, and as the disk has it."""

    seen: bytearray = field(default_factory=bytearray)
    kept: bytearray = field(default_factory=bytearray)
    dirty: list[tuple[int, int]] = field(default_factory=list)

    def write(self, at: int, data: bytes) -> None:
        """Bytes that only memory has."""
        self.seen.extend(bytes(max(0, at - len(self.seen))))
        self.seen[at : at + len(data)] = data
        self.dirty.append((at, at + len(data)))

    def cut(self, size: int) -> None:
        """A new size that only memory has."""
        if size < len(self.seen):
            self.dirty = [(start, min(end, size)) for start, end in self.dirty if start < size]
            del self.seen[size:]
        self.seen.extend(bytes(size - len(self.seen)))

    def sync(self) -> None:
        """The disk has what memory has, but for what it forgot."""
        size = len(self.seen)
        del self.kept[size:]
        self.kept.extend(bytes(size - len(self.kept)))
        for start, end in self.dirty:
            self.kept[start:end] = self.seen[start:end]
        self.dirty.clear()


class Disk:
    """The files below a folder, all of them synced when this is made.

    Args:
        folder: as it is before anything is traced.
        ignored: endings of names that mean nothing after a crash.
    """

    def __init__(self, folder: Path, ignored: tuple[str, ...] = ("-shm",)) -> None:
        self.folder = folder.resolve()
        self._ignored = ignored
        self._names: dict[str, File | str] = {}
        self._folders: set[str] = {str(self.folder)}
        for path in self.folder.rglob("*"):
            if path.is_dir():
                self._folders.add(str(path))
            elif path.is_symlink():
                self._names[str(path)] = str(path.readlink())
            elif not path.name.endswith(ignored):
                data = path.read_bytes()
                self._names[str(path)] = File(bytearray(data), bytearray(data))
        self._kept_names = dict(self._names)
        self._kept_folders = set(self._folders)

    def replay(self, trace: Path) -> None:
        """Let happen what a trace tells of."""
        for operation, path, offset, data in _records(trace):
            if path.startswith(f"{self.folder}/") or path == str(self.folder):
                self._happen(operation, path, offset, data)

    def cut_power(self) -> None:
        """Make the folder what the disk has."""
        for path in self.folder.iterdir():
            shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        for name in sorted(self._kept_folders):
            if all(parent in self._kept_folders for parent in _parents(name, self.folder)):
                Path(name).mkdir(exist_ok=True)
        for name, file in self._kept_names.items():
            path = Path(name)
            if not path.parent.is_dir() or name.endswith(self._ignored):
                continue
            if isinstance(file, str):
                path.symlink_to(file)
            else:
                path.write_bytes(file.kept)

    def _happen(self, operation: str, path: str, offset: int, data: bytes) -> None:
        file = self._names.get(path)
        if operation == "M":
            self._folders.add(path)
        elif operation == "C":
            self._names[path] = File()
        elif operation == "U":
            self._names.pop(path, None)
        elif operation == "Y":
            self._names[path] = data.decode()
        elif operation in "RL":
            old = data.decode()
            if old in self._names:
                self._names[path] = self._names.pop(old) if operation == "R" else self._names[old]
        elif operation == "S" and path in self._folders:
            self._sync_names(path)
        elif isinstance(file, File):
            self._happen_to(file, operation, offset, data)

    def _happen_to(self, file: File, operation: str, offset: int, data: bytes) -> None:
        if operation == "W":
            file.write(offset, data)
        elif operation == "T":
            file.cut(offset)
        elif operation == "S":
            file.sync()
        elif operation == "F":
            file.dirty.clear()

    def _sync_names(self, folder: str) -> None:
        def here(name: str) -> bool:
            return os.path.dirname(name) == folder  # noqa: PTH120  called for every name at every fsync of a folder

        self._kept_names = {name: file for name, file in self._kept_names.items() if not here(name)}
        self._kept_names |= {name: file for name, file in self._names.items() if here(name)}
        self._kept_folders |= {name for name in self._folders if here(name)}


def _parents(name: str, top: Path) -> list[str]:
    return [str(parent) for parent in Path(name).parents if parent.is_relative_to(top)]


def _records(trace: Path) -> Iterator[tuple[str, str, int, bytes]]:
    data, at = trace.read_bytes(), 0
    while at < len(data):
        operation, path_length, offset, length = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        path = data[at : at + path_length].decode()
        at += path_length
        body = data[at : at + length] if chr(operation) in _WITH_DATA else b""
        at += len(body)
        yield chr(operation), path, offset, body


def resynced(trace: Path) -> set[str]:
    """The files that were synced again after an fsync of theirs had failed, as a trace tells."""
    failed: set[str] = set()
    again: set[str] = set()
    for operation, path, _, _ in _records(trace):
        if operation == "F":
            failed.add(path)
        elif operation == "S" and path in failed:
            again.add(path)
        elif operation in "CU":
            failed.discard(path)
    return again
