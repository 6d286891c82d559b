"""A real browser before a real server, and someone who watches both: every test of this folder fails on a script error,
a report of the content security policy, or a request to another origin."""

import shutil
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from mbox_ops.testing import LiveServer, live_server
from mbox_ops.wire.encodings import NAMESPACE_HEADER
from tests.server.asking import ask

NAMES = ("chromium", "chromium-browser", "google-chrome")
OPTIONS = [
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
]  # fmt: skip
REPORTS = """
addEventListener("securitypolicyviolation", (event) =>
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}`));
"""
ORCHESTRATORS = "airflow/prod=https://airflow.example.com:8443/ kfp/default=https://kfp.example.com"
FRAMING = "https://airflow.example.com http://127.0.0.1:8080"
PATIENCE = 20_000  # milliseconds: a busy machine is slow, and nothing is asked of its speed here


@pytest.fixture(scope="package")
def chromium() -> Iterator[Any]:
    """The browser; it is gone before tests of other folders run, which may want an event loop of their own."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: make install")
    path = next(filter(None, map(shutil.which, NAMES)), None)
    with sync_api.sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        except sync_api.Error as error:
            pytest.skip(f"there is no Chromium (make browser): {error.message.splitlines()[0]}")
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def server() -> Iterator[LiveServer]:
    """A server without tokens, which knows an Airflow and a KFP. Tests write to namespaces of their own."""
    with live_server(environment={"MBOX_ORCHESTRATORS": ORCHESTRATORS}) as running:
        yield running


@pytest.fixture(scope="package")
def closed() -> Iterator[LiveServer]:
    """A server that asks for a token, and whose pages other sites may show in a frame."""
    with live_server(tokens=True, environment={"MBOX_FRAME_ANCESTORS": FRAMING}) as running:
        yield running


@pytest.fixture
def namespace(request: pytest.FixtureRequest) -> str:
    """A namespace that only this test uses."""
    return "".join(letter if letter.isalnum() else "-" for letter in request.node.name)[:100]


@pytest.fixture
def write(server: LiveServer, namespace: str) -> Callable[..., str]:
    """Writes a batch to a run, which it opens if it says so, in the test's namespace; gives the run's id."""

    def send(**batch: Any) -> str:
        headers = {NAMESPACE_HEADER: namespace}
        answer = ask(server.url, "POST", "/api/v1/batches", batch, headers=headers)
        assert answer.status == 200, answer.data
        return str(answer.data["run_id"])

    return send


def loaded(tab: Any) -> Any:
    """The tab, when all of its page is there: a click waits only until the next page begins."""
    tab.wait_for_load_state("domcontentloaded")
    return tab


class Watch:
    """Notes what must not happen on any page.

    Args:
        origin: where all requests go to.
    """

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.problems: list[str] = []
        self.requests: list[str] = []
        self._expected: list[str] = []

    def expect(self, text: str) -> None:
        """Take problems that hold this text as meant: Chromium logs an answer such as 422 as an error."""
        self._expected.append(text)

    def follow(self, context: Any) -> None:
        """Watch all pages of a browser context."""
        context.add_init_script(REPORTS)
        context.on("console", self._heard)
        context.on("weberror", lambda error: self._note(f"uncaught: {error.error}"))
        context.on("request", self._asked)

    def check(self) -> None:
        """Fail if something has happened."""
        assert self.problems == []

    def _heard(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self._note(f"console {message.type}: {message.text}")

    def _asked(self, request: Any) -> None:
        self.requests.append(request.url)
        if not request.url.startswith((f"{self.origin}/", "data:")):
            self._note(f"request to another origin: {request.url}")

    def _note(self, problem: str) -> None:
        if not any(text in problem for text in self._expected):
            self.problems.append(problem)


@pytest.fixture
def watch(server: LiveServer) -> Watch:
    """The one who watches; `expect` what is meant to go wrong."""
    return Watch(server.url)


@pytest.fixture
def open_tab(chromium: Any, watch: Watch) -> Iterator[Callable[..., Any]]:
    """Makes tabs, each in a browser of its own: `open_tab(javascript=False, color_scheme="dark")`."""
    contexts = []

    def make(*, javascript: bool = True, url: str = "", **options: Any) -> Any:
        if url:
            parts = urlsplit(url)
            watch.origin = f"{parts.scheme}://{parts.netloc}"
        options = {"viewport": {"width": 1280, "height": 720}, "locale": "en-GB", **options}
        context = chromium.new_context(base_url=watch.origin, java_script_enabled=javascript, **options)
        context.set_default_timeout(PATIENCE)
        watch.follow(context)
        contexts.append(context)
        return context.new_page()

    yield make
    for context in contexts:
        context.close()
    watch.check()


@pytest.fixture(params=[True, False], ids=["with JavaScript", "without JavaScript"])
def either_tab(request: pytest.FixtureRequest, open_tab: Callable[..., Any]) -> Any:
    """A tab with JavaScript, then one without."""
    return open_tab(javascript=request.param)


@pytest.fixture
def tab(open_tab: Callable[..., Any]) -> Any:
    """A tab with JavaScript."""
    return open_tab()


@pytest.fixture
def plain_tab(open_tab: Callable[..., Any]) -> Any:
    """A tab without JavaScript."""
    return open_tab(javascript=False)
