"""Metadata, parameters and tags as rows: nothing piles up; search and limits go by what is shown."""

from typing import Any

import pytest
from sqlalchemy import func, select

from mbox_ops.entities.limits import Limits
from mbox_ops.entities.writers import Batch, MetadataOp
from mbox_ops.errors import InvalidRequest
from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from mbox_ops.store.tables import attributes, metadata_patches, names, settings
from tests.service.services import (
    ANN,
    HandClock,
    Log,
    clock,
    database,
    postgres_tables,
    service,
    sqlite_template,
)

__all__ = ["clock", "database", "postgres_tables", "service", "sqlite_template"]


def merge(document: dict[str, Any]) -> list[MetadataOp]:
    """A merge."""
    return [MetadataOp(op="merge", document=document)]


def rows_of(database: Database) -> int:
    """How many patches are kept."""
    with database.read() as conn:
        return int(conn.execute(select(func.count()).select_from(metadata_patches)).scalar_one())


def found(database: Database, kind: str) -> dict[str, list[tuple[Any, ...]]]:
    """What search finds, by name."""
    a = attributes.c
    query = select(names.c.name, a.ordinal, a.type, a.num, a.text).join(names, names.c.id == a.name_id)
    with database.read() as conn:
        rows = conn.execute(query.where(a.kind == kind).order_by(names.c.name, a.ordinal)).all()
    by_name: dict[str, list[tuple[Any, ...]]] = {}
    for name, *row in rows:
        by_name.setdefault(name, []).append(tuple(row))
    return by_name


def test_what_is_written_without_a_writer_takes_the_place_of_what_it_overrides(
    service: Service, database: Database
) -> None:
    """Nothing ever replaces it, so nothing that it overrides comes back; and no write is slower than the one before."""
    log = Log(service).open()
    log.write(metadata=merge({"progress": {"step": -1}, "mine": 1}), tags={"step": "-1", "mine": "1"}, labels={"a": 0})
    for step in range(30):
        changes = [*merge({"progress": {"step": step}}), MetadataOp(op="set", key="now", value={"at": step})]
        parts: dict[str, Any] = {"tags": {"step": str(step)}, "parameters": {"p": step}, "labels": {"a": step}}
        service.batches.write(ANN, Batch(run_id=log.id, metadata=changes, **parts))
    run = service.runs.get(ANN, log.id)
    assert (run.tags["step"], run.tags["mine"], run.parameters["p"], run.labels) == ("29", "1", "29", {"a": 29})
    assert service.metadata.get(ANN, log.id) == {"progress": {"step": 29}, "now": {"at": 29}, "mine": 1}
    assert rows_of(database) == 3
    with database.read() as conn:
        kept = select(func.count()).select_from(settings).where(settings.c.kind != "run")
        assert conn.execute(kept).scalar_one() == 4
    log.write(metadata=merge({"progress": {"step": 30}}), tags={"step": "30"})
    assert service.runs.get(ANN, log.id).tags["step"] == "30"
    again = Log(service, origin=log.origin, epoch=log.epoch + 1)
    again.run_id = log.id
    again.write(lease=True)
    assert service.metadata.get(ANN, log.id) == {"progress": {"step": 29}, "now": {"at": 29}}
    assert service.runs.get(ANN, log.id).tags == {"step": "29", "runName": log.id}
    assert found(database, "tag") == {"step": [(0, "string", None, "29")]}


def test_many_changes_in_one_batch_are_kept_as_one(service: Service, database: Database) -> None:
    """However many they are, none is compared with all before it: other writers wait meanwhile."""
    log = Log(service).open()
    many = [change for number in range(3_000) for change in merge({"epochs": {f"e{number % 900}": number}})]
    each = [MetadataOp(op="set", key=f"k{number % 90}", value=number) for number in range(3_000)]
    assert log.write(metadata=[*many, *each]).num_keys_written == 91
    assert rows_of(database) == 1 + 90
    assert log.write(metadata=[*each, *many]).num_keys_written == 91
    assert rows_of(database) == 90 + 1
    both = [change for pair in zip(each, many, strict=True) for change in pair]
    assert log.write(metadata=both).num_keys_written == 91
    assert rows_of(database) == 90 + 1
    document = service.metadata.get(ANN, log.id)
    assert (len(document), document["epochs"]["e0"], document["k29"]) == (91, 2_700, 2_999)


