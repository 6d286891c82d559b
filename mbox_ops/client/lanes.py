"""Where the sender takes batches from."""

from typing import Protocol

from mbox_ops.client.journal import Journal, Record
from mbox_ops.client.tracks import Item, Track, Tracks


class Lane(Protocol):
    """Batches in the order in which they must be sent."""

    def take(self) -> Item | None:
        """The batch to send now, None if there is none; it stays the same until it is settled.

        Raises:
            OSError: the spool cannot be read.
        """

    def settle(self, item: Item) -> None:
        """Nothing more is to be done about the batch that was taken."""

    def withdraw(self, item: Item) -> bool:
        """Take back a batch that is not on its way; whether it was the one that was taken, so that it may have been."""

    def park(self) -> None:
        """The server is away: put what waits where it is safe."""

    def is_shared(self) -> bool:
        """Whether another process may come to send the batch that was taken."""


class JournalLane:
    """The batches of a journal: of an orphan, or of this process."""

    def __init__(self, journal: Journal, tracks: Tracks) -> None:
        self.journal = journal
        self._tracks = tracks
        self._item: Item | None = None

    def take(self) -> Item | None:
        """The oldest batch that is not settled."""
        while self._item is None:
            record = self.journal.peek()
            if record is None:
                return None
            track = self._tracks.of(record.producer)
            if record.seq <= track.settled:
                self.journal.advance()
            else:
                self._item = _item(record, track)
        return self._item

    def settle(self, item: Item) -> None:
        """Take the batch off the journal, if that is still there."""
        if item is self._item:
            self._item = None
            self.journal.advance()

    def withdraw(self, item: Item) -> bool:
        """Nobody waits for a batch that lies in a file."""
        return False

    def park(self) -> None:
        """It is safe where it is."""

    def close(self) -> None:
        """Leave what waits to whoever owns the journal next."""
        self._item = None
        self.journal.close()

    def is_shared(self) -> bool:
        """Whoever finds the journal may send it."""
        return True


def _item(record: Record, track: Track) -> Item:
    return Item(track, record.seq, record.body, record.start, spooled=True)
