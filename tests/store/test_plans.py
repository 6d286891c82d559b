"""What people search for most is answered from indexes, on both databases and whatever their planners guess."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event, text

from mbox_ops.entities.runs import RunQuery
from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from mbox_ops.store.filters import candidates
from tests.service.services import ANN, Log, clock, database, postgres_tables, service, sqlite_template

__all__ = ["clock", "database", "postgres_tables", "service", "sqlite_template"]


@pytest.fixture
def filled(service: Service) -> Service:
    """A service with a few runs."""
    if service.database.dialect == "postgresql":  # what it finds out about eight rows, or not yet, is no matter here
        with service.database.write() as conn:
            for table in ("attributes", "series", "runs", "subjects"):
                conn.execute(text(f"ALTER TABLE {table} SET (autovacuum_enabled = false)"))
    for number in range(8):
        log = Log(service).open(pipeline="p", execution=f"e{number}")
        log.write(parameters={"lr": number / 8, "model": "m"}, tags={"team": "risk"})
        log.points("loss", number)
    return service


@contextmanager
def selects(database: Database) -> Iterator[list[tuple[str, Any]]]:
    """The queries that are executed meanwhile, with their parameters."""
    found: list[tuple[str, Any]] = []

    def note(conn: object, cursor: object, statement: str, parameters: Any, *rest: object) -> None:
        if statement.startswith("SELECT"):
            found.append((statement, parameters))

    event.listen(database._engine, "before_cursor_execute", note)
    try:
        yield found
    finally:
        event.remove(database._engine, "before_cursor_execute", note)


def plans(service: Service, **query: Any) -> str:
    """How the database finds the runs of a query: the plans of all statements that look for them."""
    service.runs.list(ANN, RunQuery(**query))  # folds
    with selects(service.database) as found:
        service.runs.list(ANN, RunQuery(**query))
    asked = [pair for pair in found if "LIMIT" in pair[0]]  # those that look for runs; the others read what was found
    explain = "EXPLAIN QUERY PLAN " if service.database.dialect == "sqlite" else "EXPLAIN "
    with service.database.read() as conn:
        if service.database.dialect == "postgresql":  # a table of eight rows is read whole otherwise
            conn.execute(text("SET LOCAL enable_seqscan = off"))
            conn.execute(text("SET LOCAL enable_sort = off"))
            conn.execute(text("SET LOCAL enable_bitmapscan = off"))
        rows = [row for statement, given in asked for row in conn.exec_driver_sql(explain + statement, given)]
    return "\n".join(str(row[-1]) for row in rows)


@pytest.mark.parametrize(
    ("filter", "sort", "index"),
    [
        (None, "-started_at", "ix_runs_namespace_id_started_at"),
        ("params.lr > 0.1 AND NOT tags.team = 'x'", "started_at", "ix_runs_namespace_id_started_at"),
        ("metrics.loss.min < 2 OR status = 'FAILED'", "-started_at", "ix_runs_namespace_id_started_at"),
        ("params.model = 'm' AND metrics.loss > 1", "-metrics.loss", "ix_series_last"),
        (None, "metrics.loss.min", "ix_series_min"),
        ("params.lr > 0.1", "-metrics.loss.max", "ix_series_max"),
        ("metrics.loss > 1", "params.lr", "ix_attributes_num"),
        (None, "-tags.team", "ix_attributes_text"),
    ],
)
def test_an_order_is_read_from_its_index(
    filled: Service, filter: str | None, sort: str, index: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each run is tested on the way, and nothing is sorted."""
    monkeypatch.setattr(candidates, "FEW", 0)
    found = plans(filled, filter=filter, sort=sort, limit=5)
    assert index in found
    assert "TEMP B-TREE" not in found
    assert "Sort" not in found


@pytest.mark.parametrize(
    ("filter", "index"),
    [
        ("params.lr = 0.5", "ix_attributes_num"),
        ("params.model = 'm' AND params.lr > 0.9", "ix_attributes_num"),
        ("tags.team STARTSWITH 'ri'", "ix_attributes_text"),
        ("metrics.loss.min < 2", "ix_series_min"),
    ],
)
def test_a_filter_that_few_runs_meet_is_read_from_its_index(filled: Service, filter: str, index: str) -> None:
    """Those runs are looked at, and no others."""
    found = plans(filled, filter=filter, sort="name")
    assert index in found
    assert "SCAN runs" not in found
    assert "Seq Scan on runs" not in found
