"""The lock that guards a recorder, which also waits for changes and keeps signals out of its middle."""

import threading
from collections.abc import Callable
from typing import Any


class Turn:
    """A re-entrant lock with a condition.

    A signal handler runs in the main thread between any two steps of it, possibly while that thread holds this lock and
    has half done something. It asks `is_mine`, and leaves what it wants to do in `later`.

    Attributes:
        later: called by the thread that lets the lock go.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition(threading.RLock())
        self._owner: int | None = None
        self._depth = 0
        self.later: Callable[[], None] | None = None

    def __enter__(self) -> None:
        self._condition.acquire()
        self._owner = threading.get_ident()
        self._depth += 1

    def __exit__(self, *exc: Any) -> None:
        self._depth -= 1
        if self._depth == 0:
            self._owner = None
        self._condition.release()
        if self._owner is None and self.later is not None:
            later, self.later = self.later, None
            later()

    def is_mine(self) -> bool:
        """Whether the calling thread holds the lock."""
        return self._owner == threading.get_ident()

    def wait(self, timeout: float) -> None:
        """Let the lock go until something changed, or for `timeout` seconds."""
        depth, self._depth, self._owner = self._depth, 0, None
        try:
            self._condition.wait(timeout)
        finally:
            self._depth, self._owner = depth, threading.get_ident()

    def changed(self) -> None:
        """Wake those who wait; the caller holds the lock."""
        self._condition.notify_all()
