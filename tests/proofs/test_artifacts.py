"""Files of any size go up and come down in constant memory, over lines that break at any byte, and past killed servers.

`MBOX_PROOF_BYTES` is the size of the large file, 300,000,000 if it is not given.
"""

import hashlib
import os
import random
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mbox_ops import Client
from mbox_ops.errors import Unavailable
from mbox_ops.testing import LiveServer, live_server
from tests.artifacts.conftest import s3_environment
from tests.proxy import Fate, proxy

__all__ = ["s3_environment"]

SIZE = int(os.environ.get("MBOX_PROOF_BYTES", 300_000_000))
pytestmark = [pytest.mark.proof, pytest.mark.timeout(300 + SIZE // 1_000_000)]

MIB = 1 << 20
MOST_GROWTH = 96 * MIB  # of the server: three threads with a part of 8 MiB, and what an object store is sent at once
MOST_CLIENT = 64 * MIB
SEED = int(os.environ.get("MBOX_PROOF_SEED", 20261121))

# Moves a file up or down in a process of its own; prints how long it took and the most memory beyond an idle client.
MOVE = """
import sys, time
from mbox_ops import Client

def peak():
    (line,) = [line for line in open("/proc/self/status") if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024

url, what, run_id, path = sys.argv[1:]
client = Client(url)
list(client.artifacts.list(run_id, limit=1))
idle = peak()
began = time.perf_counter()
if what == "up":
    client.artifacts.upload(run_id, path)
else:
    client.artifacts.download("large.bin", path, run=run_id)
print(time.perf_counter() - began, peak() - idle)
"""


@pytest.fixture(params=["folder", "s3"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LiveServer]:
    """A server that keeps bytes in a folder, or in S3."""
    if request.param == "folder":
        environment = {}
    else:
        environment = {**request.getfixturevalue("s3_environment"), "MBOX_ARTIFACT_URL": "s3://bucket/proof"}
    with live_server(home=tmp_path / "home", environment=environment) as running:
        yield running


def large(path: Path, size: int = SIZE) -> str:
    """Write a file of that size that cannot be compressed, and return its sha256."""
    digest = hashlib.sha256()
    dice = random.Random(SEED)
    with path.open("wb") as file:
        for start in range(0, size, 16 * MIB):
            piece = dice.randbytes(min(16 * MIB, size - start))
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def sha256(path: Path) -> str:
    """The hex digits of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def peak(pid: int) -> int:
    """The most memory that a process has had."""
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def move(server: LiveServer, what: str, run_id: str, path: Path) -> tuple[float, float]:
    """Seconds, and bytes of memory."""
    command = [sys.executable, "-c", MOVE, server.url, what, run_id, path]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + server.log_end()
    seconds, memory = map(float, done.stdout.split())
    return seconds, memory


def test_a_large_file_takes_constant_memory_at_both_ends(server: LiveServer, tmp_path: Path) -> None:
    """Up, up again without moving a byte, and down."""
    run = Client(server.url).runs.create()
    small, file = tmp_path / "small.bin", tmp_path / "large.bin"
    small.write_bytes(os.urandom(20 * MIB))
    digest = large(file)
    move(server, "up", run.id, small)
    assert server.pid is not None
    before = peak(server.pid)
    figures = {name: move(server, what, run.id, path) for name, what, path in (
        ("up", "up", file), ("up again", "up", file), ("down", "down", tmp_path / "back"),
    )}  # fmt: skip
    grown = peak(server.pid) - before
    assert sha256(tmp_path / "back" / "large.bin") == digest
    for name, (seconds, memory) in figures.items():
        print(f"{name}: {SIZE / seconds / 1e6:.0f} MB/s, client +{memory / MIB:.0f} MiB")  # noqa: T201
    print(f"server +{grown / MIB:.0f} MiB for {SIZE / 1e6:.0f} MB")  # noqa: T201
    assert max(memory for _, memory in figures.values()) < MOST_CLIENT
    assert grown < MOST_GROWTH
    if not list(server.home.glob("artifacts/*")):
        return
    kept = [path for path in server.home.glob("artifacts/*/*/*") if path.is_file()]
    assert sorted(path.stat().st_size for path in kept) == sorted([SIZE, 20 * MIB])  # no part is left


FATES: list[Fate] = [
    "truncate the request", "truncate the reply", "lose the reply", "lose the request", "repeat", "repeat later",
    "reset before", "reset after",
]  # fmt: skip


def test_a_line_that_breaks_at_any_byte_while_the_server_is_killed(tmp_path: Path) -> None:
    """Every third request meets with trouble, the server dies again and again; the files come back byte for byte."""
    dice = random.Random(SEED)
    with live_server(home=tmp_path / "home") as server, proxy(server.url) as line:
        line.cut = dice.random
        client = Client(server.url)
        run = client.runs.create()
        digests = {
            f"{number}.bin": large(tmp_path / f"{number}.bin", dice.randrange(24 * MIB)) for number in range(4)
        }  # fmt: skip
        line.methods = (b"PUT", b"POST /api/v1/uploads", b"GET /api/v1/artifacts")
        line.choose = lambda *_: dice.choice(FATES) if dice.random() < 1 / 3 else "pass"
        stop = threading.Event()
        kills = 0

        def kill() -> None:
            nonlocal kills
            while not stop.wait(random.uniform(2.0, 4.0)):
                server.kill()
                kills += 1
                server.start()

        killer = threading.Thread(target=kill)
        killer.start()
        try:
            broken = Client(line.url)
            for name in digests:
                upload_until_it_works(broken, run.id, tmp_path / name)
            for name in digests:
                download_until_it_works(broken, run.id, name, tmp_path / "back")
        finally:
            stop.set()
            killer.join()
        assert {path.name: sha256(path) for path in (tmp_path / "back").iterdir()} == digests
        listed = [(artifact.path, artifact.checksum) for artifact in client.artifacts.list(run)]
        assert listed == sorted((name, f"sha256:{digest}") for name, digest in digests.items())
        print(f"{kills} kills, {dict(line.seen)}")  # noqa: T201
        assert line.lost > 5


def upload_until_it_works(client: Client, run_id: str, file: Path) -> None:
    """The record itself goes by the ordinary batch, which a killed server may leave in doubt: it is asked for first."""
    for _ in range(20):
        try:
            if file.name in [artifact.path for artifact in client.artifacts.list(run_id)]:
                return
            client.artifacts.upload(run_id, file)
        except Unavailable:
            time.sleep(0.5)


def download_until_it_works(client: Client, run_id: str, name: str, folder: Path) -> None:
    """A server that is killed while it is asked for the record is asked again."""
    for _ in range(20):
        try:
            client.artifacts.download(name, folder, run=run_id)
        except Unavailable:
            time.sleep(0.5)
        else:
            return
