"""Random histories of logging, outages, lost requests and replies, refusals, crashes and adoptions, in no real time."""

import random
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mbox_ops.client.journal import Journal, Record
from mbox_ops.client.recorder import Recorder
from mbox_ops.client.stream import Stream
from mbox_ops.client.tuning import Tuning
from mbox_ops.client.verdicts import Backoff
from mbox_ops.entities.writers import Batch
from mbox_ops.errors import InvalidRequest, MboxError, Unavailable
from mbox_ops.settings import ClientSettings
from tests.client.rules import Rules, SetClock

SMALL = Tuning(batch_bytes=200, memory_bytes=600, segment_bytes=500)
ACTIONS = [
    *["log"] * 6, *["tick"] * 6, *["wait"] * 2, "flush", "wait for server", "outage", "back", "lose request",
    "lose reply", "refuse", "crash", "close", "disk fails", "disk works",
]  # fmt: skip


class History:
    """One history: what was logged, what was promised, and what the server has."""

    def __init__(self, folder: Path, seed: int) -> None:
        self.draw = random.Random(seed)
        self.clock = SetClock()
        self.rules = Rules(self.clock, jitter=lambda: self.draw.randrange(500_000))
        self.rules.before = lambda batch: self._fate("lose request") or self._refusal(batch)
        self.rules.after = lambda batch: self._fate("lose reply")
        self.settings = ClientSettings(url="http://x", spool_dir=folder)
        self.fates: list[str] = []
        self.poison: set[float] = set()
        self.refused: set[float] = set()
        self.logged: dict[str, list[float]] = {"a": [], "b": []}
        self.promised: set[float] = set()
        self.in_doubt: set[float] = set()  # logged by a process that crashed before it promised anything
        self.value = 0
        self.disk_fails = False
        self._begin()

    def _begin(self) -> None:
        self.recorder = Recorder(
            self.settings, tuning=SMALL, clock=self.clock, transport=self.rules, threaded=False,
            backoff=Backoff(self.draw.random),
        )  # fmt: skip
        if self.draw.random() < 0.5:  # another process; otherwise one that was forked by the first
            self.recorder.epochs.family = f"family {self.draw.random()}"
        self.streams: dict[str, Stream] = {
            name: self.recorder.stream(**({"run_id": name} if name == "a" else {"key": name})) for name in self.logged
        }
        self.unpromised: set[float] = set()
        new_journal = self.recorder._spool.new_journal
        self.recorder._spool.new_journal = lambda: self._faulty(new_journal())  # type: ignore[method-assign]

    def _faulty(self, journal: Journal) -> Journal:
        """A journal on a disk that fails now and then."""
        append = journal.append

        def failing(record: Record) -> None:
            if self.disk_fails:
                raise OSError(28, "No space left on device")
            append(record)

        journal.append = failing  # type: ignore[method-assign]
        return journal

    def _fate(self, fate: str) -> MboxError | None:
        if fate in self.fates:
            self.fates.remove(fate)
            return Unavailable(fate)
        return None

    def _refusal(self, batch: Batch) -> MboxError | None:
        values = {v for name in self.logged for v in Rules(batches=[batch]).values(name)}
        if values & self.poison:
            self.refused |= values
            return InvalidRequest("poisoned")
        return None

    def act(self, action: str) -> None:
        """Do one thing."""
        if action == "log":
            for _ in range(self.draw.choice([1, 3, 30])):
                name = self.draw.choice("ab")
                self.value += 1
                self.streams[name].log(name, float(self.value), step=self.value)
                self.logged[name].append(float(self.value))
                self.unpromised.add(float(self.value))
        elif action == "tick":
            self.recorder.tick()
        elif action == "wait":
            self.clock.pass_time(self.draw.random() * 2)
        elif action == "flush":
            self._flush(None)
        elif action == "wait for server":
            self._flush(self.draw.choice([0.0, 0.5, 3.0]))
        elif action == "outage":
            self.rules.away = True
        elif action == "back":
            self.rules.away = False
        elif action == "refuse" and self.unpromised:
            self.poison.add(self.draw.choice(sorted(self.unpromised)))
        elif action.startswith("disk"):
            self.disk_fails = action == "disk fails"
        elif action in ("lose request", "lose reply"):
            self.fates.append(action)
        elif action == "crash":
            self.recorder.backlog.abandon()
            self.recorder.adoption.abandon()
            self.in_doubt |= self.unpromised
            self._begin()
        elif action == "close":
            if self.recorder.close().where == "memory":
                self.in_doubt |= self.unpromised
            else:
                self.promised |= self.unpromised
            self._begin()

    def _flush(self, timeout: float | None) -> None:
        flushed = self.recorder.flush(timeout)
        if flushed.where == "memory":
            assert self.disk_fails
            return
        self.promised |= self.unpromised
        self.unpromised = set()
        if flushed.where == "server":
            stored = set(self.rules.values("a")) | set(self.rules.values("b"))
            mine = {value for stream in self.streams.values() for value in self._of_process(stream)}
            assert mine <= stored | self.refused

    def _of_process(self, stream: Stream) -> list[float]:
        return [
            value
            for batch in self.rules.batches
            if batch.writer is not None and batch.writer.producer == stream.producer.track.producer
            for name in self.logged
            for value in Rules(batches=[batch]).values(name)
        ]

    def settle(self) -> None:
        """The server is well again, and everything gets its time."""
        self.rules.away, self.fates, self.disk_fails = False, [], False
        self.recorder.close(timeout=1e6)
        self._begin()
        for _ in range(10_000):
            self.clock.pass_time(2.0)
            if self.recorder.tick() is None and self.recorder._spool.names() == []:
                return
        raise AssertionError("Something is left.")

    def check(self) -> None:
        """Every value that was promised is there once, in order; refused ones and those in doubt may be missing."""
        for name, logged in self.logged.items():
            stored = self.rules.values(name)
            assert len(stored) == len(set(stored))
            missing = set(logged) - set(stored)
            assert missing <= self.refused | (self.in_doubt - self.promised)
            assert set(stored) <= set(logged)
        for stream in {batch.writer.producer for batch in self.rules.batches if batch.writer}:
            mine = [b for b in self.rules.batches if b.writer and b.writer.producer == stream]
            assert len({(b.writer.origin, b.writer.epoch) for b in mine if b.writer}) == 1
            for name in self.logged:
                values = Rules(batches=mine).values(name)
                assert values == sorted(values)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(ACTIONS), max_size=60), st.integers(0, 2**32))
def test_every_value_is_stored_once_whatever_happens(actions: list[str], seed: int) -> None:
    """Outages, lost requests, lost replies, refusals and crashes lose nothing that was promised and double nothing."""
    with tempfile.TemporaryDirectory() as folder:
        history = History(Path(folder), seed)
        for action in actions:
            history.act(action)
        history.settle()
        history.check()


@pytest.mark.slow
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.sampled_from(ACTIONS), min_size=200, max_size=400), st.integers(0, 2**32))
def test_long_histories_too(actions: list[str], seed: int) -> None:
    """The same over many segments and adoptions."""
    test_every_value_is_stored_once_whatever_happens.hypothesis.inner_test(actions, seed)  # type: ignore[attr-defined]
