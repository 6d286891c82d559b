"""What a notebook shows of what was read: tables and pictures in which nothing acts."""

import math
import subprocess
import sys
from html.parser import HTMLParser
from xml.etree import ElementTree

import pytest

from mbox_ops.client.client import Client
from mbox_ops.client.connection import connect
from mbox_ops.client.history import MetricHistory
from mbox_ops.client.html.curves import HEIGHT, WIDTH, curve
from mbox_ops.client.http import HttpApi
from mbox_ops.client.run import Run
from mbox_ops.client.values import Event
from mbox_ops.entities import metrics as wire
from mbox_ops.settings import ClientSettings

HOSTILE = [
    "<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "javascript:alert(1)", "</svg><script>x</script>",
    "$\\href{javascript:alert(1)}{x}$", "\u202etxt.exe", "&lt;b&gt;", "' onload='alert(1)", "<!--", "]]>",
]  # fmt: skip
HARMLESS = {"div", "span", "table", "tr", "th", "td", "bdi", "a", "svg", "polyline", "circle", "text"}
PLAIN = {
    "style", "class", "href", "rel", "xmlns", "viewbox", "width", "height", "role", "aria-label", "points", "fill",
    "stroke", "stroke-width", "x", "y", "text-anchor", "font-size", "opacity", "cx", "cy", "r",
}  # fmt: skip


class Reader(HTMLParser):
    """Reads HTML as a browser would, and refuses what could act or fetch."""

    def __init__(self, url: str) -> None:
        super().__init__()
        self.url, self.open, self.words = url, [], []

    def handle_starttag(self, tag, attrs):
        assert tag in HARMLESS, tag
        assert {name for name, _ in attrs} <= PLAIN, attrs
        for name, value in attrs:
            assert name != "href" or value.startswith(f"{self.url}/runs/"), value
            assert name != "style" or "url" not in value
        self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")


def words(shown: str, url: str = "http://127.0.0.1") -> str:
    """The text that a reader sees, after making sure that nothing in the HTML acts."""
    reader = Reader(url)
    reader.feed(shown)
    reader.close()
    assert reader.open == []
    ElementTree.fromstring(shown)  # noqa: S314 - ours; it is XML, too: nothing is left to the browser's guess
    return "\n".join(reader.words)


@pytest.fixture
def client(server) -> Client:
    return Client(server.url)


def test_hostile_texts_do_nothing(client, server):
    """Whatever is in names, parameters, tags, values, events and paths is text, wherever it is shown."""
    run = client.runs.create(run_name=HOSTILE[0], scenario="hostile", pipeline=HOSTILE[1])
    run.log_parameters({text: text for text in HOSTILE})
    run.set_tags({text: text for text in HOSTILE})
    for at, text in enumerate(HOSTILE):
        if text.isprintable():
            run.log_metrics({text: float(at), f"{text} as text": text}, step=at)
        run.log_event(Event(text, text, 12_000 + at, {text: text}))
        run.track_artifacts(text)
    found = client.runs.search("scenario = 'hostile'")
    views = [run, found, run.events(), run.artifacts(), run.get_metrics_history()]
    views += [
        client.events.list(run),
        client.metrics.curves(run, HOSTILE[:5]),
        run.get_metrics_history([HOSTILE[0]])[0],
    ]
    for view in views:
        seen = words(view._repr_html_(), server.url)
        assert any(text in seen for text in HOSTILE[:2])


def test_a_run_shows_itself(client, server):
    """Its state, settings, numbers and curves, with a link to its page."""
    run = client.runs.create(run_name="vit", run_collection_name="rc1", scenario="shown", tags={"team": "cv"})
    run.log_parameters({"lr": 0.5})
    for step in range(10):
        run.log_metrics({"loss": 1 / (step + 1)}, step=step)
    run.end_run()
    shown = run._repr_html_()
    seen = words(shown, server.url).split("\n")
    for part in ("vit", "FINISHED", "rc1", "shown", "lr", "0.5", "team", "cv", "loss", "10"):
        assert part in seen
    assert shown.count("<polyline") == 1
    assert f'href="{server.url}/runs/{run.id}"' in shown
    assert len(shown) < 8_000


