"""Every row of docs/reference/states.md with real processes: what ended them, and what their run is shown as then."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mbox_ops.entities.ids import uuid7
from mbox_ops.testing import LiveServer, free_port
from tests.client.seen import ROOT, finished, run_of, script

pytestmark = [pytest.mark.proof, pytest.mark.skipif(sys.platform == "win32", reason="signals between processes")]

PAGE = ROOT / "docs" / "reference" / "states.md"
LEASE = 1.5  # seconds between two renewals that the server expects; a holder here renews as often as it can
MISSED = 3 * LEASE
PROVEN: dict[tuple[str, str], list[str]] = {}

RENEWING = """
import msgspec
recorder.tuning = msgspec.structs.replace(recorder.tuning, lease_seconds=0.5)
stream.log("loss", 1.0, 0)
assert stream.flush(30).where == "server"
print("up", flush=True)
"""
SLEEPING = RENEWING + "time.sleep(60)"
OTHER = """
import os
from mbox_ops.client.recorder import recorder_for
from mbox_ops.settings import client_settings
from tests.client.seen import opened
other = opened(recorder_for(client_settings()), run_id=os.environ["RUN_ID"])
"""
TRACKING = """
import os, signal, sys, time
from mbox_ops import tracking
run = tracking.start_run()
tracking.log_metric("loss", 0.5)
print(run.id, flush=True)
"""

Spool = Path


def proves(before: str, what: str) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """This test is the proof of the row with that state before and that beginning of what happens."""

    def note(test: Callable[..., None]) -> Callable[..., None]:
        PROVEN.setdefault((before, what), []).append(test.__name__)
        return test

    return note


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that gives a run up after 4.5 seconds instead of 30."""
    home = tmp_path_factory.mktemp("states")
    running = LiveServer(home=home, port=free_port(), database_url=None, token=None)
    running.start("--lease-seconds", str(LEASE))
    yield running
    running.stop()


def ends_as(server: LiveServer, run_id: str, status: str, *, within: float) -> bool:
    """Whether the run comes to be shown in that state in time."""
    deadline = time.monotonic() + within
    while run_of(server.url, run_id).status != status:
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def holder(server: LiveServer, spool: Spool, run_id: str, **environment: str) -> subprocess.Popen[str]:
    """A process that has opened the run, has logged and renews its lease."""
    process = script(SLEEPING, server.url, spool, run_id=run_id, **environment)
    assert process.stdout is not None
    assert process.stdout.readline() == "up\n", process.communicate()
    return process


def killed(process: subprocess.Popen[str]) -> None:
    """SIGKILL, and wait."""
    process.kill()
    finished(process, status=-signal.SIGKILL)


