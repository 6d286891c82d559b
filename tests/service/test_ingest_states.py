"""The states of a run: a table of what happens to it, and what it is shown as then (DESIGN: state of a run)."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mbox_ops.entities.runs import OpenRun
from mbox_ops.errors import Fenced
from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from mbox_ops.store.tables import outbox
from tests.service.services import (
    ANN,
    HandClock,
    Log,
    clock,
    database,
    postgres_tables,
    service,
    sqlite_template,
)

__all__ = ["clock", "database", "postgres_tables", "service", "sqlite_template"]

# What happens, in order. `one` opens the run and holds a lease; `two` is another origin without one; `late` is a writer
# with an end of its own; `+` before a name is the next attempt of that origin. `31s`: nobody writes, and the job looks.
TABLE: list[tuple[str, str]] = [
    ("", "RUNNING"),
    ("one FINISHED", "FINISHED"),
    ("one FAILED", "FAILED"),
    ("one KILLED", "KILLED"),
    ("one LOST", "LOST"),
    ("31s", "LOST"),
    ("20s", "RUNNING"),
    # An explicit end stands; the last one to arrive is shown.
    ("one FINISHED, two FAILED", "FAILED"),
    ("two FAILED, one FINISHED", "FINISHED"),
    ("one FAILED, one FINISHED", "FINISHED"),
    ("one FINISHED, two FAILED, one FINISHED", "FINISHED"),
    # Giving up never undoes an end, and nothing but an end or a lease undoes giving up.
    ("one FINISHED, one LOST", "FINISHED"),
    ("one FINISHED, two LOST", "FINISHED"),
    ("one FINISHED, 31s", "FINISHED"),
    ("one LOST, one write", "LOST"),
    ("one LOST, two write", "LOST"),
    ("one LOST, two open", "LOST"),
    ("one LOST, one FINISHED", "FINISHED"),
    ("one LOST, two FAILED", "FAILED"),
    ("31s, one write", "LOST"),
    ("31s, two open", "LOST"),
    ("31s, one FINISHED", "FINISHED"),
    ("one LOST, one lease", "RUNNING"),
    ("31s, one lease", "RUNNING"),
    ("31s, two lease", "RUNNING"),
    ("one LOST, one lease, one LOST", "LOST"),
    ("31s, one lease, 20s", "RUNNING"),
    ("31s, one lease, 31s", "LOST"),
    ("two lease, one LOST, two lease", "RUNNING"),
    # Nothing reopens a run that was ended but a newer epoch of the origin that ended it.
    ("one FINISHED, one lease", "FINISHED"),
    ("one FINISHED, one write", "FINISHED"),
    ("one FINISHED, two open", "FINISHED"),
    ("late FINISHED, +one open", "FINISHED"),
    ("late FINISHED, +one lease", "FINISHED"),
    ("one FINISHED, +one write", "RUNNING"),
    ("one FINISHED, +one open", "RUNNING"),
    ("one FAILED, +one FINISHED", "FINISHED"),
    ("late FINISHED, one FAILED, +one open", "FINISHED"),
    ("one FINISHED, late FAILED, +late open", "FINISHED"),
    ("one FINISHED, late FAILED, +late open, +one open", "RUNNING"),
    # A newer attempt takes what the older one's process was: its giving up, and its lease.
    ("one LOST, +one write", "RUNNING"),
    ("31s, +one write", "RUNNING"),
    ("31s, +one lease", "RUNNING"),
    ("+one write, 31s", "RUNNING"),
    ("+one lease, 31s", "LOST"),
    ("two lease, 31s, +one write", "LOST"),
    ("two lease, 31s, +one write, two lease", "RUNNING"),
]


class Story:
    """A run that things happen to."""

    def __init__(self, service: Service, clock: HandClock) -> None:
        self.service, self.clock = service, clock
        self.logs = {name: Log(service, origin=name) for name in ("one", "two", "late")}
        self.run_id = self.logs["one"].open(lease=True).id

    def happens(self, what: str) -> None:
        """Let one thing happen, two seconds after the last."""
        if what.endswith("s") and what[:-1].isdigit():
            self.clock.forward(seconds=int(what[:-1]))
            self.service.runs.expire_leases()
            return
        self.clock.forward(seconds=2)
        who, does = what.split()
        if who.startswith("+"):
            who = who[1:]
            self.logs[who] = Log(self.service, origin=who, epoch=self.logs[who].epoch + 1)
        log = self.logs[who]
        log.run_id = self.run_id
        parts: dict[str, dict[str, Any]] = {"open": {"open": OpenRun()}, "lease": {"lease": True}, "write": {}}
        log.write(**parts.get(does, {"state": does}))


@pytest.mark.parametrize(("story", "shown"), TABLE)
def test_a_run_s_state_follows_from_what_happened(
    service: Service, clock: HandClock, story: str, shown: str
) -> None:  # fmt: skip
    """Each row of the table, through the service."""
    told = Story(service, clock)
    for what in filter(None, story.split(", ")):
        told.happens(what)
    run = service.runs.get(ANN, told.run_id)
    assert run.status == shown
    assert (run.ended_at is not None) == (shown in {"FINISHED", "FAILED", "KILLED"})
    assert ("end" in run.parameters) == (run.ended_at is not None)


def test_a_run_without_a_lease_runs_until_it_is_ended(service: Service, clock: HandClock) -> None:
    """A DAG run's run stays open for days between its tasks."""
    log = Log(service).open()
    clock.forward(days=30)
    assert service.runs.expire_leases() == 0
    assert service.runs.get(ANN, log.id).status == "RUNNING"


