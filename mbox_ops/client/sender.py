"""Gets batches to the server: one at a time, strictly in order, each exactly once, whatever happens in between.

No thread, no sleep and no clock of its own: `step` makes at most one request and says when it wants to be called again,
so that a test can play every interleaving.
"""

import contextlib
import logging
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

from mbox_ops.client.clock import Clock
from mbox_ops.client.epochs import Epochs
from mbox_ops.client.lanes import Lane
from mbox_ops.client.refused import Refused
from mbox_ops.client.substitutes import substitutes
from mbox_ops.client.tracks import Item
from mbox_ops.client.verdicts import Backoff, Verdict, judge
from mbox_ops.entities.writers import Batch, BatchResult
from mbox_ops.errors import MboxError, Unavailable
from mbox_ops.wire.encodings import decode, encode

logger = logging.getLogger(__name__)

PATIENCE = 3.0  # seconds of trouble after which a server that answers something counts as away


class Transport(Protocol):
    """The way to the server."""

    def send(self, body: bytes) -> BatchResult:
        """Send an encoded batch and wait for the answer; raises `MboxError`."""

    def time(self) -> int:
        """The server's time in microseconds since 1970 UTC; raises `MboxError`."""


class Sender:
    """Decides what to send, what an answer means, and when to try again.

    Args:
        lane: this process's own batches.
        transport: the way to the server.
        epochs: turns starts into epochs.
        refused: keeps what is refused.
        clock: for pauses.
        backoff: how long they are.
        lock: guards lanes and tracks; held while deciding, not while a request is under way.
        changed: called, under the lock, when something was settled or failed.

    Attributes:
        orphan: batches that another process left, sent when this one has nothing of its own to send.
        trouble: the last failure, None since the last success.
        in_flight: the batch whose answer is being waited for.
        sent: how many batches the server has, duplicates among them.
        refused: how many it will never take.
    """

    def __init__(
        self,
        lane: Lane,
        transport: Transport,
        epochs: Epochs,
        refused: Refused,
        *,
        clock: Clock,
        backoff: Backoff | None = None,
        lock: AbstractContextManager[Any] | None = None,
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._lane = lane
        self._transport = transport
        self._epochs = epochs
        self._kept = refused
        self._clock = clock
        self._backoff = Backoff() if backoff is None else backoff
        self._lock = contextlib.nullcontext() if lock is None else lock
        self._changed = changed
        self._retry_at = 0.0
        self._trouble_since = 0.0
        self._told: set[str] = set()
        self.orphan: Lane | None = None
        self.trouble: MboxError | None = None
        self.in_flight: Item | None = None
        self.sent = 0
        self.refused = 0

    def step(self) -> float | None:
        """Send the next batch, if it is time.

        Returns:
            Seconds until the next step is worth while: 0 for at once, None when nothing is left to send.
        """
        with self._lock:
            if self.trouble is not None and (pause := self._retry_at - self._clock.monotonic()) > 0:
                return pause
            try:
                lane, item = self._next()
            except OSError as error:
                return self._stumble(error)
            if item is None:
                return None
            if item.track.over is not None:
                self._end(lane, item, item.track.over)
                return 0.0
            self.in_flight = item
        try:
            return self._send(lane, item)
        finally:
            self.in_flight = None

    def withdraw(self, item: Item) -> None:
        """Give up on the answer to a batch, called under the lock: it will not be sent, or not again."""
        assert item.ticket is not None
        item.ticket.decided = True
        if item is self.in_flight:
            return
        if self._lane.withdraw(item):
            item.track.settled = item.seq
        elif item.track.formed == item.seq:
            item.track.formed -= 1
        self._changed()

    def is_away(self) -> bool:
        """Whether the server counts as away: it cannot be reached twice in a row, lets nobody in, or is in trouble for
        seconds."""
        if self.trouble is None:
            return False
        if judge(self.trouble) is Verdict.DENIED:
            return True
        unreachable = self.trouble.details.get("unreachable") is True and self._backoff.failures > 1
        return unreachable or self._clock.monotonic() - self._trouble_since > PATIENCE

    def hurry(self) -> None:
        """Try again now, whatever the pause says."""
        self._retry_at = 0.0

    def _next(self) -> tuple[Lane, Item | None]:
        item = self._lane.take()
        if item is None and self.orphan is not None:
            with contextlib.suppress(OSError):  # whoever gave it takes it back
                return self.orphan, self.orphan.take()
        return self._lane, item

    def _send(self, lane: Lane, item: Item) -> float:
        try:
            self._finish(lane, item)
        except MboxError as error:
            with self._lock:
                return self._wait(lane, item, error)
        try:
            result = self._transport.send(item.body)
        except MboxError as error:
            with self._lock:
                return self._failed(lane, item, error)
        with self._lock:
            self._stored(lane, item, result)
        return 0.0

    def _finish(self, lane: Lane, item: Item) -> None:
        """Give the batch its epoch before it is sent for the first time."""
        if (start := item.start) is None:
            return
        with self._lock:
            shared = lane.is_shared()
        epoch = self._epochs.of(start, shared=shared)
        with self._lock:
            if lane.is_shared() and not shared:  # spooled meanwhile
                epoch = self._epochs.of(start, shared=True)
            if item.start is not None:
                item.give_epoch(epoch)

    def _stored(self, lane: Lane, item: Item, result: BatchResult) -> None:
        if self.trouble is not None:
            logger.info("The service takes batches again.")
        self.trouble = None
        self._backoff.succeed()
        self.sent += 1
        item.track.run_id = result.run_id
        if item.ticket is not None:
            item.ticket.result, item.ticket.decided = result, True
        self._settle(lane, item)

    def _failed(self, lane: Lane, item: Item, error: MboxError) -> float:
        verdict = judge(error)
        if verdict is Verdict.OVER:
            self._end(lane, item, error)
        elif verdict is Verdict.REFUSED:
            self._refuse(lane, item, error)
        else:
            return self._wait(lane, item, error)
        self.trouble = None
        self._backoff.succeed()
        return 0.0

    def _wait(self, lane: Lane, item: Item, error: MboxError) -> float:
        if item.ticket is not None:
            item.ticket.error = error
            if item.ticket.decided:  # its caller gave up while it was on its way
                self._settle(lane, item)
        self._tell_of_trouble(error)
        self._lane.park()
        return self._pause(error)

    def _stumble(self, error: OSError) -> float:
        """The batch to send now cannot be read, and those behind it must wait for it."""
        if "disk" not in self._told:
            self._told.add("disk")
            logger.warning("The spool cannot be read (%s): what waits there is sent when it can be.", error)
        return self._pause(Unavailable(f"The spool cannot be read: {error}."))

    def _pause(self, error: MboxError) -> float:
        now = self._clock.monotonic()
        if self.trouble is None:
            self._trouble_since = now
        self.trouble = error
        pause = self._backoff.fail(error)
        self._retry_at = now + pause
        self._changed()
        return pause

    def _refuse(self, lane: Lane, item: Item, error: MboxError) -> None:
        """Send a substitute under the same number, the next one each time; when all are refused, go on."""
        if item.ticket is not None:
            item.ticket.error, item.ticket.decided = error, True
            self._settle(lane, item, free=True)
            return
        if item.instead is None:
            self._note(item, error)
            refused, conflict = decode(item.body, Batch), error.code == "conflict"
            item.instead = [encode(batch) for batch in substitutes(refused, conflict=conflict)]
        if item.instead:
            item.body = item.instead.pop(0)
        else:
            self._settle(lane, item)

    def _end(self, lane: Lane, item: Item, error: MboxError) -> None:
        item.track.over = error
        if item.ticket is not None:
            item.ticket.error, item.ticket.decided = error, True
        else:
            self._note(item, error)
        self._settle(lane, item)

    def _note(self, item: Item, error: MboxError) -> None:
        track = item.track
        self.refused += 1
        path = self._kept.keep(track.producer, item.seq, item.body, error)
        track.note_refusal(error.code, str(error), path)
        if (reason := f"{error.code} {track.producer}") not in self._told:
            self._told.add(reason)
            logger.warning("The service refused data for good (%s): %s It is kept in %s.", error.code, error, path)

    def _settle(self, lane: Lane, item: Item, *, free: bool = False) -> None:
        """`free`: its number was not used; the next batch may take it, if there is none yet."""
        if free and item.track.formed == item.seq:
            item.track.formed -= 1
        else:
            item.track.settled = item.seq
        lane.settle(item)
        self._changed()

    def _tell_of_trouble(self, error: MboxError) -> None:
        if error.code in self._told:
            return
        self._told.add(error.code)
        if judge(error) is Verdict.DENIED:
            logger.warning("The service does not let this process write: %s Set MBOX_TOKEN. Data waits here.", error)
        else:
            logger.warning("%s Data waits on this machine and is sent when the service is back.", error)
