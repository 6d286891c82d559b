"""Web pages: the table of runs beside the same search through the API, the weight of pages, the drawing of charts."""

import http.client
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from mbox_ops.client.client import Client
from mbox_ops.testing import LiveServer, live_server
from tests.benchmarks import curves
from tests.benchmarks.figures import Figure, Scale, at_most, medians, seconds
from tests.benchmarks.kept import FOLDER
from tests.benchmarks.search import DICE, DIFFERENT, NESTED, PAGE, QUICK, SIZES, SORTED, made
from tests.ui.conftest import NAMES, OPTIONS

BEYOND = 100  # milliseconds
KILOBYTES, REQUESTS = 150, 10
DRAWN = 500  # milliseconds
POINTS = 1_000_000
COMPARED = 20


def run(scale: Scale) -> Iterator[Figure]:
    """The table at the size of the search data; pages of that server in a browser; a chart of 20 curves."""
    data = made(QUICK if scale.quick else SIZES)[-1]
    size = f"{(QUICK if scale.quick else SIZES)[-1]:,} runs"
    with tempfile.TemporaryDirectory(dir=FOLDER) as folder:
        shutil.copy(data, Path(folder) / "mbox.db")  # a server writes to its database
        with live_server(home=folder) as server:
            yield from _tables(server, scale, size)
            with _browser() as browser:
                if browser is not None:
                    yield from _weights(server, browser, size)
    with tempfile.TemporaryDirectory() as folder:
        count = scale.size(POINTS)
        run_id = curves.store(Path(folder) / "mbox.db", count)
        with live_server(home=folder) as server, _browser() as browser:
            if browser is not None:
                yield _drawing(server, browser, run_id, count, scale.times(10))


def _tables(server: LiveServer, scale: Scale, size: str) -> Iterator[Figure]:
    """What the page costs beyond the search, on connections that are kept."""
    for question in (SORTED, NESTED):
        connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=60)
        asked = []
        for dice in DICE[:DIFFERENT]:
            query = question.query(dice, PAGE)
            asked.append(urlencode({"filter": query.filter, "sort": query.sort, "limit": PAGE}))
            _get(connection, f"/api/v1/runs?{asked[-1]}")
        ours, theirs = iter(asked * scale.times(40)), iter(asked * scale.times(40))
        page, api = medians(
            scale.times(40),
            lambda: 1e3 * seconds(lambda: _get(connection, f"/runs?{next(ours)}")),  # noqa: B023 - called here
            lambda: 1e3 * seconds(lambda: _get(connection, f"/api/v1/runs?{next(theirs)}")),  # noqa: B023 - called here
        )
        connection.close()
        yield Figure(
            name=f"table beyond the API: {question.name} ({size})", unit="ms", measured=page - api,
            goals=(at_most(BEYOND),),
        )  # fmt: skip


def _get(connection: http.client.HTTPConnection, path: str) -> None:
    connection.request("GET", path, headers={"Accept-Encoding": "gzip", "Accept": "text/html, application/json"})
    answer = connection.getresponse()
    body = answer.read()
    assert answer.status == 200, body


def _weights(server: LiveServer, browser: Any, size: str) -> Iterator[Figure]:
    """What a browser fetches for each page when it has nothing yet."""
    client = Client(url=server.url)
    runs = [run.id for run in client.runs.list(limit=COMPARED)]
    several = urlencode({"run": runs}, doseq=True)
    pages = {
        "scenarios": "/scenarios", "runs": f"/runs?limit={PAGE}", "run": f"/runs/{runs[0]}",
        "metrics": f"/runs/{runs[0]}/metrics", "events": f"/runs/{runs[0]}/events",
        "artifacts": f"/runs/{runs[0]}/artifacts", f"comparison of {COMPARED}": f"/compare?{several}",
        f"curves of {COMPARED}": f"/compare?{several}&view=curves",
        "deletion's preview": "/deletions/new?scenario=scenario-1",
        "deletions": "/deletions", "models": "/models", "search help": "/help/search",
    }  # fmt: skip
    for name, path in pages.items():
        context = browser.new_context(base_url=server.url)
        tab, sent = context.new_page(), list[int]()
        tab.on("requestfinished", lambda request: sent.append(request.sizes()["responseBodySize"]))  # noqa: B023 - within
        tab.goto(path, wait_until="networkidle")
        context.close()
        yield Figure(
            name=f"weight: {name} ({size})", unit="kB", measured=sum(sent) / 1e3, goals=(at_most(KILOBYTES),)
        )  # fmt: skip
        yield Figure(name=f"requests: {name} ({size})", unit="", measured=len(sent), goals=(at_most(REQUESTS),))


def _drawing(server: LiveServer, browser: Any, run_id: str, count: int, times: int) -> Figure:
    """From the arrival of the points to the picture, as the page's own mark says."""

    def drawn() -> float:
        tab = browser.new_page(base_url=server.url, viewport={"width": 1280, "height": 720})
        tab.goto(f"/runs/{run_id}/metrics?together=prefix")
        tab.locator("figure.chart[aria-busy=false] canvas").first.wait_for()
        measures = tab.evaluate("performance.getEntriesByName('mbox-chart').map((one) => one.duration)")
        tab.close()
        assert len(measures) == 1
        return float(measures[0])

    (measured,) = medians(times, drawn)
    series = len(curves.SERIES)
    return Figure(
        name=f"drawing {series} curves of {count:,} points, thinned", unit="ms", measured=measured,
        goals=(at_most(DRAWN),),
    )  # fmt: skip


@contextmanager
def _browser() -> Iterator[Any]:
    """Chromium; None where there is none."""
    from playwright.sync_api import Error, sync_playwright

    path = next(filter(None, map(shutil.which, NAMES)), None)
    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        except Error:
            print("There is no Chromium (make browser): the figures of pages are left out", file=sys.stderr)
            browser = None
        yield browser
        if browser is not None:
            browser.close()