def test_a_value_that_is_updated_all_the_time_is_kept_once(service: Service, database: Database) -> None:
    """A thousand updates of a writer leave its last one; another writer's stay beside it."""
    log, other = Log(service).open(), Log(service)
    other.run_id = log.id
    other.write(metadata=merge({"progress": {"step": -1}, "other": 1}))
    for step in range(30):
        log.write(metadata=[*merge({"progress": {"step": step}}), MetadataOp(op="set", key="now", value={"at": step})])
    assert rows_of(database) == 3
    assert service.metadata.get(ANN, log.id) == {"progress": {"step": 29}, "now": {"at": 29}, "other": 1}
    log.write(metadata=[MetadataOp(op="replace", document={"only": 1})])
    assert rows_of(database) == 2
    assert service.metadata.get(ANN, log.id) == {"only": 1}
    assert found(database, "metadata") == {"only": [(0, "number", 1.0, None)]}
    retry = Log(service, origin=log.origin, epoch=log.epoch + 1)
    retry.run_id = log.id
    retry.write()
    assert service.metadata.get(ANN, log.id) == {"progress": {"step": -1}, "other": 1}
    assert found(database, "metadata").keys() == {"progress.step", "other"}


def test_leaves_are_found_by_their_typed_values(service: Service, database: Database) -> None:
    """Arrays by their elements, keys with dots quoted, integers beyond float64 with their digits."""
    document = {
        "i": 7, "big": 2**53 + 1, "f": 0.5, "t": "x" * 300, "b": True, "n": None, "o": {}, "l": [],
        "tags": ["a", 2, [3], {"k": "v"}, {"k": "w"}], "a.b": {'q"[': 1, "": 2},
    }  # fmt: skip
    log = Log(service).open()
    log.write(metadata=[MetadataOp(op="replace", document=document)])
    assert found(database, "metadata") == {
        "i": [(0, "number", 7.0, None)],
        "big": [(0, "number", float(2**53), str(2**53 + 1))],
        "f": [(0, "number", 0.5, None)],
        "t": [(0, "string", None, "x" * 300)],
        "b": [(0, "boolean", 1.0, None)],
        "n": [(0, "null", None, None)],
        "o": [(0, "object", None, None)],
        "l": [(0, "array", None, None)],
        "tags[*]": [(0, "string", None, "a"), (1, "number", 2.0, None)],
        "tags[*][*]": [(0, "number", 3.0, None)],
        "tags[*].k": [(0, "string", None, "v"), (1, "string", None, "w")],
        '"a.b"."q\\"["': [(0, "number", 1.0, None)],
        '"a.b".""': [(0, "number", 2.0, None)],
    }
    log.write(metadata=merge({"tags": ["a"], "i": None}))
    left = found(database, "metadata")
    assert left["tags[*]"] == [(0, "string", None, "a")]
    assert not {"i", "tags[*][*]", "tags[*].k"} & left.keys()


def test_parameters_that_read_as_numbers_are_found_as_numbers(service: Service, database: Database) -> None:
    """Templates give text; a NaN and what only looks like a number do not; a boolean is 0 or 1."""
    given = {"a": 1, "b": "1e-3", "c": "-.5", "d": True, "e": float("nan"), "f": "1_000"}
    given |= {"g": " 1", "h": "1e999", "i": [1]}
    log = Log(service).open()
    log.write(parameters=given, tags={"t": "1"})
    assert found(database, "parameter") == {
        "a": [(0, "number", 1.0, "1")],
        "b": [(0, "string", 0.001, "1e-3")],
        "c": [(0, "string", -0.5, "-.5")],
        "d": [(0, "boolean", 1.0, "true")],
        "e": [(0, "number", None, "NaN")],
        "f": [(0, "string", None, "1_000")],
        "g": [(0, "string", None, " 1")],
        "h": [(0, "string", None, "1e999")],
        "i": [(0, "array", None, "[1]")],
    }
    assert found(database, "tag") == {"t": [(0, "string", None, "1")]}


def test_keys_written_are_truly_counted(service: Service) -> None:
    """Distinct top-level keys that were given a value; a deletion is none."""
    log = Log(service).open()
    changes = [
        *merge({"a": 1, "b": {"c": 1}, "gone": None}), MetadataOp(op="set", key="a", value=None),
        MetadataOp(op="set", key="d", value={}),
    ]  # fmt: skip
    assert log.write(metadata=changes).num_keys_written == 3
    assert log.write(metadata=[MetadataOp(op="replace", document={})]).num_keys_written == 0
    assert log.write(tags={"a": "b"}).num_keys_written == 0