def process_of(code: str, server: LiveServer, spool: Spool, **environment: str) -> subprocess.Popen[str]:
    """A process that runs this code for that server."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MBOX_")}
    given = {"MBOX_URL": server.url, "MBOX_SPOOL_DIR": str(spool), "MBOX_HOME": str(spool), "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", code], env={**kept, **given, **environment}, text=True, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )  # fmt: skip


def in_process(server: LiveServer, spool: Spool, run_id: str, code: str, **environment: str) -> None:
    """Let a process of another writer, one without a lease, do something to the run."""
    finished(process_of(OTHER + code, server, spool, RUN_ID=run_id, **environment))


def tracked(server: LiveServer, spool: Spool, code: str, *, sends: int | None = None) -> str:
    """The run of a script over `mbox_ops.tracking` that ended by itself, or was sent a signal while it slept."""
    process = process_of(TRACKING + code, server, spool)
    assert process.stdout is not None
    run_id = process.stdout.readline().strip()
    if sends is not None:
        process.send_signal(sends)
    process.communicate(timeout=60)
    return run_id


@proves("", "the run is opened")
@proves("RUNNING", "three renewals of its lease are missed")
def test_a_run_whose_process_is_killed_is_lost_after_three_missed_renewals(
    server: LiveServer, tmp_path: Path
) -> None:  # fmt: skip
    """Not before, and it has no end; while its process renews, it runs."""
    run_id = uuid7()
    process = holder(server, tmp_path, run_id)
    time.sleep(MISSED + 1)
    assert run_of(server.url, run_id).status == "RUNNING"
    killed(process)
    time.sleep(MISSED - 2 * LEASE)
    assert run_of(server.url, run_id).status == "RUNNING"
    assert ends_as(server, run_id, "LOST", within=MISSED + 5)
    assert run_of(server.url, run_id).ended_at is None


@proves("RUNNING", "three renewals of its lease are missed")
def test_a_run_whose_host_vanished_is_lost(server: LiveServer, tmp_path: Path) -> None:
    """Its process is gone, and its spool too; what had arrived is there."""
    run_id = uuid7()
    killed(holder(server, tmp_path / "spool", run_id))
    shutil.rmtree(tmp_path / "spool", ignore_errors=True)
    assert ends_as(server, run_id, "LOST", within=MISSED + 6)
    assert run_of(server.url, run_id).metrics["loss"].count == 1


@proves("RUNNING", "three renewals of its lease are missed")
def test_time_in_which_the_server_was_down_is_no_miss(server: LiveServer, tmp_path: Path) -> None:
    """The lease of a living process outlasts it; a dead one's misses count from the server's start on."""
    alive_id, dead_id = uuid7(), uuid7()
    alive, dead = holder(server, tmp_path, alive_id), holder(server, tmp_path, dead_id)
    server.kill()
    killed(dead)
    time.sleep(MISSED + 2)
    server.start("--lease-seconds", str(LEASE))
    assert [run_of(server.url, one).status for one in (alive_id, dead_id)] == ["RUNNING"] * 2
    assert ends_as(server, dead_id, "LOST", within=MISSED + 6)
    assert run_of(server.url, alive_id).status == "RUNNING"
    killed(alive)


@proves("RUNNING", "`end_run()`, the finish operator")
@pytest.mark.parametrize("end", ["tracking.end_run()", "with run:\n    pass"])
def test_an_end_is_finished(server: LiveServer, tmp_path: Path, end: str) -> None:
    """The finish operator and the exit handler are proven where Airflow and KFP run: tests/airflow and tests/kfp."""
    assert run_of(server.url, tracked(server, tmp_path, end)).status == "FINISHED"


@proves("RUNNING", "an exception leaves")
@pytest.mark.parametrize("end", ["raise ValueError('no')", "with run:\n    raise ValueError('no')"])
def test_an_exception_is_failed(server: LiveServer, tmp_path: Path, end: str) -> None:
    """Whether it leaves the `with` block or the script."""
    assert run_of(server.url, tracked(server, tmp_path, end)).status == "FAILED"


@proves("RUNNING", "SIGTERM or Ctrl-C")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_sigterm_and_ctrl_c_are_killed(server: LiveServer, tmp_path: Path, number: int) -> None:
    """The signal comes from outside, while the script computes; what was logged is there."""
    run = run_of(server.url, tracked(server, tmp_path, "time.sleep(60)", sends=number))
    assert (run.status, run.metrics["loss"].count) == ("KILLED", 1)


@proves("RUNNING", "the process that started it exits cleanly")
@pytest.mark.parametrize("end", ["", "sys.exit(0)"])
def test_a_clean_exit_without_an_end_is_lost_at_once(server: LiveServer, tmp_path: Path, end: str) -> None:
    """Nobody waits for leases: the process says so as it goes."""
    assert run_of(server.url, tracked(server, tmp_path, end)).status == "LOST"


@proves("LOST", "the lease is renewed")
def test_a_lost_run_whose_process_comes_back_runs(server: LiveServer, tmp_path: Path) -> None:
    """It was suspended, not dead."""
    run_id = uuid7()
    process = holder(server, tmp_path, run_id)
    process.send_signal(signal.SIGSTOP)
    assert ends_as(server, run_id, "LOST", within=MISSED + 6)
    process.send_signal(signal.SIGCONT)
    assert ends_as(server, run_id, "RUNNING", within=10)
    killed(process)


@proves("LOST", "an explicit end")
@pytest.mark.parametrize("state", ["FINISHED", "FAILED", "KILLED"])
def test_an_explicit_end_of_a_lost_run_is_its_state(server: LiveServer, tmp_path: Path, state: str) -> None:
    """By whichever writer."""
    run_id = tracked(server, tmp_path, "")
    assert run_of(server.url, run_id).status == "LOST"
    in_process(server, tmp_path, run_id, f"other.end('{state}')")
    assert run_of(server.url, run_id).status == state


@proves("an end", "another explicit end, by any writer")
def test_the_later_of_two_ends_is_shown(server: LiveServer, tmp_path: Path) -> None:
    """Also if it comes from another process."""
    run_id = tracked(server, tmp_path, "tracking.end_run()")
    in_process(server, tmp_path, run_id, "other.end('FAILED')")
    assert run_of(server.url, run_id).status == "FAILED"
    in_process(server, tmp_path, run_id, "other.end('FINISHED')")
    assert run_of(server.url, run_id).status == "FINISHED"


@proves("an end", "a newer epoch of the origin that wrote the end")
@pytest.mark.parametrize(("elsewhere", "shown"), [("", "RUNNING"), ("other.end('KILLED')", "KILLED")])
def test_a_newer_attempt_takes_back_the_end_that_its_elder_wrote(
    server: LiveServer, tmp_path: Path, elsewhere: str, shown: str
) -> None:  # fmt: skip
    """What is left is what the other writers say."""
    run_id = uuid7()
    code = "other.log('loss', 1.0, 0); other.end('FAILED')"
    in_process(server, tmp_path, run_id, code, MBOX_WRITER="1700000000000:task")
    if elsewhere:
        in_process(server, tmp_path, run_id, elsewhere)
        in_process(server, tmp_path, run_id, "other.end('FAILED')", MBOX_WRITER="1700000000000:task")
    assert run_of(server.url, run_id).status == "FAILED"
    in_process(server, tmp_path, run_id, "other.log('loss', 2.0, 0); other.flush()", MBOX_WRITER="1700000000001:task")
    run = run_of(server.url, run_id)
    assert (run.status, run.metrics["loss"].count, run.metrics["loss"].last) == (shown, 1, 2.0)


@proves("an end", "anything else: late metrics, a renewal, LOST")
def test_nothing_else_moves_an_end(server: LiveServer, tmp_path: Path) -> None:
    """A process that holds a lease on an ended run logs, renews it, and exits without an end."""
    run_id = tracked(server, tmp_path, "tracking.end_run('FAILED')")
    renewing = script(RENEWING + "time.sleep(2.5)", server.url, tmp_path, run_id=run_id)
    assert renewing.stdout is not None
    assert renewing.stdout.readline() == "up\n"
    assert run_of(server.url, run_id).status == "FAILED"
    finished(renewing)
    run = run_of(server.url, run_id)
    assert (run.status, run.metrics["loss"].count) == ("FAILED", 2)


def test_every_row_of_the_table_has_its_proof() -> None:
    """The page and this module say the same."""
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in PAGE.read_text("utf-8").splitlines()
             if re.match(r"\| (?!from|---)", line)]  # fmt: skip
    rows = {(before, what) for before, what, _ in cells}
    unproven = {row for row in rows if not any(row[0] == b and row[1].startswith(w) for b, w in PROVEN)}
    assert (len(rows), unproven) == (11, set())
