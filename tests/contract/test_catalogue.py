"""What runs can be found by: the fields they have with their types, and the different values at them."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from mbox_ops.entities.deletions import CreateDeletion, Selector
from mbox_ops.entities.metrics import Block
from mbox_ops.entities.runs import MLFramework, Source
from mbox_ops.entities.search import KnownField
from mbox_ops.entities.writers import MetadataOp
from mbox_ops.errors import InvalidRequest
from mbox_ops.wire.encodings import pack_ints
from tests.contract.doors import Door
from tests.contract.writing import Stream, block

pytestmark = pytest.mark.no_rpc

StreamMaker = Callable[..., Stream]


def merge(document: dict[str, Any]) -> list[MetadataOp]:
    """A merge of a document."""
    return [MetadataOp(op="merge", document=document)]


def fields(door: Door, **query: Any) -> list[tuple[str, list[str]]]:
    """Fields and types of all pages."""
    found: list[KnownField] = []
    cursor: dict[str, Any] = {}
    while True:
        page = door.fields(**query, **cursor)
        found += page.items
        if page.next is None:
            return [(one.field, one.types) for one in found]
        cursor = {"cursor": page.next}


def values(door: Door, field: str, **query: Any) -> list[Any]:
    """The values of all pages."""
    return list(walk(door, field, **query))


def walk(door: Door, field: str, **query: Any) -> Iterator[Any]:
    """The values, page by page."""
    cursor: dict[str, Any] = {}
    while True:
        page = door.values(field, **query, **cursor)
        assert len(page.items) <= query.get("limit", 100)
        yield from (one.value for one in page.items)
        if page.next is None:
            return
        cursor = {"cursor": page.next}


@pytest.fixture
def one(stream: StreamMaker) -> Stream:
    """A run with something of everything."""
    s = stream()
    s.open(
        scenario="churn",
        parameters={"lr": 0.1, "odd name": "x", "flag": True, "grid": [1, 2]}, tags={"team": "a"},
        metadata=merge({"model": {"conv.1": [{"size": 3}], "depth": 2}, "none": None, "empty": [], "mixed": ["a", 1]}),
        points=[
            block({"loss": [1.0], "loss.min": [1.0]}, steps=[0]),
            Block(names=["note"], kind="string", steps=pack_ints([0]), values=["good"]),
        ],
    )  # fmt: skip
    return s


def test_fields_are_listed_with_their_types(door: Door, one: Stream) -> None:
    """By kind and name, as the filter language writes them; what was just written is there."""
    expected = [
        ("metadata.empty", ["array"]), ("metadata.mixed[*]", ["number", "string"]),
        ('metadata.model."conv.1"[*].size', ["number"]), ("metadata.model.depth", ["number"]),
        ("metrics.loss", ["float"]), ('metrics."loss.min"', ["float"]), ("metrics.note", ["string"]),
        ("params.flag", ["boolean"]), ("params.grid", ["array"]), ("params.lr", ["number"]),
        ('params."odd name"', ["string"]), ("tags.team", ["string"]),
    ]  # fmt: skip
    assert fields(door) == expected
    assert fields(door, limit=1) == expected
    assert fields(door, kind="metric") == expected[4:7]
    assert fields(door, prefix="lo") == expected[4:6]
    assert fields(door, kind="metadata", prefix="model.") == expected[2:4]
    assert fields(door, kind="tag", prefix="x") == []
    assert door.fields(kind="metric", limit=1).items == [
        KnownField(kind="metric", field="metrics.loss", name="loss", types=["float"])
    ]


def test_null_is_a_type_and_a_field_may_have_several(door: Door, stream: StreamMaker) -> None:
    """The types are those of all runs together."""
    for value in (1, "one", True, None, {}, []):
        s = stream()
        s.open(metadata=[MetadataOp(op="set", key="a", value=value)])
    assert fields(door) == [("metadata.a", ["array", "boolean", "null", "number", "object", "string"])]


def test_what_no_live_run_has_is_not_there(door: Door, one: Stream, stream: StreamMaker) -> None:
    """Neither fields nor values of runs that were deleted, nor of attempts that were replaced."""
    other = stream()
    other.open(scenario="fraud", parameters={"lr": 0.5, "here": 1}, tags={"team": "b"}, points=[block({"acc": [1.0]})])
    one.next_attempt().open(scenario="churn", parameters={"lr": 0.2})
    door.metrics(one.run_id or "")  # a series that nothing is left of is known when the points are summarised
    assert fields(door) == [
        ("metrics.acc", ["float"]), ("params.here", ["number"]), ("params.lr", ["number"]), ("tags.team", ["string"])
    ]  # fmt: skip
    assert values(door, "params.lr") == [0.2, 0.5]
    assert values(door, "scenario") == ["churn", "fraud"]
    door.delete(CreateDeletion(selector=Selector(scenarios=["fraud"]), force=True))
    assert fields(door) == [("params.lr", ["number"])]
    assert values(door, "params.lr") == [0.2]
    assert values(door, "tags.team") == []
    assert values(door, "scenario") == ["churn"]
    assert values(door, "name") == [one.run_id]


def test_another_namespace_has_its_own_fields(door: Door, door_maker: Callable[[str], Door], one: Stream) -> None:
    """Nothing is told across namespaces."""
    stranger = door_maker("a-stranger")
    assert fields(stranger) == []
    assert values(stranger, "params.lr") == values(stranger, "scenario") == []
    page = door.fields(limit=1)
    with pytest.raises(InvalidRequest):
        stranger.fields(limit=1, prefix="x", cursor=page.next)


def test_values_are_numbers_then_booleans_then_texts(door: Door, stream: StreamMaker) -> None:
    """Each once, with the type it was given; a prefix leaves only texts."""
    for value in (3, 0.5, -1e300, 3.0, True, False, "b", "3", "a", "", "ä", "\N{GRINNING FACE}", [1], True, "b"):
        s = stream()
        s.open(parameters={"p": value}, metadata=merge({"m": {"v": value}}))
    texts = ["3", "a", "b", "ä", "\N{GRINNING FACE}"]
    numbers = [-1e300, 0.5, 3.0]
    found = values(door, "params.p")
    assert found == [*numbers, False, True, "", *texts[:1], "[1]", *texts[1:]]
    assert [type(value) for value in found[:6]] == [float, float, float, bool, bool, str]
    assert values(door, "params.p", limit=1) == found
    assert values(door, "params.p", limit=4) == found
    assert values(door, "metadata.m.v", limit=2) == [*numbers[:2], 1.0, 3.0, False, True, "", *texts]
    assert values(door, "params.p", prefix="3") == ["3"]
    assert values(door, "metadata.m") == values(door, "params.none") == []


def test_a_prefix_is_taken_literally(door: Door, stream: StreamMaker) -> None:
    """Signs that patterns are made of are letters like others."""
    odd = ["%", "%a", "_", "_b", "\\", "\\c", "*", "[", "a%", "\U0010ffff", "\U0010ffffx", "\ud7ff"]
    for text in odd:
        s = stream()
        s.open(tags={"t": text}, parameters={f"{text}name": text})
    assert values(door, "tags.t") == sorted(odd)
    for prefix in ("%", "_", "\\", "*", "[", "\U0010ffff", "\ud7ff"):
        expected = sorted(text for text in odd if text.startswith(prefix))
        assert values(door, "tags.t", prefix=prefix) == expected
        named = [known.name for known in door.fields(kind="parameter", prefix=prefix).items]
        assert named == sorted(f"{text}name" for text in odd if f"{text}name".startswith(prefix))


def test_texts_that_begin_alike_are_told_apart(door: Door, stream: StreamMaker) -> None:
    """Beyond the first 200 characters too, page by page."""
    start = "\N{SNOWMAN}" * 200
    texts = [start[:199], start, start + "a", start + "ab", start + "b", start + "z" * 4_800, "\N{SNOWMAN}x"]
    for text in texts:
        s = stream()
        s.open(metadata=merge({"text": text}))
    for limit in (1, 2, 100):
        assert values(door, "metadata.text", limit=limit) == sorted(texts)
    assert values(door, "metadata.text", prefix=start + "a") == [start + "a", start + "ab"]
    assert values(door, "metadata.text", prefix=start) == sorted(texts[1:6])


def test_values_in_arrays_are_found_with_and_without_brackets(door: Door, stream: StreamMaker) -> None:
    """A path gathers what lies behind it in every run, through arrays or not."""
    for document in ({"a": {"b": 1}}, {"a": [{"b": 2}, {"b": [3, "x"]}]}, {"a": [[{"b": 2}]]}, {"a[*]": {"b": 9}}):
        s = stream()
        s.open(metadata=merge(document))
    assert values(door, "metadata.a.b") == [1.0, 2.0, 3.0, "x"]
    assert values(door, "metadata.a.b", limit=1) == [1.0, 2.0, 3.0, "x"]
    assert values(door, "metadata.a[*].b") == [2.0, 3.0, "x"]
    assert values(door, "metadata.a[*][*].b") == [2.0]
    assert values(door, 'metadata."a[*]".b') == [9.0]


def test_the_longest_path_has_fields_and_values(door: Door, stream: StreamMaker) -> None:
    """Ten keys of 256 characters of four bytes each."""
    keys = ["\N{GRINNING FACE}" * 255 + str(number) for number in range(10)]
    document: Any = "deep"
    for key in reversed(keys):
        document = {key: document}
    s = stream()
    s.open(metadata=merge(document))
    s = stream()
    s.open(metadata=merge({keys[0]: "flat"}))
    path = ".".join(keys)
    assert fields(door, limit=1) == [(f"metadata.{keys[0]}", ["string"]), (f"metadata.{path}", ["string"])]
    assert [known.name for known in door.fields(prefix=path[:300]).items] == [path]
    assert values(door, f"metadata.{path}") == ["deep"]


def test_columns_have_values(door: Door, stream: StreamMaker) -> None:
    """Those by which runs are grouped and told apart, page by page."""
    for number in range(3):
        s = stream()
        s.open(
            scenario=f"s{number % 2}", collection=f"c{number % 2}", name=f"n{number}", owner=("ann", "bob", "")[number],
            scenario_version="v1" if number else None, execution=f"e{number}", external_id=f"x{number}",
            framework=MLFramework.JAX if number else None, task=("", "segment", "detect")[number],
            source=Source(kind=("pipeline", "notebook")[number % 2], name=f"p{number}"),
            state="FINISHED" if number else None,
        )  # fmt: skip
    expected = {
        "scenario": ["s0", "s1"], "collection": ["c0", "c1"], "name": ["n0", "n1", "n2"], "owner": ["ann", "bob"],
        "scenario_version": ["v1"], "execution": ["e0", "e1", "e2"], "external_id": ["x0", "x1", "x2"],
        "framework": ["JAX"], "task": ["detect", "segment"], "pipeline": ["p0", "p2"], "notebook": ["p1"],
        "run.status": ["FINISHED", "RUNNING"], "tags.runName": ["n0", "n1", "n2"],
    }  # fmt: skip
    assert {name: values(door, name) for name in expected} == expected
    assert {name: values(door, name, limit=1) for name in expected} == expected
    assert values(door, "owner", prefix="b") == ["bob"]
    assert values(door, "collection", prefix="c1") == ["c1"]
    assert values(door, "status", prefix="F_N") == []


@pytest.mark.parametrize(
    "field", ["metrics.loss", "id", "key", "started_at", "duration_seconds", "params.", "nonsense"]
)
def test_what_has_no_list_of_values_is_refused(door: Door, field: str) -> None:
    """By name, with what can be asked for."""
    with pytest.raises(InvalidRequest) as caught:
        door.values(field)
    assert caught.value.details["field"] == "field"


@pytest.mark.parametrize("query", [{"limit": 0}, {"limit": 1_001}, {"cursor": "x"}, {"prefix": "x" * 3_000}])
def test_a_page_that_cannot_be_is_refused(door: Door, query: dict[str, Any]) -> None:
    """By name, of fields and of values."""
    for ask in (door.fields, lambda **given: door.values("params.p", **given)):
        with pytest.raises(InvalidRequest) as caught:
            ask(**query)
        assert caught.value.details["field"] in query
