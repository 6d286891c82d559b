"""Runs side by side, in a browser."""

import csv
import io
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest

from mbox_ops.testing import LiveServer
from tests.ui.conftest import Watch, loaded

Write = Callable[..., str]
PRINTED = """() => {
    dispatchEvent(new Event("beforeprint"));
    const widths = () => [...document.querySelectorAll("canvas")].map((one) => one.clientWidth);
    return new Promise((tell) => setTimeout(() => tell(widths())));
}"""
FORMULA = '=HYPERLINK("http://elsewhere.example","x")'


@pytest.fixture
def five(write: Write) -> list[str]:
    """Five runs that differ in a parameter, a nested value and their metrics."""
    return [
        write(
            open={"scenario": "churn", "name": f"run {number}"},
            parameters={"lr": 10.0**-number, "optimizer": "adam" if number % 2 else "sgd", "seed": 7, "note": FORMULA},
            metadata=[{"op": "merge", "document": {"model": {"layers": number, "kind": "mlp"}}}],
            labels={"accuracy": {"format_string": "percentage"}},
            points=[
                {"names": ["accuracy"], "steps": [0, 1, 2], "values": [0.1, 0.2, number / 10]},
                {"names": ["loss"], "steps": [0, 1, 2], "values": [3.0, 2.0, float(number)]},
            ],
        )
        for number in range(1, 6)
    ]


def at(namespace: str, runs: list[str], **query: str) -> str:
    """The address of their comparison."""
    pairs = [*(("run", run) for run in runs), *query.items(), ("namespace", namespace)]
    return "/compare?" + "&".join(f"{name}={quote(value, safe='')}" for name, value in pairs)


def rows(tab: Any) -> dict[str, list[str]]:
    """The table: what each run has, by name."""
    found = [row.split("\t") for row in loaded(tab).locator(".compared tbody tr").all_inner_texts()]
    return {cells[0].strip(): [cell.strip() for cell in cells[1:]] for cells in found if len(cells) > 1}


def test_only_what_differs_is_shown_until_all_is_asked_for(
    either_tab: Any, server: LiveServer, five: list[str], namespace: str
) -> None:
    """What was set and what came out first, as it is to be written; then the rest. A run can be left out."""
    either_tab.goto(at(namespace, five))
    sections = either_tab.locator(".compared tr.section").all_inner_texts()
    assert [section.strip() for section in sections] == ["Parameters", "Metrics (last value)", "Metadata", "Run"]
    table = rows(either_tab)
    assert table["accuracy"] == ["10 %", "20 %", "30 %", "40 %", "50 %"]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", started) for started in table["created_at"])
    assert table["lr"] == ["0.1", "0.01", "0.001", "0.0001", "1e-05"]
    assert table["model.layers"] == ["1", "2", "3", "4", "5"]
    assert table["loss"] == ["1", "2", "3", "4", "5"]
    assert not {"seed", "model.kind"} & table.keys()
    either_tab.get_by_role("link", name="Show all").click()
    either_tab.wait_for_url("**all=true**")
    table = rows(either_tab)
    assert table["seed"] == ["7"] * 5
    assert "≠ lr" in table
    either_tab.get_by_role("button", name="Leave out run 5").click()
    either_tab.get_by_role("heading", level=1, name="Compare 4 runs").wait_for()
    assert either_tab.url == f"{server.url}{at(namespace, five[:4], all='true')}"


def test_a_metric_is_set_over_a_parameter(either_tab: Any, five: list[str], namespace: str) -> None:
    """As a drawing whose points lead to the runs, and as a table."""
    either_tab.goto(at(namespace, five))
    either_tab.get_by_role("link", name="Metric over a field").click()
    either_tab.wait_for_url("**view=scatter**")
    either_tab.get_by_label("Metric").select_option("accuracy")
    either_tab.get_by_label("Over").fill("params.lr")
    either_tab.get_by_label("log x").check()
    either_tab.get_by_role("button", name="Show").click()
    drawing = either_tab.get_by_role("group", name="metrics.accuracy over params.lr")
    drawing.wait_for()
    points = drawing.get_by_role("link")
    assert points.count() == 5
    either_tab.get_by_text("Table", exact=True).click()
    cells = either_tab.locator("table.summary tbody tr").all_inner_texts()
    assert [cell.split("\t") for cell in cells][-1] == ["run 1", "0.1", "10 %"]
    points.first.click()
    either_tab.wait_for_url("**/runs/*")


