"""What comes after a deletion: undo, purge, and writers that race with it."""

import threading
from typing import Any

import pytest
from sqlalchemy import func, select

from mbox_ops.entities.artifacts import ArtifactQuery, ArtifactRecord
from mbox_ops.entities.deletions import CreateDeletion, Deletion, Selector
from mbox_ops.entities.events import EventQuery, EventRecord
from mbox_ops.entities.lineage import ArtifactUse, LineageQuery
from mbox_ops.entities.metrics import HistoryQuery
from mbox_ops.entities.runs import RunQuery
from mbox_ops.entities.writers import MetadataOp
from mbox_ops.errors import Conflict, NotFound, RunDeleted
from mbox_ops.service import purging
from mbox_ops.service.service import Service
from mbox_ops.store import purging as stored_purging
from mbox_ops.store import tables
from mbox_ops.store.database import Database
from tests.service.services import (
    ANN,
    HandClock,
    Log,
    actor,
    clock,
    database,
    postgres_tables,
    service,
    sqlite_template,
)

__all__ = ["clock", "database", "postgres_tables", "service", "sqlite_template"]


def delete(service: Service, **given: Any) -> Deletion:
    """Delete what a selector takes, running or not."""
    purge = given.pop("purge", False)
    return service.deletions.create(ANN, CreateDeletion(selector=Selector(**given), force=True, purge=purge))


def full(service: Service, name: str, **given: Any) -> Log:
    """A run with something of everything."""
    log = Log(service).open(name=name, **given)
    for _ in range(3):
        log.points("loss", 1.0, 2.0)
    log.write(
        parameters={"p": 1}, tags={"t": "a"}, labels={"l": 1}, events=[EventRecord(name="e", source="s")],
        artifacts=[ArtifactRecord(path="a", uri="s3://b/a")], uses=[ArtifactUse(uri="s3://b/raw")],
        metadata=[MetadataOp(op="merge", document={"a": {"b": [1, 2]}})],
    )  # fmt: skip
    service.metrics.seal(log.id)
    log.points("acc", 1.0)
    return log


def everything(service: Service, log: Log) -> list[object]:
    """All that can be read of a run and what it is in."""
    return [
        service.runs.get(ANN, log.id),
        service.runs.list(ANN, RunQuery()),
        service.metrics.history(ANN, log.id, HistoryQuery(limit=None)),
        service.metadata.get(ANN, log.id),
        service.events.list(ANN, log.id, EventQuery()),
        service.artifacts.list(ANN, log.id, ArtifactQuery()),
        service.lineage.of_run(ANN, log.id, LineageQuery()),
        service.scenarios.list(ANN, limit=9, cursor=None),
        service.collections.list(ANN, limit=9, cursor=None),
    ]


def rows(
    database: Database, *, but: tuple[str, ...] = ("names", "catalogue", "namespaces", "clock", "outbox")
) -> dict[str, int]:
    """How many rows each table holds."""
    with database.read() as conn:
        count = {
            table.name: conn.execute(select(func.count()).select_from(table)).scalar_one()
            for table in tables.metadata.sorted_tables
            if table.name not in but
        }
    return {name: rows for name, rows in count.items() if rows}


def test_an_undone_deletion_brings_everything_back(service: Service) -> None:
    """Identical, and open to its writers again."""
    log = full(service, "a", scenario="s", key="k", pipeline="p")
    before = everything(service, log)
    done = delete(service, scenarios=["s"])
    undone = service.deletions.undo(ANN, done.id)
    assert undone.state == "UNDONE"
    assert service.deletions.get(ANN, done.id) == undone
    assert everything(service, log) == before
    log.points("loss", 9.0)
    assert Log(service).open(key="k").id == log.id
    with pytest.raises(Conflict, match="UNDONE"):
        service.deletions.undo(ANN, done.id)


