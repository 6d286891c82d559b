"""The table of runs: found, sorted, paged, grouped, with and without JavaScript."""

import re
from collections.abc import Callable
from html import unescape
from typing import Any

import pytest

from mbox_ops import Client
from mbox_ops.entities.limits import DEFAULT
from mbox_ops.search.parser import parse_filter
from mbox_ops.server.ui.conditions import condition, parts_of
from mbox_ops.testing import LiveServer
from mbox_ops.wire.encodings import NAMESPACE_HEADER
from tests.server.asking import ask
from tests.ui.conftest import Watch, loaded
from tests.ui.test_signing_in import HTML, csrf, post, session_of

Write = Callable[..., str]
FILTER = "Filter"


def fill(write: Write, count: int = 6) -> list[str]:
    """Runs `run-0` and so on; `lr` and `loss` grow, every second one is of the team `a`; the newest is the last."""
    return [
        write(
            open={"scenario": "vision", "name": f"run-{n}", "collection": f"sweep-{n % 2}",
                  "started_at": 1_790_000_000_000_000 + n * 60_000_000},
            parameters={"lr": n / 10, "note": f"it's {n}"}, tags={"team": "ab"[n % 2]},
            metadata=[{"op": "merge", "document": {"data": {"name": f"set-{n % 3}", "rows": n}}}],
            points=[{"names": ["loss", "accuracy"], "steps": [0, 1], "values": [n + 1, 0.5, n, n / 10]}],
            labels={"accuracy": {"format_string": "percentage"}},
        )
        for n in range(count)
    ]  # fmt: skip


@pytest.fixture(scope="module")
def filled(server: LiveServer) -> str:
    """The namespace of six runs that no test changes."""
    space = "six runs"

    def write(**batch: Any) -> str:
        answer = ask(server.url, "POST", "/api/v1/batches", batch, headers={NAMESPACE_HEADER: space})
        return str(answer.data["run_id"])

    fill(write)
    return space


def open_menu(tab: Any, name: str) -> None:
    """Open the menu of that name."""
    tab.locator("summary", has_text=re.compile(f"^{name}$")).click()


def names(tab: Any) -> list[str]:
    """The runs that the table shows, in its order."""
    return loaded(tab).locator("#runs tbody th").all_inner_texts()


def column(tab: Any, title: str) -> list[str]:
    """What stands in the column of that title."""
    titles = loaded(tab).locator("#runs thead th").all_inner_texts()
    place = next(i for i, text in enumerate(titles) if title in text.split())
    rows = tab.locator("#runs tbody tr")
    return [rows.nth(n).locator("th, td").nth(place).inner_text() for n in range(rows.count())]


def test_runs_are_shown_newest_first_with_their_metrics(either_tab: Any, filled: str) -> None:
    """With the columns that most runs have, and numbers as the label of the metric says."""
    either_tab.goto(f"/runs?namespace={filled}")
    assert names(either_tab) == [f"run-{n}" for n in (5, 4, 3, 2, 1, 0)]
    assert column(either_tab, "loss") == ["5", "4", "3", "2", "1", "0"]
    assert column(either_tab, "accuracy")[0] == "50 %"
    assert column(either_tab, "State") == ["▸ Running"] * 6


def test_a_filter_finds_runs_by_nested_metadata(either_tab: Any, filled: str) -> None:
    """Typed into the box, or written by another page; each of its conditions can be taken out again."""
    either_tab.goto(f"/runs?namespace={filled}")
    either_tab.get_by_label(FILTER, exact=True).fill("metadata.data.name = 'set-1' AND params.lr > 0.2")
    either_tab.get_by_role("button", name="Find").click()
    either_tab.wait_for_url("**filter=**")
    assert names(either_tab) == ["run-4"]
    either_tab.get_by_role("link", name="Take out params.lr > 0.2").click()
    either_tab.wait_for_url(lambda url: "params.lr" not in url)
    assert names(either_tab) == ["run-4", "run-1"]
    assert either_tab.get_by_label(FILTER, exact=True).input_value() == "metadata.data.name = 'set-1'"


