"""A simulated process: the client's real recorder and streams, and what it logged and was promised."""

import copy
import random
from dataclasses import dataclass, field
from pathlib import Path

from mbox_ops.client.recorder import Recorder
from mbox_ops.client.stream import Stream
from mbox_ops.client.tuning import Tuning
from mbox_ops.client.verdicts import Backoff
from mbox_ops.settings import ClientSettings
from tests.proofs.simulation.network import HostClock, Wire

SMALL = Tuning(batch_bytes=250, memory_bytes=700, segment_bytes=600, orphans_seconds=5.0)


@dataclass
class Ledger:
    """What processes logged, and what they were told about it.

    Attributes:
        producers: who logged a value.
        promised: values of which a flush said that they are on the server or in the spool.
        refused: values of batches that the server will never take.
        over: producers that the server takes nothing from.
    """

    producers: dict[float, str] = field(default_factory=dict)
    promised: set[float] = field(default_factory=set)
    refused: set[float] = field(default_factory=set)
    over: set[str] = field(default_factory=set)

    def may_miss(self, value: float) -> bool:
        """Whether the server said that it does not take the value."""
        return value in self.refused or self.producers[value] in self.over


class Process:
    """One process with streams to runs.

    Args:
        name: for the trace.
        spool: the folder that all processes share.
        draw: gives what is random.
        wire: the way to the server.
        clock: the host's.
        ledger: takes down what is logged.
    """

    def __init__(
        self, name: str, spool: Path, draw: random.Random, wire: Wire, clock: HostClock, ledger: Ledger
    ) -> None:
        self.name = name
        self.streams: list[Stream] = []
        self.unpromised: set[float] = set()
        self.busy = self.dead = False
        self._ledger = ledger
        settings = ClientSettings(url="http://simulated", spool_dir=spool)
        self.recorder = Recorder(
            settings, tuning=SMALL, clock=clock, transport=wire, backoff=Backoff(draw.random), threaded=False
        )
        self.recorder.epochs.family = f"family-{draw.getrandbits(64):016x}"

    def fork_of(self, parent: "Process") -> None:
        """Be what the parent's fork would be: `Recorder.forked` on copies of its streams."""
        parent.recorder.before_fork()
        epochs, own = copy.copy(parent.recorder.epochs), self.recorder.epochs
        parent.recorder.after_fork()
        own.__dict__.update(epochs.__dict__ | {"_server_time": own._server_time, "_shared": dict(epochs._shared)})
        for stream in parent.streams:
            producer = copy.copy(stream.producer)
            producer._recorder = self.recorder
            child = Stream(self.recorder, producer, stream.key)
            child.become_child()
            self.recorder._adopt_stream(child)
            self.streams.append(child)

    def log(self, stream: Stream, name: str, value: float, step: int | None) -> None:
        """Log a value and take it down."""
        self.note(stream, value)
        stream.log(name, value, step=step)

    def note(self, stream: Stream, value: float) -> None:
        """Take a value down that is about to be logged."""
        self._ledger.producers[value] = stream.producer.track.producer
        self.unpromised.add(value)

    def flush(self, timeout: float | None, *, close: bool = False) -> str:
        """Flush, and take down what was promised."""
        flushed = self.recorder.close(timeout) if close else self.recorder.flush(timeout)
        if flushed.where != "memory":
            self._ledger.promised |= self.unpromised
            self.unpromised = set()
        return flushed.where

    def die(self) -> None:
        """Vanish: memory is lost, files stay, locks fall."""
        self.dead = True
        self.recorder.backlog.abandon()
        self.recorder.adoption.abandon()
