"""Fields and their values are read from indexes, however many runs there are; and no scan hides in a statement."""

import re
from collections.abc import Callable, Iterator
from typing import Any, get_args

import pytest
from sqlalchemy import event, text

from mbox_ops.entities.metrics import Block
from mbox_ops.entities.runs import MLFramework, OpenRun, Source
from mbox_ops.entities.search import FieldKind, FieldQuery, ValueQuery
from mbox_ops.entities.writers import Batch, MetadataOp
from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from mbox_ops.wire.encodings import pack_floats
from tests.service.services import ANN, counted

RUNS = 40
INDEXES = {
    "name": "ix_runs_name", "status": "ix_runs_status", "owner": "ix_runs_owner", "task": "ix_runs_task",
    "framework": "ix_runs_framework", "scenario_version": "ix_runs_scenario_version", "pipeline": "ix_runs_source",
    "execution": "ix_runs_execution", "external_id": "ix_runs_external_id", "notebook": "ix_runs_source",
    "tags.team": "ix_attributes_text", "params.text": "ix_attributes_text",
}  # fmt: skip
FIELDS = [*INDEXES, "params.number", "params.flag", "metadata.a.b", "scenario", "collection"]


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def service(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service with some runs."""
    url = f"sqlite:///{tmp_path_factory.mktemp('known') / 'a.db'}"
    if request.param == "postgresql":
        make: Callable[[], str] = request.getfixturevalue("postgres_url")
        url = make()
    with Database(url) as database:
        database.upgrade()
        made = Service(database)
        for number in range(RUNS):
            made.batches.write(ANN, batch(number))
        yield made


def batch(number: int) -> Batch:
    """A run with few different values."""
    return Batch(
        key=str(number),
        open=OpenRun(
            scenario=f"s{number % 3}", name=f"n{number % 3}", owner=f"o{number % 3}", task=f"t{number % 3}",
            framework=MLFramework.JAX, scenario_version="v", execution=f"e{number % 3}", external_id=f"x{number % 3}",
            collection=f"c{number % 3}", source=Source(kind="pipeline", name="p"),
        ),
        parameters={"number": number % 3, "flag": number % 2 == 0, "text": f"text {number % 3}"},
        tags={"team": "abc"[number % 3]},
        metadata=[MetadataOp(op="merge", document={"a": [{"b": number % 3}], "none": None})],
        points=[Block(names=["loss"], values=pack_floats([1.0]))],
    )  # fmt: skip


def plans(service: Service, ask: Callable[[], Any]) -> str:
    """How the database answers: the plans of all statements that a question comes to."""
    asked: list[tuple[str, Any]] = []

    def note(conn: object, cursor: object, statement: str, parameters: Any, *rest: object) -> None:
        if statement.startswith(("SELECT", "WITH")):
            asked.append((statement, parameters))

    database = service.database
    event.listen(database._engine, "before_cursor_execute", note)
    try:
        ask()
    finally:
        event.remove(database._engine, "before_cursor_execute", note)
    explain = "EXPLAIN QUERY PLAN " if database.dialect == "sqlite" else "EXPLAIN "
    with database.read() as conn:
        if database.dialect == "postgresql":  # a table of few rows is read whole otherwise
            conn.execute(text("SET LOCAL enable_seqscan = off"))
            conn.execute(text("SET LOCAL enable_sort = off"))
            conn.execute(text("SET LOCAL enable_bitmapscan = off"))
        rows = [row for statement, given in asked for row in conn.exec_driver_sql(explain + statement, given)]
    return "\n".join(str(row[-1]) for row in rows)


def check(found: str) -> None:
    """Nothing that grows with the number of runs is read whole."""
    scanned = re.findall(r"SCAN (\w+)(?! USING)|Seq Scan on (\w+)", found)
    grown = {name for pair in scanned for name in pair if name} & {"runs", "subjects", "attributes", "series", "names"}
    assert not grown, found


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("more", [{}, {"prefix": "t"}, {"limit": 1}])
def test_values_are_read_from_indexes(service: Service, field: str, more: dict[str, Any]) -> None:
    """One step of an index for each value, on both databases."""
    page = service.fields.values(ANN, ValueQuery(field=field, **more))
    found = plans(service, lambda: service.fields.values(ANN, ValueQuery(field=field, cursor=page.next, **more)))
    check(found)
    if field in INDEXES:
        assert INDEXES[field] in found
    elif field in ("scenario", "collection"):
        assert f"ix_runs_{field}_id_started_at" in found
    elif "prefix" not in more:  # which no number begins with
        assert "ix_attributes_num" in found


@pytest.mark.parametrize("kind", get_args(FieldKind))
@pytest.mark.parametrize("prefix", ["", "a"])
def test_fields_are_read_from_indexes(service: Service, kind: FieldKind, prefix: str) -> None:
    """One probe for each name and type, on both databases."""
    found = plans(service, lambda: service.fields.list(ANN, FieldQuery(kind=kind, prefix=prefix, limit=2)))
    check(found)
    assert "ix_names_start" in found
    expected = {
        "metric": ["ix_series_"],
        "metadata": ["ix_attributes_text", "ix_attributes_num", "ix_attributes_empty"],
    }
    for index in expected.get(kind, ["ix_attributes_text"]):
        assert index in found


def test_a_page_of_values_takes_few_statements(service: Service) -> None:
    """However many values there are."""
    with counted(service.database) as few:
        service.fields.values(ANN, ValueQuery(field="params.text", limit=1))
    with counted(service.database) as many:
        service.fields.values(ANN, ValueQuery(field="params.text", limit=1_000))
    assert len(many) == len(few) <= 5
