"""The simulated world: a seeded scheduler of processes, a network, a server, deletions and time."""

import contextlib
import random
from pathlib import Path
from typing import Any

from mbox_ops.client.stream import Stream
from mbox_ops.entities.deletions import CreateDeletion, Selector
from mbox_ops.entities.events import EventQuery, EventRecord
from mbox_ops.entities.metrics import HistoryQuery
from mbox_ops.entities.runs import OpenRun, RunQuery, Source
from mbox_ops.entities.writers import Batch, BatchResult, MetadataOp, Writer
from mbox_ops.errors import MboxError, NotFound, Unavailable
from mbox_ops.service.access import Actor
from mbox_ops.service.clock import BEAT_SECONDS
from mbox_ops.service.service import Service
from mbox_ops.store import series_cache
from mbox_ops.store.database import Database
from mbox_ops.wire.encodings import decode, encode, unpack_floats, unpack_ints
from tests.proofs.simulation.network import HostClock, ProcessKilled, SimulatedServerClock, Wire
from tests.proofs.simulation.oracle import Oracle, shown
from tests.proofs.simulation.process import Ledger, Process

ACTOR = Actor(namespace="default", namespaces=None, scopes=frozenset({"read", "write", "delete"}), name="sim")
KEYS = ("key-a", "key-b")
TASKS = ("task-1", "task-2")
NAMES = ("red", "blue")
FATES = [*["fine"] * 11, "drop request", "drop reply", "drop reply", "delay", "double", "slow request", "slow reply"]
DEATHS = ("die before", "die after")
ACTIONS = {
    "log": 26, "settings": 10, "tick": 30, "flush": 5, "write now": 3, "start": 5, "retry": 3, "rank": 2, "fork": 2,
    "die": 2, "close": 2, "end": 2, "late": 6, "raw": 7, "delete run": 1.5, "delete scenario": 0.7, "undo": 1.5,
    "purge": 0.7, "days": 0.3, "wait": 4, "outage": 0.8, "back": 2, "restart": 0.8, "seal": 1,
    "set clock": 0.7,
}  # fmt: skip


