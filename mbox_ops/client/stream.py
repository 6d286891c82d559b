"""One producer's stream of writes to one run."""

from __future__ import annotations

import os
from array import array
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from mbox_ops.client.buffer import PARTS, ROWS, Record, check_size, size_of_row
from mbox_ops.client.clock import microseconds
from mbox_ops.client.outcome import Flushed
from mbox_ops.client.points import Series, check_step
from mbox_ops.client.tracks import Track
from mbox_ops.entities.artifacts import ArtifactRecord
from mbox_ops.entities.events import EventRecord
from mbox_ops.entities.lineage import ArtifactUse
from mbox_ops.entities.writers import Batch, BatchResult, EndState, MetadataOp
from mbox_ops.errors import InvalidRequest
from mbox_ops.wire.encodings import decode, encode

if TYPE_CHECKING:
    from mbox_ops.client.producer import Producer
    from mbox_ops.client.recorder import Recorder

_NOT_GIVEN: Any = object()

getpid = os.getpid


class Stream:
    """Takes what is logged to one run and returns at once; a thread of its recorder sends it.

    Made by `Recorder.stream`. Threads may share it. In a forked child it becomes a producer of its own. Methods raise
    `InvalidRequest` for bad input at the call, and nothing else; `write_now` and `resolve` raise what the server says.

    Attributes:
        key: the run's key, if it is addressed by one.
        ended: `end` was called.
        weight: about how many times 8 bytes are buffered.
        floats, append, now, room: for `log_metric`, which does by itself what `log` would do with a float of a series
            that was checked before: append a record, add to the weight, and call `crowded` when it exceeds the room.
    """

    def __init__(self, recorder: Recorder, producer: Producer, key: str | None) -> None:
        self.key = key
        self.ended = False
        self.producer = producer
        self._recorder = recorder
        self._series = Series()
        self.floats: set[str] = set()  # names of float series that were checked; none once it has ended
        self._groups: set[tuple[str, ...]] = set()  # the same for the names of dicts
        self._buffer: list[Record] = []
        self.append = self._buffer.append
        self.now: Callable[[], float] = recorder.clock.wall
        self._pid = getpid()
        self.beside: list[Track] = []  # of batches to the run's checkpoints that may not be settled
        self.weight = 0
        self.room = -1  # the first record wakes the recorder's thread

    @property
    def run_id(self) -> str | None:
        """The run's id; None while a keyed run has not been resolved by the server's first answer."""
        return self.producer.run_id

    @property
    def origin(self) -> str:
        """The logical writer."""
        return self.producer.origin

    @property
    def epoch(self) -> int | None:
        """The attempt's beginning in milliseconds; None while the server's time is not known."""
        return self.producer.epoch

    def log(
        self,
        name: str | Mapping[str, object],
        value: object = _NOT_GIVEN,
        step: int | None = None,
        wallclock: object = None,
    ) -> None:
        """Log a value of one metric, or one value of each of several (a dict; one atomic write).

        Args:
            name: a metric's name (1-256 printable characters), or a dict of names to values (then give no `value`).
            value: a number, text of at most 5,000 characters or at most 65,536 bytes; no bool, no None.
            step: an int64; the server counts if it is not given.
            wallclock: seconds since 1970 UTC, a datetime or RFC 3339 text (see `clock.microseconds`); now if None.

        Raises:
            InvalidRequest: the name, the value, the step or the wallclock breaks a rule; nothing was logged.
        """
        wall: float = self.now() if wallclock is None else microseconds(wallclock)
        step = check_step(step)
        if value is _NOT_GIVEN:
            record = self._many(name, step, wall)
            self._put(record, 3 + len(record[1]))
        else:
            self._put(self._one(name, value, step, wall), 3)

    def log_rows(self, rows: Iterable[tuple[str, object, int | None, object]]) -> None:
        """Log points `(name, value, step, wallclock)` of any metrics as one atomic write.

        Raises:
            InvalidRequest: one of them breaks a rule; nothing was logged.
        """
        now = self.now()
        checked = [
            self._one(name, value, check_step(step), now if wallclock is None else microseconds(wallclock))
            for name, value, step, wallclock in rows
        ]
        if checked:
            check_size(sum(size_of_row(*row[:2]) for row in checked))
            self._put((ROWS, checked), 3 * len(checked))

    def put(
        self,
        *,
        parameters: dict[str, Any] | None = None,
        tags: dict[str, str] | None = None,
        labels: dict[str, Any] | None = None,
        metadata: list[MetadataOp] | None = None,
        events: list[EventRecord] | None = None,
        artifacts: list[ArtifactRecord] | None = None,
        uses: list[ArtifactUse] | None = None,
        name: str | None = None,
        collection: str | None = None,
    ) -> None:
        """Write settings, metadata, events and references in one atomic write, in order with what is logged.

        The caller has checked them against the limits; what is given is copied, so later changes do no harm. Without
        any of them, the run is opened, if this stream opens it.

        Raises:
            InvalidRequest: a value cannot be encoded.
        """
        given = Batch(
            parameters=parameters or {}, tags=tags or {}, labels=labels or {}, metadata=metadata or [],
            events=events or [], artifacts=artifacts or [], uses=uses or [], name=name, collection=collection,
        )  # fmt: skip
        batch, size = _copied(given)
        self._put((PARTS, batch), size // 8)

    def write_now(self, *, timeout: float | None = None, **parts: Any) -> BatchResult:
        """Write parts of a batch behind all that is buffered, and wait for the server's own answer.

        For calls that give an answer or whose very job is the write. When it raises, the write will not be made later.

        Args:
            timeout: seconds to wait; 10 by default.
            parts: any of `points` (a list of `Block`), `parameters`, `tags`, `labels`, `metadata`, `events`,
                `artifacts`, `uses`, `name`, `collection`, `state`, `at`, `open`, `lease`.

        Raises:
            Unavailable: the server gave no answer in time.
            MboxError: the server refused it, by code.
        """
        batch, _ = _copied(Batch(**parts))
        if getpid() != self._pid:
            self._recorder.forked()
        return self._recorder.write_now(self, batch, timeout)

    def put_checkpoint(self, epoch: int, **given: Any) -> None:
        """Write to the run's checkpoint of an epoch, which is made if it is not there, behind all that is buffered.

        Args:
            epoch: 0 or more.
            given: parts of a batch, as for `write_now`: points, metadata, events, artifacts.

        Raises:
            InvalidRequest: a value cannot be encoded.
        """
        batch, _ = _copied(Batch(**given))
        if getpid() != self._pid:
            self._recorder.forked()
        self._recorder.put_beside(self, self.producer.beside(epoch), batch)

    def write_checkpoint(self, epoch: int, *, timeout: float | None = None, **given: Any) -> BatchResult:
        """The same, and wait for the server's own answer, whose `run_id` is the checkpoint's id; see `write_now`."""
        batch, _ = _copied(Batch(**given))
        if getpid() != self._pid:
            self._recorder.forked()
        return self._recorder.write_now(self, batch, timeout, producer=self.producer.beside(epoch))

    def resolve(self, timeout: float | None = None) -> str:
        """The run's id, asked of the server if need be, by sending what is buffered, the opening included.

        Raises:
            Unavailable: the server gave no answer in time.
            MboxError: the server refused the opening, by code.
        """
        return self.run_id or self.write_now(timeout=timeout).run_id

    def flush(self, timeout: float | None = None) -> Flushed:
        """Make all that was written so far durable, and say where it is.

        Args:
            timeout: seconds to wait for the server even if it is away. By default an absent server is not waited for,
                and a slow one for at most 10 seconds.
        """
        return self._recorder.flush(timeout, [self])

    def end(self, state: EndState, at: int | None = None, timeout: float | None = None) -> Flushed:
        """End the run: stop its lease, write its state and flush.

        Args:
            state: FINISHED, FAILED, KILLED or LOST.
            at: microseconds since 1970 UTC; now if None.
            timeout: as in `flush`, but a slow server is waited for at most 5 seconds by default.
        """
        self.put_end(state, at)
        return self._recorder.flush(timeout, [self], patience=self._recorder.tuning.end_patience)

    def put_end(self, state: EndState, at: int | None = None) -> None:
        """End the run as `end` does, and do not wait."""
        self.ended, self.producer.lease = True, False
        self.floats.clear()
        self._put((PARTS, Batch(state=state, at=int(self.now() * 1_000_000) if at is None else at)), 1)

    def close(self) -> None:
        """Forget the stream once all it holds is on its way; the run is not ended. Later writes open it again."""
        self.producer.lease = False
        self._recorder.let_go(self)

    def crowded(self) -> None:
        """Have the recorder make room."""
        self._recorder.crowded(self)

    def _put(self, record: Record, weight: int) -> None:
        if getpid() != self._pid:
            self._recorder.forked()
        self.append(record)
        self.weight += weight
        if self.weight > self.room:
            self.crowded()

    def _one(self, name: object, value: object, step: int | None, wall: float) -> Record:
        scalar = self._series.check(name, value)
        text = str(name)
        if isinstance(scalar, float) and not self.ended:
            self.floats.add(text)
        return (text,), (scalar,), step, wall

    def _many(self, metrics: Any, step: int | None, wall: float) -> Record:
        if not isinstance(metrics, Mapping):
            raise InvalidRequest(
                f"Give a metric's name and value, or a dict of them, not {metrics!r:.80}.", field="metrics"
            )
        names, values = tuple(metrics), list(metrics.values())
        if names in self._groups and set(map(type, values)) == _FLOATS:
            return names, array("d", values), step, wall
        scalars = [self._series.check(name, value) for name, value in zip(names, values, strict=True)]
        check_size(size_of_row(names, scalars))
        if all(type(scalar) is float for scalar in scalars):
            self._groups.add(names)
            return names, array("d", scalars), step, wall
        return ROWS, [((name,), (scalar,), step, wall) for name, scalar in zip(names, scalars, strict=True)]

    # What follows is called by the recorder, which holds its lock.

    def form(self, *, lease: bool = False) -> None:
        """Turn what is buffered into batches that wait to be sent; the recorder calls it and holds its lock."""
        count = len(self._buffer)
        records = self._buffer[:count]
        del self._buffer[:count]
        self.weight = 0
        if self.room > 0:
            self.room = self._recorder.tuning.batch_weight
        if records or lease:
            self.producer.form(records, lease=lease)

    def tracks(self) -> list[Track]:
        """Its own, and those of its run's checkpoints."""
        return [self.producer.track, *self.beside]

    def is_idle(self) -> bool:
        """Whether nothing is buffered."""
        return not self._buffer

    def become_child(self) -> None:
        """Be the stream of a forked child, with nothing buffered."""
        self._pid = getpid()
        self._buffer.clear()
        self.beside.clear()
        self.weight, self.room = 0, -1
        self.producer.become_child()


_FLOATS = {float}


def _copied(batch: Batch) -> tuple[Batch, int]:
    """A copy that shares nothing with what the caller gave, and its size, which is not too large."""
    try:
        body = encode(batch)
    except (TypeError, ValueError, OverflowError) as error:
        raise InvalidRequest(f"This cannot be sent as JSON or MessagePack: {error}.") from None
    check_size(len(body))
    return decode(body, Batch), len(body)
