"""A server's rules for one namespace in a few lines, with a switch for every trouble: to play what a network may do.

The rules themselves are tested against the real server in tests/contract; here they stand so that a test can choose, at
every single call, whether the request or the reply is lost.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from mbox_ops.client.clock import Clock
from mbox_ops.entities.writers import Batch, BatchResult
from mbox_ops.errors import Fenced, MboxError, Unavailable
from mbox_ops.wire.encodings import decode, unpack_floats

NOW = 1_800_000_000_000_000


class SetClock(Clock):
    """A clock that a test sets."""

    def __init__(self, at: float = 1_000.0) -> None:
        self.at = at
        self.boot = "boot"
        self.wall = lambda: 1_790_000_000.0 + self.at
        self.monotonic = lambda: self.at
        self.sleep = self.pass_time

    def pass_time(self, seconds: float) -> None:
        """Let time pass."""
        self.at += seconds

    def age(self) -> int:
        """Microseconds since the boot."""
        return int(self.at * 1_000_000)


@dataclass
class Rules:
    """What the server stored, and what it is told to do.

    Attributes:
        trouble: asked before and after each batch is stored; returns the error that the client sees, or None.
    """

    clock: SetClock | None = None
    batches: list[Batch] = field(default_factory=list)
    highest: dict[str, int] = field(default_factory=dict)
    lost: int = 0
    epochs: dict[str, int] = field(default_factory=dict)
    received: list[bytes] = field(default_factory=list)
    before: Callable[[Batch], MboxError | None] = lambda batch: None
    after: Callable[[Batch], MboxError | None] = lambda batch: None
    away: bool = False
    jitter: Callable[[], int] = lambda: 0  # microseconds by which the server's time is off

    def send(self, body: bytes) -> BatchResult:
        """Store a batch, as the service does."""
        if self.away:
            raise Unavailable("away")
        self.received.append(body)
        batch = decode(body, Batch)
        if (error := self.before(batch)) is not None:
            raise error
        result = self._write(batch)
        if (error := self.after(batch)) is not None:
            raise error
        return result

    def time(self) -> int:
        """The server's time."""
        if self.away:
            raise Unavailable("away")
        return NOW + (0 if self.clock is None else self.clock.age()) + self.jitter()

    def _write(self, batch: Batch) -> BatchResult:
        assert batch.writer is not None
        writer, highest = batch.writer, self.highest.get(batch.writer.producer, 0)
        run_id = batch.run_id or f"id of {batch.key}"
        if writer.seq <= highest:
            return self._result("duplicate", run_id, highest)
        if writer.epoch < self.epochs.get(writer.origin, 0):
            raise Fenced("A newer attempt has taken over.")
        self.epochs[writer.origin] = writer.epoch
        self.lost += writer.seq - highest - 1 + batch.lost
        self.highest[writer.producer] = writer.seq
        self.batches.append(batch)
        return self._result("ok", run_id, writer.seq)

    def _result(self, status: Any, run_id: str, seq: int) -> BatchResult:
        return BatchResult(status=status, run_id=run_id, existed=False, seq=seq, updated_at=datetime.now(UTC))

    def values(self, name: str) -> list[float]:
        """The values of a float series, in the order in which they were stored."""
        found = []
        for batch in self.batches:
            for block in batch.points:
                if name in block.names:
                    column, n = unpack_floats(block.values), len(block.names)
                    found += list(column[block.names.index(name) :: n])
        return found
