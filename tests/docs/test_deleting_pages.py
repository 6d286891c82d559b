"""The snippets of the pages on deleting run, as they stand and in their order; and the routes are in the reference."""

import re
import sys
from pathlib import Path

import pytest

from mbox_ops.server.operations import OPERATIONS
from mbox_ops.testing import live_server
from tests.docs.test_how_to import run

ROOT = Path(__file__).resolve().parents[2]
HOW_TO = ROOT / "docs" / "how-to"


def snippets(page: str, kind: str) -> str:
    """All code blocks of a kind on a page, as one text."""
    found = re.findall(rf"^```{kind}\n(.*?)^```", (HOW_TO / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return "\n".join(found)


@pytest.mark.timeout(300)  # it starts a dozen processes
def test_deleting_safely_works_as_the_page_says(tmp_path: Path) -> None:
    """Preview, stale, cap, undo, twins, purge, audit."""
    with live_server() as server:
        script = tmp_path / "delete.py"
        script.write_text(snippets("deleting-safely.md", "python"), "utf-8")
        printed = run([sys.executable, str(script)], tmp_path, server.url)
        for part in (
            "2 runs, 2 points", "Look again: {'runs': 3", "UNDONE 3 runs are back", "nightly-1 is taken",
            "['nightly-1', 'nightly-1 (before)']", "PURG", "purge_requested by loopback",
        ):  # fmt: skip
            assert part in printed
        shell = snippets("deleting-safely.md", "sh").replace("compact", f"compact --database-url {server.database_url}")
        printed = run(["bash", "-euxc", shell], tmp_path, server.url)
        for part in ("This would be deleted", "purges 1 deletions now", "purge_requested", '"bytes"'):
            assert part in printed


@pytest.mark.timeout(300)
def test_retention_works_as_the_page_says(tmp_path: Path) -> None:
    """Report, protection, deletion, undo, schedule."""
    with live_server() as server:
        script = tmp_path / "clean.py"
        script.write_text(snippets("retention.md", "python"), "utf-8")
        printed = run([sys.executable, str(script)], tmp_path, server.url)
        assert "3 would go; {'best': 1, 'last': 2} stay" in printed
        assert "['run 0', 'run 1', 'run 4', 'run 5']" in printed
        printed = run(["bash", "-euxc", snippets("retention.md", "sh")], tmp_path, server.url)
        for part in ("nothing has changed", "**0 runs would go.**", '"state": "TOMBSTONED"'):
            assert part in printed


def test_the_routes_of_deletions_are_in_the_reference() -> None:
    """Method and path, and no others."""
    text = (ROOT / "docs" / "reference" / "service.md").read_text("utf-8")
    told = set(re.findall(r"`(GET|POST) (/api/v1/(?:deletions|cleanup|audit)[^`]*)`", text))
    assert told == {(op.method, op.path) for op in OPERATIONS if op.fn.__module__.endswith("rest.deletions")}
