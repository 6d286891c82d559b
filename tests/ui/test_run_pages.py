"""The pages of one run, in a browser."""

import base64
import math
import re
import time
from collections.abc import Callable
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from mbox_ops import Client
from mbox_ops.settings import server_settings
from mbox_ops.testing import LiveServer
from mbox_ops.wire.encodings import NAMESPACE_HEADER
from tests.server.asking import ask
from tests.ui.conftest import Watch, loaded
from tests.ui.test_signing_in import HTML

Write = Callable[..., str]
PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9" onload="alert(1)"><script>alert(1)</script></svg>'


def block(name: str, values: list[float | str], *, steps: list[int] | None = None) -> dict[str, Any]:
    """Points of a numeric series, at these steps or from 0."""
    wallclocks = [1_700_000_000_000_000 + 1_000_000 * i for i in range(len(values))]
    return {
        "names": [name], "kind": "float", "steps": steps or list(range(len(values))), "wallclocks": wallclocks,
        "values": values,
    }  # fmt: skip


@pytest.fixture
def run(write: Write) -> str:
    """A run with something on each of its pages."""
    return write(
        key="airflow/prod/nightly_train/manual__1",
        open={
            "scenario": "churn", "name": "nightly 1", "owner": "ada", "execution": "manual__1",
            "source": {"kind": "pipeline", "name": "nightly_train"},
        },
        parameters={"lr": 0.1, "note": "slow"},
        tags={"team": "risk"},
        labels={"accuracy": {"format_string": "percentage"}},
        metadata=[{"op": "merge", "document": {"data": {"rows": 569, "files": ["a.csv"]}}}],
        points=[
            block("accuracy", [0.5, 0.75]),
            block("train/loss", [math.exp(-i / 100) for i in range(2_000)] + ["NaN", "Infinity"]),
            block("test/loss", [1.0, 0.5]),
            block("system/memory_bytes", [1024.0, 2048.0]),
            {"names": ["verdict"], "kind": "string", "values": ["good"]},
        ],
        events=[
            {"name": name, "source": source, "wallclock": 1_700_000_000_000_000 + 1_000_000 * seconds, "metadata": {}}
            for name, source, seconds in (
                ("train_started", "trainer", 0), ("train_finished", "trainer", 90), ("checkpoint", "saver", 91),
            )
        ],
        artifacts=[{"path": "data.parquet", "uri": "s3://bucket/data.parquet", "size": 12}],
    )  # fmt: skip


@pytest.fixture
def upload(server: LiveServer, namespace: str, run: str, tmp_path: Any) -> Callable[[str, bytes], None]:
    """Uploads a file of the run."""

    def send(name: str, content: bytes) -> None:
        (tmp_path / name).write_bytes(content)
        client = Client(url=server.url, namespace=namespace)
        client.artifacts.upload(run, tmp_path / name)

    return send


def at(namespace: str, run_id: str, *parts: str, **query: str) -> str:
    """The address of a page of a run."""
    where = "/".join(["/runs", run_id, *parts])
    return f"{where}?" + "&".join(f"{k}={quote(v)}" for k, v in {**query, "namespace": namespace}.items())


def text_of(tab: Any, label: str) -> str:
    """The text of a section by its heading."""
    return " ".join(tab.get_by_role("region", name=label, exact=True).first.inner_text().split())


def titles(tab: Any) -> list[str]:
    """The titles of the charts."""
    found: list[str] = loaded(tab).locator("figcaption :is(h2, h3)").all_inner_texts()
    return found


def drawn(tab: Any, count: int) -> None:
    """Wait until that many charts are drawn."""
    tab.locator("figure.chart[aria-busy=false] canvas").nth(count - 1).wait_for()


def test_the_overview_says_what_a_run_is(either_tab: Any, run: str, namespace: str) -> None:
    """Identity, parameters, tags, metadata and metrics, with links to the rest."""
    either_tab.goto(at(namespace, run))
    about = text_of(either_tab, "About")
    for part in ("Running", "churn", "nightly_train (Default)", "DAG nightly_train", "manual__1 of prod", "ada", run):
        assert part in about
    assert "lr 0.1 float" in text_of(either_tab, "Parameters")
    assert "data" in text_of(either_tab, "Metadata")
    assert "a.csv" in text_of(either_tab, "Metadata")
    assert "accuracy 75 % 50 % 75 % 2" in text_of(either_tab, "Metrics")
    tag = either_tab.get_by_role("link", name="team risk")
    assert "filter=tags.team+%3D+%27risk%27" in tag.get_attribute("href")


