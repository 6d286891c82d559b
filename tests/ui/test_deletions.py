"""Deleting and undoing: what would go, the form that confirms it, the trash, the record."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from mbox_ops import Client
from mbox_ops.entities.deletions import Deletion
from mbox_ops.testing import LiveServer
from tests.server.asking import ask
from tests.ui.conftest import Watch, loaded
from tests.ui.test_signing_in import csrf, post, session_of

Write = Callable[..., str]


@pytest.fixture
def client(server: LiveServer, namespace: str) -> Client:
    """The test's namespace, from Python."""
    return Client(url=server.url, namespace=namespace)


def ended(write: Write, scenario: str, name: str, **batch: Any) -> str:
    """A run that has ended, with two points."""
    points = [{"names": ["loss"], "steps": [1, 2], "values": [0.5, 0.25]}]
    return write(open={"scenario": scenario, "name": name}, points=points, state="FINISHED", **batch)


def figures(tab: Any) -> list[str]:
    """The rows of the preview's table."""
    rows = loaded(tab).locator("table.counts tbody tr, table.counts tfoot tr")
    return [" ".join(text.split()) for text in rows.all_inner_texts()]


def main_text(tab: Any) -> str:
    """What the page says."""
    return " ".join(tab.get_by_role("main").inner_text().split())


def names_of(client: Client) -> list[str]:
    """The names of all live runs."""
    return sorted(run.name for run in client.runs.list())


def test_a_scenario_is_deleted_after_a_preview_and_undone(
    either_tab: Any, write: Write, client: Client, namespace: str
) -> None:
    """Its name is typed; the banner on the next page undoes it; all of it without a script, too."""
    ended(write, "churn", "a"), ended(write, "churn", "b"), ended(write, "fraud", "c")
    either_tab.goto(f"/scenarios?namespace={namespace}")
    either_tab.get_by_role("link", name="Delete… churn").click()
    assert figures(either_tab) == ["churn 2 4 0 0 0 B"]
    either_tab.get_by_label("To delete 2 runs, type churn").fill("churn")
    either_tab.get_by_role("button", name="Delete 2 runs").click()
    banner = either_tab.get_by_role("status")
    assert banner.inner_text().startswith("Deleted 2 runs. It can be undone until ")
    assert names_of(client) == ["c"]
    banner.get_by_role("button", name="Undo").click()
    assert either_tab.get_by_role("status").inner_text() == "Undone: 2 runs are back, as before."
    assert either_tab.url.split("?")[0].endswith("/scenarios")
    assert names_of(client) == ["a", "b", "c"]


def test_several_scenarios_are_told_one_by_one(tab: Any, write: Write, namespace: str) -> None:
    """With their sum, and those that are not there; then the number of runs is typed."""
    ended(write, "churn", "a"), ended(write, "fraud", "b"), ended(write, "fraud", "c")
    tab.goto(f"/deletions/new?scenario=churn&scenario=fraud&scenario=typo&namespace={namespace}")
    assert figures(tab) == ["churn 1 2 0 0 0 B", "fraud 2 4 0 0 0 B", "In all 3 6 0 0 0 B"]
    assert "No live runs are in the scenario typo" in main_text(tab)
    assert tab.locator(".word").inner_text() == "3"


def test_what_was_not_typed_is_not_deleted(
    either_tab: Any, write: Write, client: Client, namespace: str, watch: Watch
) -> None:
    """The preview comes again, with what is wrong at its place."""
    watch.expect("422")
    ended(write, "churn", "a")
    either_tab.goto(f"/deletions/new?scenario=churn&namespace={namespace}")
    either_tab.locator("#confirm").fill("Churn")
    either_tab.get_by_role("button", name="Delete 1 run").click()
    assert "Type churn to delete" in either_tab.get_by_role("alert").inner_text()
    assert either_tab.locator("#confirm").get_attribute("aria-invalid") == "true"
    assert names_of(client) == ["a"]


def test_a_stale_preview_is_refused_and_shown_anew(
    either_tab: Any, write: Write, client: Client, namespace: str, watch: Watch
) -> None:
    """What was not looked at does not go."""
    watch.expect("409")
    ended(write, "churn", "a")
    either_tab.goto(f"/deletions/new?scenario=churn&namespace={namespace}")
    ended(write, "churn", "late")
    either_tab.locator("#confirm").fill("churn")
    either_tab.get_by_role("button", name="Delete 1 run").click()
    assert "2 runs instead of 1" in either_tab.get_by_role("alert").inner_text()
    assert figures(either_tab) == ["churn 2 4 0 0 0 B"]
    assert names_of(client) == ["a", "late"]
    either_tab.locator("#confirm").fill("churn")
    either_tab.get_by_role("button", name="Delete 2 runs").click()
    assert names_of(client) == []