def test_a_wrong_field_is_explained_beside_it(tab: Any, five: list[str], namespace: str) -> None:
    """The form keeps what was typed."""
    tab.goto(at(namespace, five, view="scatter", field="params."))
    tab.get_by_role("alert").wait_for()
    assert tab.get_by_label("Over").input_value() == "params."


def test_a_metric_is_set_over_the_runs(plain_tab: Any, five: list[str], namespace: str) -> None:
    """As bars, in the order of the values if that is wanted."""
    plain_tab.goto(at(namespace, list(reversed(five)), view="runs", metric="accuracy"))
    shown = plain_tab.locator(".bar-table tbody tr").all_inner_texts()
    assert " ".join(shown[0].split()) == "run 5 50 %"
    plain_tab.get_by_label("Order").select_option("by value")
    plain_tab.get_by_role("button", name="Show").click()
    plain_tab.wait_for_url("**order=value**")
    shown = plain_tab.locator(".bar-table tbody tr").all_inner_texts()
    assert " ".join(shown[0].split()) == "run 1 10 %"


def test_curves_of_all_runs_lie_in_one_chart(tab: Any, five: list[str], namespace: str, watch: Watch) -> None:
    """One for each metric, in ten requests at most; a run can be switched off."""
    tab.goto(at(namespace, five, view="curves", filter="loss"))
    tab.locator("figure.chart[aria-busy=false] canvas").wait_for()
    legend = tab.locator(".legend button")
    assert legend.all_inner_texts() == [f"run {number}" for number in range(1, 6)]
    legend.first.click()
    tab.locator(".legend button[aria-pressed=false]").wait_for()
    assert len(watch.requests) <= 10, watch.requests


def test_all_curves_are_on_paper(tab: Any, write: Write, namespace: str, watch: Watch) -> None:
    """Also those of charts that never came into view; in widths that fit, and light."""
    watch.expect("Synchronous XMLHttpRequest")
    points = [{"names": [f"metric {place:02}" for place in range(20)], "steps": [0, 1], "values": [0.5, 1.5] * 20}]
    runs = [write(open={"scenario": "churn", "name": f"run {number}"}, points=points) for number in range(2)]
    tab.emulate_media(color_scheme="dark")
    tab.goto(at(namespace, runs, view="curves"))
    tab.locator("figure.chart[aria-busy=false] canvas").first.wait_for()
    assert tab.locator("canvas").count() < 20
    tab.set_viewport_size({"width": 1100, "height": 400})
    widths = tab.evaluate(PRINTED)
    assert len(widths) == 20
    assert max(widths) <= 680
    tab.pdf()
    assert tab.locator("figure.chart").first.evaluate("figure => figure.querySelector('canvas').clientWidth") > 680


def test_runs_lie_across_parallel_axes(plain_tab: Any, five: list[str], namespace: str) -> None:
    """Parameters that differ, then metrics; a table beside them."""
    plain_tab.goto(at(namespace, five, view="parallel"))
    drawing = plain_tab.get_by_role("group", name="Each run is a line across the axes")
    assert drawing.get_by_role("link").count() == 5
    plain_tab.get_by_text("Table", exact=True).click()
    head = plain_tab.locator("table.summary thead").inner_text().split("\t")
    assert [name.strip() for name in head] == ["Run", "lr", "optimizer", "accuracy.last", "loss.last"]


def test_a_drawing_can_be_saved(tab: Any, five: list[str], namespace: str) -> None:
    """As a PNG, with what the stylesheet says of it."""
    tab.goto(at(namespace, five, view="parallel"))
    with tab.expect_download() as saved:
        tab.get_by_role("button", name="PNG").click()
    assert saved.value.suggested_filename == "Parallel-coordinates.png"
    assert saved.value.path().read_bytes().startswith(b"\x89PNG")


def test_the_table_comes_as_csv(plain_tab: Any, five: list[str], namespace: str) -> None:
    """A line for each run; no text of it is a formula to a spreadsheet."""
    plain_tab.goto(at(namespace, five, all="true"))
    with plain_tab.expect_download() as saved:
        plain_tab.get_by_role("link", name="CSV").click()
    table = list(csv.DictReader(io.StringIO(saved.value.path().read_text("utf-8"))))
    assert [row["id"] for row in table] == five
    assert [row["params.lr"] for row in table][:2] == ["0.1", "0.01"]
    assert [row["metadata.model.layers"] for row in table] == ["1", "2", "3", "4", "5"]
    assert {row["params.note"] for row in table} == {f"'{FORMULA}"}


