"""What is read back of runs, and which runs a query finds."""

from datetime import UTC, datetime
from typing import Any

import pytest

from mbox_ops.entities.runs import Run, RunQuery
from mbox_ops.errors import Forbidden, InvalidRequest, NotFound
from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from tests.service.services import (
    ANN,
    NOON,
    SECOND,
    HandClock,
    Log,
    actor,
    clock,
    counted,
    database,
    postgres_tables,
    service,
    sqlite_template,
)

__all__ = ["clock", "database", "postgres_tables", "service", "sqlite_template"]


def at(second: int) -> datetime:
    """That second of the minute in which the tests' clock starts."""
    return datetime(2026, 5, 28, 20, 26, second, tzinfo=UTC)


def found(service: Service, by: Any = ANN, **query: Any) -> list[str]:
    """The names of the runs that a query finds, in order."""
    return [run.name for run in service.runs.list(by, RunQuery(**query)).items]


def test_a_run_is_read_back_whole(service: Service, clock: HandClock) -> None:
    """Own fields, system parameters and tag, labels decoded, summaries, losses."""
    log = Log(service).open(
        key="k", name="first", scenario="churn", scenario_version="3", pipeline="train", execution="e1",
        external_id="x", owner="ann", task="fit", started_at=NOON - SECOND,
    )  # fmt: skip
    log.write(parameters={"lr": 0.1, "layers": [1, 2]}, tags={"team": "a"}, labels={"loss": {"format_string": "bytes"}})
    log.points("loss", 3.0, 1.0)
    log.write(lost=2)
    clock.forward(seconds=5)
    log.write(state="FINISHED")
    run = service.runs.get(ANN, log.id)
    collections = service.collections.list(ANN, limit=10, cursor=None).items
    assert run == Run(
        id=log.id, key="k", namespace="default", name="first", status="FINISHED", scenario="churn",
        scenario_id=service.scenarios.get(ANN, "churn").id, scenario_version="3", pipeline="train", notebook=None,
        execution="e1", run_collection="train", run_collection_id=collections[0].id, run_collection_is_default=True,
        external_id="x", owner="ann", framework=None, task="fit",
        parameters={
            "lr": "0.1", "layers": "[1,2]", "start": "2026-05-28T20:26:39.000000Z", "end": "2026-05-28T20:26:45.000000Z"
        },
        parameter_types={"lr": "float", "layers": "json", "start": "string", "end": "string"},
        tags={"team": "a", "runName": "first"}, labels={"loss": {"format_string": "bytes"}}, metrics=run.metrics,
        started_at=at(39), ended_at=at(45),
        created_at=at(40), updated_at=at(45),
        lost=2, number_of_writers=1,
    )  # fmt: skip
    assert (run.metrics["loss"].last, run.metrics["loss"].min, run.metrics["loss"].count) == (1.0, 1.0, 2)
    assert service.runs.list(ANN, RunQuery()).items == [run]


def test_summaries_hold_what_was_written_before_the_call(service: Service) -> None:
    """A reader sees every point that was acknowledged, in lists as well."""
    log = Log(service).open(name="a")
    for count in (1, 2, 3):
        log.points("loss", float(count))
        assert service.runs.get(ANN, log.id).metrics["loss"].count == count
        assert service.runs.list(ANN, RunQuery()).items[0].metrics["loss"].count == count


def test_summaries_are_made_once_a_run_is_quiet(service: Service, clock: HandClock) -> None:
    """So that the first search by a metric does not have to make them all."""
    for name in ("first", "second"):
        Log(service).open(name=name).points("loss", 1.0)
    assert service.runs.fold_due() == 0
    clock.forward(seconds=6)
    Log(service).open(name="third").points("loss", 1.0)
    assert service.runs.fold_due() == 2
    assert service.runs.fold_due() == 0
    assert found(service, filter="metrics.loss = 1", sort="name") == ["first", "second", "third"]