class World:
    """One history, made from one seed.

    Args:
        seed: of all that is random.
        folder: for the spool.
        database: an empty one. It is closed at the end.
    """

    def __init__(self, seed: int, folder: Path, database: Database) -> None:
        self.draw = random.Random(seed)
        self.clock = HostClock()
        self.oracle, self.ledger = Oracle(), Ledger()
        self.trace: list[str] = []
        self.processes: list[Process] = []
        self.late: list[bytes] = []
        self.healed = self.away = False
        self._folder, self._depth, self._number = folder, 0, 0
        self._skew, self._latest = SimulatedServerClock.skew, 0
        self._epochs: dict[str, int] = {}
        self._raws: dict[str, tuple[Writer, str]] = {}
        self.database = database
        self._open()

    def _open(self) -> None:
        """Start the server: it knows nothing but what the database holds."""
        self.database.close()
        self.database.name_ids.clear()
        self.database.catalogued.clear()
        series_cache._memories.clear()
        self.server_clock = SimulatedServerClock(self.clock)
        self.server_clock.skew = self._skew
        self.service = Service(self.database, clock=self.server_clock, new_id=self._uuid)
        self._beat()

    def say(self, text: str) -> None:
        """Add to the trace."""
        self.trace.append(f"{self.clock.at:10.3f} {'  ' * self._depth}{text}")

    def live(self, steps: int) -> None:
        """Let things happen."""
        for _ in range(steps):
            self.step()

    def step(self) -> None:
        """Let one thing happen."""
        self.clock.forward(self.draw.choice([0.001, 0.01, 0.2, 1.0]))
        if not self.away:
            self._watch_clock()
        action = self.draw.choices(list(ACTIONS), list(ACTIONS.values()))[0]
        getattr(self, "_do_" + action.replace(" ", "_"))()

    def _watch_clock(self) -> None:
        """The server's time never goes back, whatever its clock says; a restart may cost what passed since a beat."""
        if self.clock.at >= self._beat_at:
            self._beat()
        now = self.service.time()
        assert now >= self._latest, f"The server's time went from {self._latest} to {now}."
        self._latest = now

    def _beat(self) -> None:
        self.service.beat()
        self._beat_at, self._kept = self.clock.at + BEAT_SECONDS, self.service.time()

    def close(self) -> None:
        """Let go of everything."""
        for process in self.processes:
            if not process.dead:
                process.die()
        self.database.close()

    # The server and the network.

    def receive(self, body: bytes) -> BatchResult:
        """Have the service judge a batch, and the oracle, too."""
        if self.away:
            raise Unavailable("Simulated: the server is down.", unreachable=True)
        batch = decode(body, Batch)
        assert batch.writer is not None
        error: MboxError | None = None
        try:
            result = self.service.batches.write(ACTOR, batch)
            answer: str = result.status
        except MboxError as caught:
            error, answer = caught, caught.code
        w = batch.writer
        what = f"{w.producer[:6]} {w.origin[:6]}@{w.epoch % 10**8} #{w.seq} to {batch.key or batch.run_id}"
        opened = "" if batch.open is None else f" open={batch.open.run_id}"
        self.say(f"server: {what}{opened} {sorted(values_of(batch))} lost={batch.lost} -> {answer}")
        expected = self.oracle.judge(batch)
        assert answer == expected, f"The server answered {answer} ({error}), the rules say {expected}."
        if error is None:
            return result
        if answer in ("fenced", "run_deleted"):
            self.ledger.over.add(w.producer)
        self.ledger.refused |= values_of(batch)
        raise error

    def time(self) -> int:
        """The server's time."""
        if self.away:
            raise Unavailable("Simulated: the server is down.", unreachable=True)
        return self.service.time()

    def _fate(self) -> str:
        if self.healed:
            return "fine"
        fate = self.draw.choice(DEATHS) if self.draw.random() < 0.006 else self.draw.choice(FATES)
        if fate != "fine":
            self.say(f"network: {fate}")
        return fate

    def _meanwhile(self) -> None:
        if self._depth < 2:
            self._depth += 1
            self.live(self.draw.randrange(1, 4))
            self._depth -= 1

    def _do_late(self) -> None:
        if self.late:
            self._deliver(self.late.pop(self.draw.randrange(len(self.late))))

    def _deliver(self, body: bytes) -> None:
        self.say("network: a late copy arrives")
        with contextlib.suppress(MboxError):  # nobody waits for the answer
            self.receive(body)

    # Processes.

    def _id(self, kind: str) -> str:
        self._number += 1
        return f"{kind}-{self._number}"

    def _uuid(self) -> str:
        self._number += 1
        return f"00000000-0000-7000-8000-{self._number:012d}"

    def _value(self) -> float:
        self._number += 1
        return float(self._number)

    def _process(self) -> Process:
        wire = Wire(self, self._fate, self._meanwhile, self.late.append, self.clock)
        process = Process(self._id("process"), self._folder / "spool", self.draw, wire, self.clock, self.ledger)
        self.processes.append(process)
        return process

    def _some(self) -> Process | None:
        ready = [process for process in self.processes if not process.dead and not process.busy]
        return self.draw.choice(ready) if ready else None

    def _stream(self) -> tuple[Process, Stream] | None:
        process = self._some()
        return (process, self.draw.choice(process.streams)) if process and process.streams else None

    def _maybe(self, chance: float = 0.3) -> str | None:
        return self.draw.choice(NAMES) if self.draw.random() < chance else None

    def _opening(self) -> OpenRun:
        name, rank = self._maybe(0.5), self.draw.choice(["orchestrator", "orchestrator", "guess", "argument"])
        return OpenRun(
            run_id=self._uuid(), name=self._maybe(), scenario=self._maybe(),
            scenario_explicit=self.draw.random() < 0.3, scenario_version=self._maybe(0.1),
            source=None if name is None else Source(kind="pipeline", name=name, rank=rank),
            execution=self._maybe(0.1), collection=self._maybe(0.1), external_id=self._maybe(0.05),
        )  # fmt: skip

    def _begin(self, origin: str | None, epoch: int | None) -> None:
        process = self._process()
        for key in [key for key in (*KEYS, None) if self.draw.random() < 0.6]:
            opening = self._opening()
            run_id = opening.run_id if key is None else None
            stream = process.recorder.stream(run_id=run_id, key=key, origin=origin, epoch=epoch, open=opening)
            process.streams.append(stream)
            self.say(
                f"{process.name} of {origin}@{(epoch or 0) % 10**8}: {stream.producer.track.producer[:6]} {opening}"
            )

    def _do_start(self) -> None:
        self._begin(None, None)  # free-standing: its origin is random, its epoch the server's time

    def _do_retry(self) -> None:
        task = self.draw.choice(TASKS)
        self._epochs[task] = max(self._epochs.get(task, 0) + 1, self.service.time() // 1000)
        self._begin(task, self._epochs[task])

    def _do_rank(self) -> None:
        if task := self.draw.choice(list(self._epochs) or [""]):
            self._begin(task, self._epochs[task])

    def _do_fork(self) -> None:
        if (parent := self._some()) is not None:
            child = self._process()
            child.fork_of(parent)
            self.say(f"{parent.name} forks {child.name}: {[s.producer.track.producer[:6] for s in child.streams]}")

    def _do_die(self) -> None:
        if (process := self._some()) is not None:
            self.say(f"{process.name} dies")
            process.die()

    def _at_work(self, process: Process, work: Any) -> None:
        process.busy = True
        try:
            work()
        except ProcessKilled:
            self.say(f"{process.name} is killed at work")
            process.die()
        finally:
            process.busy = False

    def _do_log(self) -> None:
        if (found := self._stream()) is not None:
            process, stream = found
            for _ in range(self.draw.choice([1, 1, 4])):
                step = None if self.draw.random() < 0.3 else self.draw.randrange(5)
                process.log(stream, self.draw.choice("mn"), self._value(), step)

    def _do_settings(self) -> None:
        if (found := self._stream()) is not None:
            number, name = str(self._value()), self.draw.choice(NAMES)
            found[1].put(**self.draw.choice([
                {"parameters": {name: number}}, {"tags": {name: number}}, {"name": number}, {"collection": name},
                {"metadata": [MetadataOp(op="merge", document={name: {number: 1}, "x": self._maybe()})]},
                {"events": [EventRecord(name=number, source="s")]},
            ]))  # fmt: skip

    def _do_tick(self) -> None:
        if (process := self._some()) is not None:
            self._at_work(process, process.recorder.tick)

    def _do_flush(self, *, close: bool = False, timeout: float | None = None) -> None:
        process = self._some()
        if process is None:
            return
        logged = set(process.unpromised)

        def work() -> None:
            where = process.flush(timeout, close=close)
            self.say(f"{process.name} {'closes' if close else 'flushes'}: {where}")
            if where == "server":
                missing = {v for v in logged if not self.oracle.stored[v] and not self.ledger.may_miss(v)}
                assert not missing, f"The flush of {process.name} said `server`, but {missing} are not there."
            process.dead = close

        self._at_work(process, work)

    def _do_close(self) -> None:
        self._do_flush(close=True, timeout=self.draw.choice([None, 2.0]))

    def _do_end(self) -> None:
        if (found := self._stream()) is not None:
            found[1].put_end(self.draw.choice(["FINISHED", "FAILED", "KILLED"]))

    def _do_write_now(self) -> None:
        if (found := self._stream()) is None:
            return
        process, stream = found
        number = str(self._value())

        def work() -> None:
            try:
                result = stream.write_now(timeout=2.0, events=[EventRecord(name=number, source="now")])
            except MboxError as error:
                self.say(f"{process.name} wrote {number}: {error.code}")
                return
            stored = [a for r in self.oracle.runs for a in r.accepted for e in a.batch.events if e.name == number]
            assert result.status in ("ok", "duplicate"), result
            assert len(stored) == 1 or stream.producer.track.producer in self.ledger.over, f"{number}: {stored}"

        self._at_work(process, work)

    def _do_raw(self) -> None:
        """A writer of no client of ours: jumps in its numbers, and zombies of any age."""
        if self._raws and self.draw.random() < 0.7:
            producer = self.draw.choice(list(self._raws))
        else:
            producer, task = f"{self.draw.getrandbits(128):032x}", self.draw.choice(TASKS)
            epoch = self._epochs.get(task, self.service.time() // 1000) - self.draw.choice([0, 0, 5, 100_000])
            self._raws[producer] = (Writer(origin=task, epoch=epoch, producer=producer, seq=0), self.draw.choice(KEYS))
        writer, key = self._raws[producer]
        seq = max(1, writer.seq + self.draw.choice([0, 1, 1, 1, 2, 3]))
        writer = Writer(origin=writer.origin, epoch=writer.epoch, producer=producer, seq=seq)
        self._raws[producer] = (writer, key)
        opening = self._opening() if self.draw.random() < 0.6 else None
        batch = Batch(key=key, writer=writer, open=opening, tags={self.draw.choice(NAMES): str(self._value())})
        self.late.append(encode(batch))

    # Deletions, time and the server's life.

    def _do_delete_run(self) -> None:
        runs = self.oracle.runs
        if not runs or self.away:
            return
        run, purge = self.draw.choice(runs), self.draw.random() < 0.2
        request = CreateDeletion(selector=Selector(run_id=run.uid), force=True, purge=purge)
        made = None
        with contextlib.suppress(NotFound):
            made = self.service.deletions.create(ACTOR, request)
        assert (made is not None) == (run.deletion is None), f"The deletion of {run.uid} gave {made}."
        if made is not None:
            self._deleted(made, [run], purge)

    def _do_delete_scenario(self) -> None:
        if self.away:
            return
        name = self.draw.choice([*NAMES, "default"])
        runs = [run for run in self.oracle.live() if shown(run)["scenario"] == name]
        made = self.service.deletions.create(ACTOR, CreateDeletion(selector=Selector(scenarios=[name]), force=True))
        self._deleted(made, runs, False)

    def _deleted(self, made: Any, runs: list[Any], purge: bool) -> None:
        self.say(f"deletion {made.id} of {[run.uid for run in runs]}{' with purge' if purge else ''}")
        assert made.counts.runs == len(runs), f"{made.counts} instead of {[run.uid for run in runs]}"
        at, purge_at = (round(instant.timestamp() * 1_000_000) for instant in (made.created_at, made.purge_after))
        self.oracle.delete(made.id, runs, at=at, purge_at=purge_at, purge=purge)

    def _do_undo(self) -> None:
        if not self.oracle.deletions or self.away:
            return
        uid = self.draw.choice(list(self.oracle.deletions))
        try:
            self.service.deletions.undo(ACTOR, uid)
            answer = "ok"
        except MboxError as error:
            answer = error.code
        self.say(f"undo of {uid}: {answer}")
        expected = self.oracle.undo(uid)
        assert answer == expected, f"The undo answered {answer}, the rules say {expected}."

    def _do_purge(self) -> None:
        if not self.away:
            finished = self.service.deletions.purge_due()
            self.say(f"purged {finished}")
            assert finished == self.oracle.purge(self.service.time())

    def _do_days(self) -> None:
        self.clock.forward(8 * 86_400.0)

    def _do_wait(self) -> None:
        self.clock.forward(self.draw.random() * 4)

    def _do_outage(self) -> None:
        self.away = True
        self.say("the server goes down")

    def _do_back(self) -> None:
        if self.away:
            self._do_restart()

    def _do_restart(self) -> None:
        self._latest = self._kept
        self._open()
        self.away = False
        self.say("the server starts anew")

    def _do_set_clock(self) -> None:
        """Somebody, or a time server, sets the clock of the server's machine."""
        self._skew += self.draw.choice([-3_600_000_000, -7_000_000, 7_000_000, 3_600_000_000])
        self.server_clock.skew = self._skew
        self.say(f"the server's clock is set; it is {self._skew // 1_000_000} s before the host's")

    def _do_seal(self) -> None:
        if not self.away and self.oracle.live():
            self.service.metrics.seal(self.draw.choice(self.oracle.live()).uid)

    # The end.

    def settle(self) -> None:
        """The network is well again, and everything is delivered."""
        self.healed = True
        self._do_restart()
        self.draw.shuffle(self.late)
        half = len(self.late) // 2
        for body in self.late[half:]:
            self._deliver(body)
        for process in self.processes:
            if not process.dead:
                assert process.flush(1_000.0, close=True) == "server"
        for body in self.late[:half]:
            self._deliver(body)
        sweeper = self._process()
        for _ in range(10_000):
            self.clock.forward(2.0)
            if sweeper.recorder.tick() is None and not sweeper.recorder._spool.names():
                return
        raise AssertionError("Something is left in the spool.")

    def check(self) -> None:
        """Compare the ledger and what is shown with the rules."""
        doubled = {value: n for value, n in self.oracle.stored.items() if n > 1}
        assert not doubled, f"Stored more than once: {doubled}."
        lost = {v for v in self.ledger.promised if not self.oracle.stored[v] and not self.ledger.may_miss(v)}
        assert not lost, f"Promised, but never stored: {sorted(lost)}."
        assert set(self.oracle.stored) <= set(self.ledger.producers)
        found = {run.id for run in self.service.runs.list(ACTOR, RunQuery(limit=1000)).items}
        assert found == {run.uid for run in self.oracle.live()}
        for run in self.oracle.live():
            wanted, seen = shown(run), self._seen(run.uid)
            differing = {name: (seen[name], wanted[name]) for name in wanted if seen[name] != wanted[name]}
            assert not differing, f"{run.uid} shows (first), but should (second): {differing}"

    def _seen(self, uid: str) -> dict[str, Any]:
        run = self.service.runs.get(ACTOR, uid)
        history = self.service.metrics.history(ACTOR, uid, HistoryQuery(limit=None))
        events = self.service.events.list(ACTOR, uid, EventQuery(limit=1000)).items
        return {
            "key": run.key, "name": run.name, "scenario": run.scenario, "collection": run.run_collection,
            "scenario_version": run.scenario_version, "execution": run.execution, "external_id": run.external_id,
            "pipeline": run.pipeline, "status": run.status, "lost": run.lost, "writers": run.number_of_writers,
            "parameters": {name: text for name, text in run.parameters.items() if name not in ("start", "end")},
            "tags": {name: text for name, text in run.tags.items() if name != "runName"},
            "metadata": self.service.metadata.get(ACTOR, uid),
            "events": sorted(event.name for event in events),
            "points": {h.name: list(zip(unpack_ints(h.steps), unpack_floats(h.values), strict=True)) for h in history},
        }  # fmt: skip


def values_of(batch: Batch) -> set[float]:
    """The values of all points."""
    return {value for block in batch.points for value in unpack_floats(block.values)}
