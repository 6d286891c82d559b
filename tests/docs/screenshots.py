"""Pictures of all pages in both themes: `make screenshots` writes them to docs/screenshots/.

They are PNGs of at most 256 colours, so that all together stay small.
"""

import base64
import shutil
import struct
import sys
import zlib
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from playwright.sync_api import sync_playwright

from mbox_ops.testing import live_server
from tests.docs.screenshot_data import Shown, make
from tests.ui.conftest import NAMES, OPTIONS

FOLDER = Path(__file__).resolve().parents[2] / "docs" / "screenshots"
WIDTH, HEIGHT = 1280, 720
MOST_BYTES = 1_500_000  # of all together
_REDUCE = """async (png) => {
    const bitmap = await createImageBitmap(await (await fetch(`data:image/png;base64,${png}`)).blob());
    const canvas = new OffscreenCanvas(bitmap.width, bitmap.height), pen = canvas.getContext("2d");
    pen.drawImage(bitmap, 0, 0);
    const pixels = new Uint32Array(pen.getImageData(0, 0, bitmap.width, bitmap.height).data.buffer);
    const counts = new Map();
    for (const pixel of pixels) counts.set(pixel, (counts.get(pixel) ?? 0) + 1);
    const palette = [...counts].sort((a, b) => b[1] - a[1]).slice(0, 256).map(([color]) => color);
    const parts = (color) => [color & 255, (color >> 8) & 255, (color >> 16) & 255];
    const known = palette.map(parts), nearest = new Map();
    for (const color of counts.keys()) {
        const [r, g, b] = parts(color);
        let best = 0, least = Infinity;
        known.forEach(([x, y, z], at) => {
            const far = (r - x) ** 2 + (g - y) ** 2 + (b - z) ** 2;
            if (far < least) [best, least] = [at, far];
        });
        nearest.set(color, best);
    }
    const text = Array.from(pixels, (color) => String.fromCharCode(nearest.get(color))).join("");
    return [bitmap.width, bitmap.height, known.flat(), btoa(text)];
}"""


def main() -> int:
    """Make the data, take the pictures; 1 where they are too large together."""
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir()
    with live_server() as server, sync_playwright() as playwright:
        pages = pages_of(make(server.url))
        path = next(filter(None, map(shutil.which, NAMES)), None)
        browser = playwright.chromium.launch(executable_path=path, args=OPTIONS)
        reducer = browser.new_page()
        _save_view(browser.new_page(base_url=server.url), pages["runs"])
        for theme in ("light", "dark"):
            context = browser.new_context(
                base_url=server.url, color_scheme=theme, viewport={"width": WIDTH, "height": HEIGHT}, locale="en-GB"
            )
            tab = context.new_page()
            for name, address in pages.items():
                tab.goto(address, wait_until="networkidle")
                (FOLDER / f"{name}-{theme}.png").write_bytes(reduced(reducer, tab.screenshot()))
        browser.close()
    size = sum(picture.stat().st_size for picture in FOLDER.glob("*.png"))
    sys.stderr.write(f"{2 * len(pages)} pictures, {size:,} bytes\n")
    return int(size > MOST_BYTES)


def _save_view(tab: Any, address: str) -> None:
    """Give the table of runs a name."""
    tab.goto(address)
    tab.locator("#views-menu > summary").click()
    tab.locator("#view-name").fill("accurate and little regularised")
    tab.get_by_role("button", name="Save this view").click()
    tab.get_by_role("status").wait_for()
    tab.close()


def pages_of(shown: Shown) -> dict[str, str]:
    """The addresses of the pages by the names of their pictures."""
    best = f"/runs/{shown.runs[-1]}"
    several = urlencode({"run": shown.runs[1::2]}, doseq=True)
    found = urlencode({"scenario": "tumour-diagnosis", "filter": "metrics.test/accuracy > 0.9 AND params.alpha < 0.1"})
    return {
        "sign-in": "/sign-in", "scenarios": "/scenarios?open=tumour-diagnosis", "runs": f"/runs?{found}",
        "runs-grouped": "/runs?group=params.alpha&metric=metrics.test/accuracy", "columns": "/runs/columns",
        "views": "/views",
        "run": best, "run-metrics": f"{best}/metrics", "run-system": f"{best}/system", "run-events": f"{best}/events",
        "run-artifacts": f"{best}/artifacts", "run-checkpoints": f"{best}/checkpoints", "run-raw": f"{best}/raw",
        "compare": f"/compare?{several}", "compare-curves": f"/compare?{several}&view=curves",
        "compare-runs": f"/compare?{several}&view=runs", "compare-parallel": f"/compare?{several}&view=parallel",
        "compare-field": f"/compare?{several}&view=scatter&field=params.alpha&logx=true",
        "delete": "/deletions/new?scenario=diabetes-progression&scenario=tumour-diagnosis", "deletions": "/deletions",
        "deletion": f"/deletions/{shown.deletion}", "audit": "/audit", "models": "/models",
        "model": f"/models/{shown.model}?version={shown.version}", "search-help": "/help/search",
    }  # fmt: skip


def reduced(page: Any, png: bytes) -> bytes:
    """A picture with its 256 most frequent colours, and the nearest of these for the others."""
    width, height, palette, pixels = page.evaluate(_REDUCE, base64.b64encode(png).decode("ascii"))
    rows = base64.b64decode(pixels)
    lines = b"".join(b"\0" + rows[at : at + width] for at in range(0, width * height, width))
    header = struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)
    parts = ((b"IHDR", header), (b"PLTE", bytes(palette)), (b"IDAT", zlib.compress(lines, 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in parts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


if __name__ == "__main__":
    sys.exit(main())
