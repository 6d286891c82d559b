"""The main ways without a mouse, from the sign-in to the sign-out."""

from collections.abc import Callable
from typing import Any

from mbox_ops import Client
from mbox_ops.testing import LiveServer
from mbox_ops.wire.encodings import NAMESPACE_HEADER
from tests.server.asking import ask


def to(tab: Any, what: str, *, key: str = "Tab") -> None:
    """Go on to the link, button or field of this name without a mouse; the focus is seen all the way."""
    for _ in range(60):
        tab.keyboard.press(key)
        name, tag, outline = tab.evaluate("""() => {
            const here = document.activeElement, label = here.labels?.[0] ?? here;
            const name = here.getAttribute("aria-label") ?? label.textContent;
            return [name.replace(/\\s+/g, " ").trim(), here.tagName, getComputedStyle(here).outlineStyle];
        }""")
        assert tag in ("BODY", "MAIN") or outline != "none", name
        if name.startswith(what):
            return
    raise AssertionError(f"{what} is not reached by {key}.")


def test_the_main_ways_need_no_mouse(open_tab: Callable[..., Any], closed: LiveServer, namespace: str) -> None:
    """Sign in, find a run by nested metadata, save a view, see the curve, delete a scenario, undo that, sign out."""
    client = Client(url=closed.url, token=closed.token, namespace=namespace)
    _runs(closed, namespace)
    tab = open_tab(url=closed.url)
    tab.goto(f"/runs?namespace={namespace}")
    tab.keyboard.type(str(closed.token))  # the field has the focus
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/runs?**")

    to(tab, "Filter")
    tab.keyboard.type("metadata.data.source.name = 's3'")
    tab.keyboard.press("Escape")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**filter=**")
    to(tab, "Views")
    tab.keyboard.press("Enter")
    to(tab, "Name of the view")
    tab.keyboard.type("from the lake")
    tab.keyboard.press("Enter")
    tab.get_by_text("The view from the lake is saved.").wait_for()

    to(tab, "run-1")
    tab.keyboard.press("Enter")
    tab.get_by_role("heading", name="run-1").wait_for()
    to(tab, "Metrics")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/metrics**")
    tab.locator("figure.chart[aria-busy=false] canvas").first.wait_for()
    to(tab, "loss")
    tab.keyboard.press("Home")
    tab.keyboard.press("ArrowRight")
    assert "0.5" in tab.locator("figure.chart").first.inner_text()

    to(tab, "Scenarios", key="Shift+Tab")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/scenarios**")
    to(tab, "Delete… churn")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/deletions/new**")
    to(tab, "To delete 2 runs")
    tab.keyboard.type("churn")
    to(tab, "Delete 2 runs")
    tab.keyboard.press("Enter")
    tab.get_by_role("status").wait_for()
    assert len(list(client.runs.list())) == 0
    to(tab, "Undo")
    tab.keyboard.press("Enter")
    tab.get_by_text("Undone: 2 runs are back").wait_for()
    assert len(list(client.runs.list())) == 2

    to(tab, "Sign out", key="Shift+Tab")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/sign-in")


def _runs(server: LiveServer, namespace: str) -> None:
    for number, source in enumerate(("disk", "s3")):
        body = {
            "open": {"scenario": "churn", "name": f"run-{number}"}, "state": "FINISHED",
            "metadata": [{"op": "merge", "document": {"data": {"source": {"name": source}}}}],
            "points": [{"names": ["loss"], "steps": [0, 1, 2], "values": [1.0, 0.5, 0.25]}],
        }  # fmt: skip
        headers = {NAMESPACE_HEADER: namespace, "Authorization": f"Bearer {server.token}"}
        assert ask(server.url, "POST", "/api/v1/batches", body, headers=headers).status == 200
