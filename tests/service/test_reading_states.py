"""States of runs that depend on time: leases, losing and finding again."""

from mbox_ops.entities.deletions import CreateDeletion, Selector
from mbox_ops.entities.runs import RunQuery
from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from tests.service.services import ANN, HandClock, Log, clock, database, postgres_tables, service, sqlite_template

__all__ = ["clock", "database", "postgres_tables", "service", "sqlite_template"]


def test_a_run_is_lost_after_three_misses_of_its_lease(service: Service, clock: HandClock) -> None:
    """Not before, and not one that holds no lease or has ended."""
    holder = Log(service).open(name="holder", lease=True)
    Log(service).open(name="free")
    Log(service).open(name="over", lease=True, state="FINISHED")
    clock.forward(seconds=30)
    assert service.runs.expire_leases() == 0
    clock.forward(seconds=1)
    assert service.runs.expire_leases() == 1
    assert service.runs.expire_leases() == 0
    states = {run.name: run.status for run in service.runs.list(ANN, RunQuery()).items}
    assert states == {"holder": "LOST", "free": "RUNNING", "over": "FINISHED"}
    assert service.runs.get(ANN, holder.id).ended_at is None


def test_only_a_renewed_lease_finds_a_lost_run_again(service: Service, clock: HandClock) -> None:
    """Writing alone does not."""
    log = Log(service).open(lease=True)
    clock.forward(seconds=31)
    service.runs.expire_leases()
    log.points("loss", 1.0)
    assert service.runs.get(ANN, log.id).status == "LOST"
    log.write(lease=True)
    assert service.runs.get(ANN, log.id).status == "RUNNING"
    clock.forward(seconds=31)
    service.runs.expire_leases()
    assert service.runs.get(ANN, log.id).status == "LOST"


def test_an_explicit_end_of_a_lost_run_is_its_state(service: Service, clock: HandClock) -> None:
    """The process was away, not gone."""
    log = Log(service).open(lease=True)
    clock.forward(seconds=31)
    service.runs.expire_leases()
    log.write(state="FINISHED")
    assert service.runs.get(ANN, log.id).status == "FINISHED"


def test_time_in_which_the_server_was_down_is_no_miss(service: Service, database: Database, clock: HandClock) -> None:
    """A restarted server gives every lease its three misses again."""
    clock.beat(database)
    log = Log(service).open(lease=True)
    clock.forward(seconds=600)
    clock.beat(database)
    assert service.runs.expire_leases() == 0
    clock.forward(seconds=5)
    clock.beat(database)
    clock.forward(seconds=26)
    assert service.runs.expire_leases() == 1
    assert service.runs.get(ANN, log.id).status == "LOST"


def test_a_deleted_run_is_not_given_up(service: Service, clock: HandClock) -> None:
    """It is nobody's business any more."""
    log = Log(service).open(lease=True)
    service.deletions.create(ANN, CreateDeletion(selector=Selector(run_id=log.id), force=True))
    clock.forward(seconds=60)
    assert service.runs.expire_leases() == 0