LIMITS = Limits(tags=3, labels=3, parameters=3, metadata_leaves=5, metadata_depth=3, metadata_bytes=200, series=2)
OVER: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "tags": ({"tags": {"a": "1", "b": "1"}}, {"tags": {"c": "1", "d": "1"}}, "tags would be 4; a run has at most 3"),
    "labels": ({"labels": {"a": 1, "b": 1}}, {"labels": {"c": 1, "d": 1}}, "labels would be 4"),
    "parameters": ({"parameters": {"a": 1, "b": 1}}, {"parameters": {"c": 1, "d": 1}}, "parameters would be 4"),
    "leaves": ({"metadata": merge({"a": [1, 2, 3]})}, {"metadata": merge({"b": [1, 2, 3]})}, "6 leaves"),
    "bytes": ({"metadata": merge({"a": "x" * 120})}, {"metadata": merge({"b": "x" * 120})}, "bytes of JSON"),
}  # fmt: skip


@pytest.mark.parametrize("case", OVER)
def test_limits_hold_for_what_is_shown(database: Database, clock: HandClock, case: str) -> None:
    """Two batches that are small enough each; what an attempt wrote that is replaced does not count."""
    service = Service(database, clock=clock, limits=LIMITS)
    first, second, message = OVER[case]
    log, other = Log(service).open(), Log(service)
    log.write(**first)
    other.run_id = log.id
    before = service.runs.get(ANN, log.id), service.metadata.get(ANN, log.id), found(database, "metadata")
    with pytest.raises(InvalidRequest, match=message):
        other.write(**second)
    assert (service.runs.get(ANN, log.id), service.metadata.get(ANN, log.id), found(database, "metadata")) == before
    retry = Log(service, origin=log.origin, epoch=log.epoch + 1)
    retry.run_id = log.id
    retry.write(**second)


BAD_DOCUMENTS: dict[str, tuple[dict[str, Any], str]] = {
    "not a number": ({"a": {"b": float("nan")}}, r"metadata\.a\.b is nan"),
    "infinite": ({"a": [1, float("inf")]}, r"metadata\.a\[\*\] is inf"),
    "bytes": ({"a": b"x"}, r"metadata\.a is a bytes"),
    "a key that is no text": ({"a": {1: 2}}, r"metadata\.a key must be text"),
    "an integer beyond 64 bits": ({"a": 2**64}, r"metadata\.a holds an integer"),
    "a lone surrogate": ({"a": "\ud800"}, r"metadata\.a holds a lone surrogate"),
    "a long string": ({"k.1": "x" * 5001}, r'metadata\."k\.1" is 5001 characters'),
    "a long array": ({"a": {"b": [0] * 101}}, r"metadata\.a\.b is an array of 101 elements; the limit is 100"),
    "deep arrays": ({"a": [[[[[[[[[[1]]]]]]]]]]}, r"nested more than 10 levels"),
}


@pytest.mark.parametrize("case", BAD_DOCUMENTS)
def test_a_bad_document_is_refused_by_its_path(service: Service, case: str) -> None:
    """Merged, set, replaced, or an event's."""
    document, message = BAD_DOCUMENTS[case]
    log = Log(service).open()
    for op in ("merge", "replace"):
        with pytest.raises(InvalidRequest, match=message):
            log.write(metadata=[MetadataOp(op=op, document=document)])
    with pytest.raises(InvalidRequest):
        log.write(metadata=[MetadataOp(op="set", key=key, value=value) for key, value in document.items()])
    assert service.metadata.get(ANN, log.id) == {}


def test_parameters_take_what_json_has(service: Service) -> None:
    """And say what they were given otherwise."""
    log = Log(service).open()
    for value, message in (
        (None, "is null"), (b"x", "is bytes"), ({"a": {1: 2}}, "must be text"), ([object()], "holds a object"),
        (["\x00"], r"U\+0000"), ("\ud800", "lone surrogate"), (2**64, "64 bits"), ([-(2**63) - 1], "64 bits"),
    ):  # fmt: skip
        with pytest.raises(InvalidRequest, match=message):
            log.write(parameters={"p": value})
    log.write(parameters={"p": {"a": [float("inf"), None, "\N{SNOWMAN}"]}, "empty": ""})
    parameters = service.runs.get(ANN, log.id).parameters
    assert (parameters["p"], parameters["empty"]) == ('{"a":[Infinity,null,"\N{SNOWMAN}"]}', "")