def test_name_tag_and_collection_can_be_changed(either_tab: Any, run: str, namespace: str) -> None:
    """By forms that work without a script; what breaks a rule is said beside the form, which keeps what was typed."""
    either_tab.goto(at(namespace, run))
    either_tab.get_by_text("Rename", exact=True).first.click()
    either_tab.get_by_label("Name", exact=True).fill("better name")
    either_tab.get_by_role("button", name="Rename").click()
    either_tab.get_by_role("heading", level=1, name="better name").wait_for()
    assert either_tab.get_by_role("status").first.inner_text() == "The run is now called 'better name'."
    either_tab.get_by_text("Move to another collection").click()
    either_tab.get_by_label("Collection").fill("sweep")
    either_tab.get_by_role("button", name="Move").click()
    either_tab.get_by_text("The run is now in the collection 'sweep'.").wait_for()
    assert "Collection sweep" in text_of(either_tab, "About")
    either_tab.get_by_text("Set a tag").click()
    either_tab.get_by_label("Key").fill("stage")
    either_tab.get_by_label("Value").fill("dev")
    either_tab.get_by_role("button", name="Set").click()
    either_tab.get_by_text("The tag 'stage' is now 'dev'.").wait_for()
    assert "stage" in text_of(either_tab, "Tags")


def test_a_refused_change_is_explained_at_its_place(tab: Any, run: str, namespace: str, watch: Watch) -> None:
    """The form is open again, with the reason and what was typed."""
    watch.expect("422")
    tab.goto(at(namespace, run))
    tab.get_by_text("Set a tag").click()
    tab.get_by_label("Key").fill("runName")
    tab.get_by_label("Value").fill("x")
    tab.get_by_role("button", name="Set").click()
    assert "kept by the system" in tab.get_by_role("alert").inner_text()
    assert tab.get_by_label("Key").input_value() == "runName"


def test_metrics_are_drawn_as_curves(tab: Any, run: str, namespace: str, watch: Watch) -> None:
    """Grouped by prefix, with marks and notes, in ten requests at most."""
    tab.goto(at(namespace, run, "metrics"))
    drawn(tab, 3)
    assert [one.inner_text() for one in tab.locator("figcaption :is(h2, h3)").all()] == [
        "accuracy",
        "test/loss",
        "train/loss",
    ]
    assert [one.inner_text() for one in tab.locator(".charts-group.named > h2 bdi").all()] == ["test", "train"]
    note = tab.locator("figure.chart", has_text="train/loss").locator(".chart-note").inner_text()
    assert "of 2\u202f002 points, every peak among them" in note
    assert "✕ 1 NaN" in note
    assert "1 infinite" in note
    assert "good" in text_of(tab, "Texts and bytes")
    assert len(watch.requests) <= 10, watch.requests


def test_without_scripts_metrics_are_tables(plain_tab: Any, run: str, namespace: str) -> None:
    """What each series comes to, and the filter works."""
    plain_tab.goto(at(namespace, run, "metrics"))
    assert "75 % 50 % 75 % 62.5 % 2" in text_of(plain_tab, "Summary of accuracy")
    plain_tab.get_by_label("Filter").fill("LOSS")
    plain_tab.get_by_role("button", name="Show").click()
    assert [one.inner_text() for one in plain_tab.locator("figcaption :is(h2, h3)").all()] == [
        "test/loss",
        "train/loss",
    ]


def test_the_controls_redraw_and_stand_in_the_address(tab: Any, run: str, namespace: str) -> None:
    """Who loads the address again sees the same."""
    tab.goto(at(namespace, run, "metrics", together="name", filter="loss"))
    drawn(tab, 1)
    assert tab.locator("figure.chart .legend button").all_inner_texts() == ["test/loss", "train/loss"]
    tab.get_by_label("log y").check()
    tab.get_by_label("Smoothing").fill("60")
    tab.get_by_label("Over").select_option("relative")
    tab.wait_for_url("**x=relative**")
    drawn(tab, 1)
    tab.reload()
    assert tab.get_by_label("log y").is_checked()
    assert tab.get_by_label("Smoothing").input_value() == "60"
    drawn(tab, 1)


