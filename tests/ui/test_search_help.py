"""The page about the search language: it says what the language does and what its reference says."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mbox_ops.search.parser import parse_filter, parse_sort
from mbox_ops.server.ui.help_pages import language
from tests.search.examples import PAGE, examples
from tests.ui.conftest import loaded
from tests.ui.test_run_pages import Write


def rows_of_the_reference(first: str) -> list[tuple[str, ...]]:
    """The rows of the reference's table whose first title is this."""
    found = re.search(rf"^\| {first} \|.*\n\| --- .*\n((?:\|.*\n)+)", PAGE.read_text("utf-8"), re.MULTILINE)
    assert found is not None
    return [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in found[1].splitlines()]


def test_fields_and_operators_are_those_of_the_reference() -> None:
    """Word by word."""
    assert list(language.FIELDS) == rows_of_the_reference("field")
    assert list(language.OPERATORS) == rows_of_the_reference("operator")


def test_examples_are_those_of_the_reference() -> None:
    """So what they find is proven."""
    assert {*language.EXAMPLES} <= {example.text for example in examples("filter")}
    assert {*language.ORDERS} <= {example.text for example in examples("sort")}


@pytest.mark.parametrize("text", [text for _, texts in language.LITERALS for text in texts])
def test_literals_are_read(text: str) -> None:
    """Each is a value that something can be compared with."""
    field = "started_at" if text[:4] in ("2026", "now(") else "params.a"
    parse_filter(f"{field} {'>' if field == 'started_at' else '='} {text}", now=0)


def test_the_page_shows_it_and_its_examples_lead_to_runs(either_tab: Any, write: Write, namespace: str) -> None:
    """A click on an example is the search."""
    write(open={"scenario": "vision", "name": "resnet-a"}, parameters={"lr": 0.1})
    either_tab.goto(f"/help/search?namespace={namespace}")
    assert either_tab.locator("#fields-table tbody tr").count() == len(language.FIELDS)
    assert either_tab.locator("#operators-table tbody tr").count() == len(language.OPERATORS)
    for link in either_tab.locator(".examples a").all():
        query = parse_qs(urlsplit(link.get_attribute("href")).query)
        _ = [parse_filter(text, now=0) for text in query.get("filter", [])]
        _ = [parse_sort(text) for text in query.get("sort", [])]
    either_tab.get_by_role("link", name="params.lr > 0.05").click()
    assert loaded(either_tab).locator("#runs tbody th").all_inner_texts() == ["resnet-a"]
