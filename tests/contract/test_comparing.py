"""Runs side by side: what differs, and metrics over a field."""

import math
from collections.abc import Callable
from typing import Any

import pytest

from mbox_ops.entities.metrics import Block
from mbox_ops.entities.runs import Source
from mbox_ops.entities.search import CompareQuery, Comparison, Difference, ScatterPoint
from mbox_ops.entities.writers import MetadataOp
from mbox_ops.errors import InvalidRequest, NotFound
from mbox_ops.wire.encodings import pack_ints
from tests.contract.doors import Door
from tests.contract.writing import Stream, block

pytestmark = pytest.mark.no_rpc

StreamMaker = Callable[..., Stream]


@pytest.fixture
def two(stream: StreamMaker) -> list[str]:
    """Two runs that differ in a few places."""
    ids = []
    for number in (0, 1):
        s = stream()
        s.open(
            scenario=("churn", "fraud")[number], owner="ann", started_at=1_700_000_000_000_000,
            parameters={"lr": (0.1, 0.01)[number], "seed": 7, **({} if number else {"only": "here"})},
            tags={"team": ("a", "b")[number], "stage": "dev"},
            metadata=[MetadataOp(op="merge", document=document(number))],
            points=[
                block({"loss": [1.0, (0.5, 0.25)[number]], "same": [1.0, 2.0]}, steps=[0, 1]),
                block({f"own/{number}": [math.nan]}, steps=[0]),
            ],
        )  # fmt: skip
        s.write(state="FINISHED", at=1_700_000_060_000_000)
        ids.append(s.run_id or "")
    return ids


def document(number: int) -> dict[str, Any]:
    """A document that differs from the other one in a leaf, an array and a shape."""
    return {
        "model": {"depth": (2, 3)[number], "kind": "cnn", "layers": [1, number]},
        "shape": ({"inner": 1}, "flat")[number],
        **({"extra": {"deep": {"er": True}}} if number else {}),
    }


def told(differences: list[Difference]) -> dict[str, list[Any]]:
    """By name: what each run has, and a dash where it has nothing."""
    pairs = {one.name: zip(one.values, one.present, strict=True) for one in differences}
    return {name: [value if there else "-" for value, there in some] for name, some in pairs.items()}


def compare(door: Door, run_ids: list[str], **query: Any) -> Comparison:
    """A comparison."""
    return door.compare(CompareQuery(run_ids=run_ids, **query))


def test_only_what_differs_is_told(door: Door, two: list[str]) -> None:
    """Of columns, parameters, tags, metadata and metrics; each run has its place."""
    found = compare(door, two)
    assert [run.id for run in found.runs] == two
    columns = told(found.columns)
    assert columns.pop("name") == two
    assert {name: columns[name] for name in columns if name not in ("created_at", "updated_at")} == {
        "scenario": ["churn", "fraud"]
    }
    assert told(found.parameters) == {"lr": ["0.1", "0.01"], "only": ["here", "-"]}
    assert told(found.tags) == {"team": ["a", "b"]}
    assert told(found.metadata) == {
        "extra.deep.er": ["-", True],
        "model.depth": [2, 3],
        "model.layers": [[1, 0], [1, 1]],
        "shape": [{"inner": 1}, "flat"],
    }
    assert [metric.name for metric in found.metrics] == ["loss", "own/0", "own/1"]
    loss, own, _ = found.metrics
    assert [summary and summary.last for summary in loss.summaries] == [0.5, 0.25]
    assert [summary and summary.last for summary in own.summaries] == ["NaN", None]
    assert found.scatters == []


def test_all_is_told_if_asked_for(door: Door, two: list[str]) -> None:
    """What is the same too, in the order of names; the system's parameters and tags are columns."""
    found = compare(door, two, all=True)
    assert told(found.parameters) == {"lr": ["0.1", "0.01"], "only": ["here", "-"], "seed": ["7", "7"]}
    assert told(found.tags) == {"stage": ["dev", "dev"], "team": ["a", "b"]}
    assert list(told(found.metadata)) == ["extra.deep.er", "model.depth", "model.kind", "model.layers", "shape"]
    assert [metric.name for metric in found.metrics] == ["loss", "own/0", "own/1", "same"]
    columns = told(found.columns)
    assert columns["duration_seconds"] == [60.0, 60.0]
    assert columns["started_at"] == ["2023-11-14T22:13:20.000000Z"] * 2
    assert columns["status"] == ["FINISHED", "FINISHED"]
    assert columns["scenario_version"] == ["-", "-"]


def test_a_run_by_itself_differs_in_nothing(door: Door, two: list[str]) -> None:
    """And the order of the runs is that of the request."""
    alone = compare(door, two[:1])
    assert (alone.columns, alone.parameters, alone.tags, alone.metadata, alone.metrics) == ([], [], [], [], [])
    assert told(compare(door, two[::-1]).tags) == {"team": ["b", "a"]}