def test_zoom_asks_for_the_range_again(tab: Any, run: str, namespace: str) -> None:
    """With the mouse or the keyboard, and back."""
    tab.goto(at(namespace, run, "metrics", filter="train/loss"))
    drawn(tab, 1)
    plot = tab.locator(".plot")
    with tab.expect_request("**/api/v1/curves") as asked:
        box = tab.locator(".u-over").bounding_box()
        tab.mouse.move(box["x"] + 50, box["y"] + 50)
        tab.mouse.down()
        tab.mouse.move(box["x"] + 100, box["y"] + 60, steps=3)
        tab.mouse.up()
    sent = asked.value.post_data_json
    assert 0 < sent["first_step"] < sent["last_step"] < 2_000
    drawn(tab, 1)
    with tab.expect_request(lambda request: "first_step" in (request.post_data or "")):
        tab.reload()
    drawn(tab, 1)
    tab.get_by_role("button", name="Show all").click()
    drawn(tab, 1)
    with tab.expect_request("**/api/v1/curves") as asked:
        plot.press("+")
    assert "first_step" in asked.value.post_data_json
    drawn(tab, 1)
    plot.press("ArrowRight")
    tab.locator("[aria-live=polite]", has_text="step ").wait_for(state="attached")
    plot.press("0")
    tab.get_by_role("button", name="Show all").wait_for(state="hidden")


def test_without_the_code_that_draws_curves_points_are_tables(tab: Any, run: str, namespace: str) -> None:
    """A server that was built without it shows the same points."""
    tab.route("**/uPlot.iife.min.js", lambda route: route.fulfill(body="", content_type="text/javascript"))
    tab.goto(at(namespace, run, "metrics", filter="accuracy"))
    tab.locator("figure.chart[aria-busy=false]").wait_for()
    tab.get_by_text("Table of points").click()
    tab.locator("table.points tbody tr").nth(1).wait_for()
    assert len(tab.locator("table.points tbody tr").all()) == 2
    assert tab.locator(".plot").count() == 0


def test_charts_follow_a_run_and_ask_less_often_when_nothing_comes(
    tab: Any, run: str, namespace: str, write: Write
) -> None:
    """New points are there after ten seconds; an hour of silence costs few questions."""
    tab.clock.install()
    tab.goto(at(namespace, run, "metrics", filter="accuracy"))
    tab.locator("figure.chart canvas").wait_for(state="attached")
    tab.get_by_text("Table of points").click()
    write(run_id=run, points=[block("accuracy", [0.25], steps=[2])])
    tab.clock.run_for(10_500)
    tab.locator("table.points tbody tr").nth(2).wait_for()
    asked: list[str] = []
    tab.on("request", lambda request: asked.append(request.url))
    deadline = time.monotonic() + 60
    for number in range(1, 21):
        while len(asked) < number:  # the clock stands still while an answer is on its way
            tab.clock.run_for(125_000)
            assert time.monotonic() < deadline, asked
    assert 20 <= len(asked) < 40


def test_a_chart_has_a_table_twin_and_a_picture(tab: Any, run: str, namespace: str) -> None:
    """The same points as text, written as the label says, and a PNG."""
    tab.goto(at(namespace, run, "metrics", filter="accuracy"))
    drawn(tab, 1)
    tab.get_by_text("Table of points").click()
    tab.locator("table.points tbody tr").nth(1).wait_for()
    rows = tab.locator("table.points tbody tr").all_inner_texts()
    assert [row.split("\t")[0] + " " + row.split("\t")[-1] for row in rows] == ["0 50 %", "1 75 %"]
    with tab.expect_download() as saved:
        tab.get_by_role("button", name="PNG").click()
    assert saved.value.suggested_filename == "accuracy.png"


def test_system_metrics_have_a_page_of_their_own(tab: Any, run: str, namespace: str) -> None:
    """Over the time since the run's start, in units that fit."""
    tab.goto(at(namespace, run, "system"))
    drawn(tab, 1)
    assert "2 KiB" in text_of(tab, "Summary of system/memory_bytes")
    assert tab.get_by_label("Over").input_value() == "relative"


def test_events_show_what_took_how_long(either_tab: Any, run: str, namespace: str) -> None:
    """Pairs on a line of time, and a list that can be filtered."""
    either_tab.goto(at(namespace, run, "events"))
    assert "train 1 min 30 s trainer" in text_of(either_tab, "What took time")
    assert len(either_tab.locator("tbody tr").all()) == 3
    either_tab.get_by_label("Source").fill("saver")
    either_tab.get_by_role("button", name="Show").click()
    either_tab.wait_for_url("**source=saver**")
    rows = either_tab.locator("tbody tr").all_inner_texts()
    assert [row.split()[2:] for row in rows] == [["checkpoint", "saver"]]


