"""What the processes of the client's proof do: log through the SDK, with a service that is away or comes back."""

import os
from pathlib import Path
from typing import Any

from mbox_ops import tracking
from mbox_ops.client import epochs, recorder
from mbox_ops.client.orphans import Report, send_orphans
from mbox_ops.client.recorder import Recorder
from mbox_ops.client.tuning import Tuning
from mbox_ops.client.verdicts import Backoff
from mbox_ops.entities.writers import BatchResult
from mbox_ops.errors import Unavailable
from mbox_ops.settings import client_settings
from tests.proofs.ledger import Ledger, Line, NotingTransport
from tests.proofs.writer import SPAN, log

STEPS = 4
TUNING = Tuning(
    batch_seconds=0.01, segment_bytes=900, orphans_seconds=0.02, patience=1.0, end_patience=1.0, memory_bytes=1
)


class ComingBack(NotingTransport):
    """The way to a service that is away at first."""

    is_away = True

    def send(self, body: bytes) -> BatchResult:
        """Send an encoded batch."""
        self._check()
        return super().send(body)

    def time(self) -> int:
        """The server's time."""
        self._check()
        return super().time()

    def _check(self) -> None:
        if self.is_away:
            raise Unavailable("It is away.", unreachable=True)


def spool(given: dict[str, Any]) -> None:
    """Train while the service is away, and vanish after the last `persist_run()`."""
    _, training = begun(given)
    for _ in range(STEPS):
        training.step()
    os._exit(0)


def end(given: dict[str, Any]) -> None:
    """Train while the service is away, and end as a process does."""
    _, training = begun(given)
    for _ in range(STEPS):
        training.step()
    training.end()


def drain(given: dict[str, Any]) -> None:
    """Train while the service is away, and go on when it is back, until all has arrived."""
    transport, training = begun(given)
    for _ in range(STEPS):
        training.step()
    transport.is_away = False
    training.step(timeout=2)
    training.end(timeout=2)


def adopt(given: dict[str, Any]) -> None:
    """Send what another process has left, beside data of one's own."""
    transport, training = begun(given)
    transport.is_away = False
    training.step(timeout=2)
    folder = Path(os.environ["MBOX_SPOOL_DIR"])
    mine = recorder.recorder_for(client_settings())
    for _ in range(100):
        if not list(folder.glob("*/*.seg")):
            break
        mine.clock.sleep(0.01)
    training.end(timeout=2)


def sync(given: dict[str, Any]) -> int:
    """`python -m mbox_ops sync`."""
    from mbox_ops.__main__ import main

    return main(["sync", "--patience", "1"])


def sync_a_part(given: dict[str, Any]) -> int:
    """The same, and vanish when two batches were sent."""

    def vanish(report: Report) -> None:
        if report.sent >= 2:
            os._exit(0)

    settings = client_settings()
    return sum(r.left for r in send_orphans(settings.spool_dir, url=settings.url, patience=1, progress=vanish)) and 1


class Training:
    """A script that logs, and notes what it is promised."""

    def __init__(self, number: int, key: str, ledger: Ledger) -> None:
        self.number, self.key, self.ledger, self.done = number, key, ledger, 0
        self.run = tracking.start_run("begun", key=key, scenario="proofs")

    def step(self, timeout: float | None = None) -> None:
        """Log a step, and have it kept."""
        log(self.number * SPAN + self.done, self.number, self.done)
        self.done += 1
        self._note("persisted", tracking.persist_run(timeout=timeout).where)

    def end(self, timeout: float | None = None) -> None:
        """End the run."""
        tracking.end_run()
        self._note("persisted", self.run.persist_run(timeout=timeout).where)

    def _note(self, what: str, where: str) -> None:
        self.ledger.note(Line(what=what, writer=self.number, key=self.key, steps=self.done, where=where))


def begun(given: dict[str, Any]) -> tuple[ComingBack, Training]:
    """The SDK, set up with short pauses, and a training that has begun."""
    epochs.FAMILY = os.urandom(8).hex()  # a new process's own, as if it were not the child of one that has imported all
    number, key = given["number"], f"run {given['number']}"
    ledger = Ledger(Path(given["ledgers"]) / f"{number}.ledger")
    settings = client_settings()
    transport = ComingBack(settings, ledger, number, key)
    recorder._recorders[settings] = Recorder(
        settings, tuning=TUNING, transport=transport, backoff=Backoff(first=0.005, longest=0.05)
    )
    return transport, Training(number, key, ledger)
