"""Calls of the client to its disk fail, once or from then on: what was promised arrives once, and nobody crashes."""

import os
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from mbox_ops.testing import LiveServer, live_server
from tests.conftest import IN_CI
from tests.proofs.checker import compare, compare_producers
from tests.proofs.faults.hatchery import Hatchery
from tests.proofs.faults.powercut import Disk, resynced
from tests.proofs.faults.shim import ANY_WRITING, KINDS, MISSING, Fault, Shim, is_there

pytestmark = [
    pytest.mark.proof,
    pytest.mark.timeout(3_600),
    pytest.mark.skipif(not (is_there() or IN_CI), reason=MISSING),
]

MOST = int(os.environ.get("MBOX_PROOF_FAULTS", "3"))  # calls that each fault is tried at; 0: every one
JOBS = {
    "spool": "the service is away; power is cut behind the last persist_run()",
    "end": "the service is away",
    "drain": "the service comes back",
    "adopt": "what another left is sent",
    "sync": "what another left is sent by `python -m mbox_ops sync`",
    "sync_a_part": "the same, and power is cut when two batches were sent",
}
NEVER = 1_000_000
ONCE = [Fault(kind, "EIO") for kind in KINDS]
FAULTS = [
    *ONCE,
    Fault("write+open+rename", "ENOSPC", lasts=True),
    Fault("write", "short"),
    Fault("write+sync+open+truncate", "EINTR"),
    Fault("sync", "EIO", lasts=True),
    Fault(ANY_WRITING, "EIO", lasts=True),
    Fault("read", "short"),
    Fault("read", "EIO", lasts=True),
]


@dataclass
class Bench:
    """A server, a disk that fails, and processes on it."""

    folder: Path
    server: LiveServer
    shim: Shim
    hatchery: Hatchery
    cases: list[str] = field(default_factory=list)
    tries: Counter[str] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def run(self, job: str, spool: Path) -> int:
        """Run a job on that spool; its exit status."""
        self.cases.append(job)
        given = {"number": len(self.cases) - 1, "ledgers": str(self.folder / "ledgers")}
        log = self.folder / "logs" / f"{spool.name}.log"
        return self.hatchery.run(f"tests.proofs.faults.training:{job}", given, log, MBOX_SPOOL_DIR=str(spool))

    def try_once(self, job: str, fault: Fault, nth: int) -> bool:
        """Have the n-th call fail under a job, and deliver what is left then; whether there was an n-th call."""
        spool = self.folder / "disk" / f"{len(self.cases)}"
        spool.mkdir()
        if job in {"adopt", "sync", "sync_a_part"}:
            assert self.run("spool", spool) == 0
        disk = Disk(spool)
        self.shim.arm(fault, nth)
        status = self.run(job, spool)
        failed = self.shim.failed
        self.shim.rest()
        what = f"{job}, {fault}, call {nth} (spool {spool.name})"
        with (self.folder / "logs" / f"{spool.name}.log").open("a") as log:
            log.write(f"{what}\n")
        if status not in ({0, 1} if job.startswith("sync") else {0}):
            self.wrong.append(f"{what}: ended with {status}")
        self.wrong.extend(f"{what}: {path} was synced again" for path in resynced(self.shim.trace) if ".seg" in path)
        if job in {"spool", "sync_a_part"}:
            disk.replay(self.shim.trace)
            disk.cut_power()
        if self.run("sync", spool) != 0 or list(spool.glob("*/*.seg")):
            self.wrong.append(f"{what}: not all was delivered")
        self.tries[f"{job}, {fault}"] += 1
        return failed > 0

    def sweep(self, job: str, fault: Fault, most: int) -> None:
        """Let each call fail, one try after the other; or the first, the last, and so many between them."""
        if not most:
            nth = 1
            while self.try_once(job, fault, nth):
                nth += 1
            return
        assert not self.try_once(job, fault, NEVER)
        count = self.shim.seen
        for nth in sorted({1 + (count - 1) * i // (most - 1) for i in range(most)} if count else ()):
            self.try_once(job, fault, nth)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """A server, and processes under the shim."""
    for name in ("disk", "ledgers", "logs"):
        (tmp_path / name).mkdir()
    with live_server(home=tmp_path / "home") as server:
        shim = Shim(tmp_path / "shim", tmp_path / "disk")
        modules = ["tests.proofs.faults.training", "requests", "mbox_ops.__main__"]
        hatchery = Hatchery(modules, {**shim.environment, "MBOX_URL": server.url})
        try:
            yield Bench(tmp_path, server, shim, hatchery)
        finally:
            hatchery.close()


def test_a_failing_call_under_the_spool_loses_nothing_that_was_promised(bench: Bench) -> None:
    """Whichever call it is, once or from then on."""
    for job in JOBS:
        for fault in FAULTS:
            bench.sweep(job, fault, MOST)
    ledgers = bench.folder / "ledgers"
    found = compare(ledgers, bench.server.url, everybody_ended=False)
    bench.server.stop()
    compare_producers(found, ledgers, bench.server.database_url, everybody_ended=False)
    found.wrong.extend(bench.wrong)
    print(  # noqa: T201  the figures of docs/reliability.md
        f"\n{sum(bench.tries.values())} tries of {len(FAULTS)} faults under {len(JOBS)} jobs of the client: "
        f"{found.points} points promised, {found.stored} stored, lost {found.lost}, doubled {found.doubled}"
    )
    assert not found.faults(), found.faults()