def test_runs_that_are_alive_need_a_tick(
    either_tab: Any, write: Write, client: Client, namespace: str, watch: Watch
) -> None:
    """They are named, with the ways out: those that have ended alone, or all of them."""
    watch.expect("409")
    ended(write, "churn", "done")
    write(open={"scenario": "churn", "name": "still training"})
    either_tab.goto(f"/deletions/new?scenario=churn&namespace={namespace}")
    assert "1 of these runs still counts as alive: still training" in main_text(either_tab)
    either_tab.locator("#confirm").fill("churn")
    either_tab.get_by_role("button", name="Delete 2 runs").click()
    assert "still count as alive" in either_tab.get_by_role("alert").inner_text()
    either_tab.get_by_role("link", name="delete only those that have ended").click()
    assert figures(either_tab) == ["churn 1 2 0 0 0 B"]
    either_tab.goto(f"/deletions/new?scenario=churn&namespace={namespace}")
    either_tab.get_by_label("Delete the runs that are alive, too").check()
    either_tab.locator("#confirm").fill("churn")
    either_tab.get_by_role("button", name="Delete 2 runs").click()
    assert names_of(client) == []


def test_selected_runs_are_deleted_and_protected_ones_stay(
    tab: Any, write: Write, client: Client, namespace: str
) -> None:
    """One that is gone already is told; a protected one goes when it is named alone."""
    runs = [ended(write, "churn", name) for name in "abc"]
    kept = ended(write, "churn", "kept", tags={"mbox.keep": "true"})
    client.deletions.create(run=runs[0])
    query = urlencode({"run": [*runs, kept], "namespace": namespace}, doseq=True)
    tab.goto(f"/deletions/new?{query}")
    assert figures(tab) == ["churn 2 4 0 0 0 B"]
    assert "1 run carries the tag mbox.keep=true and stays" in main_text(tab)
    assert "1 of the 4 selected runs is not here any more" in main_text(tab)
    tab.get_by_label("To delete 2 runs, type 2").fill("2")
    tab.get_by_role("button", name="Delete 2 runs").click()
    assert names_of(client) == ["kept"]
    tab.goto(f"/deletions/new?run={kept}&namespace={namespace}")
    assert "It goes too, because it or its scenario is named" in main_text(tab)


def test_a_filter_and_a_pipeline_choose(tab: Any, write: Write, namespace: str, watch: Watch) -> None:
    """By the form of the page; a filter that cannot be read is shown with its mistake."""
    watch.expect("422")
    for name, loss in (("a", 1.0), ("b", 3.0)):
        write(
            open={"scenario": "churn", "name": name, "source": {"kind": "pipeline", "name": "nightly"}},
            points=[{"names": ["loss"], "values": [loss]}], state="FINISHED",
        )  # fmt: skip
    tab.goto(f"/deletions/new?namespace={namespace}")
    tab.get_by_label("Pipeline").fill("nightly")
    tab.get_by_label("Filter").fill("metrics.loss >")
    tab.keyboard.press("Enter")
    assert "filter, at its end: expected a value" in tab.get_by_role("alert").inner_text()
    tab.get_by_label("Filter").fill("metrics.loss > 2")
    tab.get_by_role("button", name="Show what would go").click()
    assert figures(tab) == ["churn 1 1 0 0 0 B"]
    tab.get_by_role("link", name="See these runs in the table").click()
    assert loaded(tab).locator("#runs tbody th").all_inner_texts() == ["b"]


def test_what_is_not_there_is_told_with_what_would_help(tab: Any, namespace: str, watch: Watch) -> None:
    """A run, a scenario, a filter that nothing meets."""
    watch.expect("404")
    tab.goto(f"/deletions/new?run=nobody&namespace={namespace}")
    assert "It may have been deleted already" in main_text(tab)
    tab.goto(f"/deletions/new?scenario=typo&namespace={namespace}")
    assert "Nothing would go" in main_text(tab)
    assert tab.locator("#confirm").count() == 0


