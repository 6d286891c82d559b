"""What the reference says about the language holds."""

import re
from typing import get_args

import pytest

from mbox_ops.entities.metrics import Statistic
from mbox_ops.errors import InvalidRequest
from mbox_ops.search.parser import parse_filter, parse_sort
from mbox_ops.search.tokens import COMPARISONS, KEYWORDS, UNITS
from mbox_ops.search.tree import Column
from tests.search.examples import NOW, PAGE, RUNS, Example, examples, records, runs_of_the_page
from tests.search.naive import holds, ordered

FILTERS, ORDERS = examples("filter"), examples("sort")
TEXT = PAGE.read_text("utf-8")


def blocks(language: str) -> list[str]:
    """The page's blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", TEXT, re.DOTALL | re.MULTILINE)


def test_the_page_has_examples_enough() -> None:
    """And shows the runs that they are about."""
    assert len(FILTERS) > 50
    assert len(ORDERS) > 5
    assert str(runs_of_the_page()) == str(RUNS)  # as text, since NaN equals nothing


@pytest.mark.parametrize("example", FILTERS, ids=[example.text for example in FILTERS])
def test_a_filter_of_the_page_finds_what_the_page_says(example: Example) -> None:
    """In the example runs, by the meaning that the tree's docstrings give it."""
    tree = parse_filter(example.text, now=NOW)
    assert [record.columns["name"] for record in records() if holds(tree, record)] == example.names


@pytest.mark.parametrize("example", ORDERS, ids=[example.text for example in ORDERS])
def test_an_order_of_the_page_orders_as_the_page_says(example: Example) -> None:
    """All of the example runs."""
    found = ordered(records(), parse_sort(example.text))
    assert [record.columns["name"] for record in found] == example.names


def test_the_grammar_of_the_page_has_all_words_of_the_language() -> None:
    """And no others."""
    (grammar,) = blocks("ebnf")
    words = set(re.findall(r'"([A-Za-z_]{2,})"', grammar))
    names = {"now", *get_args(Column), *get_args(Statistic)}
    assert {word.lower() for word in words} == names | set(KEYWORDS)
    assert {f'"{sign}"' for sign in (*COMPARISONS, *UNITS)} <= set(re.findall(r'"[^" ]+"', grammar))


def test_the_page_s_first_examples_can_be_read() -> None:
    """A filter and an order."""
    condition, order = blocks("text")[0].splitlines()
    parse_filter(condition, now=NOW)
    parse_sort(order)


@pytest.mark.parametrize("pair", blocks("text")[1].strip().split("\n\n"))
def test_the_errors_of_the_page_are_what_is_answered(pair: str) -> None:
    """Word by word."""
    text, message = pair.split("\n")
    with pytest.raises(InvalidRequest) as refused:
        parse_filter(text, now=NOW)
    assert refused.value.message == message
