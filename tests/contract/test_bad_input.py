"""Bad input is rejected whole: the error names the field, and nothing changes."""

from collections.abc import Callable
from typing import Any

import pytest

from mbox_ops.entities.artifacts import ArtifactRecord
from mbox_ops.entities.deletions import CreateDeletion, Selector
from mbox_ops.entities.events import EventRecord
from mbox_ops.entities.experiments import CreateExperiment
from mbox_ops.entities.metrics import Block
from mbox_ops.entities.runs import OpenRun
from mbox_ops.entities.writers import Batch, MetadataOp, Writer
from mbox_ops.errors import InvalidRequest, NotFound
from mbox_ops.wire.encodings import pack_floats, pack_ints
from tests.contract.doors import Door
from tests.contract.writing import EPOCH, Stream, block, pipeline

StreamMaker = Callable[..., Stream]
LONG = "x" * 257
NUL = "a\x00b"


def nested(depth: int) -> dict[str, Any]:
    """A document of that depth."""
    return {"a": nested(depth - 1)} if depth > 1 else {"a": 1}


def merge(document: dict[str, Any]) -> dict[str, Any]:
    """The part of a batch that merges a document."""
    return {"metadata": [MetadataOp(op="merge", document=document)]}


def points(**given: Any) -> dict[str, Any]:
    """The part of a batch that holds one block."""
    return {"points": [Block(**{"names": ["x"], "values": pack_floats([1.0]), **given})]}


# What is wrong, and what the error's field holds.
BAD_BATCHES: dict[str, tuple[dict[str, Any], str]] = {
    "parameter name too long": ({"parameters": {LONG: "v"}}, "parameter"),
    "parameter name empty": ({"parameters": {"": "v"}}, "parameter"),
    "parameter value too long": ({"parameters": {"p": "v" * 5001}}, "p"),
    "parameter value null": ({"parameters": {"p": None}}, "p"),
    "parameter name reserved": ({"parameters": {"start": "now"}}, "parameter"),
    "parameter name reserved for the end": ({"parameters": {"end": "now"}}, "parameter"),
    "parameter with U+0000": ({"parameters": {"p": NUL}}, "p"),
    "tag key too long": ({"tags": {LONG: "v"}}, "tag"),
    "tag value too long": ({"tags": {"k": LONG}}, "k"),
    "tag value empty": ({"tags": {"k": ""}}, "k"),
    "tag reserved": ({"tags": {"runName": "v"}}, "tag"),
    "too many tags": ({"tags": {f"k{i}": "v" for i in range(101)}}, "tags"),
    "too many labels": ({"labels": {f"k{i}": 1 for i in range(101)}}, "labels"),
    "label key too long": ({"labels": {LONG: 1}}, "label"),
    "name too long": ({"name": LONG}, "name"),
    "name empty": ({"name": ""}, "name"),
    "collection too long": ({"collection": LONG}, "collection"),
    "metric name too long": (points(names=[LONG]), "name"),
    "metric name empty": (points(names=[""]), "name"),
    "metric name not printable": (points(names=["a\nb"]), "name"),
    "metric names repeated": (points(names=["x", "x"], values=pack_floats([1.0, 2.0])), "names"),
    "columns of different length": (points(steps=pack_ints([1, 2])), "points"),
    "values do not fill the rows": (points(names=["x", "y"]), "values"),
    "wallclocks of different length": (points(wallclocks=pack_ints([1, 2])), "wallclocks"),
    "string value too long": (points(kind="string", values=["v" * 5001]), "values"),
    "bytes value too long": (points(kind="bytes", values=[b"v" * 65_537]), "values"),
    "event name empty": ({"events": [EventRecord(name="", source="s")]}, "name"),
    "event name too long": ({"events": [EventRecord(name=LONG, source="s")]}, "name"),
    "event source too long": ({"events": [EventRecord(name="e", source=LONG)]}, "source"),
    "event metadata too deep": ({"events": [EventRecord(name="e", source="s", metadata=nested(11))]}, "metadata"),
    "artifact path too long": ({"artifacts": [ArtifactRecord(path="p" * 2049, uri="s3://b/k")]}, "path"),
    "artifact uri too long": ({"artifacts": [ArtifactRecord(path="p", uri="s3://" + "k" * 2049)]}, "uri"),
    "artifact uri with a password": ({"artifacts": [ArtifactRecord(path="p", uri="https://u:pw@h/x")]}, "uri"),
    "artifact checksum bad": ({"artifacts": [ArtifactRecord(path="p", uri="s3://b/k", checksum="abc")]}, "checksum"),
    "artifact size negative": ({"artifacts": [ArtifactRecord(path="p", uri="s3://b/k", size=-1)]}, "size"),
    "metadata key too long": (merge({LONG: 1}), "metadata"),
    "metadata string too long": (merge({"k": "v" * 5001}), "metadata"),
    "metadata array too long": (merge({"k": list(range(101))}), "metadata"),
    "metadata too deep": (merge(nested(11)), "metadata"),
    "metadata with too many leaves": (merge({str(i): i for i in range(1001)}), "metadata"),
    "metadata with U+0000": (merge({"k": NUL}), "metadata"),
    "metadata with a U+0000 key": (merge({NUL: 1}), "metadata"),
    "metadata merge of nothing": ({"metadata": [MetadataOp(op="merge")]}, "metadata"),
    "metadata set without a key": ({"metadata": [MetadataOp(op="set", value=1)]}, "metadata"),
    "losses negative": ({"lost": -1}, "lost"),
    "a good part beside a bad one": ({"points": [block({"y": [1.0]})], "tags": {"runName": "v"}}, "tag"),
}

