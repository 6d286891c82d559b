"""One process's stream of numbered batches to one run: who writes, to what, and how far it has come."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import msgspec

from mbox_ops.client.buffer import Batches, Record
from mbox_ops.client.journal import Start
from mbox_ops.client.tracks import Item, Ticket, Track
from mbox_ops.entities.runs import OpenRun
from mbox_ops.entities.writers import Batch, Writer
from mbox_ops.wire.encodings import encode

if TYPE_CHECKING:
    from mbox_ops.client.recorder import Recorder


class Producer:
    """Gives batches their address, writer and number. Its recorder's lock guards it.

    Attributes:
        origin: the logical writer: the one given, or a random one.
        lease: it renews a lease.
        opening: what the run is, if this producer makes or joins it.
        opens: its next batch opens the run.
        checkpoint: what it writes goes to the run's checkpoint of this epoch, not to the run.
    """

    def __init__(
        self,
        recorder: Recorder,
        *,
        run_id: str | None,
        key: str | None,
        origin: str | None,
        epoch: int | None,
        start: Start | None,
        opening: OpenRun | None,
        lease: bool,
        checkpoint: int | None = None,
    ) -> None:
        self._recorder = recorder
        self._given_id = run_id
        self._key = key
        self._random_origin = origin is None
        self.origin = secrets.token_hex(16) if origin is None else origin
        self._epoch = epoch
        self._start = start
        self.opening = opening
        self.lease = lease
        self.checkpoint = checkpoint
        self._begin()

    def beside(self, checkpoint: int) -> Producer:
        """Another producer of the same writer, to the run's checkpoint of an epoch."""
        return Producer(
            self._recorder, run_id=self.run_id, key=self._key if self.run_id is None else None, origin=self.origin,
            epoch=self._epoch, start=self._start, opening=None, lease=False, checkpoint=checkpoint,
        )  # fmt: skip

    def _begin(self) -> None:
        self.track = Track(secrets.token_hex(16))
        self.opens = self.opening is not None
        self._lease_at = 0.0

    def become_child(self) -> None:
        """Be a new producer, of a forked child: with no lease. An origin that is random and was never sent, so that no
        epoch belongs to it yet, is replaced by one of the child's own."""
        if self._random_origin and self.epoch is None:
            self.origin = secrets.token_hex(16)
        resolved = self.track.run_id
        self._begin()
        self.track.run_id = resolved
        self.lease = False
        if self.opening is not None:
            self.opening = msgspec.structs.replace(self.opening, lease=False)

    @property
    def run_id(self) -> str | None:
        """The run's id; None while a keyed run has not been resolved."""
        return self.track.run_id or self._given_id

    @property
    def epoch(self) -> int | None:
        """The attempt's beginning in milliseconds; None while the server's time is not known."""
        if self._epoch is None and self._start is not None:
            return self._recorder.epochs.known(self._start)
        return self._epoch

    def form(self, records: list[Record], *, lease: bool = False) -> None:
        """Turn records into batches that wait to be sent; with `lease`, at least one."""
        batches = Batches(self._recorder.tuning.batch_bytes)
        for batch in batches.add(records):
            self.enqueue(batch)
        rest = batches.rest()
        if rest is not None or lease:
            self.enqueue(rest or Batch(), lease=lease)

    def enqueue(self, batch: Batch, ticket: Ticket | None = None, *, lease: bool = False) -> Item:
        """Put a batch behind all others, under the next number."""
        epoch = self.epoch
        self.track.formed += 1
        batch.lease = batch.lease or lease
        self._address(batch)
        batch.writer = Writer(origin=self.origin, epoch=epoch or 0, producer=self.track.producer, seq=self.track.formed)
        start = self._start if epoch is None else None
        item = Item(self.track, self.track.formed, encode(batch), start, ticket)
        self._recorder.backlog.add(item)
        return item

    def _address(self, batch: Batch) -> None:
        """By key until the server has said which run that is; then by id, so that no late write meets its twin."""
        by_key = self._key is not None and self.track.run_id is None
        batch.run_id, batch.key = (None, self._key) if by_key else (self.run_id, None)
        # Once the server has named it, `run_id` is the checkpoint's own id.
        batch.checkpoint = self.checkpoint if self.track.run_id is None else None
        if self.opens and self.track.run_id is None:
            batch.open = batch.open or self.opening
        self.opens = False

    def reopen(self) -> None:
        """The batch that was to open the run was not taken: the next one opens it."""
        self.opens = self.opening is not None

    def needs_lease(self, now: float) -> bool:
        """Whether it is time to renew the lease; if so, it counts as done."""
        if not self.lease or now < self._lease_at:
            return False
        self._lease_at = now + self._recorder.tuning.lease_seconds
        return True