def test_a_mistake_in_the_filter_is_shown_at_its_place(either_tab: Any, filled: str, watch: Watch) -> None:
    """With what was expected; the text stays in the box."""
    watch.expect("422")
    either_tab.goto(f"/runs?namespace={filled}&filter=staus+%3D+'FAILED'")
    alert = either_tab.get_by_role("alert")
    assert "Did you mean `status`?" in alert.inner_text()
    assert alert.locator(".excerpt").inner_text().splitlines() == ["staus = 'FAILED'", "^"]
    box = either_tab.get_by_label(FILTER, exact=True)
    assert (box.input_value(), box.get_attribute("aria-invalid")) == ("staus = 'FAILED'", "true")


@pytest.mark.parametrize(
    ("field", "operator", "value", "written"),
    [
        ("params.lr", ">=", "0.4", "params.lr >= 0.4"),
        ("params.lr", "is", "-1.5e-3", "params.lr = -1.5e-3"),
        ("params.note", "is", "it's 3", "params.note = 'it''s 3'"),
        ("params.augment", "is not", "true", "params.augment != true"),
        ("params.version", "is", "1_000", "params.version = '1_000'"),
        ('params."odd name"', "<", "2", 'params."odd name" < 2'),
        ("tags.team", "is not", "7", "tags.team != '7'"),
        ("name", "in", "run-1, run-2", "name IN ('run-1', 'run-2')"),
        ("metadata.data.rows", "in", "1,x", "metadata.data.rows IN (1, 'x')"),
        ("name", "contains", "50%", "name CONTAINS '50%'"),
        ("name", "not contains", "", "name NOT CONTAINS ''"),
        ("name", "starts with", "run", "name STARTSWITH 'run'"),
        ("name", "matches", "*-1", "name MATCHES '*-1'"),
        ("metrics.loss.first", "<=", "2", "metrics.loss.first <= 2"),
        ("started_at", ">", "2026-11-21", "started_at > '2026-11-21'"),
        ("started_at", ">", "now() - 7d", "started_at > now() - 7d"),
        ("duration_seconds", ">", "60", "duration_seconds > 60"),
        ("params.nothing", "exists", "ignored", "EXISTS params.nothing"),
        ("tags.team", "missing", "", "tags.team IS NULL"),
    ],
)
def test_the_builder_writes_the_language(field: str, operator: str, value: str, written: str) -> None:
    """Text is quoted, numbers are not where the field may hold some; and what is written can be read."""
    assert condition(field, operator, value) == written
    parse_filter(written, now=0)


def test_the_builder_writes_into_the_box(plain_tab: Any, filled: str) -> None:
    """Without JavaScript, too."""
    plain_tab.goto(f"/runs?namespace={filled}")
    open_menu(plain_tab, "Add a condition")
    box = plain_tab.locator("#builder")
    box.get_by_label("Field").fill("name")
    box.get_by_label("What").select_option(label="is one of (with commas)")
    box.get_by_label("Value").fill("run-1, run-2")
    box.get_by_role("button").click()
    assert plain_tab.get_by_label(FILTER, exact=True).input_value() == "name IN ('run-1', 'run-2')"
    assert names(plain_tab) == ["run-2", "run-1"]


def test_the_builder_adds_to_what_is_there(plain_tab: Any, filled: str, watch: Watch) -> None:
    """An OR is set in parentheses; a field that is none is told, and the filter stays."""
    plain_tab.goto(f"/runs?namespace={filled}&filter=name+%3D+'run-1'+OR+name+%3D+'run-2'&sort=name")
    for field in ("staus", "params.lr"):
        open_menu(plain_tab, "Add a condition")
        plain_tab.locator("#builder").get_by_label("Field").fill(field)
        plain_tab.locator("#builder").get_by_label("Value").fill("0.1")
        plain_tab.locator("#builder").get_by_role("button").click()
        if field == "staus":
            assert "Did you mean `status`?" in plain_tab.get_by_role("status").inner_text()
    written = plain_tab.get_by_label(FILTER, exact=True).input_value()
    assert written == "(name = 'run-1' OR name = 'run-2') AND params.lr = 0.1"
    assert names(plain_tab) == ["run-1"]
    assert "sort=name" in plain_tab.url


def test_a_title_sorts_and_sorts_back(either_tab: Any, filled: str) -> None:
    """Metrics begin with the highest; the title says how it is sorted."""
    either_tab.goto(f"/runs?namespace={filled}&limit=2")
    either_tab.get_by_role("link", name="loss").click()
    either_tab.wait_for_url("**sort=-metrics.loss**")
    assert names(either_tab) == ["run-5", "run-4"]
    either_tab.get_by_role("link", name="loss").click()
    either_tab.wait_for_url("**sort=metrics.loss**")
    assert names(either_tab) == ["run-0", "run-1"]
    assert either_tab.locator("th[aria-sort=ascending]").inner_text().split()[1] == "loss"


