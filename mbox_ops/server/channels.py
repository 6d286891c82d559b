"""What was read last of a watched namespace, shared by all who watch it."""

import asyncio
import bisect
from collections.abc import Sequence

from mbox_ops.entities.changes import Change
from mbox_ops.service.changes import Position

Placed = Sequence[tuple[Position, Change]]

KEPT = 2_000  # changes, at the most twice as many
PAGE = 1_000


class Channel:
    """A watched namespace: its changes behind `start`, up to `end`.

    Attributes:
        watchers: how many watch it.
        news: set, and replaced by another, when there is something to look at.
    """

    def __init__(self, at: Position) -> None:
        self.start = self.end = at
        self.watchers = 0
        self.news = asyncio.Event()
        self._placed: list[tuple[Position, Change]] = []

    def add(self, placed: Placed, end: Position) -> None:
        """Take what was read behind the end, and wake who waits for it."""
        self._placed += placed
        self.end = end
        if len(self._placed) > 2 * KEPT:
            self.start = self._placed[-KEPT - 1][0]
            del self._placed[:-KEPT]
        if placed:
            self.wake()

    def restart(self, at: Position) -> None:
        """Forget everything: changes were swept out before they were read."""
        self.start = self.end = at
        self._placed.clear()
        self.wake()

    def behind(self, position: Position) -> Placed | None:
        """The first changes behind a position; None: it lies before the first of those that are kept."""
        if position < self.start:
            return None
        place = bisect.bisect_right(self._placed, position, key=_position)
        return self._placed[place : place + PAGE]

    def wake(self) -> None:
        """Wake who waits."""
        news, self.news = self.news, asyncio.Event()
        news.set()


def _position(placed: tuple[Position, Change]) -> Position:
    return placed[0]
