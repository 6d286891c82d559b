"""Runs by key: made once, joined, gone with their deletion; gravestones, twins and races."""

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import func, select

from mbox_ops.entities.deletions import CreateDeletion, Selector
from mbox_ops.entities.ids import uuid7
from mbox_ops.entities.runs import OpenRun, RunQuery
from mbox_ops.entities.writers import Batch, BatchResult
from mbox_ops.errors import Conflict, Forbidden, InvalidRequest, MboxError, NotFound, RunDeleted
from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from mbox_ops.store.tables import gravestones, subjects, writers
from tests.service.services import (
    ANN,
    NOON,
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

EPOCH = NOON // 1000  # the clock's own millisecond


def delete(service: Service, run_id: str) -> str:
    """Delete a run; the deletion's id."""
    return service.deletions.create(ANN, CreateDeletion(selector=Selector(run_id=run_id), force=True)).id


def opened(service: Service, key: str, *, epoch: int = EPOCH, **given: Any) -> BatchResult:
    """Open a key as a writer that never wrote before."""
    log = Log(service, epoch=epoch)
    log.key = key
    return log.write(open=OpenRun(**given))


def at_once(calls: list[Callable[[], Any]]) -> list[Any]:
    """What all calls return or raise, begun at the same instant."""
    barrier = threading.Barrier(len(calls))

    def one(call: Callable[[], Any]) -> Any:
        barrier.wait()
        try:
            return call()
        except MboxError as error:
            return error

    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        return list(pool.map(one, calls))


def test_a_key_is_its_namespace_s(service: Service) -> None:
    """The same key elsewhere is another run; a proposed id is used once and only for who makes the run."""
    ids = [uuid7(), uuid7()]
    first = opened(service, "k", run_id=ids[0])
    second = opened(service, "k", run_id=ids[1])
    assert (first.run_id, second.run_id, first.existed, second.existed) == (ids[0], ids[0], False, True)
    elsewhere = Log(service, actor("cv")).open(key="k")
    assert elsewhere.id != first.run_id
    with pytest.raises(NotFound):
        service.runs.get(ANN, ids[1])


def test_an_id_that_is_taken_is_refused(service: Service) -> None:
    """Under another key, or in another namespace."""
    run_id = opened(service, "k").run_id
    with pytest.raises(Conflict):
        opened(service, "other", run_id=run_id)
    confined = Log(service, actor("cv", opens={"cv"}))
    confined.run_id = run_id
    with pytest.raises(NotFound):
        confined.write(open=OpenRun())
    assert service.runs.list(ANN, RunQuery()).items[0].id == run_id
    assert len(service.runs.list(ANN, RunQuery()).items) == 1


def test_a_run_is_made_only_where_the_token_opens(service: Service) -> None:
    """The namespace of the request."""
    confined = actor("cv", opens={"default"})
    for batch in (Batch(key="k", open=OpenRun()), Batch(open=OpenRun()), Batch(key="k", tags={"a": "b"})):
        with pytest.raises(Forbidden):
            service.batches.write(confined, batch)


def test_a_key_without_a_run_is_not_found(service: Service) -> None:
    """In a namespace that was never used, and in one that was."""
    for _ in range(2):
        with pytest.raises(NotFound):
            service.batches.write(ANN, Batch(key="nobody", tags={"a": "b"}))
        opened(service, "somebody")


def test_a_deleted_key_takes_only_writers_that_began_later(service: Service, clock: HandClock) -> None:
    """Compared to the microsecond: an attempt of the deletion's own millisecond came before it."""
    clock.forward(seconds=0.000_999)
    first = opened(service, "k")
    deletion = delete(service, first.run_id)
    clock.forward(seconds=60)
    for epoch in (EPOCH - 1, EPOCH):
        with pytest.raises(RunDeleted):
            opened(service, "k", epoch=epoch)
    twin = opened(service, "k", epoch=EPOCH + 1)
    assert (twin.existed, twin.run_id != first.run_id) == (False, True)
    with pytest.raises(RunDeleted):
        opened(service, "k", epoch=EPOCH)
    assert opened(service, "k", epoch=EPOCH + 2).run_id == twin.run_id
    with pytest.raises(Conflict):
        service.deletions.undo(ANN, deletion)


def test_a_producer_of_a_deleted_run_never_reaches_its_twin(service: Service, clock: HandClock) -> None:
    """However new its epoch: its stream belongs to the run that is gone. A copy of what it sent is a duplicate."""
    log = Log(service, epoch=EPOCH + 5_000).open(key="k")
    clock.forward(seconds=1)
    delete(service, log.id)
    twin = opened(service, "k", epoch=EPOCH + 9_000)
    with pytest.raises(RunDeleted):
        log.write(tags={"late": "1"})
    log.seq = 0
    assert log.write(open=OpenRun()).status == "duplicate"
    assert service.runs.get(ANN, twin.run_id).tags == {"runName": twin.run_id}


def test_undo_lets_the_same_writers_go_on(service: Service, clock: HandClock) -> None:
    """Its gravestones are gone: by id, by key, and by the stream that was refused meanwhile."""
    log = Log(service).open(key="k")
    deletion = delete(service, log.id)
    with pytest.raises(RunDeleted):
        log.write(tags={"a": "b"})
    service.deletions.undo(ANN, deletion)
    log.seq = 1
    assert log.write(tags={"a": "b"}).status == "ok"
    assert opened(service, "k").run_id == log.id
    service.batches.write(ANN, Batch(run_id=log.id, tags={"c": "d"}))


def test_after_the_purge_every_way_in_is_still_closed(service: Service, clock: HandClock) -> None:
    """By id, by the id in an opening, by key, by the old producer; who may not see the namespace is not told."""
    log = Log(service).open(key="k")
    service.deletions.create(ANN, CreateDeletion(selector=Selector(run_id=log.id), force=True, purge=True))
    while service.deletions.purge_due():
        pass
    attempts = [
        Batch(run_id=log.id, tags={"a": "b"}), Batch(run_id=log.id, open=OpenRun()),
        Batch(key="new", open=OpenRun(run_id=log.id)),
    ]  # fmt: skip
    for batch in attempts:
        with pytest.raises(RunDeleted):
            service.batches.write(ANN, batch)
    for by_key in (True, False):
        log.key = "k" if by_key else None
        with pytest.raises(RunDeleted):
            log.write(tags={"a": "b"})
    with pytest.raises(NotFound):
        service.batches.write(actor("cv", opens={"cv"}), attempts[0])
    assert service.runs.list(ANN, RunQuery()).items == []


def test_a_refused_opening_leaves_nothing(service: Service, database: Database) -> None:
    """No run, no scenario, no collection, though they were on their way."""
    log = Log(service).open(key="k", scenario="s")
    with pytest.raises(Conflict):
        opened(service, "k", scenario="t", collection="c")
    bad = Batch(key="new", open=OpenRun(scenario="t"), tags={"runName": "no"})
    with pytest.raises(InvalidRequest):
        service.batches.write(ANN, bad)
    assert [s.name for s in service.scenarios.list(ANN).items] == ["s"]
    assert [r.id for r in service.runs.list(ANN, RunQuery()).items] == [log.id]


def test_sixty_four_threads_that_open_one_key_make_one_run(service: Service) -> None:
    """One of them made it; each one's write is there."""
    logs = [Log(service) for _ in range(64)]
    for log in logs:
        log.key = "k"
    results = at_once(
        [lambda log=log, i=i: log.write(open=OpenRun(scenario="s"), tags={f"t{i}": "1"}) for i, log in enumerate(logs)]
    )
    assert {type(result) for result in results} == {BatchResult}, results
    assert len({result.run_id for result in results}) == 1
    assert [result.existed for result in results].count(False) == 1
    run = service.runs.get(ANN, results[0].run_id)
    assert (len(run.tags), run.number_of_writers) == (65, 64)


def test_sixty_four_threads_that_open_one_id_make_one_run(service: Service) -> None:
    """As by key."""
    run_id = uuid7()
    results = at_once([lambda: service.batches.write(ANN, Batch(run_id=run_id, open=OpenRun())) for _ in range(64)])
    assert [result.existed for result in results].count(False) == 1
    assert service.runs.get(ANN, run_id).number_of_writers == 64


def test_attempts_that_race_leave_the_newest(service: Service) -> None:
    """Whichever comes first, older ones are fenced or replaced."""
    logs = [Log(service, origin="task", epoch=EPOCH + attempt) for attempt in range(16)]
    for log in logs:
        log.key = "k"
    at_once([lambda log=log: log.write(open=OpenRun(), tags={"who": str(log.epoch)}) for log in logs])
    run = service.runs.get(ANN, logs[-1].id)
    assert (run.tags["who"], run.number_of_writers) == (str(EPOCH + 15), 1)


def test_deletions_that_race_with_openings_never_let_an_old_one_back(
    service: Service, database: Database, clock: HandClock
) -> None:
    """At the end there is one live run or none, and no writer is in it that began before the last deletion."""

    def remove() -> None:
        clock.forward(seconds=1)
        for run in service.runs.list(ANN, RunQuery(key="k")).items:
            with contextlib.suppress(NotFound):  # another thread was faster
                delete(service, run.id)

    for _ in range(4):
        openings = [lambda: opened(service, "k", epoch=clock.now() // 1000) for _ in range(8)]
        results = at_once([*openings, *([remove] * 4)])
        assert {type(r) for r in results} <= {BatchResult, RunDeleted, type(None)}, results
    opened(service, "k", epoch=clock.now() // 1000 + 1)
    assert len(service.runs.list(ANN, RunQuery(key="k")).items) == 1
    with database.read() as conn:
        live = select(subjects.c.id).where(subjects.c.deletion_id.is_(None)).scalar_subquery()
        oldest = conn.execute(select(func.min(writers.c.epoch)).where(writers.c.subject_id == live)).scalar_one()
        last = conn.execute(select(func.max(gravestones.c.deleted_at))).scalar_one()
    assert oldest * 1000 > last


def test_threads_that_write_many_runs_do_not_wait_for_each_other_for_ever(service: Service) -> None:
    """New scenarios, collections, names, series and settings, made by all at once, in any order."""

    def work(number: int) -> list[Any]:
        done = []
        for i in range(6):
            turn = (i + number) % 6
            log = Log(service)
            log.key = f"run {turn}"
            parts = {"parameters": {f"p{(turn + j) % 5}": j for j in range(3)}, "tags": {f"t{turn}": "1"}}
            done.append(log.write(open=OpenRun(scenario=f"s{turn}", collection=f"c{turn}"), **parts))
            done.append(log.points(f"m{turn}", 1.0))
        return done

    results = at_once([lambda number=number: work(number) for number in range(12)])
    assert {type(result) for result in results} == {list}, results
    assert len(service.runs.list(ANN, RunQuery()).items) == 6
    for run in service.runs.list(ANN, RunQuery()).items:
        assert [summary.count for summary in service.metrics.list(ANN, run.id)] == [12]