def test_an_undo_that_meets_a_live_twin_is_a_conflict(service: Service, clock: HandClock) -> None:
    """It names the twin and changes nothing."""
    log = Log(service).open(key="k", name="old")
    done = delete(service, run_id=log.id)
    clock.forward(seconds=1)
    twin = Log(service, epoch=clock.now() // 1000 + 1).open(key="k", name="new")
    assert twin.id != log.id
    with pytest.raises(Conflict) as error:
        service.deletions.undo(ANN, done.id)
    assert error.value.details["twins"] == [twin.id]
    assert service.deletions.get(ANN, done.id).state == "TOMBSTONED"
    with pytest.raises(RunDeleted):
        log.points("loss", 1.0)
    delete(service, run_id=twin.id)
    assert service.deletions.undo(ANN, done.id).state == "UNDONE"


def test_only_who_may_delete_there_may_undo(service: Service) -> None:
    """To others the deletion is not there."""
    done = delete(service, scenarios=["s"])
    with pytest.raises(NotFound):
        service.deletions.undo(actor("nlp", opens={"nlp"}), done.id)


def test_a_purge_drops_every_row_but_the_gravestone(service: Service, database: Database, clock: HandClock) -> None:
    """Not before the undo window is over, and nothing of other runs."""
    full(service, "other", scenario="other")
    before = rows(database)
    log = full(service, "a", scenario="s", key="k")
    done = delete(service, scenarios=["s"])
    assert service.deletions.purge_due() == 0
    clock.forward(days=6.9)
    assert service.deletions.purge_due() == 0
    clock.forward(days=0.2)
    assert service.deletions.purge_due() == 1
    assert service.deletions.get(ANN, done.id).state == "PURGED"
    grown = {"deletions": 1, "gravestones": 1, "scenarios": 2, "collections": 2, "audit": 4}
    assert rows(database) == before | grown
    assert service.deletions.purge_due() == 0
    with pytest.raises(Conflict, match="PURGED"):
        service.deletions.undo(ANN, done.id)
    with pytest.raises(RunDeleted):
        log.points("loss", 1.0)
    with pytest.raises(RunDeleted):
        Log(service, epoch=log.epoch).open(key="k")


def test_a_purge_that_was_asked_for_starts_at_once(service: Service, database: Database) -> None:
    """The undo window is given up."""
    full(service, "a", scenario="s")
    done = delete(service, scenarios=["s"], purge=True)
    assert (done.state, done.purge_after) == ("PURGING", done.created_at)
    with pytest.raises(Conflict, match="PURGING"):
        service.deletions.undo(ANN, done.id)
    assert service.deletions.purge_due() == 1
    assert "subjects" not in rows(database)


def test_a_purge_goes_on_where_it_was_broken_off(
    service: Service, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In slices as small as a row; between two of them nothing of it can be read."""
    monkeypatch.setattr(purging, "_SLICE_SECONDS", {"sqlite": 0, "postgresql": 0})
    monkeypatch.setattr(stored_purging, "_AT_ONCE", {"sqlite": 1, "postgresql": 1})
    for name in ("a", "b"):
        full(service, name, scenario="s")
    done = delete(service, scenarios=["s"], purge=True)
    calls = 0
    while service.deletions.purge_due(seconds=0) == 0:
        calls += 1
        assert service.deletions.get(ANN, done.id).state == "PURGING"
    assert calls > 20
    assert service.deletions.get(ANN, done.id).state == "PURGED"
    assert set(rows(database)) == {"deletions", "gravestones", "scenarios", "collections", "audit"}


def test_every_point_that_was_acknowledged_is_counted_by_the_deletion_that_took_it(service: Service) -> None:
    """Writers race with a deletion: each batch is either in its count or refused."""
    logs = [Log(service).open(name=f"r{index}", scenario="s") for index in range(4)]
    stored: list[int] = []
    started = threading.Barrier(len(logs) + 1)

    def write(log: Log) -> None:
        started.wait()
        try:
            while True:
                log.points("loss", 1.0, 2.0)
                stored.append(2)
        except RunDeleted:
            pass

    threads = [threading.Thread(target=write, args=(log,)) for log in logs]
    for thread in threads:
        thread.start()
    started.wait()
    while sum(stored) < 40:
        threading.Event().wait(0.005)
    done = delete(service, scenarios=["s"])
    for thread in threads:
        thread.join()
    assert done.counts.points == sum(stored)


def test_two_deletions_at_once_share_the_runs_out(service: Service) -> None:
    """Each run is taken by exactly one of them."""
    for index in range(20):
        Log(service).open(name=f"r{index}", scenario="s", pipeline="p", state="FINISHED")
    done: list[Deletion] = []
    selectors = [{"scenarios": ["s"]}, {"pipeline": "p"}] * 2
    threads = [
        threading.Thread(target=lambda given=given: done.append(delete(service, **given))) for given in selectors
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(done) == 4
    assert sum(deletion.counts.runs for deletion in done) == 20
