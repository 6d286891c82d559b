"""What JavaScript adds to the table of runs: completion, selection over pages, a dialog, rows that follow."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.ui.test_runs import FILTER, column, fill, names, open_menu

Write = Callable[..., str]


@pytest.fixture
def table(tab: Any, write: Write, namespace: str) -> Any:
    """A tab that shows six runs."""
    fill(write)
    tab.goto(f"/runs?namespace={namespace}")
    return tab


def offered(tab: Any, first: str) -> list[str]:
    """What is offered to be typed next, as soon as that comes first."""
    items = tab.locator(".complete li span:first-child")
    items.first.filter(has_text=re.compile(f"^{re.escape(first)}$")).wait_for()
    return items.all_inner_texts()


def test_a_filter_is_completed_by_the_keyboard_alone(table: Any) -> None:
    """Field, operator and value, from what runs have; Enter takes what is chosen, and finds when nothing is."""
    table.keyboard.press("Tab")  # to the skip link
    table.get_by_label(FILTER, exact=True).focus()
    table.keyboard.type("metadata.da")
    assert offered(table, "metadata.data.name") == ["metadata.data.name", "metadata.data.rows"]
    table.keyboard.press("ArrowDown")
    assert table.get_by_label(FILTER, exact=True).get_attribute("aria-activedescendant") == "filter-list-0"
    table.keyboard.press("Enter")
    assert "!=" in offered(table, "=")
    table.keyboard.press("Escape")
    table.keyboard.type("= 'set-1")
    assert offered(table, "'set-1'") == ["'set-1'"]
    table.keyboard.press("ArrowUp")
    table.keyboard.press("Tab")
    assert table.get_by_label(FILTER, exact=True).input_value() == "metadata.data.name = 'set-1' "
    assert offered(table, "AND") == ["AND", "OR"]
    table.keyboard.press("Enter")
    table.wait_for_url("**filter=**")
    assert names(table) == ["run-4", "run-1"]


def test_values_of_columns_are_offered_and_quoted(table: Any) -> None:
    """Also those with a quote in them; what has no list of values offers nothing."""
    box = table.get_by_label(FILTER, exact=True)
    box.press_sequentially("collection = ")
    assert offered(table, "'sweep-0'") == ["'sweep-0'", "'sweep-1'"]
    box.fill("")
    box.press_sequentially("params.note = 'it''s 3")
    assert offered(table, "'it''s 3'") == ["'it''s 3'"]
    box.fill("")
    box.press_sequentially("metrics.loss = ")
    table.wait_for_timeout(300)
    assert not table.get_by_role("listbox").is_visible()


def test_the_builder_offers_fields_and_values(table: Any) -> None:
    """From the same catalogue."""
    open_menu(table, "Add a condition")
    box = table.locator("#builder")
    box.get_by_label("Field").fill("tags.t")
    table.locator("#known-fields option[value='tags.team']").wait_for(state="attached")
    box.get_by_label("Field").fill("tags.team")
    box.get_by_label("Value").focus()
    table.locator("#known-values option[value=b]").wait_for(state="attached")


def test_a_selection_goes_over_pages(table: Any, namespace: str) -> None:
    """It is still there after a look at another page, and all of it is compared."""
    table.goto(f"/runs?namespace={namespace}&limit=4")
    table.get_by_label("Select run-5").check()
    table.get_by_label("Select run-3").click(modifiers=["Shift"])
    assert table.locator("#selected").inner_text() == "3 selected"
    table.get_by_role("link", name="Next page").click()
    table.get_by_label("Select run-0").check()
    assert table.locator("#selected").inner_text() == "4 selected, 3 on other pages"
    with table.expect_request("**/runs/selection**") as sent:
        table.get_by_role("button", name="Compare").click()
    assert sent.value.post_data.count("run=") == 4
    table.wait_for_url("**/compare?**")
    table.goto(f"/runs?namespace={namespace}")
    assert table.locator("#selected").inner_text() == "4 selected"
    open_menu(table, "Move")
    table.get_by_role("button", name="Move the selected runs").click()
    table.locator(".flash-failed").wait_for()
    assert table.locator("#selected").inner_text() == "4 selected"
    open_menu(table, "Tag")
    table.get_by_label("Tag", exact=True).fill("seen")
    table.get_by_label("Value").last.fill("yes")
    table.get_by_role("button", name="Tag the selected runs").click()
    table.get_by_text("4 runs now have the tag").wait_for()
    assert table.locator("#selected").inner_text() == "Select runs to"
    table.get_by_label("Select run-5").check()
    table.get_by_role("button", name="Clear the selection").click()
    assert table.locator("#selected").inner_text() == "Select runs to"
    table.get_by_label("Select all runs of this page").check()
    assert table.locator("#selected").inner_text() == "6 selected"


def test_columns_are_chosen_in_a_dialog(table: Any) -> None:
    """A double click opens one; typing narrows the list; Escape leaves everything as it was."""
    table.get_by_role("link", name="Columns…").evaluate("link => { link.click(); link.click(); }")
    table.get_by_role("dialog").get_by_label("Search").fill("rows")
    fields = table.get_by_role("dialog").locator(".fields li:visible")
    assert [text.split() for text in fields.all_inner_texts()] == [["metadata", "data.rows"]]
    table.keyboard.press("Escape")
    assert table.get_by_role("dialog").count() == 0
    table.get_by_role("link", name="Columns…").click()
    table.get_by_role("dialog").get_by_label("metadata data.rows").check()
    table.get_by_role("button", name="Show these columns").click()
    assert column(table, "data.rows") == ["5", "4", "3", "2", "1", "0"]


def test_rows_follow_what_happens_without_jumping(tab: Any, write: Write, namespace: str) -> None:
    """A row changes where it stands, also while a box has the focus; a new run waits until it is asked for."""
    run_id = fill(write, 2)[0]
    tab.clock.install()
    tab.goto(f"/runs?namespace={namespace}")
    tab.get_by_label("Select run-1").check()
    write(run_id=run_id, state="FAILED", points=[{"names": ["loss"], "steps": [2], "values": [0.125]}])
    write(open={"scenario": "vision", "name": "late"})
    tab.clock.run_for(11_000)
    tab.get_by_role("link", name="Show 1 new run").wait_for()
    assert names(tab) == ["run-1", "run-0"]
    assert column(tab, "loss") == ["1", "0.125"]
    assert column(tab, "State")[1] == "✕ Failed"
    assert tab.get_by_label("Select run-1").is_checked()
    assert tab.evaluate("document.activeElement.value") == tab.get_by_label("Select run-1").get_attribute("value")
    tab.get_by_role("link", name="Show 1 new run").click()
    tab.get_by_role("link", name="late").wait_for()
    assert sorted(names(tab)) == ["late", "run-0", "run-1"]