def test_metrics_are_sealed_for_so_long_at_a_time(service: Service) -> None:
    """Other jobs need not wait until all of many runs are; each call goes on where the last one ended."""
    for _ in range(3):
        log = Log(service).open(scenario="churn")
        for value in range(5):
            log.points("loss", value)
        log.write(state="FINISHED")
    assert [service.metrics.seal_due(seconds=0) for _ in range(2)] == [1, 1]
    assert (service.metrics.seal_due(), service.metrics.seal_due()) == (1, 0)


def test_losses_are_those_of_present_writers(service: Service) -> None:
    """A newer attempt starts with none. However far a number is off, sums of them can be read."""
    log = Log(service, origin="task").open(name="a")
    log.write(lost=3)
    assert service.runs.get(ANN, log.id).lost == 3
    log.seq = 2**53 - 2
    log.write()
    assert service.runs.get(ANN, log.id).lost == 3 + 2**31 - 1
    again = Log(service, origin="task", epoch=log.epoch + 1)
    again.run_id = log.id
    again.write(tags={"a": "b"})
    run = service.runs.get(ANN, log.id)
    assert (run.lost, run.number_of_writers) == (0, 1)


def test_every_condition_of_a_query_holds(service: Service) -> None:
    """One condition at a time, two together, and names that are not there."""
    first = Log(service).open(
        key="experiment:one", name="one", scenario="churn", scenario_version="1", pipeline="train", execution="e1",
        external_id="x1", collection="nightly", state="FINISHED", started_at=NOON,
    )  # fmt: skip
    first.write(tags={"team": "a", "long": "x" * 256})
    second = Log(service).open(name="two", scenario="fraud", notebook="nb", lease=True, started_at=NOON + 1)
    second.write(tags={"team": "b"})
    churn = service.scenarios.get(ANN, "churn")
    expected: list[tuple[dict[str, Any], list[str]]] = [
        ({}, ["two", "one"]),
        ({"sort": "started_at"}, ["one", "two"]),
        ({"scenario": "churn"}, ["one"]),
        ({"scenario": churn.id}, ["one"]),
        ({"scenario": "nobody"}, []),
        ({"scenario_version": "1"}, ["one"]),
        ({"pipeline": "train"}, ["one"]),
        ({"pipeline": "nb"}, []),
        ({"notebook": "nb", "scenario": "fraud"}, ["two"]),
        ({"notebook": "nb", "run_id": second.id}, ["two"]),
        ({"execution": "e1"}, ["one"]),
        ({"run_id": first.id}, ["one"]),
        ({"run_id": first.id, "scenario": "fraud"}, []),
        ({"key": "experiment:one"}, ["one"]),
        ({"key": "experiment:on"}, []),
        ({"external_id": "x1"}, ["one"]),
        ({"collection": "nightly"}, ["one"]),
        ({"collection": service.runs.get(ANN, first.id).run_collection_id}, ["one"]),
        ({"collection": "nobody"}, []),
        ({"status": "FINISHED"}, ["one"]),
        ({"experiments": True}, ["one"]),
        ({"experiments": False}, ["two"]),
        ({"tags": {"team": "a"}}, ["one"]),
        ({"tags": {"team": "A"}}, []),
        ({"tags": {"team": "a", "long": "x" * 256}}, ["one"]),
        ({"tags": {"team": "a", "long": "x" * 255 + "y"}}, []),
        ({"tags": {"runName": "two"}}, ["two"]),
        ({"tags": {"nobody": "a"}}, []),
    ]
    assert [(query, found(service, **query)) for query, _ in expected] == expected


def test_an_id_beats_a_name(service: Service) -> None:
    """A scenario that is named as another one's id is found by its own id alone."""
    Log(service).open(name="a", scenario="churn")
    churn = service.scenarios.get(ANN, "churn").id
    Log(service).open(name="b", scenario=churn)
    assert found(service, scenario=churn) == ["a"]
    assert service.scenarios.get(ANN, churn).name == "churn"