# The same, where columns have no type of their own.
BAD_COLUMNS: dict[str, Any] = {
    "column torn": points(values=b"\x00" * 7),
    "float series of text": points(values=["1.0"]),
    "float series of null": points(values=[None]),
    "float series of bools": points(values=[True]),
    "string series of numbers": points(kind="string", values=[1]),
}

BAD_OPENINGS: dict[str, tuple[dict[str, Any], str]] = {
    "scenario with a comma": ({"scenario": "a,b"}, "scenario"),
    "scenario with outer blanks": ({"scenario": " a"}, "scenario"),
    "scenario too long": ({"scenario": LONG}, "scenario"),
    "scenario empty": ({"scenario": ""}, "scenario"),
    "collection too long": ({"collection": LONG}, "collection"),
    "execution too long": ({"execution": LONG * 5}, "execution"),
    "source too long": ({"source": pipeline(LONG)}, "source"),
    "owner too long": ({"owner": LONG}, "owner"),
    "run id malformed": ({"run_id": "not-an-id"}, "run_id"),
}

GOOD_WRITER = {"origin": "o", "epoch": EPOCH, "producer": "0" * 31 + "9", "seq": 1}
BAD_WRITERS: dict[str, dict[str, Any]] = {
    "origin empty": {"origin": ""},
    "origin too long": {"origin": "o" * 1025},
    "epoch negative": {"epoch": -1},
    "epoch absurd": {"epoch": 2**60},
    "producer malformed": {"producer": "xyz"},
    "seq zero": {"seq": 0},
}


@pytest.mark.parametrize("case", BAD_BATCHES)
def test_a_bad_part_refuses_the_whole_batch(door: Door, stream: StreamMaker, case: str) -> None:
    """The error names the field; the run is as it was; the number is still free."""
    parts, field = BAD_BATCHES[case]
    refuse(door, stream, parts, field)


@pytest.mark.no_rpc
@pytest.mark.parametrize("case", BAD_COLUMNS)
def test_a_column_of_other_values_refuses_the_whole_batch(door: Door, stream: StreamMaker, case: str) -> None:
    """As any other bad part; protobuf's columns have a type, and cannot hold them."""
    refuse(door, stream, BAD_COLUMNS[case], "values")


