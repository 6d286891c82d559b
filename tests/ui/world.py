"""A namespace with something on every page, and the addresses of all pages with it."""

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

from mbox_ops import Client
from mbox_ops.server.ui.sitemap import PAGES
from mbox_ops.testing import LiveServer
from mbox_ops.wire.encodings import NAMESPACE_HEADER
from tests.server.asking import ask
from tests.ui.test_signing_in import csrf, post

NO_PAGES = {"/artifacts/{artifact_id}/content", "/artifacts/{artifact_id}/picture", "/compare.csv"}
LEADING_ON = {"/", "/runs/filter", "/views/{view}", "/from/airflow"}  # they answer with another page's address
Text = Callable[[str, int], str]


class World(NamedTuple):
    """What was made.

    Attributes:
        paths: addresses of every page.
        csv: the address of the comparison as a file.
    """

    namespace: str
    runs: list[str]
    paths: list[str]
    csv: str


def build(server: LiveServer, namespace: str, texts: Sequence[Text]) -> World:
    """Runs, a model, a view and deletions for each of the texts.

    Args:
        texts: each gives the text of a field by its name and the most characters that it may have.
    """
    client = Client(url=server.url, namespace=namespace)
    runs = [_run(server, namespace, number, text) for number, text in enumerate(texts)]
    models = [_model(client, run, text) for run, text in zip(runs, texts, strict=True)]
    deletions = [_deletion(server, namespace, client, text) for text in texts]
    _save_views(server, namespace, [text("view", 256) for text in texts])
    scenario = client.runs.get(runs[0]).scenario
    paths = _paths(client, runs, models, deletions, str(scenario))
    return World(
        namespace, runs, [_in(path, namespace) for path in paths], _in(f"/compare.csv?{_runs(runs)}", namespace)
    )