def test_an_end_has_the_writer_s_time_and_keeps_it(service: Service, clock: HandClock) -> None:
    """Ending twice changes nothing; without a time it is the server's."""
    log = Log(service).open()
    log.write(state="FINISHED", at=1_500_000)
    clock.forward(seconds=10)
    log.write(state="FINISHED", at=9_500_000)
    run = service.runs.get(ANN, log.id)
    assert run.ended_at == datetime(1970, 1, 1, 0, 0, 1, 500_000, tzinfo=UTC)
    assert run.parameters["end"] == "1970-01-01T00:00:01.500000Z"
    other = Log(service).open()
    other.write(state="FAILED")
    assert service.runs.get(ANN, other.id).ended_at == datetime.fromtimestamp(clock.now() / 1e6, UTC)


def test_a_run_begins_when_its_first_present_writer_did(service: Service, clock: HandClock) -> None:
    """As it says, or by the server's clock; a retry begins anew."""
    first = Log(service, origin="task").open(key="k")
    began = service.runs.get(ANN, first.id).started_at
    clock.forward(seconds=5)
    Log(service, origin="told").open(key="k", started_at=7)
    assert service.runs.get(ANN, first.id).started_at.microsecond == 7
    other = Log(service, origin="other").open(key="other")
    clock.forward(seconds=5)
    retry = Log(service, origin="other", epoch=other.epoch + 1).open(key="other")
    assert (service.runs.get(ANN, retry.id).started_at - began).total_seconds() == 10


def test_a_renewed_lease_is_no_news(service: Service, database: Database, clock: HandClock) -> None:
    """Only one that brings a run back is announced; all of them keep the run alive and count as writes received."""

    def announced() -> int:
        with database.read() as conn:
            return len(conn.execute(outbox.select()).all())

    log = Log(service).open(lease=True)
    before = announced(), service.runs.get(ANN, log.id).updated_at
    clock.forward(seconds=10)
    log.write(lease=True)
    assert announced() == before[0]
    assert (service.runs.get(ANN, log.id).updated_at - before[1]).total_seconds() == 10
    clock.forward(seconds=31)
    service.runs.expire_leases()
    lost = announced()
    log.write(lease=True)
    assert announced() == lost + 1
    log.write(lease=True)
    assert announced() == lost + 1


def test_a_zombie_s_lease_keeps_nothing_alive(service: Service, clock: HandClock) -> None:
    """It is fenced like any write."""
    zombie = Log(service, origin="task").open(lease=True)
    retry = Log(service, origin="task", epoch=zombie.epoch + 1)
    retry.run_id = zombie.id
    retry.write(lease=True)
    clock.forward(seconds=29)
    with pytest.raises(Fenced):
        zombie.write(lease=True)
    clock.forward(seconds=2)
    assert service.runs.expire_leases() == 1


@pytest.mark.parametrize("given_up", [False, True])
def test_a_loss_that_a_replaced_attempt_told_goes_with_it(service: Service, clock: HandClock, given_up: bool) -> None:
    """What the service gave up by itself stays so until a lease is renewed."""
    holder = Log(service, origin="holder").open(lease=True)
    other = Log(service, origin="other")
    other.run_id = holder.id
    other.write(tags={"a": "b"}, **({} if given_up else {"state": "LOST"}))
    clock.forward(seconds=31 if given_up else 1)
    assert service.runs.expire_leases() == given_up
    assert service.runs.get(ANN, holder.id).status == "LOST"
    again = Log(service, origin="other", epoch=other.epoch + 1)
    again.run_id = holder.id
    again.write(tags={"a": "c"})
    assert service.runs.get(ANN, holder.id).status == ("LOST" if given_up else "RUNNING")
