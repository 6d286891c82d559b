"""One process's spool: append-only segment files, read in order from a cursor that is kept beside them.

`<name>.lock` is locked while the journal is owned, `<name>.<n>.seg` are its segments, `<name>.cursor` says what was
sent. A cursor that lags does no harm: what is sent again is a duplicate to the service.
"""

import contextlib
import errno
import os
import struct
from pathlib import Path
from zlib import crc32

import msgspec

from mbox_ops.client.filelock import take_lock
from mbox_ops.client.frames import Read, frame, pread, read_frame
from mbox_ops.wire.encodings import decode, encode

_CURSOR = struct.Struct("<QQI")


class Start(msgspec.Struct, frozen=True, array_like=True):
    """When an attempt began, for an epoch that waits for the server's time.

    Attributes:
        family: the processes that share one reading of the server's time.
        boot: the boot of the host in which `age` counts.
        age: microseconds since that boot.
        wall: the same instant on the host's wall clock, in microseconds, for the time after another boot.
    """

    family: str
    boot: str
    age: int
    wall: int


class Record(msgspec.Struct, frozen=True, array_like=True):
    """A batch as it waits: encoded, with epoch 0 if `start` still has to become one."""

    producer: str
    seq: int
    start: Start | None
    body: bytes


class Journal:
    """The segments of one owner. Not thread-safe: its backlog's lock guards it.

    Attributes:
        damaged: how many damaged places were skipped while reading.
        size: bytes of the segments that are still there.
    """

    def __init__(self, folder: Path, name: str, lock: int, segment_bytes: int = 8 << 20) -> None:
        self.folder = folder
        self.name = name
        self.damaged = 0
        self._lock: int | None = lock
        self._segment_bytes = segment_bytes
        numbers = self._numbers()
        self._at = self._saved_cursor(numbers)
        self._last = max(numbers, default=self._at[0] - 1)
        self.size = sum(self._segment(n).stat().st_size for n in numbers)
        self._writing: int | None = None
        self._written = 0
        self._reading: int | None = None
        self._next: tuple[Record, int] | None = None
        self._unsynced = False
        self._doubtful = False  # an fsync of the segment failed: a later one proves nothing

    @classmethod
    def own(cls, folder: Path, name: str, segment_bytes: int = 8 << 20) -> "Journal | None":
        """The journal of that name, made if it is not there; None if another process owns it.

        Raises:
            OSError: the folder cannot be written, or its file system has no locks.
        """
        lock = take_lock(folder / f"{name}.lock")
        if lock is None:
            return None
        try:
            return cls(folder, name, lock, segment_bytes)
        except OSError:
            os.close(lock)
            raise

    def append(self, record: Record) -> None:
        """Put a record at the end. It survives this process at once, and the machine from `sync` on.

        Raises:
            OSError: the disk is full or broken; nothing was appended.
        """
        data = frame(encode(record))
        if self._writing is None or self._written >= self._segment_bytes:
            self._begin_segment()
        assert self._writing is not None
        _write_whole(self._writing, data, self._written)
        self._written += len(data)
        self.size += len(data)
        self._unsynced = True

    def peek(self) -> Record | None:
        """The oldest record that was not taken off, None if there is none.

        Raises:
            OSError: the disk failed; it is tried again at the next call.
        """
        while self._next is None:
            number, offset = self._at
            if number > self._last:
                return None
            found = None if (fd := self._reader()) is None else read_frame(fd, offset)
            if found is not None:
                self.damaged += found.damaged
                self._show(found)
            elif number == self._last and self._writing is not None:
                return None
            else:
                self._leave_segment()
        return self._next[0]

    def _show(self, found: Read) -> None:
        try:
            self._next = (decode(found.payload, Record), found.next)
        except msgspec.DecodeError:  # written by a version that this one does not understand
            self.damaged += 1
            self._at = (self._at[0], found.next)

    def advance(self) -> None:
        """Take off the record that `peek` showed; a segment whose records are all taken off is removed."""
        assert self._next is not None
        self._at = (self._at[0], self._next[1])
        self._next = None
        self._save_cursor()
        if self._at == (self._last, self._written) and self._writing is not None:
            self._unsynced = False
            self._end_segment()
            self._leave_segment()

    def is_empty(self) -> bool:
        """Whether no record is left.

        Raises:
            OSError: the disk failed.
        """
        return self.peek() is None

    def sync(self) -> None:
        """Make what was appended survive a crash of the machine.

        A segment whose fsync failed is never synced again: the system may have forgotten what it did not write. What is
        left of it is written to a new segment.

        Raises:
            OSError: the disk failed.
        """
        if self._unsynced and self._writing is not None:
            if not self._doubtful:
                try:
                    os.fsync(self._writing)
                    sync_folder(self.folder)
                except OSError:
                    self._doubtful = True
            if self._doubtful:
                self._write_anew(self._writing)
        self._unsynced = self._doubtful = False

    def close(self) -> None:
        """Let the journal go: what is left in it is for the next owner; an empty one is removed."""
        if self._lock is None:
            return
        with contextlib.suppress(OSError):  # what cannot be read or removed now may be another time
            if self.is_empty():
                for path in [*self.folder.glob(f"{self.name}.*.seg"), self._cursor_path(), self._lock_path()]:
                    path.unlink(missing_ok=True)
        self.abandon()

    def abandon(self) -> None:
        """Close the descriptors and touch nothing: a forked child does so with its parent's journal."""
        for fd in (self._writing, self._reading):
            if fd is not None:
                os.close(fd)
        self._writing = self._reading = self._next = None
        lock, self._lock = self._lock, None
        if lock is not None:
            os.close(lock)

    def _begin_segment(self) -> None:
        self._end_segment()
        self._writing, self._last = self._new_segment()
        self._written = 0

    def _new_segment(self) -> tuple[int, int]:
        """A new file behind all others, one that could not be removed among them; its descriptor and number."""
        number = max(self._numbers(), default=0)
        number = max(number, self._last) + 1
        return os.open(self._segment(number), os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), number

    def _write_anew(self, doubted: int) -> None:
        """Go on in a new segment, which begins with what was not taken off the doubted one; that one is removed."""
        old, start = self._last, self._at[1] if self._at[0] == self._last else 0
        data = _whole_frames(doubted, start, self._written)
        fd, number = self._new_segment()
        try:
            _write_whole(fd, data, 0)
            os.fsync(fd)
            sync_folder(self.folder)
        except OSError:
            os.close(fd)
            with contextlib.suppress(OSError):  # one that stays holds nothing that the others do not
                self._segment(number).unlink()
            raise
        os.close(doubted)
        self._writing, self._written, self._last = fd, len(data), number
        if self._at[0] == old:
            if self._reading is not None:
                os.close(self._reading)
                self._reading = None
            self._at = (number, 0)
            if self._next is not None:
                self._next = (self._next[0], self._next[1] - start)
            self._save_cursor()
        self.size -= start
        with contextlib.suppress(OSError):
            self._segment(old).unlink(missing_ok=True)

    def _end_segment(self) -> None:
        self.sync()
        if self._writing is not None:
            os.close(self._writing)
        self._writing = None

    def _leave_segment(self) -> None:
        """Go on with the next segment, and remove the one left behind."""
        done = self._at[0]
        if self._reading is not None:
            os.close(self._reading)
            self._reading = None
        self._at = (done + 1, 0)
        self._save_cursor()
        for number in self._numbers():
            if number <= done:
                with contextlib.suppress(OSError):  # it is tried again when the next one is left
                    size = self._segment(number).stat().st_size
                    self._segment(number).unlink()
                    self.size -= size

    def _reader(self) -> int | None:
        if self._reading is None:
            try:
                self._reading = os.open(self._segment(self._at[0]), os.O_RDONLY)
            except FileNotFoundError:
                return None
        return self._reading

    def _save_cursor(self) -> None:
        """Note what was sent. A note that the disk does not take does no harm: what is sent again is a duplicate."""
        place = struct.pack("<QQ", *self._at)
        with contextlib.suppress(OSError):
            fd = os.open(self._cursor_path(), os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.pwrite(fd, place + struct.pack("<I", crc32(place)), 0)
            finally:
                os.close(fd)

    def _saved_cursor(self, numbers: list[int]) -> tuple[int, int]:
        first = min(numbers, default=1)
        try:
            data = self._cursor_path().read_bytes()
        except OSError:
            return first, 0
        if len(data) != _CURSOR.size or crc32(data[:16]) != _CURSOR.unpack(data)[2]:
            return first, 0
        number, offset, _ = _CURSOR.unpack(data)
        return (number, offset) if number >= first else (first, 0)

    def _numbers(self) -> list[int]:
        texts = (path.name.split(".")[-2] for path in self.folder.glob(f"{self.name}.*.seg"))
        return sorted(int(text) for text in texts if text.isdigit())

    def _segment(self, number: int) -> Path:
        return self.folder / f"{self.name}.{number:08d}.seg"

    def _cursor_path(self) -> Path:
        return self.folder / f"{self.name}.cursor"

    def _lock_path(self) -> Path:
        return self.folder / f"{self.name}.lock"


def _write_whole(fd: int, data: bytes, at: int) -> None:
    """Write all of `data` at `at`, or nothing."""
    done, view = 0, memoryview(data)
    try:
        while done < len(data):
            done += os.pwrite(fd, view[done:], at + done)
    except OSError:
        with contextlib.suppress(OSError):  # the next record is written over what is left
            os.ftruncate(fd, at)
        raise


def _whole_frames(fd: int, start: int, end: int) -> bytes:
    """The bytes from `start` to `end`, read back.

    Raises:
        OSError: they are not what was written.
    """
    place = start
    while place < end:
        found = read_frame(fd, place)
        if found is None or found.damaged:
            raise OSError(errno.EIO, "The spool cannot be read back")
        place = found.next
    return pread(fd, end - start, start)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a crash of the machine."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
