"""Sending what dead processes left, while this one has nothing of its own to send."""

from mbox_ops.client.clock import Clock
from mbox_ops.client.lanes import JournalLane
from mbox_ops.client.sender import Sender
from mbox_ops.client.spool import Spool
from mbox_ops.client.tracks import Tracks


class Adoption:
    """Gives a sender one orphan after the other. Its recorder's lock guards it.

    Args:
        every: seconds between two looks into the spool.
    """

    def __init__(self, spool: Spool, sender: Sender, clock: Clock, every: float) -> None:
        self._spool = spool
        self._sender = sender
        self._clock = clock
        self._every = every
        self._look_at = 0.0
        self._lane: JournalLane | None = None
        self._unreadable: set[str] = set()  # left to other processes, and to people

    def next(self) -> bool:
        """Go on to the next orphan if the present one is done; whether there is something to send."""
        if (lane := self._lane) is not None:
            try:
                if lane.take() is not None:
                    return True
            except OSError:
                self._unreadable.add(lane.journal.name)
        self.close()
        now = self._clock.monotonic()
        if lane is None and now < self._look_at:
            return False
        self._look_at = now + self._every
        self._spool.forget_old_clocks()
        if (journal := next(self._spool.orphans(but=self._unreadable), None)) is None:
            return False
        self._lane = self._sender.orphan = JournalLane(journal, Tracks())
        return True

    def close(self) -> None:
        """Leave what is left of the present one to the next process."""
        lane, self._lane = self._lane, None
        self._sender.orphan = None
        if lane is not None:
            lane.close()

    def abandon(self) -> None:
        """Leave it to the parent of this forked child."""
        if self._lane is not None:
            self._lane.journal.abandon()
        self._lane = self._sender.orphan = None
