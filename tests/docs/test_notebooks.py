"""The notebooks of the documentation run from their first cell to their last, and show nothing that acts."""

import re
from pathlib import Path

import nbformat
import pytest

from mbox_ops.testing import live_server
from tests.docs.notebooks import NOTEBOOKS, VERSION, executed, pieces

ACTS = re.compile(r"<script|javascript:|\son\w+\s*=|<iframe|<object|<embed|<link|@import|url\(|<img", re.IGNORECASE)

pytestmark = pytest.mark.timeout(400)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
@pytest.mark.filterwarnings("ignore:Proactor event loop:RuntimeWarning")
def test_a_notebook_runs_and_shows_what_is_kept_of_it(path: Path, tmp_path: Path) -> None:
    """A fresh kernel, a fresh service: no cell fails or complains, and what is shown is HTML without scripts."""
    with live_server() as server:
        now = executed(path, server.url, tmp_path)
    kept = nbformat.read(path, VERSION)
    for notebook in (now, kept):
        shown = list(pieces(notebook))
        assert len(shown) >= 5
        assert [found.group() for found in map(ACTS.search, shown) if found] == []
        assert "".join(shown).count("<svg") >= 3
    kinds = [[[o.output_type, *sorted(o.get("data", {}))] for o in cell.get("outputs", [])] for cell in now.cells]
    assert kinds == [[[o.output_type, *sorted(o.get("data", {}))] for o in c.get("outputs", [])] for c in kept.cells]
    assert "stream" not in str(kinds)


def test_a_kept_notebook_says_nothing_of_the_machine_it_ran_on() -> None:
    """No folder of anybody's machine is in it, and it is small."""
    for path in NOTEBOOKS:
        text = path.read_text("utf-8")
        assert not re.search(r"/(home|work|root|tmp|Users)/", text)
        assert len(text) < 100_000
