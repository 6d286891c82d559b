"""Writer processes, and how much the proofs make of everything: counts and seed come from the environment."""

import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mbox_ops.testing import LiveServer
from tests.proofs.checker import Found, compare, compare_producers

ROOT = Path(__file__).parents[2]
SERVER_KILLS = int(os.environ.get("MBOX_PROOF_SERVER_KILLS", "25"))
CLIENT_KILLS = int(os.environ.get("MBOX_PROOF_CLIENT_KILLS", "100"))
BATCHES = int(os.environ.get("MBOX_PROOF_BATCHES", "5000"))
SEED = int(os.environ.get("MBOX_PROOF_SEED") or random.SystemRandom().randrange(1 << 31))
SECONDS_TO_END = 300


class Writers:
    """Processes of `tests.proofs.writer`.

    Args:
        folder: for their ledgers, logs and the stop file.
        url: what they take for the service.
        seed: of their own dice.
    """

    def __init__(self, folder: Path, url: str, seed: int) -> None:
        self.folder, self.url, self.seed = folder, url, seed
        self.running: dict[int, subprocess.Popen[bytes]] = {}
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("MBOX_")}
        self.environment |= {"MBOX_URL": url, "MBOX_SPOOL_DIR": str(folder / "spool"), "PYTHONPATH": str(ROOT)}
        folder.mkdir(parents=True)

    def start(self, number: int, key: str, **options: float) -> None:
        """Start one that writes to the run with that key."""
        given = {"number": number, "key": key, "folder": self.folder, "seed": self.seed, **options}
        arguments = [part for name, value in given.items() for part in (f"--{name.replace('_', '-')}", str(value))]
        with (self.folder / f"{number}.log").open("wb") as log:
            self.running[number] = subprocess.Popen(
                [sys.executable, "-W", "error", "-m", "tests.proofs.writer", *arguments],
                env=self.environment, cwd=ROOT, stdout=log, stderr=log,
            )  # fmt: skip

    def kill(self, number: int) -> None:
        """SIGKILL."""
        process = self.running.pop(number)
        process.kill()
        process.wait()

    def finish(self) -> None:
        """Let all of them end by themselves, in good order."""
        (self.folder / "stop").touch()
        self.wait()

    def wait(self, seconds: float = SECONDS_TO_END) -> None:
        """Wait until all have ended, in good order."""
        end = time.monotonic() + seconds
        for number, process in list(self.running.items()):
            status = process.wait(max(0.1, end - time.monotonic()))
            assert status == 0, f"Writer {number} ended with {status}:\n{self.log(number)}"
            del self.running[number]

    def check_alive(self) -> None:
        """Nobody may have given up."""
        for number, process in self.running.items():
            assert process.poll() is None, f"Writer {number} ended:\n{self.log(number)}"

    def log(self, number: int) -> str:
        """The end of what one printed."""
        return (self.folder / f"{number}.log").read_text(errors="replace")[-3_000:]

    def sync(self) -> None:
        """`python -m mbox_ops sync`, which must leave nothing."""
        subprocess.run(
            [sys.executable, "-W", "error", "-m", "mbox_ops", "sync"],
            env=self.environment, cwd=ROOT, check=True, timeout=SECONDS_TO_END, capture_output=True,
        )  # fmt: skip


@contextmanager
def writers(folder: Path, url: str, seed: int) -> Iterator[Writers]:
    """Writers, of which none is left at the end."""
    made = Writers(folder, url, seed)
    try:
        yield made
    finally:
        for number in list(made.running):
            made.kill(number)


def verdict(made: Writers, server: LiveServer, title: str, *, everybody_ended: bool) -> Found:
    """Compare the ledgers with the server, stop it, compare with its tables; print the figures, fail on a fault."""
    found = compare(made.folder, server.url, everybody_ended=everybody_ended)
    server.stop()
    compare_producers(found, made.folder, server.database_url, everybody_ended=everybody_ended)
    left = list((made.folder / "spool").glob("*/*.seg")) + list((made.folder / "spool").glob("*/refused/*.batch"))
    found.wrong.extend(f"{path.name} is left in the spool." for path in left)
    print(  # noqa: T201  the figures of docs/reliability.md
        f"\n{title}: {found.batches} batches acknowledged, {found.points} points promised, {found.stored} stored, "
        f"lost {found.lost}, doubled {found.doubled}; MBOX_PROOF_SEED={made.seed}"
    )
    assert not found.faults(), f"{found.faults()}; again with MBOX_PROOF_SEED={made.seed}"
    assert found.points > 0
    return found
