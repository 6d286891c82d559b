"""What pages load."""

import gzip
import re

import pytest

from mbox_ops.server.ui.static_files import FOLDER, static, static_files
from mbox_ops.testing import LiveServer
from tests.server.asking import ask


def served(server: LiveServer) -> str:
    """The version of the files that a server's pages name."""
    found = re.search(rb"/static/(\w+)/css/base.css", ask(server.url, "GET", "/sign-in").body)
    assert found is not None
    return found[1].decode()


def test_a_file_is_kept_for_ever_under_its_versions_address(closed: LiveServer) -> None:
    """Also by who is not signed in: the form needs it. With the right type, and compressed."""
    answer = ask(closed.url, "GET", f"/static/{served(closed)}/css/base.css", headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-type"] == "text/css; charset=utf-8"
    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert gzip.decompress(answer.body) == (FOLDER / "css" / "base.css").read_bytes()
    module = ask(closed.url, "GET", f"/static/{served(closed)}/js/page.js")
    assert module.headers["content-type"] == "text/javascript; charset=utf-8"
    assert module.body == (FOLDER / "js" / "page.js").read_bytes()


def test_under_another_versions_address_it_is_asked_for_again(closed: LiveServer) -> None:
    """A page that was loaded before an upgrade works on, and nothing old is kept."""
    answer = ask(closed.url, "GET", "/static/0123456789ab/css/base.css")
    assert (answer.status, answer.headers["cache-control"]) == (200, "no-cache")


@pytest.mark.parametrize(
    "path", ["", "/", "/css", "/css/", "/../pages.py", "/..%2fpages.py", "/css/nothing.css", "//etc/passwd", "/%00"]
)
def test_nothing_else_is_there(closed: LiveServer, path: str) -> None:
    """Files are looked up in a list, so no path leads out of the folder."""
    assert ask(closed.url, "GET", f"/static/{served(closed)}{path}").status == 404


def test_every_type_that_lies_there_is_served() -> None:
    """Or it would be missing without a word."""
    there = {path.relative_to(FOLDER).as_posix() for path in FOLDER.rglob("*") if path.is_file()}
    others = {name for name in there - set(static_files()) if not name.startswith("vendor/")}
    assert others == set()
    with pytest.raises(KeyError):
        static("css/nothing.css")