def test_pages_follow_each_other_to_the_end(either_tab: Any, filled: str) -> None:
    """Each run once; back to the first; all are counted when it is asked for."""
    either_tab.goto(f"/runs?namespace={filled}&limit=4&sort=name")
    seen = names(either_tab)
    either_tab.get_by_role("link", name="Next page").click()
    either_tab.wait_for_url("**cursor=**")
    assert seen + names(either_tab) == [f"run-{n}" for n in range(6)]
    assert not either_tab.get_by_role("link", name="Next page").is_visible()
    either_tab.get_by_role("link", name="Count all").click()
    assert "6 in all" in either_tab.get_by_role("navigation", name="Pages of the list").inner_text()
    either_tab.get_by_role("link", name="First page").click()
    either_tab.wait_for_url(lambda url: "cursor" not in url)
    assert names(either_tab) == seen


def test_columns_are_chosen_by_searching(plain_tab: Any, filled: str) -> None:
    """What is chosen is in the address; metadata is a column like any other."""
    plain_tab.goto(f"/runs?namespace={filled}&sort=name")
    plain_tab.get_by_role("link", name="Columns…").click()
    plain_tab.get_by_label("Search").fill("data")
    plain_tab.get_by_role("button", name="Search").click()
    plain_tab.get_by_label("metadata data.rows").check()
    plain_tab.get_by_label("State").uncheck()
    plain_tab.get_by_role("button", name="Show these columns").click()
    assert column(plain_tab, "data.rows") == ["0", "1", "2", "3", "4", "5"]
    assert "State" not in plain_tab.locator("#runs thead").inner_text()
    plain_tab.get_by_role("link", name="Columns…").click()
    plain_tab.get_by_role("button", name="The usual ones").click()
    assert "columns=" not in plain_tab.url


def test_groups_show_mean_and_best_and_lead_to_their_runs(either_tab: Any, filled: str) -> None:
    """Of a collection or of any field."""
    either_tab.goto(f"/runs?namespace={filled}")
    open_menu(either_tab, "Group")
    either_tab.get_by_label("Mean and best of").fill("metrics.loss")
    either_tab.get_by_label("Best is").select_option("min")
    either_tab.locator("#grouping").get_by_role("button").click()
    either_tab.wait_for_url("**group=collection**")
    rows = [row.split("\t") for row in either_tab.locator("#groups tbody tr").all_inner_texts()]
    assert rows == [["sweep-0", "3", "2", "0"], ["sweep-1", "3", "3", "1"]]
    either_tab.get_by_role("link", name="sweep-1").click()
    either_tab.wait_for_url("**filter=collection**")
    assert names(either_tab) == ["run-5", "run-3", "run-1"]


def test_runs_that_have_nothing_there_are_a_group_too(plain_tab: Any, filled: str) -> None:
    """Which leads to them."""
    plain_tab.goto(f"/runs?namespace={filled}&group=params.nothing&filter=params.lr+<+0.2")
    assert plain_tab.locator("#groups tbody tr").all_inner_texts() == ["nothing there\t2"]
    plain_tab.get_by_role("link", name="nothing there").click()
    assert names(plain_tab) == ["run-1", "run-0"]


def test_a_filter_falls_into_parts_that_mean_what_they_meant() -> None:
    """One with `now()` in it does not; one that knows of snow does."""
    parts = [part.text for part in parts_of("params.known = 'snow' AND name = 'b'", DEFAULT)]
    assert parts == ["params.known = 'snow'", "name = 'b'"]
    assert parts_of("started_at > NOW ( ) - 1d AND name = 'b'", DEFAULT) == []


def test_a_parameter_that_is_text_is_no_number(plain_tab: Any, write: Write, namespace: str) -> None:
    """A digest of digits with an `e` among them, or a number with zeros in front."""
    write(open={"scenario": "s"}, parameters={"commit": "8123456e12", "id": "007", "lr": 0.10000001, "on": True})
    plain_tab.goto(f"/runs?namespace={namespace}&columns=params.commit,params.id,params.lr,params.on")
    cells = plain_tab.locator("#runs tbody td:not(.pick)")
    assert cells.all_inner_texts() == ["8123456e12", "007", "0.1", "true"]


