"""The oracle itself, where the tree's docstrings leave room for mistakes: arrays, nulls, what is missing, orders."""

from math import inf, nan
from typing import Any

import pytest

from mbox_ops.search.parser import parse_filter, parse_sort
from tests.search.naive import Record, holds, ordered


@pytest.mark.parametrize(
    ("document", "text", "expected"),
    [
        ({"a": 1}, "metadata.a = 1", True),
        ({"a": [1]}, "metadata.a = 1", True),
        ({"a": [[1]]}, "metadata.a = 1", True),
        ({"a": [[1]]}, "metadata.a[*] = 1", True),
        ({"a": [1, [2]]}, "metadata.a[*][*] = 1", False),
        ({"a": [1, [2]]}, "metadata.a[*][*] = 2", True),
        ({"a": 1}, "metadata.a[*] = 1", False),
        ({"a": [{"b": 1}, {"b": 2}]}, "metadata.a.b = 2", True),
        ({"a": [{"b": 1}, {"b": 2}]}, "metadata.a[*].b = 2", True),
        ({"a": [{"b": 1}, {"b": 2}]}, "metadata.a.b[*] = 2", False),
        ({"a": {"b": 1}}, "metadata.a[*].b = 1", False),
        ({"a": True}, "metadata.a = 1", False),
        ({"a": 1}, "metadata.a = true", False),
        ({"a": "1"}, "metadata.a = 1", False),
        ({"a": 2**53 + 1}, f"metadata.a = {2**53}", True),
        ({"a": "2026-11-21 01:00:00+01:00"}, "metadata.a = 2026-11-21", True),
        ({"a": "2026-11-21"}, "metadata.a = '2026-11-21T00:00'", False),
        ({}, "metadata.a IS NULL", True),
        ({"a": None}, "metadata.a IS NULL", True),
        ({"a": [None, None]}, "metadata.a IS NULL", True),
        ({"a": [None, 1]}, "metadata.a IS NULL", False),
        ({"a": []}, "metadata.a IS NULL", False),
        ({"a": {}}, "metadata.a IS NULL", False),
        ({"a": {"b": None}}, "metadata.a IS NULL", False),
        ({"a": [[], None]}, "metadata.a IS NULL", False),
        ({"a": []}, "metadata.a[*] IS NULL", True),
        ({"a": []}, "EXISTS metadata.a", True),
        ({"a": []}, "EXISTS metadata.a[*]", False),
        ({"a": [[]]}, "EXISTS metadata.a[*]", True),
        ({"a": None}, "EXISTS metadata.a", True),
        ({"a": {"b": None}}, "EXISTS metadata.a", True),
        ({"a": {"b": 1}}, "EXISTS metadata.a.b.c", False),
        ({"a": {"b": 1}}, 'EXISTS metadata."a.b"', False),
        ({"a": "x\ny"}, "metadata.a MATCHES 'x?y'", True),
        ({"a": "x"}, "metadata.a MATCHES ''", False),
        ({"a": "a*"}, r"metadata.a MATCHES 'a\*'", True),
        ({"a": "ab"}, r"metadata.a MATCHES 'a\*'", False),
        ({"a": "[a]"}, "metadata.a MATCHES '[a]'", True),
        ({"a": "a\\"}, "metadata.a MATCHES 'a\\'", True),
        ({"a": 5}, "metadata.a CONTAINS ''", False),
    ],
)
def test_a_condition_on_metadata(document: dict[str, Any], text: str, expected: bool) -> None:
    """Holds or not."""
    assert holds(parse_filter(text, now=0), Record(metadata=document)) is expected


@pytest.mark.parametrize(
    ("points", "text", "expected"),
    [
        ([], "EXISTS metrics.m.count", False),
        ([nan], "EXISTS metrics.m", True),
        ([nan], "EXISTS metrics.m.min", False),
        ([nan], "metrics.m.mean IS NULL", True),
        ([nan, 1.0], "metrics.m.first IS NAN", True),
        ([nan, 1.0], "metrics.m.mean = 1", True),
        ([nan, 1.0], "metrics.m.count = 2", True),
        ([nan], "metrics.m < 1 OR metrics.m >= 1", False),
        ([nan], "metrics.m != 1", True),
        ([inf, -inf], "metrics.m.mean IS NAN", True),
        ([inf], "metrics.m = Infinity", True),
        (["a", "b"], "EXISTS metrics.m", False),
        (["a", "b"], "metrics.m.count = 2", True),
    ],
)
def test_a_condition_on_a_metric(points: list[Any], text: str, expected: bool) -> None:
    """Holds or not."""
    assert holds(parse_filter(text, now=0), Record(metrics={"m": points})) is expected


@pytest.mark.parametrize(
    ("text", "type", "condition", "expected"),
    [
        ("5.0", "string", "params.x = 5", True),
        ("5.0", "string", "params.x = '5'", False),
        ("5", "integer", "params.x = '5'", True),
        ("inf", "string", "params.x > 0", False),
        ("1e999", "string", "params.x > 0", False),
        (" 5", "string", "params.x = 5", False),
        ("true", "string", "params.x = true", False),
        ("true", "boolean", "params.x = true", True),
        ("true", "boolean", "params.x = 'true'", True),
        ("true", "boolean", "params.x = 1", False),
        ("[1]", "json", "params.x = '[1]'", True),
        ("2026-11-21", "string", "params.x < 2026-11-22", True),
    ],
)
def test_a_condition_on_a_parameter(text: str, type: str, condition: str, expected: bool) -> None:
    """Holds or not."""
    assert holds(parse_filter(condition, now=0), Record(parameters={"x": (text, type)})) is expected


@pytest.mark.parametrize(
    ("documents", "order", "expected"),
    [
        ([{"a": "b"}, {"a": 2}, {}, {"a": True}, {"a": "B"}], "metadata.a", [3, 1, 4, 0, 2]),
        ([{"a": "b"}, {"a": 2}, {}, {"a": True}, {"a": "B"}], "-metadata.a", [0, 4, 1, 3, 2]),
        ([{"a": [2]}, {"a": 1}], "metadata.a", [1, 0]),
        ([{"a": [2, 0]}, {"a": [1, 9]}, {"a": 0}], "metadata.a[*]", [1, 0, 2]),
        ([{"a": [None, 1]}, {"a": [2]}], "metadata.a[*]", [1, 0]),
        ([{"a": [{"b": 5}, 1]}, {"a": [2]}], "-metadata.a[*]", [1, 0]),
        ([{"a": 1, "b": 1}, {"a": 1, "b": 2}, {"b": 0}, {"b": 3}], "-metadata.a, -metadata.b", [1, 0, 3, 2]),
        ([{"a": 1}, {"a": 1.0}, {"a": 1}], "-metadata.a", [0, 1, 2]),
    ],
)
def test_an_order_of_metadata(documents: list[dict[str, Any]], order: str, expected: list[int]) -> None:
    """Those that are equal keep the order they came in."""
    records = [Record(columns={"name": str(n)}, metadata=document) for n, document in enumerate(documents)]
    assert [record.columns["name"] for record in ordered(records, parse_sort(order))] == [str(n) for n in expected]
