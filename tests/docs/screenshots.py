"""Pictures of all pages in both themes: `make screenshots` writes them to docs/screenshots/.

They show what `mbox demo` has recorded. They are PNGs of few colours, so that all together stay small.
"""

import base64
import shutil
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from urllib.parse import urlencode

import numpy as np
from playwright.sync_api import sync_playwright

from mbox_ops import Client
from mbox_ops.cli.demo.running import run_demo
from mbox_ops.demo.pictures import png
from mbox_ops.testing import live_server
from tests.ui.conftest import NAMES, OPTIONS

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
WIDTH, HEIGHT = 1280, 720
MOST_BYTES = 1_500_000  # of all together
COLORS, APART = 256, 12  # at most so many, and so far from each other in red, green and blue
# So that the run of the DAG shows its links; nobody follows them here.
ORCHESTRATORS = {"MBOX_ORCHESTRATORS": "airflow/default=https://airflow.example.com"}
_REDUCE = """async ([png, most, apart]) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height), pen = canvas.getContext("2d");
    pen.drawImage(bitmap, 0, 0);
    const pixels = new Uint32Array(pen.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer);
    const counts = new Map();
    for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
    const parts = (color) => [color & 255, (color >> 8) & 255, (color >> 16) & 255];
    const known = [], nearest = new Map();
    const closest = ([r, g, b]) => {
        let best = 0, least = Infinity;
        known.forEach(([x, y, z], at) => {
            const far = (r - x) ** 2 + (g - y) ** 2 + (b - z) ** 2;
            if (far < least) [best, least] = [at, far];
        });
        return [best, least];
    };
    for (const [color] of [...counts].sort((a, b) => b[1] - a[1])) {
        if (known.length < most && closest(parts(color))[1] > apart ** 2) known.push(parts(color));
    }
    for (const color of counts.keys()) nearest.set(color, closest(parts(color))[0]);
    const text = Array.from(pixels, (color) => String.fromCharCode(nearest.get(color))).join("");
    return [bitmap.width, bitmap.height, known.flat(), btoa(text)];
}"""


class Shown(NamedTuple):
    """Ids of what the pictures show.

    Attributes:
        runs: of the search for the best classifier, the best one first.
        dag_run: the run of the Airflow DAG.
        training: the run of the classifier that was trained further, with its files, checkpoints and curves.
        picture: one of its artifacts.
    """

    runs: list[str]
    dag_run: str
    training: str
    picture: str
    checkpoint: str
    model: str
    version: str
    deletion: str


def main(home: Path) -> int:
    """Run the demonstration in a folder, unless it has run there, and take the pictures of what it recorded.

    Returns:
        1 where the demonstration fails or the pictures are too large together.
    """
    if not (home / "service").exists() and run_demo(keep=False, home=home) != 0:
        return 1
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    with live_server(home=home / "service", environment=ORCHESTRATORS) as server:
        pages = pages_of(find(Client(server.url)))
        take(server.url, pages)
    size = sum(picture.stat().st_size for picture in FOLDER.glob("*.png"))
    sys.stderr.write(f"{2 * len(pages)} pictures, {size:,} bytes\n")
    return int(size > MOST_BYTES)


def find(client: Client) -> Shown:
    """What the demonstration has recorded."""
    (dag_run,) = client.runs.list(pipeline="train_and_track")
    (training,) = client.runs.list(pipeline="final_training")
    (model,) = client.models.list()
    return Shown(
        runs=[run.id for run in client.runs.list(pipeline="grid_search", sort="metrics.test/loss")],
        dag_run=dag_run.id,
        training=training.id,
        picture=next(one.id for one in client.artifacts.list(training) if one.path.endswith(".png")),
        checkpoint=training.checkpoints()[-1].id,
        model=model.id,
        version=next(iter(client.model_versions.list(model=model))).id,
        deletion=next(iter(client.deletions.list())).id,
    )


def take(url: str, pages: dict[str, str]) -> None:
    """Take all pictures."""
    with sync_playwright() as playwright:
        path = next(filter(None, map(shutil.which, NAMES)), None)
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        reducer = browser.new_page()
        for theme in ("light", "dark"):
            context = browser.new_context(
                base_url=url, color_scheme=theme, viewport={"width": WIDTH, "height": HEIGHT}, locale="en-GB"
            )
            tab = context.new_page()
            for name, address in pages.items():
                answer = tab.goto(address, wait_until="networkidle")
                assert answer is not None
                assert answer.ok, f"{address} answers {answer.status}."
                (FOLDER / f"{name}-{theme}.png").write_bytes(reduced(reducer, tab.screenshot()))
        browser.close()


def pages_of(shown: Shown) -> dict[str, str]:
    """The addresses of the pages by the names of their pictures."""
    training = f"/runs/{shown.training}"
    several = urlencode({"run": shown.runs[:6]}, doseq=True)
    columns = "status,collection,started_at,params.alpha,params.rate,metrics.test/accuracy,metrics.test/loss"
    found = urlencode({
        "scenario": "tumour-diagnosis", "filter": "metrics.test/accuracy > 0.9 AND params.alpha < 0.1",
        "columns": columns, "sort": "metrics.test/loss",
    })  # fmt: skip
    return {
        "sign-in": "/sign-in", "scenarios": "/scenarios?open=diabetes-progression&open=tumour-diagnosis",
        "runs": f"/runs?{found}", "runs-grouped": "/runs?group=params.alpha&metric=metrics.test/accuracy",
        "columns": f"/runs/columns?{found}", "views": "/views",
        "run": f"/runs/{shown.dag_run}", "run-metrics": f"{training}/metrics", "run-system": f"{training}/system",
        "run-events": f"{training}/events", "run-artifacts": f"{training}/artifacts?artifact={shown.picture}",
        "run-checkpoints": f"{training}/checkpoints?checkpoint={shown.checkpoint}", "run-raw": f"{training}/raw",
        "compare": f"/compare?{several}", "compare-curves": f"/compare?{several}&view=curves",
        "compare-runs": f"/compare?{several}&view=runs", "compare-parallel": f"/compare?{several}&view=parallel",
        "compare-field": f"/compare?{several}&view=scatter&field=params.alpha&logx=true",
        "delete": "/deletions/new?scenario=diabetes-progression&scenario=tumour-diagnosis", "deletions": "/deletions",
        "deletion": f"/deletions/{shown.deletion}", "audit": "/audit", "models": "/models",
        "model": f"/models/{shown.model}?version={shown.version}", "search-help": "/help/search",
    }  # fmt: skip


def reduced(page: Any, given: bytes) -> bytes:
    """A picture with its most frequent colours that can be told apart, and the nearest of these for the others."""
    asked = [base64.b64encode(given).decode("ascii"), COLORS, APART]
    width, height, palette, pixels = page.evaluate(_REDUCE, asked)
    rows = np.frombuffer(base64.b64decode(pixels), np.uint8).reshape(height, width)
    return png(np.array(palette, np.uint8).reshape(-1, 3), rows)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(main(Path(sys.argv[1])))
    with TemporaryDirectory(prefix="mbox-screenshots-") as folder:
        sys.exit(main(Path(folder)))
