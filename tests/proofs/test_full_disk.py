"""Disks that are really full, under the server and under the client's spool: small file systems, mounted for it."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from mbox_ops.client.recorder import Recorder
from mbox_ops.client.stream import Stream
from mbox_ops.client.tuning import Tuning
from mbox_ops.entities.ids import uuid7
from mbox_ops.errors import StorageFull
from mbox_ops.settings import ClientSettings
from mbox_ops.testing import LiveServer, free_port, live_server
from tests.client.seen import opened, points, run_of
from tests.contract.doors import HttpDoor
from tests.proofs.faults.serving import Writing, checked

pytestmark = [pytest.mark.proof, pytest.mark.timeout(300)]

SMALL, LARGE = 6, 64  # MiB
MOST_BALLAST = 512 << 20
ROWS = 10_000  # points of a batch
PATIENT = 60


class Disk:
    """A small file system: one of its own, or what is left of one that is small already."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._ballast: Path | None = None
        folder.mkdir()
        command = ["mount", "-t", "tmpfs", "-o", f"size={SMALL}m", "none", folder]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0 and not self._take_what_is_left():
            folder.rmdir()
            pytest.skip(f"No small file system can be had here: {done.stderr.strip()}")

    def _take_what_is_left(self) -> bool:
        """Fill a small file system of this machine up, but for some room."""
        shared = Path("/dev/shm")
        if not shared.is_dir() or not os.access(shared, os.W_OK):
            return False
        room = shutil.disk_usage(shared).free - (SMALL << 20)
        if not 0 < room <= MOST_BALLAST:
            return False
        self.folder = Path(tempfile.mkdtemp(dir=shared))
        self._ballast = self.folder / "ballast"
        with self._ballast.open("wb") as file:
            os.posix_fallocate(file.fileno(), 0, room)
        return True

    def grow(self) -> None:
        """Have more room."""
        if self._ballast is None:
            subprocess.run(["mount", "-o", f"remount,size={LARGE}m", self.folder], check=True)
        else:
            self._ballast.unlink()

    def remove(self) -> None:
        """Be gone."""
        if self._ballast is None:
            subprocess.run(["umount", "--lazy", self.folder], check=False, capture_output=True)
        else:
            shutil.rmtree(self.folder)


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    """A small one."""
    made = Disk(tmp_path / "disk")
    yield made
    made.remove()


def fill(server: LiveServer, door: HttpDoor, *, until: float = 30) -> list[Writing]:
    """Write until the disk is full; the last run has points that nobody has looked at."""
    end, writings = time.monotonic() + until, [Writing(None, ROWS)]
    while time.monotonic() < end:
        writing = writings[-1]
        try:
            door.write(writing.batch(writing.acknowledged + 1))
        except StorageFull:
            return writings
        writing.acknowledged += 1
        if writing.acknowledged == 3:
            writings.append(Writing(None, ROWS))
    raise AssertionError(f"The disk of {server.database_url} is never full.")


def reads(server: LiveServer, door: HttpDoor, writings: list[Writing]) -> None:
    """All that was acknowledged is read, summaries of what was not yet folded included."""
    for writing in writings:
        if writing.acknowledged:
            count = writing.acknowledged * ROWS
            assert [(one.name, one.count) for one in door.metrics(writing.run_id)] == [("loss", count)]
            assert len(points(server.url, writing.run_id)) == count
            assert door.run(writing.run_id).metrics["loss"].count == count
    shown = {run.id: run.metrics["loss"].count for run in door.runs(limit=100).items}
    assert shown == {writing.run_id: writing.acknowledged * ROWS for writing in writings if writing.acknowledged}
    for probe in ("healthz", "readyz"):
        assert door.api.call("GET", f"/../../{probe}", result=dict[str, str])["status"] in {"ok", "ready"}


def log_much(stream: Stream, step: int) -> None:
    """Some 60 KB of text."""
    for number in range(12):
        stream.log(f"text {number}", os.urandom(2_500).hex(), step)


def takes(door: HttpDoor, writing: Writing) -> bool:
    """Whether the server takes writes again, by itself, within a time."""
    end = time.monotonic() + PATIENT
    while time.monotonic() < end:
        try:
            door.write(writing.batch(writing.acknowledged + 1))
        except StorageFull:
            time.sleep(0.2)
            continue
        writing.acknowledged += 1
        return True
    return False


def test_a_server_whose_disk_is_full_reads_and_writes_again_when_there_is_room(tmp_path: Path, disk: Disk) -> None:
    """Clients spool meanwhile; nothing that was acknowledged is lost, nothing is there twice."""
    database = disk.folder / "mbox.db"
    with live_server(home=tmp_path / "home", database_url=f"sqlite:///{database}") as server:
        door = HttpDoor(server.url)
        writings = fill(server, door)
        reads(server, door, writings)
        for _ in range(3):
            with pytest.raises(StorageFull):
                door.write(writings[-1].batch(writings[-1].acknowledged + 1))
        settings = ClientSettings(url=server.url, spool_dir=tmp_path / "spool")
        stream = opened(Recorder(settings, tuning=Tuning(batch_seconds=0.05)), run_id=(run_id := uuid7()))
        for step in range(5):
            stream.log("loss", step / 7, step)
            log_much(stream, step)
        assert stream.flush().where == "spool"
        reads(server, door, writings)
        disk.grow()
        assert takes(door, writings[-1])
        assert stream.end("FINISHED", timeout=PATIENT).where == "server"
        assert points(server.url, run_id) == [(step, step / 7) for step in range(5)]
        assert run_of(server.url, run_id).lost == 0
        server.kill()
    shutil.rmtree(tmp_path / "copy", ignore_errors=True)
    shutil.copytree(disk.folder, tmp_path / "copy", ignore=shutil.ignore_patterns("*-shm", "*.lock"))
    assert checked(tmp_path / "copy" / "mbox.db", [one for one in writings if one.acknowledged]) == []
    total = sum(one.acknowledged for one in writings)
    print(f"\n{total} batches of {ROWS} points on a disk of {SMALL} MiB, full, then grown: lost 0, doubled 0")  # noqa: T201


def test_a_spool_whose_disk_is_full_says_memory_and_keeps_what_it_promised(tmp_path: Path, disk: Disk) -> None:
    """`spool` while there is room, `memory` behind that; all arrives, in order, when the service is back."""
    port = free_port()
    settings = ClientSettings(url=f"http://127.0.0.1:{port}", spool_dir=disk.folder / "spool")
    stream = opened(Recorder(settings, tuning=Tuning(batch_seconds=0.05)), run_id=(run_id := uuid7()))
    said, step = [], 0
    while said.count("memory") < 3:
        stream.log("loss", step / 7, step)
        log_much(stream, step)
        said.append(stream.flush().where)
        step += 1
    kept = said.index("memory")
    assert kept > 50
    assert set(said[:kept]) == {"spool"}
    with live_server(port=port, home=tmp_path / "home") as server:
        assert stream.end("FINISHED", timeout=PATIENT).where == "server"
        assert points(server.url, run_id) == [(one, one / 7) for one in range(step)]
        assert run_of(server.url, run_id).lost == 0
    assert list(disk.folder.glob("*/*/*.seg")) == []
