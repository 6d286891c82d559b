"""What differs between documents, against a naive way of finding it; and where runs stand in a plot."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbox_ops.entities.documents import join_path
from mbox_ops.entities.search import Difference
from mbox_ops.search.parser import parse_field
from mbox_ops.search.tree import Metadata
from mbox_ops.service import comparing
from mbox_ops.service.scatters import place_of

KEYS = st.sampled_from(["a", "b", "c.d", ""])
LEAVES = st.one_of(
    st.none(), st.booleans(), st.sampled_from([0, 1, 1.0, 2**63, 2**63 + 1, 0.5, "", "a", "true"]), st.just([]),
    st.lists(st.sampled_from([1, True, "a", {}, {"a": 1}]), max_size=2),
)  # fmt: skip
DOCUMENTS = st.lists(
    st.dictionaries(KEYS, st.recursive(LEAVES, lambda inner: st.dictionaries(KEYS, inner, max_size=3), max_leaves=6)),
    min_size=1,
    max_size=4,
)
NOTHING: Any = object()


def look(document: Any, path: tuple[str, ...]) -> Any:
    """What lies at a path through objects."""
    for key in path:
        if not isinstance(document, dict) or key not in document:
            return NOTHING
        document = document[key]
    return document


def paths(document: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Every path through objects."""
    if isinstance(document, dict):
        for key in document:
            yield (*path, key)
            yield from paths(document[key], (*path, key))


def naive(documents: list[dict[str, Any]]) -> dict[str, tuple[list[bool], str]]:
    """By path: who has it, and the values as exact text."""

    def leads_on(path: tuple[str, ...]) -> bool:
        found = [value for document in documents if (value := look(document, path)) is not NOTHING]
        return all(isinstance(value, dict) for value in found) and any(value != {} for value in found)

    told = {}
    for path in {path for document in documents for path in paths(document)}:
        if not leads_on(path) and all(leads_on(path[:length]) for length in range(len(path))):
            name = ""
            for key in path:
                name = join_path(name, key)
            values = [look(document, path) for document in documents]
            present = [value is not NOTHING for value in values]
            told[name] = (present, json.dumps([None if value is NOTHING else value for value in values]))
    return told


def same(one: Any, other: Any) -> bool:
    """Whether two JSON values are equal, a boolean being no number."""
    if isinstance(one, bool) or isinstance(other, bool):
        return isinstance(one, bool) and isinstance(other, bool) and one == other
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    return one == other


@given(DOCUMENTS)
def test_documents_are_walked_to_where_they_stop_being_objects(documents: list[dict[str, Any]]) -> None:
    """Every value is told once, at the path where it can be compared, with its type."""
    found = comparing.documents(documents)
    assert {one.name: (one.present, json.dumps(one.values)) for one in found} == naive(documents)
    assert len({one.name for one in found}) == len(found)


@given(DOCUMENTS)
def test_what_differs_is_what_not_all_have_the_same(documents: list[dict[str, Any]]) -> None:
    """1 is 1.0, and neither is true."""
    for one in comparing.documents(documents):
        first = one.values[0]
        expected = not all(one.present) or not all(same(first, value) for value in one.values)
        assert comparing.differs(one) == expected


def test_null_is_something() -> None:
    """A key with null is not a missing key."""
    (found,) = comparing.documents([{"a": None}, {}])
    assert found == Difference(name="a", values=[None, None], present=[True, False])
    assert comparing.differs(found)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("a", 1.0), ("b.c", True), ("b.d", None), ("rows.n", 3.0), ("rows[*].n", 3.0), ("rows[*][*].n", None),
        ("grid", "x"), ("grid[*][*]", "x"), ("grid[*][*][*]", None), ("empty", None), ("nothing", None), ("rows", None),
    ],
)  # fmt: skip
def test_a_place_in_a_document_is_found_through_arrays(path: str, expected: Any) -> None:
    """With `[*]` or without it; of several values the first is taken, and objects and null are none."""
    document = {
        "a": 1, "b": {"c": True}, "rows": [{"m": 1}, {"n": None}, {"n": 3}], "grid": [[], ["x", "y"]], "empty": [],
        "nothing": None,
    }  # fmt: skip
    field = parse_field(f"metadata.{path}")
    assert isinstance(field, Metadata)
    found = place_of(None, document, field)  # type: ignore[arg-type] # the run is not looked at
    assert (found, type(found)) == (expected, type(expected))