def test_nothing_to_compare_leads_to_the_runs(tab: Any, namespace: str) -> None:
    """An address without runs says what to do."""
    tab.goto(at(namespace, []))
    tab.get_by_role("link", name="table of runs").wait_for()


def test_of_runs_that_are_gone_the_others_are_compared(tab: Any, five: list[str], namespace: str, watch: Watch) -> None:
    """An address outlives a run: it says which are not there, and leads on in the same view."""
    watch.expect("404")
    tab.goto(at(namespace, [*five[:2], "nobody"], view="runs", order="value"))
    tab.get_by_role("heading", name="1 run is not here any more").wait_for()
    tab.get_by_role("link", name="Compare the others").click()
    tab.get_by_role("heading", level=1, name="Compare 2 runs").wait_for()
    assert "order=value" in tab.url
    tab.goto(at(namespace, ["nobody"]))
    assert tab.get_by_role("link", name="table of runs").count() == 1


def test_runs_without_a_number_come_last(plain_tab: Any, five: list[str], namespace: str, write: Write) -> None:
    """In the order of the values: NaN, and what has no such metric."""
    odd = write(
        open={"scenario": "churn", "name": "odd"}, points=[{"names": ["loss"], "steps": [0], "values": ["NaN"]}]
    )
    bare = write(open={"scenario": "churn", "name": "bare"})
    plain_tab.goto(at(namespace, [odd, bare, *five], view="runs", metric="loss", order="value"))
    shown = plain_tab.locator(".bar-table tbody th").all_inner_texts()
    assert shown == [*(f"run {number}" for number in range(1, 6)), "odd", "bare"]


def test_one_run_alone_has_every_view(plain_tab: Any, five: list[str], namespace: str) -> None:
    """Also where nothing differs."""
    for view in ("table", "curves", "runs", "scatter", "parallel"):
        plain_tab.goto(at(namespace, five[:1], view=view, field="params.lr"))
        assert plain_tab.get_by_role("heading", level=1).inner_text() == "Compare 1 run"


def test_a_range_on_an_axis_leaves_the_runs_that_go_through(tab: Any, five: list[str], namespace: str) -> None:
    """The others step back, and those left can be compared alone."""
    tab.goto(at(namespace, five, view="parallel"))
    grip = tab.locator(".grip").nth(2).bounding_box()  # the axis of the accuracy, the best of which is at the top
    middle = grip["x"] + grip["width"] / 2
    tab.mouse.move(middle, grip["y"] + 1)
    tab.mouse.down()
    tab.mouse.move(middle, grip["y"] + grip["height"] * 0.4, steps=4)
    tab.mouse.up()
    tab.locator(".run-line.out").first.wait_for(state="attached")
    left = 5 - tab.locator(".run-line.out").count()
    assert 0 < left < 5
    assert tab.locator("[data-brushed]").inner_text().startswith(f"{left} run")
    tab.get_by_role("link", name="Compare only these").click()
    tab.wait_for_url(lambda url: url.count("run=") == left)


def test_a_range_is_set_with_the_keyboard_and_kept_in_the_address(tab: Any, five: list[str], namespace: str) -> None:
    """The sliders of an axis say what they stand at; the table shows the runs that are left, also when it is loaded."""
    tab.goto(at(namespace, five, view="parallel"))
    tab.get_by_text("Ranges", exact=True).press("Enter")
    low = tab.get_by_role("slider", name="Lower end of accuracy.last")
    assert low.get_attribute("aria-valuetext") == "0.1"
    low.press("End")
    for _ in range(3):
        low.press("PageDown")
        tab.get_by_role("slider", name="Upper end of optimizer").press("PageDown")
    assert low.get_attribute("aria-valuetext") == "0.38"
    for _ in range(2):
        tab.locator("[data-brushed]", has_text="1 run goes through.").wait_for()
        tab.get_by_text("Table", exact=True).press("Enter")
        assert [name.strip() for name in tab.locator("tbody th:visible").all_inner_texts()] == ["run 5"]
        tab.reload()
