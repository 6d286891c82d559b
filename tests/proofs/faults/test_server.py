"""Calls of the server to its disk fail, then the power: what was acknowledged is there, and once."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mbox_ops.store.checkpoints import EXIT_STATUS
from mbox_ops.testing import free_port, live_server
from tests.conftest import IN_CI
from tests.proofs.faults.hatchery import Hatchery
from tests.proofs.faults.powercut import Disk
from tests.proofs.faults.serving import Server, Writing, checked
from tests.proofs.faults.shim import ANY_WRITING, MISSING, Fault, Shim, is_there

pytestmark = [
    pytest.mark.proof,
    pytest.mark.timeout(3_600),
    pytest.mark.skipif(not (is_there() or IN_CI), reason=MISSING),
]

MOST = int(os.environ.get("MBOX_PROOF_FAULTS", "3"))  # calls that each fault is tried at; 0: every one
WRITERS, BATCHES = 2, 3
SMALL, LARGE = 20, 40_000  # points of a batch; large ones make SQLite move its log into the database meanwhile
AFTER = 3  # so many troubles the disk is mended
FAULTS = [
    Fault("sync", "EIO"),
    Fault("sync", "EIO", lasts=True),
    Fault("write", "EIO"),
    Fault("write+open+truncate", "ENOSPC", lasts=True),
    Fault("write", "short"),
    Fault("write+open+truncate", "EINTR"),
    Fault("open+truncate+unlink", "EIO"),
    Fault("read", "EIO"),
    Fault(ANY_WRITING, "EIO", lasts=True),
]
NEVER = 1_000_000


@dataclass
class Bench:
    """A disk that fails, and servers on it."""

    folder: Path
    template: Path
    shim: Shim
    hatchery: Hatchery
    port: int = field(default_factory=free_port)
    tries: int = 0
    troubles: int = 0
    deaths: int = 0
    batches: int = 0
    wrong: list[str] = field(default_factory=list)

    def try_once(self, fault: Fault, nth: int, rows: int) -> int:
        """Have the n-th call from the server's start on fail, write, cut the power; how many calls there were."""
        self.tries += 1
        folder = self.folder / "disk" / f"{self.tries}"
        server = Server(self.hatchery, folder, self.template, self.port, self.folder / f"{self.tries}.log")
        writings = [Writing(server, rows) for _ in range(WRITERS)]
        disk = Disk(folder)
        self.shim.arm(fault, nth)
        try:
            server.start()
            for _ in range(BATCHES):
                for writing in writings:
                    writing.write(self.shim.lift, after=AFTER)
        finally:
            seen = self.shim.seen
            server.kill()
            self.shim.rest()
        disk.replay(self.shim.trace)
        disk.cut_power()
        self.troubles += sum(writing.troubles for writing in writings)
        self.batches += sum(writing.acknowledged for writing in writings)
        self.deaths += server.deaths
        self.wrong.extend(f"{fault}, call {nth}, try {self.tries}: {w}" for w in checked(folder / "mbox.db", writings))
        return seen

    def sweep(self, fault: Fault, rows: int, most: int) -> None:
        """Let each call fail, one try after the other; or the first, the last, and so many between them."""
        count = self.try_once(fault, NEVER, rows)
        most = most or count
        for nth in sorted({1 + (count - 1) * i // max(1, most - 1) for i in range(most)} if count else ()):
            self.try_once(fault, nth, rows)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Servers under the shim, each on a copy of an empty database."""
    with live_server(home=tmp_path / "home") as server:
        server.stop()
    (tmp_path / "disk").mkdir()
    shim = Shim(tmp_path / "shim", tmp_path / "disk")
    hatchery = Hatchery(["tests.proofs.faults.serving", "mbox_ops.server.__main__", "uvloop"], shim.environment)
    try:
        yield Bench(tmp_path, tmp_path / "home" / "mbox.db", shim, hatchery)
    finally:
        hatchery.close()


@pytest.mark.parametrize("rows", [SMALL, LARGE])
def test_a_failing_call_under_the_database_loses_and_doubles_nothing(bench: Bench, rows: int) -> None:
    """Whichever call it is, with and without SQLite moving its log into the database."""
    for fault in FAULTS:
        bench.sweep(fault, rows, MOST)
    print(  # noqa: T201  the figures of docs/reliability.md
        f"\n{bench.tries} tries of {len(FAULTS)} faults under the server, batches of {rows} points: {bench.batches} "
        f"batches acknowledged, {bench.troubles} refused or unanswered, the server ended {bench.deaths} times, "
        f"{len(bench.wrong)} faults"
    )
    assert bench.wrong == []


def test_a_failed_fsync_of_the_database_file_is_never_followed_by_a_checkpoint(bench: Bench) -> None:
    """Not even if SQLite takes a part of its log for moved, because a reader held the rest back: the server ends."""
    ends, nth, count = [0], 1, NEVER
    while nth <= count:
        folder = bench.folder / "disk" / f"overlap {nth}"
        folder.mkdir()
        shutil.copy(bench.template, folder / "mbox.db")
        disk, writing = Disk(folder), Writing(None, LARGE)
        given = {"url": f"sqlite:///{folder / 'mbox.db'}", "acknowledged": str(bench.folder / "acknowledged")}
        given |= {"rows": LARGE, "run_id": writing.run_id}
        bench.shim.arm(Fault("sync", "EIO"), nth)
        ends.append(bench.hatchery.run("tests.proofs.faults.serving:overlap", given, bench.folder / "overlap.log"))
        count = bench.shim.seen if bench.shim.failed == 0 else count
        bench.shim.rest()
        disk.replay(bench.shim.trace)
        disk.cut_power()
        writing.acknowledged = len((bench.folder / "acknowledged").read_text()) + (ends[-1] == EXIT_STATUS)
        bench.wrong.extend(f"fsync {nth} of the overlap: {wrong}" for wrong in checked(folder / "mbox.db", [writing]))
        nth += 1
    print(f"\n{nth - 1} fsyncs failed under overlapping checkpoints: {ends.count(EXIT_STATUS)} ended the server")  # noqa: T201
    assert bench.wrong == []
    assert set(ends) == {0, EXIT_STATUS}
