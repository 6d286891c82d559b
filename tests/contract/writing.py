"""Writers for tests: streams of batches that count their own sequence, as the client's do."""

import secrets
from dataclasses import dataclass, field
from typing import Any

from mbox_ops.entities.metrics import Block
from mbox_ops.entities.runs import OpenRun, Source
from mbox_ops.entities.writers import Batch, BatchResult, Writer
from mbox_ops.wire.encodings import pack_floats, pack_ints
from tests.contract.doors import Door

# Epochs of tests, in milliseconds: far enough in the past that no gravestone of a test is older.
EPOCH = 1_700_000_000_000


@dataclass
class Stream:
    """One producer's stream to one run."""

    door: Door
    run_id: str | None = None
    key: str | None = None
    origin: str = field(default_factory=lambda: f"origin-{secrets.token_hex(4)}")
    epoch: int = EPOCH
    producer: str = field(default_factory=lambda: secrets.token_hex(16))
    seq: int = 0

    def batch(self, *, seq: int | None = None, **parts: Any) -> Batch:
        """The next batch of this stream (or the one numbered `seq`), not sent."""
        if seq is None:
            self.seq += 1
            seq = self.seq
        writer = Writer(origin=self.origin, epoch=self.epoch, producer=self.producer, seq=seq)
        return Batch(run_id=None if self.key else self.run_id, key=self.key, writer=writer, **parts)

    def write(self, *, seq: int | None = None, **parts: Any) -> BatchResult:
        """Send the next batch of this stream."""
        result = self.door.write(self.batch(seq=seq, **parts))
        self.run_id = result.run_id
        return result

    def open(self, **parts: Any) -> BatchResult:
        """Open the run with the first batch of this stream."""
        given = {name: parts.pop(name) for name in list(parts) if name in OpenRun.__struct_fields__ and name != "name"}
        opened = OpenRun(**given) if "source" in given else OpenRun(source=pipeline("churn"), **given)
        return self.write(open=opened, **parts)

    def next_attempt(self, epoch: int | None = None) -> "Stream":
        """A newer attempt of the same origin on the same run."""
        return Stream(self.door, self.run_id, self.key, self.origin, epoch or self.epoch + 60_000)

    def same_attempt(self) -> "Stream":
        """Another process of the same attempt."""
        return Stream(self.door, self.run_id, self.key, self.origin, self.epoch)


def pipeline(name: str, rank: Any = "orchestrator") -> Source:
    """A pipeline as the source of a run."""
    return Source(kind="pipeline", name=name, rank=rank)


def block(values: dict[str, list[float]], *, steps: list[int] | None = None, at: int = 0) -> Block:
    """Float points of series of equal length; the i-th one's wallclock is `at + i` microseconds."""
    names = list(values)
    rows = list(zip(*values.values(), strict=True))
    return Block(
        names=names,
        steps=None if steps is None else pack_ints(steps),
        wallclocks=pack_ints(range(at, at + len(rows))),
        values=pack_floats(value for row in rows for value in row),
    )