def missing(world: World) -> list[str]:
    """The pages that none of the addresses shows."""
    shown = [path.partition("?")[0] for path in world.paths]
    patterns = [page.path for page in PAGES if page.method == "GET" and page.path not in NO_PAGES | LEADING_ON]
    return [one for one in patterns if not any(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", one), path) for path in shown)]


def _paths(client: Client, runs: list[str], models: list[str], deletions: list[str], scenario: str) -> list[str]:
    several = _runs(runs)
    last, checkpoint = runs[-1], next(iter(client.checkpoints.list(runs[-1]))).id
    artifact = next(iter(client.artifacts.list(last))).id
    version = next(iter(client.model_versions.list(model=models[-1]))).id
    named = urlencode({"scenario": scenario})
    fields = urlencode({"columns": ",".join(["status", *_fields(client)])})
    return [
        "/sign-in?next=%2Fruns", f"/scenarios?{urlencode({'open': scenario})}", "/runs",
        f"/runs?{named}&group=collection", f"/runs?{fields}",
        "/runs?filter=status+%3D", "/runs?group=name&metric=metrics.loss", "/runs/columns",
        "/views",
        *(f"/runs/{run}" for run in runs), f"/runs/{last}/metrics", f"/runs/{last}/system", f"/runs/{last}/events",
        f"/runs/{last}/artifacts?artifact={artifact}", f"/runs/{last}/raw",
        f"/runs/{last}/checkpoints?checkpoint={checkpoint}",
        "/compare", f"/compare?{several}",
        *(f"/compare?{several}&view={view}" for view in ("curves", "runs", "parallel")),
        f"/compare?{several}&view=scatter&field=params.lr", f"/compare?{several}&run=nobody",
        f"/deletions/new?{named}", "/deletions/new", "/deletions/new?run=nobody", f"/deletions/new?{several}",
        "/deletions", *(f"/deletions/{one}" for one in deletions[-1:]), "/audit",
        "/models", f"/models/{models[-1]}?version={version}", "/help/search", "/nothing/there",
    ]  # fmt: skip


def _fields(client: Client) -> list[str]:
    """The names of fields that runs have, as the language writes them."""
    return [known.field for kind in ("parameter", "metric") for known in client.fields.list(kind=kind, limit=10)]


def _runs(runs: list[str]) -> str:
    return urlencode({"run": runs}, doseq=True)


def _in(path: str, namespace: str) -> str:
    return f"{path}{'&' if '?' in path else '?'}namespace={quote(namespace)}"


def _run(server: LiveServer, namespace: str, number: int, text: Text) -> str:
    """A run with something on each of its pages."""
    second = 1_000_000
    began = 1_700_000_000 * second
    points = [
        {"names": [name], "steps": [0, 1, 2], "wallclocks": [began, began + second, began + 2 * second],
         "values": [number + 1.5, "NaN", 0.25 * number]}
        for name in ("loss", f"train/{_printable(text('metric', 200))}", "system/cpu_percent")
    ]  # fmt: skip
    points.append({"names": [_printable(text("verdict", 256))], "kind": "string", "values": [text("value", 5_000)]})
    body = {
        "open": {
            "scenario": text("scenario", 256), "name": text("name", 256), "owner": text("owner", 256),
            "collection": text("collection", 256), "execution": text("execution", 256),
            "source": {"kind": "pipeline", "name": text("pipeline", 256)},
        },
        "state": "FINISHED",
        "parameters": {text("parameter", 256): text("parameter value", 5_000), "lr": 0.1 * number},
        "tags": {text("tag", 256): text("tag value", 256)},
        "labels": {text("label", 256): {"format_string": text("format", 200)}},
        "metadata": [{"op": "merge", "document": {
            text("key", 256): text("string", 5_000), "nested": {text("inner", 200): [text("element", 1_000), number]},
        }}],
        "points": points,
        "events": [
            {"name": f"{text('event', 200)}{end}", "source": text("source", 256), "wallclock": began + place * second,
             "metadata": {text("event key", 256): text("event text", 5_000)}}
            for place, end in enumerate(("_started", "_finished", ""))
        ],
        "artifacts": [{"path": text("path", 250), "uri": f"s3://bucket/{quote(text('uri', 300))}"[:2_000], "size": 12}],
    }  # fmt: skip
    return str(_sent(server, namespace, body)["run_id"])


def _model(client: Client, run: str, text: Text) -> str:
    """A model with a version that came from a checkpoint."""
    checkpoint = client.checkpoints.create(run, 3, {"loss": 0.25}, metadata={"note": text("note", 5_000)})
    model = client.models.create(
        text("model", 256), owner=text("owner", 256), task=text("task", 256), description=text("description", 5_000),
        metadata={text("key", 256): text("string", 5_000)},
    )  # fmt: skip
    client.model_versions.create(
        model, text("version", 256), name=text("version name", 256), description=text("description", 5_000),
        unique_tags=[text("unique tag", 256)], checkpoint=checkpoint,
    )  # fmt: skip
    return model.id


def _deletion(server: LiveServer, namespace: str, client: Client, text: Text) -> str:
    """A deletion that tells of a pipeline and a filter."""
    name = text("gone", 256)
    _sent(
        server, namespace, {"open": {"scenario": name, "source": {"kind": "pipeline", "name": name}}, "state": "FAILED"}
    )
    return client.deletions.create(scenario=name, filter="status = 'FAILED'").id


def _save_views(server: LiveServer, namespace: str, names: list[str]) -> None:
    cookie, field = csrf(server, f"/views?namespace={namespace}")
    for name in names:
        form = urlencode({"name": name, "query": "sort=-name"})
        answer = post(server, f"/views?namespace={namespace}", f"{form}&{field}", cookie=cookie)
        assert answer.status == 303, answer.body


def _sent(server: LiveServer, namespace: str, body: dict[str, Any]) -> Any:
    answer = ask(server.url, "POST", "/api/v1/batches", body, headers={NAMESPACE_HEADER: namespace})
    assert answer.status == 200, answer.data
    return answer.data


def _printable(text: str) -> str:
    """What names of metrics may hold."""
    return "".join(letter for letter in text if letter.isprintable())
