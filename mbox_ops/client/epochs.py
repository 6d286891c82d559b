"""Epochs: when an attempt began, by the server's clock, the same for all processes that share the attempt.

The server's time less the host's age is read once (`offset`); an attempt's epoch is that offset plus the age at which
it began. Processes that share an attempt (a fork, or whoever adopts a spool) must come to the same epoch, or they would
replace each other's data: they are a family, and the first of them to read the server's time writes it down.
"""

import errno
import os
import threading
from collections.abc import Callable
from pathlib import Path

from mbox_ops.client.clock import Clock
from mbox_ops.client.journal import Start, sync_folder
from mbox_ops.errors import Unavailable

SLOWEST = 1_000_000  # microseconds; a slower answer says too little about what time it is
_PASSING = frozenset({errno.EIO, errno.ENOSPC, errno.EDQUOT})  # others say that this file system never can
FAMILY = os.urandom(8).hex()  # inherited by a fork, new in any other process


class Epochs:
    """Turns starts into epochs.

    Args:
        clock: the host's clocks.
        server_time: asks the server for its time, in microseconds since 1970 UTC.
        path_of: where a family writes its offset down.

    Attributes:
        family: of this process.
        forked: this process forked, or was, before the offset was known: it must be shared.
    """

    def __init__(self, clock: Clock, server_time: Callable[[], int], path_of: Callable[[str], Path]) -> None:
        self._clock = clock
        self._server_time = server_time
        self._path_of = path_of
        self._own: int | None = None
        self._shared: dict[str, int] = {}
        self.family = FAMILY
        self.forked = False
        self._deciding = threading.Lock()

    def note_fork(self) -> None:
        """Share the offset from now on, unless the child inherits it; called before a fork."""
        with self._deciding:
            self.forked = self.forked or self._own is None

    def become_child(self) -> None:
        """Be those of a forked child: whoever decided something in the parent does not do so here."""
        self._deciding = threading.Lock()

    def start_now(self, *, age: int | None = None) -> Start:
        """The start of an attempt of this process: now, or at that age of the host."""
        now = self._clock.age()
        began = now if age is None else age
        wall = int(self._clock.wall() * 1_000_000) - (now - began)
        return Start(self.family, self._clock.boot, began, wall)

    def known(self, start: Start) -> int | None:
        """The epoch in milliseconds of an attempt of this process, if the server's time was read already."""
        return None if self._own is None or start.family != self.family else (self._own + start.age) // 1_000

    def of(self, start: Start, *, shared: bool) -> int:
        """The epoch in milliseconds, asking the server for its time if need be.

        Args:
            shared: another process may have to come to the same epoch.

        Raises:
            MboxError: the server was not reached, or answered too slowly.
        """
        offset = self._shared_offset(start, must=shared) if shared or self.forked else self._own_offset(start)
        return (offset + start.age) // 1_000

    def _own_offset(self, start: Start) -> int:
        if self._own is not None:
            return self._own
        asked = self._ask(start)
        with self._deciding:  # this process may have forked while it asked: then its child may have asked too
            if not self.forked:
                self._own = asked
                return asked
        return self._shared_offset(start, asked)

    def _shared_offset(self, start: Start, asked: int | None = None, *, must: bool = False) -> int:
        """`must`: another process could come to another epoch, and replace what is sent with this one."""
        if start.family not in self._shared:
            own = self._own if start.family == self.family and self._own is not None else asked
            path = self._path_of(start.family)
            try:
                offset = _read(path)
                if offset is None:
                    own = self._ask(start) if own is None else own
                    offset = _write_first(path, own)
                sync_folder(path.parent)  # whoever wrote it down may not have come to it
            except OSError as error:
                if must and error.errno in _PASSING:
                    raise Unavailable(f"The server's time cannot be noted in {path}: {error.strerror}.") from error
                offset = self._ask(start) if own is None else own
            self._shared[start.family] = offset
            if self._own is None and start.family == self.family:
                self._own = offset
        return self._shared[start.family]

    def _ask(self, start: Start) -> int:
        for _ in range(2):  # the first answer may be slow for what has to be imported, and for the connection
            before = self._clock.age()
            now = self._server_time()
            took = self._clock.age() - before
            if took <= SLOWEST:
                break
        else:
            raise Unavailable(f"The service took {took / 1_000_000:.1f} s to say what time it is; the limit is 1 s.")
        if start.boot == self._clock.boot:
            return now - (before + took // 2)
        return now - (int(self._clock.wall() * 1_000_000) - start.wall) - start.age


def _read(path: Path) -> int | None:
    """What was written down; None if nothing was."""
    try:
        return int(path.readlink().name)
    except (FileNotFoundError, ValueError):
        return None


def _write_first(path: Path, offset: int) -> int:
    """Write the offset down, unless another process has: then that one's holds.

    It is the target of a symbolic link: that is there as a whole or not at all, needs no room on a full disk, and the
    first one stands.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        path.symlink_to(str(offset))
    except FileExistsError:
        found = _read(path)
        return offset if found is None else found
    return offset