def test_texts_and_pictures_are_shown_and_never_run(
    either_tab: Any, run: str, namespace: str, upload: Callable[[str, bytes], None]
) -> None:
    """By what their bytes are: HTML is text here, and a picture that holds a script is only a picture."""
    upload("page.html", b"<script>document.title = 'bad'</script>")
    upload("plot.png", PICTURE)
    upload("drawing.svg", SVG)
    upload("weights.bin", bytes(range(256)))
    either_tab.goto(at(namespace, run, "artifacts"))
    either_tab.get_by_role("link", name="page.html").click()
    assert "<script>" in text_of(either_tab, "Text of page.html")
    for name in ("plot.png", "drawing.svg"):
        either_tab.get_by_role("link", name=name, exact=True).click()
        picture = either_tab.get_by_role("img", name=f"Picture {name}")
        picture.wait_for()
        source = picture.get_attribute("src")
    answer = either_tab.request.get(source)
    assert answer.headers["content-type"] == "image/svg+xml"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["content-security-policy"].endswith("sandbox")
    either_tab.get_by_role("link", name="weights.bin").click()
    either_tab.get_by_text("There is no preview").wait_for()
    with either_tab.expect_download() as saved:
        either_tab.locator("#artifact").get_by_role("link", name="Download").click()
    assert saved.value.suggested_filename == "weights.bin"


def test_json_that_is_nested_deeply_stays_as_small_as_it_is(
    server: LiveServer, run: str, namespace: str, upload: Callable[[str, bytes], None]
) -> None:
    """With its structure made visible, 60 kB would be a page of 50 MB."""
    upload("deep.json", b"[" * 900 + b",".join([b"1"] * 29_000) + b"]" * 900)
    artifacts = Client(url=server.url, namespace=namespace).artifacts.list(run, prefix="deep")
    path = at(namespace, run, "artifacts", artifact=next(iter(artifacts)).id)
    answer = ask(server.url, "GET", path, headers=HTML)
    assert b"[[[[1,1,1," in answer.body
    assert len(answer.body) < 100_000


def test_lineage_leads_both_ways(plain_tab: Any, run: str, namespace: str, write: Write) -> None:
    """From an artifact to who used it, and from that run back."""
    user = write(open={"scenario": "churn", "name": "user"}, uses=[{"uri": "s3://bucket/data.parquet"}])
    plain_tab.goto(at(namespace, run, "artifacts"))
    plain_tab.get_by_role("link", name="data.parquet", exact=True).click()
    plain_tab.locator("#artifact").get_by_role("link", name="user").click()
    plain_tab.wait_for_url(f"**/runs/{user}*")
    plain_tab.get_by_role("link", name="Artifacts").click()
    used = plain_tab.locator("section", has_text="Used by this run")
    used.get_by_role("link", name="data.parquet").click()
    assert plain_tab.locator("#artifact").get_by_role("link", name="user").count() == 1
    used.get_by_role("row", name="data.parquet").get_by_role("link").last.click()
    plain_tab.wait_for_url(f"**/runs/{run}?*")


def test_lineage_of_checkpoints_and_models_leads_to_pages_that_are_there(
    server: LiveServer, run: str, namespace: str, write: Write, tmp_path: Path
) -> None:
    """Their files are shown on the page of the run that used them."""
    client = Client(url=server.url, namespace=namespace)
    checkpoint = client.checkpoints.create(run, 1, {"loss": 0.5})
    version = client.model_versions.create(client.models.create("classifier"), "1")
    for parent in (checkpoint.id, version.id):
        (tmp_path / parent).write_text(parent)
        client.artifacts.upload(parent, tmp_path / parent)
    uses = [{"artifact_id": next(iter(client.artifacts.list(parent))).id} for parent in (checkpoint.id, version.id)]
    user = write(open={"scenario": "churn", "name": "user"}, uses=uses)
    seen = set(_links(server, at(namespace, user, "artifacts")))
    shown = {link for link in seen if "artifact=" in link}
    seen |= {link for one in shown for link in _links(server, one)}
    assert len(shown) == 2
    assert f"/runs/{run}?namespace={namespace}" in seen
    assert {ask(server.url, "GET", link, headers=HTML).status for link in seen} == {200}


