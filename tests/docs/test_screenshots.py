"""The pictures of the pages are there, of every page, and small."""

import re
from urllib.parse import urlsplit

import pytest

from mbox_ops.server.ui.sitemap import PAGES

pytest.importorskip("playwright", reason="playwright is not installed: make install")
pytest.importorskip("sklearn", reason="scikit-learn is not installed: make install")

from tests.docs.screenshots import FOLDER, MOST_BYTES, Shown, pages_of
from tests.ui.world import LEADING_ON, NO_PAGES

SHOWN = pages_of(Shown(["a", "b"], "dag_run", "training", "picture", "checkpoint", "model", "version", "deletion"))


def test_each_page_has_its_pictures() -> None:
    """In both themes; `make screenshots` takes them."""
    assert sorted(path.name for path in FOLDER.iterdir()) == sorted(
        f"{name}-{theme}.png" for name in SHOWN for theme in ("dark", "light")
    )
    paths = [urlsplit(address).path for address in SHOWN.values()]
    pages = [page.path for page in PAGES if page.method == "GET" and page.path not in NO_PAGES | LEADING_ON]
    assert [
        page for page in pages if not any(re.fullmatch(re.sub(r"\{\w+\}", "[^/]+", page), at) for at in paths)
    ] == []


def test_they_are_small() -> None:
    """They are fetched with the repository."""
    assert sum(path.stat().st_size for path in FOLDER.iterdir()) <= MOST_BYTES
