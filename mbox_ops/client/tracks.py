"""What is known of a producer's stream, and the batches of it that are under way."""

from collections.abc import MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from weakref import WeakValueDictionary

from msgspec.structs import replace

from mbox_ops.client.journal import Record, Start
from mbox_ops.client.outcome import Refusal
from mbox_ops.entities.writers import Batch, BatchResult
from mbox_ops.errors import MboxError
from mbox_ops.wire.encodings import decode, encode


@dataclass(slots=True, weakref_slot=True, eq=False)
class Track:
    """How far one producer's stream has come.

    Attributes:
        producer: 32 hex digits.
        formed: the highest sequence number given to a batch.
        settled: up to here nothing waits any more: it is stored, or will never be.
        run_id: the run, once the server has named it.
        over: why the server takes nothing from this producer any more.
    """

    producer: str
    formed: int = 0
    settled: int = 0
    run_id: str | None = None
    over: MboxError | None = None
    _refusals: dict[str, Refusal] = field(default_factory=dict)

    def note_refusal(self, code: str, message: str, path: Path | None = None) -> bool:
        """Count a refused batch; whether it is the first for that reason since they were last taken."""
        known = self._refusals.get(code)
        where = None if path is None else str(path)
        if known is None:
            self._refusals[code] = Refusal(code=code, message=message, path=where)
        else:
            self._refusals[code] = Refusal(
                code=code, message=known.message, batches=known.batches + 1, path=known.path or where
            )
        return known is None

    def take_refusals(self) -> list[Refusal]:
        """What was refused since this was last asked."""
        taken, self._refusals = list(self._refusals.values()), {}
        return taken


@dataclass(slots=True, eq=False)
class Ticket:
    """A caller who waits for the answer to one batch.

    Attributes:
        result: the server's answer.
        error: the server's refusal, or, while nothing is decided, the last trouble on the way.
        decided: nothing more will happen.
    """

    result: BatchResult | None = None
    error: MboxError | None = None
    decided: bool = False


@dataclass(slots=True, eq=False)
class Item:
    """One batch under way. Its body never changes once it was sent, but for a refused one's substitute.

    Attributes:
        start: becomes the epoch before the first send; None once it has.
        ticket: the caller who waits for it; such a batch is not spooled.
        spooled: it lies in the journal too.
        charged: bytes of memory it is counted with.
        instead: once it was refused, the substitutes that may still be sent in its place.
    """

    track: Track
    seq: int
    body: bytes
    start: Start | None = None
    ticket: Ticket | None = None
    spooled: bool = False
    charged: int = 0
    instead: list[bytes] | None = None

    def record(self) -> Record:
        """The batch as it waits in a journal."""
        return Record(self.track.producer, self.seq, self.start, self.body)

    def give_epoch(self, epoch: int) -> None:
        """Finish the body: its epoch is known."""
        batch = decode(self.body, Batch)
        assert batch.writer is not None
        batch.writer = replace(batch.writer, epoch=epoch)
        self.body, self.start = encode(batch), None


class Tracks:
    """Tracks by producer.

    Args:
        weak: forget a track that no stream and no batch under way refers to.
    """

    def __init__(self, *, weak: bool = False) -> None:
        self._known: MutableMapping[str, Track] = WeakValueDictionary() if weak else {}

    def of(self, producer: str) -> Track:
        """The track of a producer; one that is not known yet is made."""
        track = self._known.get(producer)
        if track is None:
            track = self._known[producer] = Track(producer)
        return track

    def add(self, track: Track) -> None:
        """Know a track."""
        self._known[track.producer] = track

    def clear(self) -> None:
        """Know none."""
        self._known.clear()
