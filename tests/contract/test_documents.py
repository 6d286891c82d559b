"""Parameters, tags, labels, metadata, events and artifacts."""

from collections.abc import Callable

import pytest

from mbox_ops.entities.artifacts import ArtifactMime, ArtifactRecord
from mbox_ops.entities.events import EventRecord
from mbox_ops.entities.writers import MetadataOp
from tests.contract.doors import Door
from tests.contract.writing import Stream

pytestmark = pytest.mark.crosswise

StreamMaker = Callable[..., Stream]


def merge(document: dict[str, object]) -> list[MetadataOp]:
    """A merge patch of the metadata document."""
    return [MetadataOp(op="merge", document=document)]


def test_parameters_are_text_that_remembers_its_type(door: Door, stream: StreamMaker) -> None:
    """Other types are converted to JSON text; the last one wins; `start` and `end` are the system's."""
    s = stream()
    s.open(started_at=1_500_000)
    s.write(parameters={"i": 1, "f": 0.1, "b": True, "o": {"a": [1]}, "s": "text", "again": "1"})
    s.write(parameters={"again": "2"})
    run = door.run(s.run_id or "")
    assert run.parameters == {
        "i": "1", "f": "0.1", "b": "true", "o": '{"a":[1]}', "s": "text", "again": "2",
        "start": "1970-01-01T00:00:01.500000Z",
    }  # fmt: skip
    assert run.parameter_types == {
        "i": "integer", "f": "float", "b": "boolean", "o": "json", "s": "string", "again": "string", "start": "string",
    }  # fmt: skip


def test_tags_are_case_sensitive_and_labels_take_any_json(door: Door, stream: StreamMaker) -> None:
    """`runName` is shown among the tags."""
    s = stream()
    s.open(name="n")
    s.write(tags={"Key": "a", "key": "b"}, labels={"accuracy": {"format_string": "percentage"}, "n": None})
    run = door.run(s.run_id or "")
    assert run.tags == {"Key": "a", "key": "b", "runName": "n"}
    assert run.labels == {"accuracy": {"format_string": "percentage"}, "n": None}


def test_metadata_keeps_its_types(door: Door, stream: StreamMaker) -> None:
    """Ints stay ints, strings that look like dates stay strings, nesting survives."""
    document = {
        "i": 1, "f": 1.0, "big": 2**53 + 1, "date": "2026-11-21T10:00:00Z", "list": [{"a": [1, "x", None]}, []],
        "dotted.key": {"": 1}, "n": None, "unicode \N{SNOWMAN}": "\N{SNOWMAN}",
    }  # fmt: skip
    s = stream()
    s.open(metadata=[MetadataOp(op="replace", document=document)])
    got = door.metadata(s.run_id or "")
    assert got == document
    assert [type(got[k]) for k in ("i", "f", "big", "date")] == [int, float, int, str]


def test_metadata_is_merged_set_replaced_and_cleared(door: Door, stream: StreamMaker) -> None:
    """RFC 7386 for merges; `set` replaces one key; `{}` clears."""
    s = stream()
    s.open()
    run_id = s.run_id or ""
    assert door.metadata(run_id) == {}
    result = s.write(metadata=merge({"a": {"x": 1, "y": 2}, "b": 1}))
    assert result.num_keys_written == 2
    s.write(metadata=merge({"a": {"x": None, "z": 3}}))
    assert door.metadata(run_id) == {"a": {"y": 2, "z": 3}, "b": 1}
    assert s.write(metadata=[MetadataOp(op="set", key="a", value={"new": None})]).num_keys_written == 1
    assert door.metadata(run_id) == {"a": {"new": None}, "b": 1}
    s.write(metadata=[MetadataOp(op="replace", document={"c": 1})])
    assert door.metadata(run_id) == {"c": 1}
    s.write(metadata=[MetadataOp(op="replace", document={})])
    assert door.metadata(run_id) == {}


def test_merges_of_several_writers_lose_nothing(door: Door, stream: StreamMaker) -> None:
    """Each key of each writer is there."""
    s = stream()
    s.open()
    writers = [s.same_attempt() for _ in range(5)]
    for round_ in range(3):
        for i, writer in enumerate(writers):
            writer.write(metadata=merge({"shared": {f"w{i}": round_}, "last": i}))
    assert door.metadata(s.run_id or "") == {"shared": {f"w{i}": 2 for i in range(5)}, "last": 4}


def test_events_keep_the_caller_s_time_and_may_repeat(door: Door, stream: StreamMaker) -> None:
    """Ordered by wallclock; `since`, name and source are honoured; pages."""
    s = stream()
    events = [
        EventRecord(name="checkpoint_started", source="trainer", wallclock=12_000, metadata={"chk_size": 2345}),
        EventRecord(name="checkpoint_finish", source="trainer", wallclock=12_500, metadata={"write_speed": 2000}),
        EventRecord(name="checkpoint_started", source="trainer", wallclock=11_000),
        EventRecord(name="checkpoint_started", source="other", wallclock=12_000, metadata={"chk_size": 2345}),
    ]
    s.open(events=events)
    run_id = s.run_id or ""
    got = door.events(run_id).items
    assert [(e.name, e.source, e.wallclock, e.metadata) for e in got] == [
        ("checkpoint_started", "trainer", 11_000, {}),
        ("checkpoint_started", "trainer", 12_000, {"chk_size": 2345}),
        ("checkpoint_started", "other", 12_000, {"chk_size": 2345}),
        ("checkpoint_finish", "trainer", 12_500, {"write_speed": 2000}),
    ]
    assert {e.parent_id for e in got} == {run_id}
    assert [e.wallclock for e in door.events(run_id, since=12_000).items] == [12_000, 12_000, 12_500]
    assert [e.source for e in door.events(run_id, name="checkpoint_started", source="other").items] == ["other"]
    page = door.events(run_id, limit=3)
    rest = door.events(run_id, limit=3, cursor=page.next)
    assert [e.id for e in [*page.items, *rest.items]] == [e.id for e in got]
    assert rest.next is None


def test_artifacts_are_references_listed_by_path(door: Door, stream: StreamMaker) -> None:
    """The kind is guessed from the name; lists go by kind and prefix."""
    s = stream()
    records = [
        ArtifactRecord(path="models/m.onnx", uri="s3://bucket/m.onnx", size=5, checksum="sha256:" + "a" * 64),
        ArtifactRecord(path="plots/loss.png", uri="file:///plots/loss.png"),
        ArtifactRecord(path="notes", uri="https://example.org/notes", mime_type=ArtifactMime.Text),
    ]
    result = s.write(artifacts=records) if s.open() else None
    run_id = s.run_id or ""
    got = door.artifacts(run_id).items
    assert [(a.path, a.mime_type, a.kind, a.uri, a.size, a.parent) for a in got] == [
        ("models/m.onnx", ArtifactMime.Model, "tracked", "s3://bucket/m.onnx", 5, run_id),
        ("notes", ArtifactMime.Text, "tracked", "https://example.org/notes", None, run_id),
        ("plots/loss.png", ArtifactMime.Image, "tracked", "file:///plots/loss.png", None, run_id),
    ]
    assert sorted(a.id for a in got) == sorted(result.artifact_ids if result else [])
    assert [a.path for a in door.artifacts(run_id, prefix="plots/").items] == ["plots/loss.png"]
    assert [a.path for a in door.artifacts(run_id, mime_type=ArtifactMime.Model).items] == ["models/m.onnx"]
