"""Turns: who may write to an SQLite file, one at a time."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from mbox_ops.errors import Unavailable


class Turns:
    """One writer at a time, and whether others wait.

    SQLite has one lock for writers. Waiting for it here is fairer than its busy handler, and can be seen.
    """

    def __init__(self, *, seconds: float) -> None:
        self._seconds = seconds
        self._lock = threading.Lock()
        self._waiting: list[None] = []  # one each; a list takes them without a lock of its own

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Hold the turn while the block runs.

        Raises:
            Unavailable: others had it for too long.
        """
        if not self._lock.acquire(blocking=False) and not self._wait():
            raise Unavailable(f"The database was busy for {self._seconds:g} seconds; try again.")
        try:
            yield
        finally:
            self._lock.release()

    def is_awaited(self) -> bool:
        """Whether somebody waits for the turn at this moment."""
        return bool(self._waiting)

    def _wait(self) -> bool:
        self._waiting.append(None)
        try:
            return self._lock.acquire(timeout=self._seconds)
        finally:
            self._waiting.pop()
