"""Batches of this process that wait to be sent, in order: first those in its journal, then those in memory."""

import logging
from collections import deque

from mbox_ops.client.epochs import Epochs
from mbox_ops.client.lanes import JournalLane
from mbox_ops.client.spool import Spool
from mbox_ops.client.substitutes import without_points
from mbox_ops.client.tracks import Item, Tracks
from mbox_ops.entities.writers import Batch
from mbox_ops.wire.encodings import decode, encode

logger = logging.getLogger(__name__)

RESERVE = 16 << 20  # bytes beyond the spool's limit for what is not points, and for what is being sent


class Backlog:
    """The lane of a recorder, guarded by its lock.

    Args:
        spool: where batches go while the server is away.
        epochs: finishes batches whose epoch has become known.
        memory_limit: bytes of batches in memory; beyond them they go to the spool.
        fallback_limit: bytes in memory if the spool cannot be written; beyond them the newest batch is lost.
    """

    def __init__(
        self, spool: Spool, epochs: Epochs, *, memory_limit: int = 16 << 20, fallback_limit: int = 64 << 20
    ) -> None:
        self.tracks = Tracks(weak=True)
        self._spool = spool
        self._epochs = epochs
        self._memory_limit = memory_limit
        self._fallback_limit = fallback_limit
        self._memory: deque[Item] = deque()
        self._memory_bytes = 0
        self._in_hand: Item | None = None
        self._lane: JournalLane | None = None
        self._used = 0  # bytes in the spool's folder, counted now and then
        self._counted_at = 0
        self._lost: dict[str, Item] = {}
        self._warned: set[str] = set()

    def add(self, item: Item) -> None:
        """Put a batch behind all others."""
        self.tracks.add(item.track)
        if not self._memory and self._in_hand is None and item.ticket is None:
            try:
                if self._journal_waits():
                    self._append(item)
                    return
            except OSError as error:
                self._warn_of_disk(error)
        self._hold(item)
        if self._memory_bytes > self._memory_limit and not self.spill() and self._memory_bytes > self._fallback_limit:
            self._lose_newest()

    def take(self) -> Item | None:
        """The batch to send now."""
        if self._in_hand is not None:
            return self._in_hand
        if self._lane is not None and (item := self._lane.take()) is not None:
            return item
        if not self._memory and self._lost:
            self._count_losses()
        if self._memory:
            self._in_hand = self._memory.popleft()
        return self._in_hand

    def settle(self, item: Item) -> None:
        """Forget the batch that was taken."""
        if item is self._in_hand:
            self._in_hand = None
            self._let_go(item)
        elif self._lane is not None:
            self._lane.settle(item)

    def withdraw(self, item: Item) -> bool:
        """Take a caller's batch back that is not on its way; whether it was the one taken, and may have been sent."""
        taken = item is self._in_hand
        if taken:
            self._in_hand = None
            self._let_go(item)
        elif item in self._memory:
            self._memory.remove(item)
            self._let_go(item)
        return taken

    def park(self) -> None:
        """Write to disk what waits in memory."""
        self.spill()

    def is_shared(self) -> bool:
        """Whether the batch that was taken lies in the journal."""
        return self._in_hand is None or self._in_hand.spooled

    def spill(self) -> bool:
        """Move what waits in memory to the journal, up to the first batch whose caller waits; whether all was moved."""
        try:
            if self._in_hand is not None and not self._in_hand.spooled:
                if self._in_hand.ticket is not None:
                    return False
                self._append(self._in_hand, sure=True)
                self._in_hand.spooled = True
            while self._memory and self._memory[0].ticket is None:
                self._append(self._memory[0])
                self._let_go(self._memory.popleft())
        except OSError as error:
            self._warn_of_disk(error)
            return False
        return not self._memory

    def sync(self) -> bool:
        """Make all that waits survive a crash of the machine; whether that was possible."""
        self._count_losses()
        if not self.spill():
            return False
        try:
            if self._lane is not None:
                self._lane.journal.sync()
        except OSError as error:
            self._warn_of_disk(error)
            return False
        return True

    def close(self) -> None:
        """Leave what waits to whoever adopts the journal."""
        self.sync()
        lane, self._lane = self._lane, None
        if lane is not None:
            try:
                lane.close()
            except OSError as error:
                self._warn_of_disk(error)

    def abandon(self) -> None:
        """Forget everything and leave the journal to the parent of this forked process."""
        if self._lane is not None:
            self._lane.journal.abandon()
        self._lane = self._in_hand = None
        self._memory.clear()
        self._lost.clear()
        self.tracks.clear()
        self._memory_bytes = 0

    def _journal_waits(self) -> bool:
        return self._lane is not None and not self._lane.journal.is_empty()

    def _hold(self, item: Item) -> None:
        item.charged = len(item.body)
        self._memory_bytes += item.charged
        self._memory.append(item)

    def _let_go(self, item: Item) -> None:
        self._memory_bytes -= item.charged
        item.charged = 0

    def _lose_newest(self) -> None:
        if self._memory and self._memory[-1].ticket is None:
            item = self._memory.pop()
            self._let_go(item)
            self._lose(item, "The service is away, and neither the spool nor memory can hold more")

    def _append(self, item: Item, *, sure: bool = False) -> None:
        if item.start is not None and (epoch := self._epochs.known(item.start)) is not None:
            item.give_epoch(epoch)
        kept = item if sure or self._has_room(len(item.body)) else self._without_points(item)
        if kept is None:
            self._lose(item, f"The spool {self._spool.folder} is at its limit of {self._spool.limit} bytes")
            return
        if self._lane is None:
            self._lane = JournalLane(self._spool.new_journal(), self.tracks)
            self._count_used()
        self._lane.journal.append(kept.record())
        self._used += len(kept.body)
        self._lost.pop(item.track.producer, None)  # the jump in its sequence says the same

    def _has_room(self, size: int, reserve: int = 0) -> bool:
        if self._used - self._counted_at > 8 << 20 or self._used + size > self._spool.limit:
            self._count_used()
        return self._used + size <= self._spool.limit + reserve

    def _count_used(self) -> None:
        self._used = self._counted_at = self._spool.used()

    def _without_points(self, item: Item) -> Item | None:
        """The batch with its points counted as lost, if there is room for the rest."""
        batch = without_points(decode(item.body, Batch))
        body = encode(batch)
        if not self._has_room(len(body), RESERVE):
            return None
        reason = f"The spool {self._spool.folder} is at its limit of {self._spool.limit} bytes"
        self._tell(item, f"{reason}: metric points are lost, and counted on their run.")
        return Item(item.track, item.seq, body, item.start)

    def _lose(self, item: Item, reason: str) -> None:
        """Count a batch as lost: by the jump in sequence numbers, or by a batch of its own if none follows."""
        self._tell(item, f"{reason}: the newest data is lost, and counted on its run.")
        batch = decode(item.body, Batch)
        mark = Batch(
            run_id=batch.run_id, key=batch.key, checkpoint=batch.checkpoint, writer=batch.writer, lost=batch.lost + 1
        )
        self._lost[item.track.producer] = Item(item.track, item.seq, encode(mark), item.start)

    def _count_losses(self) -> None:
        marks, self._lost = self._lost, {}
        for mark in marks.values():
            self._hold(mark)

    def _tell(self, item: Item, message: str) -> None:
        item.track.note_refusal("spool_full", message)
        self._warn("limit", message)

    def _warn_of_disk(self, error: OSError) -> None:
        self._warn("disk", f"The spool {self._spool.folder} cannot be written ({error}): batches wait in memory.")

    def _warn(self, reason: str, message: str) -> None:
        if reason not in self._warned:
            self._warned.add(reason)
            logger.warning("%s", message)