def test_so_many_runs_as_can_be_selected_are_deleted_at_once(
    tab: Any, write: Write, client: Client, namespace: str, watch: Watch
) -> None:
    """More are refused, with the limit."""
    watch.expect("422")
    ids = [f"0192d1c5-7c2e-7000-8000-{number:012}" for number in range(399)]
    here = ended(write, "churn", "a")
    tab.goto(f"/deletions/new?{urlencode({'run': [*ids, here], 'namespace': namespace}, doseq=True)}")
    assert "399 of the 400 selected runs are not here" in main_text(tab)
    tab.locator("#confirm").fill("1")
    tab.get_by_role("button", name="Delete 1 run").click()
    assert names_of(client) == []
    tab.goto(f"/deletions/new?{urlencode({'run': [*ids, here, 'more'], 'namespace': namespace}, doseq=True)}")
    assert "the limit is 400" in tab.get_by_role("alert").inner_text()


def test_a_form_that_is_sent_twice_deletes_once(
    server: LiveServer, write: Write, client: Client, namespace: str
) -> None:
    """Also when what it deleted was undone meanwhile."""
    ended(write, "churn", "a")
    cookie, field = csrf(server, f"/deletions/new?scenario=churn&namespace={namespace}")
    fields = f"scenario=churn&key=k1&expected=%7B%22runs%22%3A1%7D&word=churn&confirm=churn&{field}"
    where = f"/deletions?namespace={namespace}"
    first, second = (post(server, where, fields, cookie=cookie) for _ in range(2))
    assert (first.status, second.status) == (303, 303)
    (deletion,) = client.deletions.list()
    client.deletions.undo(deletion)
    third = post(server, where, fields, cookie=cookie)
    assert third.headers["location"].startswith(f"/deletions/{deletion.id}")
    assert names_of(client) == ["a"]


def test_purging_at_once_is_said_to_be_final(tab: Any, write: Write, client: Client, namespace: str) -> None:
    """No banner offers an undo then."""
    ended(write, "churn", "a")
    tab.goto(f"/deletions/new?scenario=churn&namespace={namespace}")
    tab.get_by_label("For good: drop everything at once").check()
    tab.locator("#confirm").fill("churn")
    tab.get_by_role("button", name="Delete 1 run").click()
    assert tab.get_by_role("status").inner_text() == "Deleted 1 run for good."
    (deletion,) = client.deletions.list()
    assert deletion.state in ("PURGING", "PURGED")


def test_the_trash_tells_and_restores(either_tab: Any, write: Write, client: Client, namespace: str) -> None:
    """What, who, when, until when; an undo leads to the deletion, whose record tells of it."""
    ended(write, "churn", "a")
    client.deletions.create(scenario="churn", filter="metrics.loss < 1")
    either_tab.goto(f"/scenarios?namespace={namespace}")
    either_tab.get_by_role("link", name="Deletions").click()
    row = " ".join(either_tab.locator("tbody tr").inner_text().split())
    assert re.fullmatch(
        r"just now deletion \S+ ↺ Can be undone scenario churn filter metrics\.loss < 1 1 2 0 B loopback "
        r"until [-\d]+ [:\d]+ UTC Undo the deletion \S+", row,
    ), row  # fmt: skip
    either_tab.get_by_role("button", name="Undo").click()
    assert names_of(client) == ["a"]
    entries = [
        " ".join(text.split()) for text in either_tab.locator("table").last.locator("tbody tr").all_inner_texts()
    ]
    assert entries == ["just now deleted loopback 1 run, 2 points", "just now undone loopback 1 run, 2 points"]
    either_tab.goto(f"/audit?namespace={namespace}")
    assert either_tab.locator("tbody tr").count() == 2
    either_tab.goto(f"/deletions?namespace={namespace}")
    assert either_tab.get_by_role("button", name="Undo").count() == 0


def test_an_undo_that_meets_a_twin_restores_under_another_key(
    either_tab: Any, write: Write, client: Client, namespace: str, watch: Watch
) -> None:
    """The keys that are taken are shown, with the runs that have them."""
    watch.expect("409")
    ended(write, "churn", "old", key="nightly-1")
    deletion = client.deletions.create(scenario="churn")
    client.runs.end(client.runs.create(key="nightly-1", scenario="churn").id)
    either_tab.goto(f"/deletions/{deletion.id}?namespace={namespace}")
    either_tab.get_by_role("button", name="Undo: bring back 1 run").click()
    assert "nightly-1" in either_tab.get_by_role("region", name="Keys that are taken").first.inner_text()
    either_tab.get_by_label("with this behind them").fill(" (before)")
    either_tab.get_by_role("button", name="Restore under other keys").click()
    assert sorted(str(run.key) for run in client.runs.list()) == ["nightly-1", "nightly-1 (before)"]