def test_metrics_are_set_over_a_field(door: Door, two: list[str]) -> None:
    """Those runs that have both, by x; all numeric metrics if none is named."""
    first, second = two
    found = compare(door, two, x="params.lr", y=["metrics.loss.min", "metrics.own/0", "metrics.loss.count"])
    assert [(one.x, one.y) for one in found.scatters] == [
        ("params.lr", "metrics.loss.min"), ("params.lr", "metrics.own/0"), ("params.lr", "metrics.loss.count"),
    ]  # fmt: skip
    assert [[(point.run_id, point.x, point.y) for point in one.points] for one in found.scatters] == [
        [(second, 0.01, 0.25), (first, 0.1, 0.5)], [(first, 0.1, "NaN")], [(second, 0.01, 2.0), (first, 0.1, 2.0)],
    ]  # fmt: skip
    every = compare(door, two, x="scenario").scatters
    assert [one.y for one in every] == ["metrics.loss", "metrics.own/0", "metrics.own/1", "metrics.same"]
    assert every[0].points == [
        ScatterPoint(run_id=first, x="churn", y=0.5), ScatterPoint(run_id=second, x="fraud", y=0.25)
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("x", "expected"),
    [
        ("tags.team", ["a", "b"]), ("metadata.model.depth", [2.0, 3.0]), ("metadata.model.layers", [1.0, 1.0]),
        ("metadata.extra.deep.er", [True]), ("metrics.loss.max", [1.0, 1.0]), ("duration_seconds", [60.0, 60.0]),
        ("started_at", ["2023-11-14T22:13:20.000000Z"] * 2), ("metrics.own/0", []), ("params.none", []),
    ],
)  # fmt: skip
def test_any_field_can_be_x(door: Door, two: list[str], x: str, expected: list[Any]) -> None:
    """Numbers, booleans and text with their types; what is not a number or not there has no place."""
    (found,) = compare(door, two, x=x, y=["metrics.loss"]).scatters
    assert [(point.x, type(point.x)) for point in found.points] == [(value, type(value)) for value in expected]


def test_runs_are_compared_across_attempts_and_kinds(door: Door, stream: StreamMaker) -> None:
    """A replaced attempt does not count; text series have no values to plot; sources are columns."""
    one, other = stream(), stream()
    one.open(parameters={"p": "old"}, metadata=[MetadataOp(op="merge", document={"a": 1})])
    one.next_attempt().write(
        parameters={"p": "new"}, metadata=[MetadataOp(op="merge", document={"b": 1})],
        points=[Block(names=["note"], kind="string", steps=pack_ints([0]), values=["text"])],
    )  # fmt: skip
    other.open(source=Source(kind="notebook", name="look.ipynb"))
    found = compare(door, [one.run_id or "", other.run_id or ""], x="pipeline")
    assert told(found.parameters) == {"p": ["new", "-"]}
    assert told(found.metadata) == {"b": [1, "-"]}
    assert told(found.columns)["notebook"] == ["-", "look.ipynb"]
    assert found.scatters == []


def test_unknown_runs_and_runs_named_twice_are_refused_by_name(door: Door, two: list[str]) -> None:
    """And so is too much or too little."""
    with pytest.raises(NotFound) as missing:
        compare(door, [*two, "gone"])
    assert missing.value.details["id"] == "gone"
    with pytest.raises(InvalidRequest, match=two[1]) as twice:
        compare(door, [*two, two[1]])
    assert (twice.value.details["field"], twice.value.details["value"]) == ("run_ids", two[1])
    for count in (0, 201):
        with pytest.raises(InvalidRequest) as caught:
            compare(door, [str(number) for number in range(count)])
        assert {"field": "run_ids", "limit": 200, "value": count}.items() <= caught.value.details.items()


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"x": "params."}, "x"), ({"x": "params.lr", "y": ["params.lr"]}, "y"), ({"y": ["metrics.loss"]}, "x"),
        ({"x": "params.lr", "y": ["metrics.x"] * 1_001}, "y"),
    ],
)  # fmt: skip
def test_a_plot_of_what_is_no_field_is_refused(door: Door, two: list[str], query: dict[str, Any], field: str) -> None:
    """By the name of the argument."""
    with pytest.raises(InvalidRequest) as caught:
        compare(door, two, **query)
    assert caught.value.details["field"] == field


def test_many_runs_can_be_compared(door: Door, stream: StreamMaker) -> None:
    """At once, in any order."""
    ids = []
    for number in range(20):
        s = stream()
        s.open(parameters={"n": number}, points=[block({"m": [float(-number)]}, steps=[0])])
        ids.append(s.run_id or "")
    found = compare(door, ids, x="params.n")
    assert told(found.parameters)["n"] == [str(number) for number in range(20)]
    assert [point.y for point in found.scatters[0].points] == [float(-number) for number in range(20)]