def test_lineage_that_is_long_comes_in_pages(server: LiveServer, namespace: str, write: Write) -> None:
    """It says how many edges there are, and leads to the rest."""
    run = write(
        open={"scenario": "churn", "name": "user"}, uses=[{"uri": f"s3://bucket/{number}"} for number in range(120)]
    )
    found, page = [], f"/runs/{run}/artifacts?namespace={namespace}"
    while page:
        body = ask(server.url, "GET", page, headers=HTML).body.decode()
        found += re.findall(r"s3://bucket/(\d+)</bdi></th>", body)
        assert ("50 edges of 120 on this page" in body) == (len(found) == 50)
        page = next((unescape(link) for link in re.findall(r'href="([^"]*)#used" rel="next"', body)), "")
    assert found == [str(number) for number in range(120)]


def _links(server: LiveServer, path: str) -> list[str]:
    """Where a page leads to in the pages of runs."""
    body = ask(server.url, "GET", path, headers=HTML).body.decode()
    return [unescape(link).partition("#")[0] for link in re.findall(r'href="(/runs/[^"]+)"', body)]


def test_a_run_is_shown_raw(plain_tab: Any, run: str, namespace: str) -> None:
    """As the API gives it, with its metadata."""
    plain_tab.goto(at(namespace, run, "raw"))
    assert f'"id": "{run}"' in plain_tab.locator("pre").first.inner_text()
    assert '"rows": 569' in plain_tab.locator("pre").last.inner_text()


def test_a_run_that_is_not_there_is_a_page_that_says_so(tab: Any, namespace: str, watch: Watch) -> None:
    """With ways on."""
    watch.expect("404")
    tab.goto(at(namespace, "nobody"))
    assert "nobody" in tab.locator(".said").inner_text()


def test_a_run_leads_back_to_its_orchestrator(tab: Any, write: Write, namespace: str) -> None:
    """Where the server was told the addresses of its deployments."""
    for key, link, address in (
        ("airflow/prod/a%2Fb/manual__1/fit#0", "Open it in Airflow",
         "https://airflow.example.com:8443/dags/a%2Fb/runs/manual__1"),
        ("kfp/default/4711", "Open it in Kubeflow Pipelines", "https://kfp.example.com/#/runs/details/4711"),
    ):  # fmt: skip
        tab.goto(at(namespace, write(key=key, open={})))
        assert tab.get_by_role("link", name=link).get_attribute("href") == address
    with pytest.raises(ValueError, match="MBOX_ORCHESTRATORS holds 'airflow=there'"):
        server_settings({"MBOX_ORCHESTRATORS": "airflow=there"})


def test_many_metrics_of_one_name_are_parted(plain_tab: Any, write: Write, namespace: str) -> None:
    """A chart holds forty curves at most, and a page 36 charts; nothing is left out."""
    names = [f"layer {number:04}/weight" for number in range(1_500)]
    many = write(open={}, points=[{"names": names, "steps": [0], "values": [0.5] * len(names)}])
    plain_tab.goto(at(namespace, many, "metrics", together="name"))
    shown = titles(plain_tab)
    assert (shown[0], len(shown)) == ("weight (1)", 36)
    plain_tab.get_by_role("link", name="Next page").click()
    plain_tab.wait_for_url("**start=36**")
    assert titles(plain_tab) == ["weight (37)", "weight (38)"]
    assert len(plain_tab.locator("table.summary tbody tr").all()) == 1_500 - 36 * 40


def test_curves_and_files_come_with_the_session(
    open_tab: Callable[..., Any], closed: LiveServer, tmp_path: Any
) -> None:
    """Of a token that opens one namespace only, which is not the default one."""
    wish = {"name": "ana", "scopes": ["read", "write"], "namespaces": ["vision"]}
    secret = ask(closed.url, "POST", "/api/v1/tokens", wish, token=closed.token).data["token"]
    client = Client(url=closed.url, token=secret, namespace="vision")
    batch = {"open": {}, "points": [block("loss", [2.0, 1.0])]}
    answer = ask(closed.url, "POST", "/api/v1/batches", batch, token=secret, headers={NAMESPACE_HEADER: "vision"})
    run = answer.data["run_id"]
    (tmp_path / "notes.txt").write_text("kept")
    client.artifacts.upload(run, tmp_path / "notes.txt")
    tab = open_tab(url=closed.url)
    tab.goto(at("vision", run, "metrics"))
    tab.get_by_label("Token").fill(secret)
    tab.get_by_role("button", name="Sign in").click()
    drawn(tab, 1)
    tab.get_by_role("link", name="Artifacts").click()
    with tab.expect_download() as saved:
        tab.get_by_role("link", name="Download").click()
    assert saved.value.path().read_text() == "kept"