def test_a_deletion_is_purged_from_its_page(
    tab: Any, write: Write, client: Client, namespace: str, watch: Watch
) -> None:
    """After its number of runs was typed."""
    watch.expect("422")
    ended(write, "churn", "a")
    deletion = client.deletions.create(scenario="churn")
    tab.goto(f"/deletions/{deletion.id}")
    tab.get_by_text("Drop them for good now").click()
    tab.locator("#confirm").fill("2")
    tab.get_by_role("button", name="Drop for good").click()
    assert "Type 1, the number of runs" in tab.get_by_role("alert").inner_text()
    tab.locator("#confirm").fill("1")
    tab.get_by_role("button", name="Drop for good").click()
    assert "The purge has begun" in tab.get_by_role("status").inner_text()
    assert _state(client, deletion) in ("PURGING", "PURGED")


def _state(client: Client, deletion: Deletion) -> str:
    return client.deletions.get(deletion.id).state


def test_lists_of_deletions_and_entries_come_in_pages(tab: Any, write: Write, client: Client, namespace: str) -> None:
    """Back to the first one, too; the audit of one deletion is asked for by its id."""
    for number in range(3):
        ended(write, "churn", f"run {number}")
        last = client.deletions.create(scenario="churn")
    tab.goto(f"/deletions?limit=2&namespace={namespace}")
    assert tab.locator("tbody tr").count() == 2
    tab.get_by_role("link", name="Next page").click()
    assert loaded(tab).locator("tbody tr").count() == 1
    tab.get_by_role("link", name="First page").click()
    tab.get_by_role("link", name="Audit").click()
    tab.get_by_label("Of the deletion").fill(last.id)
    tab.get_by_role("button", name="Show").click()
    assert loaded(tab).locator("tbody tr").count() == 1
    tab.goto(f"/audit?limit=2&namespace={namespace}")
    tab.get_by_role("link", name="Next page").click()
    assert loaded(tab).locator("tbody tr").count() == 1


def test_without_the_right_to_delete_nothing_offers_it(
    open_tab: Callable[..., Any], closed: LiveServer, watch: Watch, namespace: str
) -> None:
    """The trash can be read; the preview is refused, and so are forms that somebody makes."""
    owner = Client(url=closed.url, token=closed.token, namespace=namespace)
    owner.runs.end(owner.runs.create(scenario="churn").id)
    deletion = owner.deletions.create(scenario="churn")
    token = owner.tokens.create(f"reader of {namespace}", ["read"], [namespace]).token
    assert token is not None
    watch.expect("403")
    tab = open_tab(url=closed.url)
    tab.goto(f"/sign-in?next={quote(f'/deletions?namespace={namespace}')}")
    tab.get_by_label("Token").fill(token)
    tab.keyboard.press("Enter")
    tab.get_by_role("heading", name="Deletions").wait_for()
    assert tab.get_by_role("button", name="Undo").count() == 0
    assert tab.get_by_role("link", name="Delete runs").count() == 0
    tab.goto(f"/deletions/{deletion.id}")
    assert tab.get_by_role("button", name="Undo").count() == 0
    tab.goto(f"/deletions/new?scenario=churn&namespace={namespace}")
    assert tab.get_by_role("heading", level=1).inner_text() == "Not allowed"
    cookie = session_of(closed, token)
    headers = {"Accept": "text/html", "Cookie": cookie}
    page = ask(closed.url, "GET", f"/deletions/{deletion.id}?namespace={namespace}", headers=headers)
    field = re.search(rb'name="csrf" value="(\w+)"', page.body)
    assert field is not None
    cookies = f"{cookie}; {page.headers['set-cookie'].partition(';')[0]}"
    undo = f"/deletions/{deletion.id}/undo?namespace={namespace}"
    assert post(closed, undo, f"csrf={field[1].decode()}", cookie=cookies).status == 403
    assert owner.deletions.get(deletion.id).state == "TOMBSTONED"