def test_texts_of_metrics_are_shown_as_they_are(plain_tab: Any, write: Write, namespace: str) -> None:
    """Once, and nothing else beside them; a number of theirs that there is none of is no cell."""
    verdict = "it is <b>\"good\"</b>, as 'was' said"
    write(open={"scenario": "s"}, points=[{"names": ["verdict"], "kind": "string", "values": [verdict]}])
    plain_tab.goto(f"/runs?namespace={namespace}&columns=metrics.verdict,metrics.verdict.max,metrics.verdict.count")
    cells = plain_tab.locator("#runs tbody td:not(.pick)")
    assert cells.all_inner_texts() == [verdict, "", "1"]
    assert cells.locator("bdi").get_attribute("title") == verdict


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("metrics.loss", ["nothing there 2", "1.5 1", "∞ 1"]), ("params.flag", ["false 1", "true 3"]),
        ("metadata.mixed", ["nothing there 2", "1 or true 2"]), ("params.n", ["1 4"]), ("started_at", [" ago 4"]),
    ],
)  # fmt: skip
def test_each_group_leads_to_all_of_its_runs(
    server: LiveServer, write: Write, namespace: str, field: str, values: list[str]
) -> None:
    """Also of infinities, of NaN, of booleans, of numbers that are like them, and of instants."""
    for number, loss in enumerate([1.5, "Infinity", "NaN", None]):
        write(
            open={"scenario": "s", "started_at": 1_790_000_000_000_000}, parameters={"flag": number > 0, "n": 1},
            metadata=[{"op": "merge", "document": {"mixed": [1, True, None, None][number], "whole": {"a": 1}}}],
            points=[] if loss is None else [{"names": ["loss"], "steps": [0], "values": [loss]}],
        )  # fmt: skip
    page = ask(server.url, "GET", f"/runs?group={field}&namespace={namespace}", headers=HTML).body.decode()
    rows = re.findall(r'<th scope="row"><a href="([^"]*)">(.*?)</a></th><td class="number">(\d+)<', page)
    told = sorted(f"{re.sub('<[^>]*>', '', text)} {runs}" for _, text, runs in rows)
    assert len(told) == len(values)
    assert all(one.endswith(value) for one, value in zip(told, sorted(values), strict=True))
    whole = ask(server.url, "GET", f"/runs?group=metadata.whole&namespace={namespace}", headers=HTML).body
    assert b"no single value" in whole
    for link, _, runs in rows:
        found = ask(server.url, "GET", unescape(link), headers=HTML).body
        assert found.count(b"<tr data-run") == int(runs), link


def test_selected_runs_are_tagged_and_moved(plain_tab: Any, write: Write, namespace: str) -> None:
    """And the page says so, once; what is wrong is said, too."""
    fill(write, 3)
    plain_tab.goto(f"/runs?namespace={namespace}&columns=tags.keep,collection")
    for name in ("run-2", "run-0"):
        plain_tab.get_by_label(f"Select {name}").check()
    open_menu(plain_tab, "Tag")
    plain_tab.get_by_label("Tag", exact=True).fill("keep")
    plain_tab.get_by_label("Value").last.fill("true")
    plain_tab.get_by_role("button", name="Tag the selected runs").click()
    assert plain_tab.get_by_role("status").inner_text() == "2 runs now have the tag keep = true."
    assert column(plain_tab, "keep") == ["true", "", "true"]
    plain_tab.get_by_label("Select run-1").check()
    open_menu(plain_tab, "Move")
    plain_tab.get_by_label("To the collection").fill("best")
    plain_tab.keyboard.press("Enter")
    plain_tab.get_by_text("1 run is in the collection best now.").wait_for()
    assert column(plain_tab, "Collection") == ["sweep-0", "best", "sweep-0"]
    plain_tab.reload()
    assert plain_tab.get_by_role("status").count() == 0
    plain_tab.get_by_role("button", name="Compare").click()
    assert "No run is selected" in plain_tab.get_by_role("status").inner_text()
    plain_tab.get_by_label("Select run-1").check()
    open_menu(plain_tab, "Move")
    plain_tab.get_by_role("button", name="Move the selected runs").click()
    assert "collection" in plain_tab.get_by_role("status").inner_text()


