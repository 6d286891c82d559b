"""axe-core finds nothing serious or critical on any page, in the light theme and in the dark one."""

from pathlib import Path
from typing import Any

import pytest

from mbox_ops.testing import LiveServer
from tests.ui.conftest import Watch
from tests.ui.world import World, build, missing

AXE = Path(__file__).parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RUN = """async (options) => {
    const found = await axe.run(document, { resultTypes: ["violations"], preload: false, ...options });
    const told = (node) => `${node.html} ${node.any.map((any) => any.message)}`;
    return found.violations.filter((one) => ["serious", "critical"].includes(one.impact))
        .map((one) => `${one.id}: ${one.nodes.map(told).join(" | ")}`);
}"""


@pytest.fixture(scope="module")
def world(server: LiveServer) -> World:
    """Three runs with names as people give them, and all that goes with them."""
    return build(
        server, "accessible",
        [lambda field, most, number=number: f"{field} {number}"[:most] for number in "abc"],  # type: ignore[misc]  # one default
    )  # fmt: skip


def test_every_page_is_looked_at(world: World) -> None:
    """A page that is added has to be added here."""
    assert missing(world) == []


def test_nothing_serious_is_found_in_either_theme(open_tab: Any, watch: Watch, world: World) -> None:
    """All rules in the light theme; in the dark one those about colours; also of what is folded."""
    assert AXE.exists(), "axe-core is missing: make assets"
    for status in ("404", "422"):
        watch.expect(status)
    source, tab, found = AXE.read_text("utf-8"), open_tab(reduced_motion="reduce"), {}
    for path in world.paths:
        tab.emulate_media(color_scheme="light")
        tab.goto(path)
        _drawn(tab)
        tab.evaluate("document.querySelectorAll('details:not(.menu)').forEach((one) => { one.open = true; })")
        tab.evaluate(source)
        problems = tab.evaluate(RUN, {})
        tab.emulate_media(color_scheme="dark")
        dark = {"runOnly": ["color-contrast", "link-in-text-block"]}
        problems += [f"dark: {one}" for one in tab.evaluate(RUN, dark)]
        if problems:
            found[path] = problems
    assert found == {}


def _drawn(tab: Any) -> None:
    """Wait until the charts are there, if there are any."""
    if tab.locator("figure[data-chart]").count():
        tab.locator("figure[data-chart][aria-busy=false]").first.wait_for()
        tab.wait_for_function("!document.querySelector('figure[aria-busy=true]')")
