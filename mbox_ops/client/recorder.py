"""What writes of this process to one service: its streams, the thread that sends them, its spool."""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Sequence

import msgspec

from mbox_ops.client import exits
from mbox_ops.client.adoption import Adoption
from mbox_ops.client.backlog import Backlog
from mbox_ops.client.clock import Clock
from mbox_ops.client.epochs import Epochs
from mbox_ops.client.http import HttpApi
from mbox_ops.client.outcome import Flushed, Where
from mbox_ops.client.producer import Producer
from mbox_ops.client.sender import Sender, Transport
from mbox_ops.client.spool import Spool
from mbox_ops.client.stream import Stream
from mbox_ops.client.tracks import Ticket
from mbox_ops.client.transport import HttpTransport
from mbox_ops.client.tuning import Tuning
from mbox_ops.client.turn import Turn
from mbox_ops.client.verdicts import Backoff
from mbox_ops.entities.runs import OpenRun
from mbox_ops.entities.writers import Batch, BatchResult
from mbox_ops.errors import InvalidRequest, Unavailable
from mbox_ops.identity import parse_writer
from mbox_ops.settings import ClientSettings

logger = logging.getLogger(__name__)

_CLOCK = Clock()
_PROCESS_AGE = _CLOCK.age()  # a fork inherits it: an attempt that was given an origin began with its first process