def test_lists_show_their_first_items(client, server):
    """Fifty of sixty runs, and that there are more; a list of none says so."""
    for index in range(60):
        client.runs.create(scenario="many").log_metrics({"loss": index})
    seen = words(client.runs.search("scenario = 'many'", limit=60)._repr_html_(), server.url)
    assert seen.count("RUNNING") == 50
    assert "There are more." in seen
    assert "metrics.loss" in seen
    assert "None." in words(client.runs.search("scenario = 'none of that name'")._repr_html_())


def test_models_versions_and_checkpoints_are_tables(client, server):
    """With what they came from, and the last value of each metric."""
    run = client.runs.create(scenario="views", run_name="trained")
    client.checkpoints.create(run, 3, {"loss": 0.25})
    client.model_versions.create(client.models.create("churn", "ada"), "2026", run=run, unique_tags=["best"])
    assert {"churn", "ada"} <= set(words(client.models.list()._repr_html_()).split())
    assert "['best']" in words(client.model_versions.list()._repr_html_())
    assert "trained" in words(client.model_versions.list()._repr_html_())
    assert words(client.checkpoints.list(run)._repr_html_()).split()[-1] == "0.25"


def test_events_show_when_what_and_who(client, server):
    """With their metadata."""
    run = client.runs.create()
    run.log_event(Event("saved", "trainer", 12_000, {"size": 3}))
    for view in (run.events(), client.events.list(run)):
        seen = words(view._repr_html_())
        for part in ("1970-01-01 03:20:00", "saved", "trainer", '{"size":3}'):
            assert part in seen


def test_a_view_never_raises(server, tmp_path):
    """A service that is away, or a run that is not there, is told of in the view."""
    away = connect(ClientSettings(url="http://127.0.0.1:1", spool_dir=tmp_path))
    away.api = HttpApi("http://127.0.0.1:1", deadline=0.0)
    assert "cannot be reached" in words(Run("some-run", connection=away)._repr_html_())
    there = connect(ClientSettings(url=server.url, spool_dir=tmp_path))
    assert "No run 'no-such-run'" in words(Run("no-such-run", connection=there)._repr_html_())


def points(shown: str) -> list[tuple[float, float]]:
    """The points of all lines of a picture."""
    svg = ElementTree.fromstring(shown)  # noqa: S314 - we made it
    lines = [each.attrib["points"] for each in svg.iter() if "points" in each.attrib]
    return [tuple(map(float, pair.split(","))) for line in lines for pair in line.split()]  # type: ignore[misc]


@pytest.mark.parametrize(
    "values",
    [[1.0], [2.0, 2.0], [math.nan], [math.inf, -math.inf, 1.0, 2.0], [-1.7e308, 1.7e308], [5e-324, 0.0], [0.0] * 5_000],
)
def test_any_numbers_make_a_picture_in_its_frame(values):
    """Single, constant, huge, tiny, infinite, missing or many: nothing is drawn outside."""
    shown = curve("m", range(len(values)), values)
    words(shown)
    for x, y in points(shown):
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT


def test_a_curve_has_gaps_and_keeps_its_spikes():
    """NaN parts the line; of a million points one spike is still at the top."""
    assert curve("m", [0, 1, 2, 3, 4], [1.0, 2.0, math.nan, 1.0, 2.0]).count("<polyline") == 2
    values = [0.0] * 1_000_000
    values[654_321] = 9.0
    shown = curve("m", range(len(values)), values)
    heights = [y for _, y in points(shown)]
    assert heights.count(min(heights)) == 1
    assert len(shown) < 40_000


def test_text_and_bytes_are_a_table():
    """What cannot be drawn is listed."""
    for kind, values, seen in (("string", ["ok"], "ok"), ("bytes", ["AAEC"], "3 bytes")):
        part = wire.MetricHistory(
            name="said", kind=kind, total=1, truncated=False, steps=[7], wallclocks=[0], values=values
        )
        assert seen in words(MetricHistory([part])._repr_html_())


def test_views_import_nothing_heavy():
    """No template engine, no plotting, no NumPy."""
    script = "import sys, mbox_ops.client.html.views as v; sys.exit(not {'numpy', 'jinja2', 'pandas', 'requests'}"
    subprocess.run([sys.executable, "-c", f"{script}.isdisjoint(sys.modules))"], check=True)
