"""No text does harm: each is read within the limits and in little time, or refused."""

import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mbox_ops.entities.limits import DEFAULT, Limits
from mbox_ops.errors import InvalidRequest
from mbox_ops.search.parser import parse_field, parse_filter, parse_sort, show
from tests.search.strategies import any_fields, fields, filters

CONDITION = "params.x = 1"
TOKENS = [
    "AND", "OR", "NOT", "IN", "IS", "NULL", "NAN", "EXISTS", "BETWEEN", "CONTAINS", "MATCHES", "(", ")", ",", "=", "!=",
    "<", "<=", "==", "'a'", "'", "''", '"', "`", "5", "-1e999", "1" * 400, "true", "null", "now()", "now", "- 7d", "-",
    "2026-11-21", "2026-02-30", "0000-01-01", "params.x", "params.", "metrics.a.min", "metadata.a[*]", "metadata.a[",
    "status", "run", "tags.runName", 'params."a', "params.start", "\x01", "\u200b", "\ud800", "\x00", "\\", ";", "--",
]  # fmt: skip
READERS: list[Callable[[str], object]] = [lambda text: parse_filter(text, now=0), parse_sort, parse_field]


def read_or_refuse(text: str) -> None:
    """Anything but a tree or an `InvalidRequest` fails."""
    for read in READERS:
        try:
            read(text)
        except InvalidRequest as refused:
            assert refused.message.encode()  # noqa: PT017  # whatever the text holds, its answer can be sent
            assert len(refused.message) < 1_000  # noqa: PT017


@settings(max_examples=200, deadline=None)
@given(st.text(st.characters(codec=None), max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    """Lone surrogates, control characters, whatever."""
    read_or_refuse(text)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), max_size=12), st.sampled_from(["", " "]))
def test_any_soup_of_tokens_is_read_or_refused(tokens: list[str], blank: str) -> None:
    """With and without blanks between them."""
    read_or_refuse(blank.join(tokens))


@settings(max_examples=100, deadline=None)
@given(filters(fields() | any_fields(), max_leaves=3).map(show), st.data())
def test_any_broken_filter_is_read_or_refused(text: str, data: st.DataObject) -> None:
    """A piece is taken out, doubled, or replaced by a token."""
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 8)))
    middle = data.draw(st.sampled_from(["", text[start:end] * 2, *TOKENS]))
    read_or_refuse(text[:start] + middle + text[end:])


def long(unit: str, head: str = "", tail: str = "", most: int = DEFAULT.filter) -> str:
    """A text of the greatest length: a unit many times, between a head and a tail."""
    return head + unit * ((most - len(head) - len(tail)) // len(unit)) + tail


LONG = {
    "parentheses": long("("),
    "NOTs": long("NOT "),
    "NOTs with parentheses": long("NOT("),
    "a list": long(",1", "params.x IN (1", ")"),
    "lists": long(" OR params.x IN (" + "1," * 900 + "1)", CONDITION),
    "a list of instants": long(",2026-11-21T10:00:00", "params.x IN (2026-11-21", ")"),
    "conditions": long(f" OR {CONDITION}", CONDITION),
    "a text": long("a", "params.x = '", "'"),
    "a text of quotes": long("''", "params.x = '", "'"),
    "an endless text": long("a", "params.x = '"),
    "a number": long("9", "params.x = "),
    "a fraction": long("9", "params.x = 0."),
    "an exponent": long("9", "params.x = 1e"),
    "signs": long("-", "params.x = "),
    "a length of time": long("9", "params.x = now() - ", "d"),
    "blanks after now": long(" ", "params.x = now", "("),
    "a path": long(".a", "metadata", " = 1"),
    "arrays": long("[*]", "metadata.a", " = 1"),
    "brackets": long("[", "metadata.a", " = 1"),
    "quoted parts": long('."a"', "params", " = 1"),
    "double quotes": long('"'),
    "backslashes": long("\\", 'params."'),
    "escaped quotes": long('\\"', 'params."'),
    "backticks": long("`"),
    "dots": long(".", "params"),
    "words": long("a "),
    "one word": long("a"),
    "an unknown field": long("a", "param.", " = 1"),
    "equals": long("="),
    "commas": long(","),
    "blanks": long(" "),
    "line ends": long("\n", "", ";"),
    "emojis": long("\U0001f600"),
    "sort keys": long("name,"),
}


@pytest.mark.parametrize("text", LONG.values(), ids=LONG)
def test_the_longest_text_costs_a_tenth_of_a_second(text: str) -> None:
    """As filter, order and field, and four times as long. The best of three, of processor time, on a busy machine."""
    parse_filter(CONDITION, now=0)  # the parser is made
    for some in (text, text * 4):
        for read in READERS:
            assert min(_seconds(read, some) for _ in range(3)) < 0.3


def _seconds(read: Callable[[str], object], text: str) -> float:
    start = time.process_time()
    with suppress(InvalidRequest):
        read(text)
    return time.process_time() - start


def test_the_length_of_a_text_is_limited() -> None:
    """In characters."""
    limits = Limits(filter=len(CONDITION) + 1)
    parse_filter(CONDITION + " ", now=0, limits=limits)
    with pytest.raises(InvalidRequest, match="filter is 14 characters long; the limit is 0 to 13"):
        parse_filter(CONDITION + "  ", now=0, limits=limits)
    with pytest.raises(InvalidRequest, match="sort is 14 characters long"):
        parse_sort("name          ", limits=limits)


@pytest.mark.parametrize(
    ("name", "unit", "head", "tail", "message"),
    [
        ("filter_depth", "(", "", CONDITION + ")" * 3, "parentheses and NOTs lie more than 3 deep in one another"),
        ("filter_depth", "NOT ", "", CONDITION, "parentheses and NOTs lie more than 3 deep in one another"),
        ("filter_leaves", f"{CONDITION} OR ", "", "params.x NOT IN (1)", "there are more than 3 conditions"),
        ("filter_values", "'a', ", "params.x IN (", "'b')", "there are more than 3 values in one list"),
    ],
)
def test_what_a_filter_is_made_of_is_limited(name: str, unit: str, head: str, tail: str, message: str) -> None:
    """What is exactly at the limit is read; what is beyond is refused with the limit."""
    limits, fitting = Limits(**{name: 3}), 3 if name == "filter_depth" else 2
    parse_filter(head + unit * fitting + tail, now=0, limits=limits)
    with pytest.raises(InvalidRequest, match=message) as refused:
        parse_filter(head + unit * (fitting + 1) + tail, now=0, limits=limits)
    assert refused.value.details["limit"] == 3


@pytest.mark.parametrize(
    "text",
    [
        "(params.x = 1) AND (params.x NOT IN (1, 2)) AND NOT (params.x = 1)",
        "NOT params.x IS NOT NULL AND NOT (params.x NOT BETWEEN 1 AND 2)",
        "params.x IN (1, 2, 3) OR params.x IN (1, 2, 3)",
    ],
)
def test_only_what_lies_in_one_another_is_deep(text: str) -> None:
    """What was closed again does not count, nor does the NOT of an operator, nor do the values of another list."""
    parse_filter(text, now=0, limits=Limits(filter_depth=2, filter_values=3))


def test_the_default_limits_are_within_reach() -> None:
    """The deepest, the widest and the longest list, all of them small enough for the parser and the call stack."""
    parse_filter("(" * 50 + CONDITION + ")" * 50, now=0)
    parse_filter("NOT " * 50 + CONDITION, now=0)
    parse_filter(" OR ".join([CONDITION] * 200), now=0)
    parse_filter(f"params.x IN ({', '.join(['1'] * 1_000)})", now=0)
