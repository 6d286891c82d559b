"""What a purge leaves: no row without its parent, and a file that is smaller than before."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, LargeBinary, Table, func, literal, select

from mbox_ops.entities.audit import AuditQuery
from mbox_ops.entities.deletions import CreateDeletion, Selector
from mbox_ops.entities.metrics import Block
from mbox_ops.errors import InvalidRequest
from mbox_ops.service import purging
from mbox_ops.service.service import Service
from mbox_ops.store import deletions, space
from mbox_ops.store import purging as store_purging
from mbox_ops.store import series as series_rows
from mbox_ops.store.database import Database
from mbox_ops.store.purging import alone
from mbox_ops.store.tables import series, series_writers, subjects, writers
from mbox_ops.wire.encodings import pack_floats
from tests.service.services import ANN, HandClock, Log, clock, database, postgres_tables, service, sqlite_template
from tests.service.test_deletions_later import full
from tests.store.orphans import orphans

__all__ = ["clock", "database", "postgres_tables", "service", "sqlite_template"]


def purge(service: Service, *scenarios: str) -> None:
    """Delete scenarios for good."""
    request = CreateDeletion(selector=Selector(scenarios=list(scenarios)), force=True, purge=True)
    service.deletions.create(ANN, request)
    assert service.deletions.purge_due(seconds=60) == 1


def large(service: Service, scenario: str, megabytes: int) -> Log:
    """A run with so much text."""
    log = Log(service).open(scenario=scenario)
    for part in range(megabytes):
        texts = {f"p{part}.{index}": "x" * 5_000 for index in range(200)}
        log.write(parameters=texts)
    return log


def rows_of(database: Database, *tables: Table) -> int:
    """How many rows tables have."""
    with database.read() as conn:
        return sum(conn.execute(select(func.count()).select_from(table)).scalar_one() for table in tables)


def test_no_row_is_left_without_its_parent(service: Service, database: Database, clock: HandClock) -> None:
    """Whatever a run had, also where an attempt was replaced."""
    log = full(service, "a", scenario="s", key="k")
    again = Log(service, origin=log.origin, epoch=log.epoch + 1).open(key="k", scenario="s")
    again.points("loss", 4.0)
    service.metrics.seal(again.id)
    full(service, "b", scenario="t")
    purge(service, "s")
    assert orphans(database) == {}


def test_the_walk_finds_an_orphan(database: Database, service: Service) -> None:
    """A reference that is no foreign key is walked too."""
    from mbox_ops.store.tables import segments

    full(service, "a", scenario="s")
    with database.write() as conn:
        conn.execute(segments.update().values(writer_id=4711))
    assert orphans(database) == {"segments.writer_id": 1}


def test_one_server_purges_at_a_time(service: Service, database: Database) -> None:
    """Of all that share a PostgreSQL; an SQLite file has one server anyway."""
    full(service, "a", scenario="s")
    request = CreateDeletion(selector=Selector(scenarios=["s"]), force=True, purge=True)
    done = service.deletions.create(ANN, request)
    if database.dialect == "postgresql":
        with alone(database) as is_mine:  # another server
            assert is_mine
            assert service.deletions.purge_due() == 0
            assert service.deletions.get(ANN, done.id).state == "PURGING"
    assert service.deletions.purge_due() == 1


def test_a_purge_passes_over_a_deletion_that_somebody_holds(service: Service, database: Database) -> None:
    """The next call goes on with it, and its audit is whole."""
    full(service, "a", scenario="s")
    request = CreateDeletion(selector=Selector(scenarios=["s"]), force=True, purge=True)
    done = service.deletions.create(ANN, request)
    if database.dialect == "postgresql":
        with ThreadPoolExecutor() as pool, database.write() as conn:
            deletions.find(conn, uid=done.id, lock=True)
            assert pool.submit(service.deletions.purge_due, seconds=60).result(timeout=60) == 0
    assert service.deletions.purge_due() == 1
    audit = [entry.action for entry in service.deletions.audit(ANN, done.id, AuditQuery()).items]
    assert audit == ["created", "purge_started", "purge_step", "purge_finished"]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)  # SQLite has one writer at a time
def test_nobody_folds_what_a_purge_takes(service: Service, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has seen a run before it was deleted, and comes to it while it is purged, leaves it alone."""
    log = Log(service).open(scenario="s")
    log.points("loss", 0.5)
    with database.read() as conn:
        (subject_id,) = conn.execute(select(subjects.c.id)).scalars()
    purge_later = CreateDeletion(selector=Selector(scenarios=["s"]), force=True, purge=True)
    service.deletions.create(ANN, purge_later)
    real = series_rows.add_states

    def add(conn: Connection, found: Any) -> None:
        while orphans(database) == {} and rows_of(database, series):
            with database.write() as other:
                store_purging.purge_slice(other, deletion_id=1, is_over=lambda: True)
        real(conn, found)

    monkeypatch.setattr(series_rows, "add_states", add)
    with database.write() as conn:
        assert series_rows.fold(conn, subject_id=subject_id) == 0
    assert service.deletions.purge_due() == 1