def test_pages_hold_every_run_once_in_order(service: Service) -> None:
    """Also where starts are equal, in both directions."""
    for index in range(7):
        Log(service).open(name=f"r{index}", started_at=NOON + index // 3)
    for sort in ("started_at", "-started_at"):
        seen: list[str] = []
        cursor = None
        for _ in range(4):
            page = service.runs.list(ANN, RunQuery(sort=sort, limit=2, cursor=cursor))
            seen += [run.name for run in page.items]
            cursor = page.next
        assert cursor is None
        assert sorted(seen) == [f"r{index}" for index in range(7)]
        assert seen == found(service, sort=sort)


def test_a_query_that_breaks_a_rule_names_the_field(service: Service) -> None:
    """And finds nothing."""
    expected: list[tuple[dict[str, Any], str]] = [
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"cursor": "x"}, "cursor"),
        ({"cursor": "é" * 10}, "cursor"),
        ({"cursor": "gqRydW5zAQ"}, "cursor"),
        ({"notebook": "nb"}, "notebook"),
        ({"scenario": ""}, "scenario"),
        ({"pipeline": "a\x00b"}, "pipeline"),
        ({"run_id": "\ud800"}, "run_id"),
        ({"tags": {"a": "\x00"}}, "tag 'a'"),
        ({"tags": {str(n): "a" for n in range(101)}}, "tags"),
    ]
    for query, field in expected:
        with pytest.raises(InvalidRequest) as error:
            service.runs.list(ANN, RunQuery(**query))
        assert error.value.details["field"] == field, query


def test_a_cursor_of_another_list_is_refused(service: Service) -> None:
    """Also one of the same list in the other order."""
    for name in ("a", "b"):
        Log(service).open(name=name)
    cursor = service.runs.list(ANN, RunQuery(limit=1)).next
    for wrong in (RunQuery(sort="started_at", cursor=cursor), RunQuery(cursor=cursor[:-2])):
        with pytest.raises(InvalidRequest, match="cursor"):
            service.runs.list(ANN, wrong)
    with pytest.raises(InvalidRequest, match="cursor"):
        service.deletions.list(ANN, limit=1, cursor=cursor)


def test_lists_stay_in_the_namespace_and_ids_reach_what_the_token_opens(service: Service) -> None:
    """What a token does not open looks as if it were not there."""
    here = Log(service, actor("cv")).open(name="a", scenario="churn")
    Log(service, actor("nlp")).open(name="b", scenario="churn")
    assert found(service, actor("cv")) == ["a"]
    assert found(service, actor("nobody")) == []
    assert service.scenarios.list(actor("nobody"), limit=1, cursor=None).items == []
    assert service.runs.get(actor("nlp"), here.id).name == "a"
    assert service.runs.get(actor("nlp", opens={"nlp", "cv"}), here.id).name == "a"
    messages = []
    for by, run_id in ((actor("nlp", opens={"nlp"}), here.id), (actor("nlp"), here.id[:-1] + "g")):
        with pytest.raises(NotFound) as error:
            service.runs.get(by, run_id)
        messages.append(str(error.value).replace(run_id, "..."))
    assert messages == ["No run '...' in namespace 'nlp'."] * 2
    scenario = service.scenarios.get(actor("cv"), "churn")
    assert service.scenarios.get(actor("nlp"), scenario.id).namespace == "cv"
    with pytest.raises(NotFound):
        service.scenarios.get(actor("nlp", opens={"nlp"}), scenario.id)


def test_an_id_that_nothing_can_have_is_not_found(service: Service) -> None:
    """Never an error of the database."""
    for ident in ("", "x", "a\x00b", "\ud800", "é" * 5000):
        for get in (service.runs.get, service.scenarios.get, service.deletions.get):
            with pytest.raises(NotFound):
                get(ANN, ident)


def test_reading_needs_the_scope_read(service: Service) -> None:
    """Writing alone is not enough."""
    with pytest.raises(Forbidden):
        service.runs.list(actor(scopes=frozenset({"write"})), RunQuery())


def test_a_page_costs_the_same_statements_however_many_runs_it_has(service: Service, database: Database) -> None:
    """No statement a run."""
    counts = []
    for _ in range(2):
        for index in range(6):
            log = Log(service).open(name=f"r{index}")
            log.write(tags={"a": "b"}, parameters={"p": 1})
            log.points("loss", 1.0)
        service.runs.list(ANN, RunQuery())
        with counted(database) as statements:
            service.runs.list(ANN, RunQuery())
        counts.append(len(statements))
    assert counts[0] == counts[1] <= 8