def refuse(door: Door, stream: StreamMaker, parts: dict[str, Any], field: str) -> None:
    """Make sure that a batch is refused, and that nothing of it was written."""
    s = stream()
    s.open(tags={"k": "before"})
    before = door.run(s.run_id or "")
    with pytest.raises(InvalidRequest) as caught:
        s.write(**parts)
    assert field in f"{caught.value.details.get('field')} {caught.value}", caught.value
    assert door.run(s.run_id or "") == before
    assert door.metadata(s.run_id or "") == {}
    assert s.write(seq=2).status == "ok"


@pytest.mark.parametrize("case", BAD_OPENINGS)
def test_a_bad_opening_makes_no_run(door: Door, stream: StreamMaker, case: str) -> None:
    """Nor a scenario, nor a collection."""
    parts, field = BAD_OPENINGS[case]
    with pytest.raises(InvalidRequest) as caught:
        stream(key="k").open(**parts)
    assert field in f"{caught.value.details.get('field')} {caught.value}", caught.value
    assert door.runs().items == []
    assert door.scenarios() == []


@pytest.mark.parametrize("case", BAD_WRITERS)
def test_a_bad_writer_is_refused(door: Door, case: str) -> None:
    """Nothing is made."""
    writer = Writer(**{**GOOD_WRITER, **BAD_WRITERS[case]})
    with pytest.raises(InvalidRequest):
        door.write(Batch(key="k", writer=writer, open=OpenRun(source=pipeline("p"))))
    assert door.runs().items == []


def test_a_batch_names_one_run_that_is_there(door: Door) -> None:
    """By id or by key, not both, and an unknown one only with `open`."""
    for ask in ({}, {"run_id": "00000000-0000-7000-8000-000000000000", "key": "k", "open": OpenRun()}):
        with pytest.raises(InvalidRequest):
            door.write(Batch(**ask))
    for ask in ({"run_id": "00000000-0000-7000-8000-000000000000"}, {"run_id": ""}, {"key": "nobody"}):
        with pytest.raises(NotFound):
            door.write(Batch(**ask, tags={"a": "b"}))
    with pytest.raises(InvalidRequest):
        door.write(Batch(key="k" * 1025, open=OpenRun()))


def test_bad_queries_are_refused_by_name(door: Door, stream: StreamMaker) -> None:
    """A limit out of range, a torn cursor."""
    s = stream()
    s.open()
    run_id = s.run_id or ""
    for ask, field in (
        (lambda: door.runs(limit=0), "limit"),
        (lambda: door.runs(limit=1_001), "limit"),
        (lambda: door.runs(cursor="torn"), "cursor"),
        (lambda: door.events(run_id, cursor="torn"), "cursor"),
        (lambda: door.artifacts(run_id, limit=-1), "limit"),
        (lambda: door.history(run_id, limit=-1), "limit"),
        (lambda: door.history(run_id, names=["x"], after="torn"), "after"),
    ):
        with pytest.raises(InvalidRequest) as caught:
            ask()
        assert field in f"{caught.value.details.get('field')} {caught.value}"


def test_bad_experiments_and_deletions_are_refused(door: Door) -> None:
    """The same rules hold behind every verb."""
    for request in (
        CreateExperiment(name=""), CreateExperiment(name=LONG), CreateExperiment(name="n", owner=LONG),
        CreateExperiment(name="n", metadata=nested(11)), CreateExperiment(name=NUL),
    ):  # fmt: skip
        with pytest.raises(InvalidRequest):
            door.create_experiment(request)
    for selector in (Selector(scenarios=["a,b"]), Selector(run_id=""), Selector(pipeline=LONG * 9)):
        with pytest.raises((InvalidRequest, NotFound)):
            door.delete(CreateDeletion(selector=selector))
    assert door.runs().items == []