class Recorder:
    """All that this process writes to one service as one namespace and one token. Starts its thread at the first write.

    Args:
        settings: `url`, `token`, `namespace`, `spool_dir`, `writer` are used.
        tuning: sizes and times.
        clock: the host's clocks.
        transport: the way to the server; HTTP by default.
        backoff: the pauses after failures.
        threaded: send from a thread. Without one, whoever flushes sends, and `tick` may be called at any time.
    """

    def __init__(
        self,
        settings: ClientSettings,
        *,
        tuning: Tuning | None = None,
        clock: Clock | None = None,
        transport: Transport | None = None,
        backoff: Backoff | None = None,
        threaded: bool = True,
    ) -> None:
        self.settings = settings
        self.tuning = tuning or Tuning()
        self.clock = clock or _CLOCK
        self._transport = transport or HttpTransport(HttpApi.of(settings))
        self._backoff = backoff
        self._threaded = threaded
        self._streams: list[Stream] = []
        limits = {"segment_bytes": self.tuning.segment_bytes, "limit": self.tuning.spool_bytes}
        self._spool = Spool(settings.spool_dir, settings.url, settings.namespace, **limits)
        self.epochs = Epochs(self.clock, self._transport.time, self._spool.clock_path)
        self._begin()
        exits.watch(self)

    def _begin(self) -> None:
        """Be new: nothing waits, no thread runs."""
        self.turn = Turn()
        self.backlog = Backlog(self._spool, self.epochs, memory_limit=self.tuning.memory_bytes)
        self._sender = Sender(
            self.backlog, self._transport, self.epochs, self._spool.refused,
            clock=self.clock, backoff=self._backoff, lock=self.turn, changed=self.turn.changed,
        )  # fmt: skip
        self._is_child = False
        self._pid = os.getpid()
        self._thread: threading.Thread | None = None
        self._wake = threading.Event()
        self._form_at: float | None = None
        self.adoption = Adoption(self._spool, self._sender, self.clock, self.tuning.orphans_seconds)

    def stream(
        self,
        *,
        run_id: str | None = None,
        key: str | None = None,
        origin: str | None = None,
        epoch: int | None = None,
        open: OpenRun | None = None,
        lease: bool = False,
    ) -> Stream:
        """A new stream to one run. Needs no server and never blocks.

        Args:
            run_id: the run, if it is addressed by id.
            key: the run, if it is addressed by key. Exactly one of the two is given.
            origin: the logical writer; None: that of `MBOX_WRITER`, or else a random one of this stream's own.
            epoch: the attempt's beginning in milliseconds; None: that of `MBOX_WRITER` if the origin is its, or else
                computed from the server's time before the first send.
            open: what the run is, if this stream is to make or join it: with the first write, or, with a lease, within
                a second.
            lease: renew a lease until the stream ends; at the process's end a run that was not ended becomes LOST,
                FAILED (an exception) or KILLED (SIGTERM, Ctrl-C).

        Raises:
            InvalidRequest: both or neither of `run_id` and `key` are given, or `MBOX_WRITER` is wrong.
        """
        if (run_id is None) == (key is None):
            raise InvalidRequest("A run is addressed by its id or by its key: give exactly one of the two.")
        if origin is None and self.settings.writer is not None:
            origin, epoch = _handed_down(self.settings.writer)
        start = None
        if epoch is None:
            start = self.epochs.start_now(age=None if origin is None else _PROCESS_AGE)
        if open is not None and lease:
            open = msgspec.structs.replace(open, lease=True)
        producer = Producer(
            self, run_id=run_id, key=key, origin=origin, epoch=epoch, start=start, opening=open, lease=lease
        )
        stream = Stream(self, producer, key)
        with self.turn:
            self._adopt_stream(stream)
        exits.mind(self)
        if lease:
            self.crowded(stream)
        return stream

    def flush(
        self, timeout: float | None = None, streams: Sequence[Stream] | None = None, *, patience: float | None = None
    ) -> Flushed:
        """Flush streams, all of this recorder by default; see `Stream.flush`.

        Args:
            timeout: seconds to wait for the server even if it is away.
            streams: which.
            patience: seconds to wait for a slow server if no timeout is given.
        """
        self._check_pid()
        wait = timeout if timeout is not None else self.tuning.patience if patience is None else patience
        deadline = self.clock.monotonic() + wait
        with self.turn:
            chosen = list(self._streams if streams is None else streams)
            for stream in chosen:
                stream.form()
            targets = [(track, track.formed) for stream in chosen for track in stream.tracks()]
            if timeout is not None:
                self._sender.hurry()
            while any(track.settled < formed for track, formed in targets):
                left = deadline - self.clock.monotonic()
                if left <= 0 or (timeout is None and self._sender.is_away()):
                    break
                self._await(left)
            done = all(track.settled >= formed for track, formed in targets)
            where: Where = "server" if done else "spool" if self.backlog.sync() else "memory"
            refused = [refusal for track, _ in targets for refusal in track.take_refusals()]
            for stream in chosen:
                stream.beside = [track for track in stream.beside if track.settled < track.formed]
            return Flushed(where=where, refused=refused)

    def put_beside(self, stream: Stream, producer: Producer, batch: Batch) -> None:
        """Have a producer of a stream's writer write a batch, behind all that is buffered in the stream."""
        with self.turn:
            stream.form()
            if stream.producer.opens:  # the run has to be there
                stream.producer.enqueue(Batch())
            producer.enqueue(batch)
            stream.beside.append(producer.track)
            self._adopt_stream(stream)
            self._start()
        self._wake.set()

    def write_now(
        self, stream: Stream, batch: Batch, timeout: float | None, *, producer: Producer | None = None
    ) -> BatchResult:
        """See `Stream.write_now`; `producer` writes it if it is not the stream's own."""
        deadline = self.clock.monotonic() + (self.tuning.patience if timeout is None else timeout)
        ticket = Ticket()
        with self.turn:
            stream.form()
            item = (producer or stream.producer).enqueue(batch, ticket)
            self._sender.hurry()
            while not ticket.decided and (left := deadline - self.clock.monotonic()) > 0:
                self._await(left)
            if not ticket.decided:
                self._sender.withdraw(item)
            if ticket.result is not None:
                return ticket.result
            if batch.open is not None:
                stream.producer.reopen()
        raise ticket.error or Unavailable(f"The service at {self.settings.url} gave no answer in time.")

    def close(self, timeout: float | None = None) -> Flushed:
        """End runs that hold a lease and were not ended, flush, and let the spool go. It may be used again.

        Args:
            timeout: as in `Stream.end`.
        """
        for stream in list(self._streams):
            if stream.producer.lease and not stream.ended:
                stream.put_end(exits.state())
        flushed = self.flush(timeout, patience=self.tuning.end_patience)
        with self.turn:
            self.backlog.close()
            self.adoption.close()
        return flushed

    def crowded(self, stream: Stream) -> None:
        """Called by a stream at its first record, when it holds a batch, and when it holds many.

        The first two wake the thread. At many the caller, who logs faster than the thread can keep up with, has to do
        the thread's work, so that memory is bounded.
        """
        batch, many = self.tuning.batch_weight, self.tuning.batch_weight * self.tuning.crowd
        if self._is_child:
            self._is_child = False
            exits.mind_child(self)
        with self.turn:
            if stream.weight > many:
                stream.form()
            stream.room = many if stream.weight > batch else batch
            self._adopt_stream(stream)
            self._start()
        self._wake.set()

    def let_go(self, stream: Stream) -> None:
        """Forget a stream once it holds nothing."""
        with self.turn:
            stream.form()
            stream.room = -1  # it calls at its next record
            if stream in self._streams:
                self._streams.remove(stream)
            self._start()
        self._wake.set()

    def before_fork(self) -> None:
        """Hold still while the process forks."""
        self.turn.__enter__()
        self.epochs.note_fork()

    def after_fork(self) -> None:
        """Go on in the parent."""
        self.turn.__exit__(None, None, None)

    def forked(self) -> None:
        """Become the recorder of a forked child: nothing of the parent's is sent by it."""
        self.backlog.abandon()
        self.adoption.abandon()
        self.epochs.become_child()
        self._begin()
        for stream in self._streams:
            stream.become_child()
        self._is_child = True

    def tick(self) -> float | None:
        """Form what is due and send one batch; seconds until the next tick is worth while, None if nothing waits."""
        now = self.clock.monotonic()
        with self.turn:
            self._form_due(now)
            due = None if self._form_at is None else max(0.0, self._form_at - now)
            for stream in self._streams:
                if stream.producer.lease:
                    due = min(1.0, 1.0 if due is None else due)
        delay = self._sender.step()
        if delay is None:
            with self.turn:
                delay = 0.0 if self.adoption.next() else None
        return due if delay is None else delay if due is None else min(delay, due)

    def _form_due(self, now: float) -> None:
        if self._form_at is None and not all(stream.is_idle() for stream in self._streams):
            self._form_at = now + self.tuning.batch_seconds
        due = self._form_at is not None and now >= self._form_at
        for stream in self._streams:
            lease = self._sender.trouble is None and stream.producer.needs_lease(now)
            if due or lease or stream.weight > self.tuning.batch_weight:
                stream.form(lease=lease)
        if due:
            self._form_at = None

    def _adopt_stream(self, stream: Stream) -> None:
        if stream not in self._streams:
            self._streams.append(stream)

    def _await(self, left: float) -> None:
        """Wait a little for the sending thread, or, if there can be none, do its work; the caller holds the lock."""
        if self._start():
            self._wake.set()
            self.turn.wait(min(left, 0.1))
        elif (delay := self.tick()) is None or delay > 0:
            self.clock.sleep(min(left, 0.05 if delay is None else delay))

    def _start(self) -> bool:
        """Start the thread if none runs; whether one does."""
        if not self._threaded or (self._thread is not None and self._thread.is_alive()):
            return self._threaded
        self._thread = threading.Thread(target=self._run, name="mbox-recorder", daemon=True, args=(self._pid,))
        try:
            self._thread.start()
        except RuntimeError:  # the interpreter is shutting down
            self._thread = None
        return self._thread is not None

    def _run(self, pid: int) -> None:
        stumbled = ""
        while self._pid == pid and os.getpid() == pid:
            try:
                delay = self.tick()
            except Exception as error:
                if repr(error) != stumbled:
                    logger.exception("The recorder of %s stumbled; it goes on.", self.settings.url)
                stumbled = repr(error)
                delay = 1.0
            if delay is None:
                delay = self._idle()
            if delay is None or delay > 0:
                self._wake.wait(delay)
                self._wake.clear()

    def _idle(self) -> float | None:
        """Let the next record wake the thread; 0 if one came meanwhile."""
        with self.turn:
            for stream in self._streams:
                stream.room = -1  # it calls at its next record
            return None if all(stream.is_idle() for stream in self._streams) else 0.0

    def _check_pid(self) -> None:
        if self._pid != os.getpid():
            self.forked()


def _handed_down(writer: str) -> tuple[str, int]:
    try:
        return parse_writer(writer)
    except ValueError as error:
        raise InvalidRequest(str(error), field="MBOX_WRITER", value=writer) from None


_recorders: dict[ClientSettings, Recorder] = {}


def recorder_for(settings: ClientSettings) -> Recorder:
    """The process's one recorder for these settings."""
    found = _recorders.get(settings)
    return _recorders.setdefault(settings, Recorder(settings)) if found is None else found


def flush_all(timeout: float | None = None) -> Flushed:
    """Flush every recorder of this process, such as before an Airflow task's state is reported."""
    return exits.flush_all(timeout)