def test_selected_runs_are_compared_or_deleted_on_pages_of_their_own(server: LiveServer, filled: str) -> None:
    """Their ids are in the address."""
    cookie, field = csrf(server)
    for action, where in [("compare", "/compare"), ("delete", "/deletions/new")]:
        form = f"action={action}&run=a&run=b&run=a&{field}"
        answer = post(server, "/runs/selection?namespace=n", form, cookie=cookie)
        assert answer.headers["location"] == f"{where}?run=a&run=b&namespace=n"
    many = "".join(f"&run={number}" for number in range(201))
    answer = post(server, "/runs/selection", f"action=compare{many}&{field}", cookie=cookie)
    assert answer.headers["location"] == "/runs"


def test_without_the_right_to_write_nothing_is_offered_or_done(closed: LiveServer) -> None:
    """The page leaves out what would be refused, and the server refuses it all the same."""
    batch = {"open": {"scenario": "vision"}}
    run_id = ask(closed.url, "POST", "/api/v1/batches", batch, token=closed.token).data["run_id"]
    reader = Client(url=closed.url, token=closed.token).tokens.create("reader", ["read"], ["*"]).token
    session = session_of(closed, reader)
    page = ask(closed.url, "GET", "/runs", headers={"Accept": "text/html", "Cookie": session}).body
    assert b"Compare" in page
    assert b"Tag the selected" not in page
    assert b"Delete" not in page
    cookie, field = csrf(closed)
    form = f"action=tag&tag=a&value=b&run={run_id}&{field}"
    assert post(closed, "/runs/selection", form, cookie=f"{session}; {cookie}").status == 403
    assert "a" not in ask(closed.url, "GET", f"/api/v1/runs/{run_id}", token=closed.token).data["tags"]


@pytest.mark.parametrize("name", [".", ".."])
def test_a_view_has_a_name_that_an_address_can_hold(server: LiveServer, namespace: str, name: str) -> None:
    """Browsers go elsewhere by these two: such a view could be neither opened nor deleted."""
    cookie, field = csrf(server)
    post(server, f"/views?namespace={namespace}", f"name={name}&query=sort%3Dname&{field}", cookie=cookie)
    assert b"No views yet" in ask(server.url, "GET", f"/views?namespace={namespace}", headers=HTML).body


def test_a_view_is_saved_under_a_name_and_opened_again(plain_tab: Any, write: Write, namespace: str) -> None:
    """All of the address but the place in the list; the name is an address of its own; and it can be deleted."""
    fill(write, 3)
    plain_tab.goto(f"/runs?namespace={namespace}&filter=params.lr+<+0.2&sort=name&columns=params.lr")
    open_menu(plain_tab, "Views")
    plain_tab.get_by_label("Name of the view").fill("low rates / ok?")
    plain_tab.get_by_role("button", name="Save this view").click()
    assert plain_tab.get_by_role("status").inner_text() == "The view low rates / ok? is saved."
    plain_tab.goto(f"/runs?namespace={namespace}")
    assert len(names(plain_tab)) == 3
    open_menu(plain_tab, "Views")
    plain_tab.get_by_role("link", name="low rates / ok?").click()
    plain_tab.wait_for_url("**view=**")
    assert names(plain_tab) == ["run-0", "run-1"]
    assert column(plain_tab, "lr") == ["0", "0.1"]
    plain_tab.goto(f"/views?namespace={namespace}")
    plain_tab.get_by_role("button", name="Delete low rates / ok?").click()
    assert "No views yet" in plain_tab.get_by_role("main").inner_text()


def test_all_that_is_found_is_offered_for_deletion(plain_tab: Any, filled: str) -> None:
    """By the same scenario and filter; all runs there are, and a collection, are not."""
    link = plain_tab.get_by_role("link", name="Delete all that this finds")
    plain_tab.goto(f"/runs?namespace={filled}&filter=params.lr+<+0.2&scenario=vision")
    assert link.get_attribute("href").startswith("/deletions/new?scenario=vision&filter=params.lr+%3C+0.2&")
    plain_tab.goto(f"/runs?namespace={filled}")
    assert link.count() == 0


def test_words_alone_lead_to_runs_of_that_name(plain_tab: Any, filled: str, watch: Watch) -> None:
    """They are no filter, and one click makes them one."""
    watch.expect("422")
    plain_tab.goto(f"/runs?namespace={filled}&filter=run-3")
    plain_tab.get_by_role("link", name="Find runs whose name contains").click()
    assert plain_tab.get_by_label(FILTER, exact=True).input_value() == "name CONTAINS 'run-3'"
    assert names(plain_tab) == ["run-3"]
