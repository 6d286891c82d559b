"""The pages stay light, fit the window, and are used by the keyboard alone."""

from typing import Any

import pytest

from mbox_ops.testing import LiveServer
from mbox_ops.wire.encodings import NAMESPACE_HEADER
from tests.server.asking import ask
from tests.ui.test_runs import names

MOST_REQUESTS = 10
MOST_BYTES = 150_000  # as they are sent: compressed
PAGES = ["/scenarios", "/runs", "/runs?group=collection", "/runs/columns", "/views", "/sign-in", "/nothing"]


@pytest.fixture(scope="module")
def full(server: LiveServer) -> str:
    """A namespace with a full page of runs that have many metrics and long names; no test changes it."""
    for number in range(50):
        metrics = [f"group-{group}/metric {number}" for group in range(10)]
        batch = {
            "open": {
                "scenario": "a scenario with a rather long name", "name": f"a run with a rather long name {number}",
            },
            "parameters": {f"parameter {place}": number * place for place in range(20)},
            "points": [{"names": ["loss", "accuracy", *metrics], "steps": [0], "values": [number / 7] * 12}],
        }  # fmt: skip
        assert ask(server.url, "POST", "/api/v1/batches", batch, headers={NAMESPACE_HEADER: "full"}).status == 200
    return "full"


def at(path: str, namespace: str) -> str:
    """The page's address in a namespace."""
    return f"{path}{'&' if '?' in path else '?'}namespace={namespace}"


def test_a_page_is_few_requests_and_few_bytes(tab: Any, full: str) -> None:
    """At most ten requests and 150 kB with nothing in the browser's cache, at 50 runs."""
    sent: list[tuple[str, int]] = []
    tab.on("requestfinished", lambda request: sent.append((request.url, request.sizes()["responseBodySize"])))
    tab.goto(at("/runs", full), wait_until="networkidle")
    assert len(names(tab)) == 50
    assert 3 <= len(sent) <= MOST_REQUESTS
    assert 10_000 < sum(size for _, size in sent) <= MOST_BYTES
    before = len(sent)
    tab.goto(at("/scenarios", full), wait_until="networkidle")
    again = {url for url, _ in sent[before:]}
    assert len(again) <= MOST_REQUESTS


@pytest.mark.parametrize(
    ("width", "height", "pages"), [(1280, 720, PAGES[:2]), (640, 360, PAGES)], ids=["whole", "at 200 %"]
)
def test_no_page_scrolls_sideways(
    open_tab: Any, full: str, watch: Any, width: int, height: int, pages: list[str]
) -> None:
    """Wide tables do so in their own box; menus stay within the window."""
    watch.expect("404")
    tab = open_tab(viewport={"width": width, "height": height})
    for path in pages:
        tab.goto(at(path, full))
        assert tab.evaluate("document.documentElement.scrollWidth") <= width, path
        for menu in tab.locator("details.menu > summary").all():
            menu.click()
            assert tab.evaluate("document.documentElement.scrollWidth") <= width, path
            menu.click()


def test_the_main_way_needs_no_mouse(tab: Any, full: str) -> None:
    """From the scenarios into one, to a filter, a selection and the comparison."""
    tab.goto(at("/scenarios", full))
    tab.keyboard.press("Tab")
    assert tab.evaluate("document.activeElement.className") == "skip"
    tab.keyboard.press("Enter")
    _tab_to(tab, "a scenario with a rather long name", tag="A")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/runs?scenario=**")
    _tab_to(tab, "", tag="INPUT", id="filter")
    tab.keyboard.type("metrics.loss < 0.2")
    tab.keyboard.press("Escape")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**filter=**")
    _tab_to(tab, "", tag="INPUT", id="all")
    tab.keyboard.press("Space")
    assert tab.locator("#selected").inner_text() == "2 selected"
    _tab_to(tab, "Compare", tag="BUTTON", key="Shift+Tab")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/compare?**")


def _tab_to(tab: Any, text: str, *, tag: str, id: str = "", key: str = "Tab") -> None:
    """Go on to an element as one does without a mouse; each that is met shows that it has the focus."""
    for _ in range(40):
        tab.keyboard.press(key)
        here = tab.evaluate("""() => {
            const { tagName, id, textContent } = document.activeElement;
            return [tagName, id, textContent.trim(), getComputedStyle(document.activeElement).outlineStyle];
        }""")
        assert here[3] != "none" or here[0] in ("BODY", "MAIN")
        if here[0] == tag and here[1] == (id or here[1]) and text in here[2]:
            return
    raise AssertionError(f"{tag} {text} {id} is not reached by {key}.")