def test_a_purge_takes_a_run_of_many_writers_and_series_in_small_steps(service: Service, database: Database) -> None:
    """One that was written to without a writer has one for each call, and of each a summary for every series."""
    log = Log(service).open(scenario="s")
    log.write(points=[Block(names=[f"m{place}" for place in range(12)], values=pack_floats([0.5] * 12))])
    done = service.deletions.create(ANN, CreateDeletion(selector=Selector(scenarios=["s"]), force=True, purge=True))
    with database.write() as conn:
        (subject_id,) = conn.execute(select(subjects.c.id)).scalars()
        of = {"subject_id": subject_id, "origin": "o", "origin_hash": b"o", "epoch": 1, "seq": 1, "lost": 0}
        at = {"replaced": False, "created_at": 1, "updated_at": 1}
        rows = [{**of, **at, "producer": f"{number:032x}"} for number in range(2_500)]
        conn.execute(writers.insert(), rows)
        pairs = (
            select(series.c.id, writers.c.id, literal(b"", LargeBinary()))
            .join(writers, writers.c.subject_id == series.c.subject_id)
            .where(writers.c.origin == "o")
        )
        conn.execute(series_writers.insert().from_select(["series_id", "writer_id", "summary"], pairs))
    most = {"sqlite": 100, "postgresql": 1_000}[database.dialect]
    counted = [rows_of(database, writers, series_writers)]
    is_left: int | None = 0
    while is_left is not None:
        with database.write() as conn:
            row, _ = deletions.find(conn, uid=done.id) or (0, None)
            is_left = store_purging.purge_slice(conn, deletion_id=row, is_over=lambda: True)
        counted.append(rows_of(database, writers, series_writers))
    assert counted[-1] == 0
    assert max(before - after for before, after in pairwise(counted)) <= most + 20
    assert orphans(database) == {}


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_file_that_another_program_made_is_said_to_be_one(database: Database, tmp_path: Path) -> None:
    """It gives no page back, however often it is asked: that ends, and says what to do."""
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as other, other:
        other.execute("CREATE TABLE gone (text)")
        other.execute("INSERT INTO gone VALUES (zeroblob(4000000))")
        other.execute("DELETE FROM gone")
    with Database(f"sqlite:///{path}") as theirs:
        theirs.upgrade()
        assert space.free_pages(theirs) > 0
        with pytest.raises(InvalidRequest, match="auto_vacuum = INCREMENTAL; VACUUM"):
            space.compact(theirs, progress=lambda done, of: pytest.fail("it went on"))
    with closing(sqlite3.connect(path)) as other:
        other.execute("PRAGMA auto_vacuum = INCREMENTAL")
        other.execute("VACUUM")
    with Database(f"sqlite:///{path}") as theirs:
        space.compact(theirs)


def test_what_a_purge_freed_is_given_back_in_small_steps(
    service: Service, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file gets smaller, in many transactions, and some pages are kept for what is written next."""
    monkeypatch.setattr(purging, "_KEPT_PAGES", 100)
    monkeypatch.setattr(space, "PAGES_A_STEP", 50)
    large(service, "s", 2)
    kept = full(service, "kept", scenario="t")
    purge(service, "s")
    steps: list[Any] = []
    if database.dialect == "postgresql":
        assert service.deletions.purging.give_space_back() == 0
    else:
        free = space.free_pages(database)
        assert free > 400
        real, before = Database.write, database.size()
        monkeypatch.setattr(Database, "write", lambda self: steps.append(1) or real(self))
        assert service.deletions.purging.give_space_back() == free - 100
        assert len(steps) == -(-(free - 100) // 50)
        database.cut_log()
        assert before - database.size() > 1_000_000
    space.compact(database)
    assert space.free_pages(database) == 0
    assert service.runs.get(ANN, kept.id).metrics["loss"].count == 6
