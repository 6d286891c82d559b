"""Whatever path is given at whichever door, nothing is opened outside the store or the folder that was chosen.

The processes run with an audit hook that notes what they open, list or change, where links lead.
"""

import base64
import hashlib
import http.client
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from mbox_ops.testing import LiveServer, live_server
from tests.artifacts.path_corpus import OVERLONG, labels
from tests.artifacts.watching import ROOT, strays, touched, watched
from tests.server.asking import ask

SECRET = "for nobody's eyes"
DATA = b"what was uploaded"
CHECKSUM = f"sha256:{hashlib.sha256(DATA).hexdigest()}"
OCTETS = {"Content-Type": "application/octet-stream"}
STORED = re.compile(
    r"artifacts(/[0-9a-f]{2}(/[0-9a-f]{2}(/[0-9a-f]{64}\.[0-9a-f]{16})?)?|/parts(/[0-9a-f-]{36}(/\d{8})?)?|/tmp(/[0-9a-f]{32})?)?"
)
TARGETS = (
    "/{}", "/static/{}", "/schema/{}", "/api/v1/uploads/{}", "/api/v1/artifacts/{}", "/api/v1/artifacts/{}/content",
    "/api/v1/runs/{}/artifacts", "/api/v1/artifacts?prefix={}",
)  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder to choose from, one to download to, and one outside of both, with links to it in both."""
    for name in ("outside", "chosen/deep", "to", "to-by-cli", "user", "spool"):
        (tmp_path / name).mkdir(parents=True)
    precious = tmp_path / "outside" / "precious"
    precious.write_text(SECRET)
    (tmp_path / "user" / ".profile").write_text(SECRET)
    (tmp_path / "chosen" / "plain.txt").write_text("plain")
    (tmp_path / "chosen" / "deep" / "link").symlink_to(precious)
    (tmp_path / "chosen" / "%2e%2e").mkdir()
    (tmp_path / "chosen" / "%2e%2e" / "folder").symlink_to("../../outside")
    for to in ("to", "to-by-cli"):
        (tmp_path / to / "out").symlink_to(tmp_path / "outside")
        (tmp_path / to / "file").symlink_to(precious)
        (tmp_path / to / "dangling").symlink_to(tmp_path / "outside" / "new")
    return tmp_path


@pytest.fixture
def server(folder: Path) -> Iterator[LiveServer]:
    """A watched server; the notes are in `server.touched`."""
    with live_server(home=folder / "home", environment=watched(folder / "server.touched")) as running:
        yield running


def test_no_door_opens_a_path_that_a_caller_gave(server: LiveServer, folder: Path) -> None:
    """REST, the SDK and `mbox`: uploads, downloads, walks of folders, references, and spools."""
    precious = folder / "outside" / "precious"
    run_id = record(server, [*labels(precious), "out/a", "out/precious", "file", "dangling", "good/model.bin"])
    knock(server, precious)
    told = take(server, folder, run_id)
    server.stop()
    of_server, of_client = touched(folder / "server.touched"), touched(folder / "client.touched")
    assert strays(of_server, [folder / "home"]) == []
    allowed = ["chosen", "to", "to-by-cli", "spool"]
    assert strays(of_client, [folder / name for name in allowed]) == []
    assert [each for each in of_client if each.changes and each.path.startswith(str(folder / "chosen"))] == []
    below = {os.path.relpath(each.path, folder / "home") for each in of_server if each.path.startswith(str(folder))}
    assert [name for name in sorted(below) if name.startswith("artifacts") and not STORED.fullmatch(name)] == []
    assert any(name.startswith("artifacts/") for name in below)
    assert {path.name: path.read_text() for path in (folder / "outside").iterdir()} == {"precious": SECRET}
    assert (folder / "to" / "good" / "model.bin").read_bytes() == DATA
    assert (told["upload: taken"], told["upload: refused"]) == (1, 2)
    assert min(told.values()) > 0


def test_an_archive_of_such_paths_is_written_and_read_without_opening_one(server: LiveServer, folder: Path) -> None:
    """They are labels there, too: in the database, and in the store under names of our own."""
    precious = folder / "outside" / "precious"
    record(server, labels(precious))
    server.stop()
    archive, log = folder / "chosen" / "s.archive", folder / "moving.touched"
    mbox("scenarios", "export", "s", "--to", archive, home=folder / "home", log=log)
    mbox("import", archive, home=folder / "user" / "home", log=log)
    inside = [folder / "home", folder / "user" / "home", archive, archive.with_name(f"{archive.name}.partial")]
    assert strays(touched(log), inside) == []
    assert {path.name: path.read_text() for path in (folder / "outside").iterdir()} == {"precious": SECRET}
    (blob,) = (folder / "user" / "home" / "artifacts").glob("??/??/*")
    assert blob.read_bytes() == DATA


def mbox(*words: object, home: Path, log: Path) -> None:
    """Run the command, watched."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MBOX_")}
    more = {"MBOX_HOME": str(home), "HOME": str(home.parent)}
    done = subprocess.run(
        [sys.executable, "-c", "from mbox_ops.cli import main; main()", *map(str, words)],
        env=kept | more | watched(log), cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def record(server: LiveServer, paths: list[str]) -> str:
    """Upload a content and list it under every path that is taken as one; the run's id."""
    upload = ask(server.url, "POST", "/api/v1/uploads", {"checksum": CHECKSUM, "size": len(DATA)}).data
    ask(server.url, "PUT", f"/api/v1/uploads/{upload['id']}?offset=0", DATA, headers=OCTETS)
    assert ask(server.url, "POST", "/api/v1/uploads", {"checksum": CHECKSUM, "size": len(DATA)}).data["complete"]
    opened = ask(server.url, "POST", "/api/v1/batches", {"key": "paths", "open": {"scenario": "s"}}).data
    for path in paths:
        for more in ({"kind": "uploaded", "checksum": CHECKSUM}, {"uri": path}, {"uri": f"file://{path}"}):
            body = {"key": "paths", "artifacts": [{"path": path, **more}]}
            assert ask(server.url, "POST", "/api/v1/batches", body).status in {200, 422}, path
    return str(opened["run_id"])


def knock(server: LiveServer, precious: Path) -> None:
    """Give every path where an id, a checksum, a key, a cursor or a name belongs."""
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    connection._validate_path = lambda url: None  # type: ignore[attr-defined,method-assign]  # the server has to bear it
    texts = [text.encode("utf-8", "surrogatepass") for text in labels(precious)] + OVERLONG
    for text in texts:
        raw = text.decode("latin-1") if re.fullmatch(rb"[!-~]+", text) and b"#" not in text else quote(text, safe="")
        for written in {raw, quote(text, safe="")}:
            for target in TARGETS:
                connection.request("GET", target.format(written))
                answer = connection.getresponse()
                assert SECRET.encode() not in answer.read()
                assert answer.status < 500, (target, written)
    connection.close()
    for text in labels(precious):
        cursor = base64.urlsafe_b64encode(text.encode()).decode()
        for body in ({"checksum": text, "size": 1}, {"checksum": f"sha256:{text}", "size": 1}):
            assert ask(server.url, "POST", "/api/v1/uploads", body).status == 422
        part = f"/api/v1/uploads/{quote(text, safe='')}?offset=0"
        assert 400 <= ask(server.url, "PUT", part, b"x", headers=OCTETS).status < 500
        assert ask(server.url, "GET", f"/api/v1/runs?cursor={cursor}").status == 422


def take(server: LiveServer, folder: Path, run_id: str) -> dict[str, int]:
    """Have the SDK and the CLI take them; how often that was refused."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MBOX_")}
    more = {"MBOX_SPOOL_DIR": str(folder / "spool"), "HOME": str(folder / "user")}
    done = subprocess.run(
        [sys.executable, "-m", "tests.artifacts.path_taker", server.url, folder, run_id],
        env=kept | more | watched(folder / "client.touched"), cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told: dict[str, int] = json.loads(done.stdout.splitlines()[-1])
    return told
