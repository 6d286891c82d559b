"""A wrong text is refused with one sentence: where, what was found, what was expected, what was probably meant."""

from pathlib import Path

import pytest

from mbox_ops.errors import InvalidRequest
from mbox_ops.search.parser import parse_field, parse_filter, parse_sort

LINES = (Path(__file__).parent / "refusals.txt").read_text("utf-8").splitlines()
WRONG = dict(zip(LINES[::2], (line.strip() for line in LINES[1::2]), strict=True))
NOW = 1_795_255_200_000_000  # 2026-11-21T10:00:00Z


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_filter_is_answered_with_the_place_and_a_way_out(text: str) -> None:
    """`refusals.txt` has a filter and its answer in turns."""
    with pytest.raises(InvalidRequest) as refused:
        parse_filter(text, now=NOW)
    assert refused.value.message == f"filter, {WRONG[text]}"


def test_a_refusal_carries_the_place_and_an_excerpt() -> None:
    """For pages and editors, which point at the place."""
    with pytest.raises(InvalidRequest) as refused:
        parse_filter("params.lr > 0.1\n  AND staus = 'FAILED'", now=NOW, field="selector.filter")
    assert refused.value.details == {
        "field": "selector.filter",
        "value": "params.lr > 0.1\n  AND staus = 'FAILED'",
        "position": 22,
        "excerpt": "  AND staus = 'FAILED'\n      ^",
    }


def test_a_refusal_lists_what_was_expected() -> None:
    """In words, not in the names that the grammar has for them."""
    with pytest.raises(InvalidRequest) as refused:
        parse_filter("(status = 'FAILED'", now=NOW)
    assert refused.value.details["expected"] == ["AND", "OR", ")"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "sort is empty; leave it out, or write something."),
        (" ", "sort is empty; leave it out, or write something."),
        ("name,", "sort, at its end: expected a field, found the end."),
        (",name", "sort, at character 1: expected a field, found `,name`."),
        ("name status", "sort, at character 6: expected a comma or the end, found `status`."),
        ("name DESC", "sort, at character 6: expected a comma or the end, found `DESC`. Did you mean `-name`?"),
        ("-nam", "sort, at character 2: there is no field `nam`. Did you mean `name`?"),
        ('params."a', 'sort, at character 8: the quoted name that begins here does not end; it ends at ".'),
        ("name," * 8 + "name", "sort, at character 41: there are more than 8 keys; that is the limit."),
    ],
)
def test_a_wrong_order_is_answered_likewise(text: str, message: str) -> None:
    """Also when it asks for too much."""
    with pytest.raises(InvalidRequest) as refused:
        parse_sort(text)
    assert refused.value.message == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "x is empty; leave it out, or write something."),
        ("-name", "x, at character 1: expected a field, found `-name`."),
        ("name, status", "x, at character 5: expected the end, found `, status`."),
        ("params", "x, at its end: a name is missing after `params`, as in `params.lr`."),
        ("metric.loss", "x, at character 1: there is no field `metric.loss`. Did you mean `metrics.loss`?"),
    ],
)
def test_a_wrong_field_is_answered_likewise(text: str, message: str) -> None:
    """Under the name that the caller gives it."""
    with pytest.raises(InvalidRequest) as refused:
        parse_field(text, field="x")
    assert refused.value.message == message
