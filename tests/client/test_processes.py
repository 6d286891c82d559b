"""Forks, ends and deaths of processes, and those who send what they left."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mbox_ops.client.http import HttpApi
from mbox_ops.entities.ids import uuid7
from mbox_ops.testing import LiveServer, free_port, live_server
from tests.client.seen import ROOT, finished, points, run_of, script

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes that fork")


def sync(url: str, spool: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`python -m mbox_ops sync` on a spool."""
    environment = {**os.environ, "MBOX_URL": url, "MBOX_SPOOL_DIR": str(spool)}
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "mbox_ops", "sync", *arguments],
        env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_a_forked_child_sends_its_own_and_nothing_of_its_parent(server: LiveServer, tmp_path: Path) -> None:
    """Both stay: the child begins with an empty buffer, as a producer of its own."""
    run_id = uuid7()
    code = """
for step in range(5): stream.log("loss", 1.0, step)
pid = os.fork()
for step in range(5, 10) if pid else range(10, 15): stream.log("loss", 2.0, step)
if pid == 0:
    print(stream.flush().where, flush=True)
    os._exit(0)
os.waitpid(pid, 0)
print(stream.end("FINISHED").where)
"""
    out = finished(script(code, server.url, tmp_path, run_id=run_id))
    assert out.split() == ["server", "server"]
    assert [step for step, _ in points(server.url, run_id)] == list(range(15))
    assert run_of(server.url, run_id).number_of_writers == 2


def test_a_fork_while_the_server_is_away_keeps_two_spools(tmp_path: Path) -> None:
    """Each process has its own file; whoever sends them comes to one epoch for both."""
    run_id = uuid7()
    code = """
for step in range(5): stream.log("loss", 1.0, step)
print(stream.flush().where, flush=True)
pid = os.fork()
for step in range(5, 10) if pid else range(10, 15): stream.log("loss", 2.0, step)
print(stream.flush().where, flush=True)
if pid == 0: os._exit(0)
os.waitpid(pid, 0)
os.kill(os.getpid(), signal.SIGKILL)
"""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    writer = {"MBOX_WRITER": "1700000000000:task"}
    for environment in ({}, writer):
        out = finished(script(code, url, tmp_path, run_id=run_id, **environment), status=-signal.SIGKILL)
        assert out.split() == ["spool"] * 3
        assert len(list(tmp_path.glob("*/*.seg"))) == 2
        with live_server(port=port, home=tmp_path / f"home{len(environment)}"):
            done = sync(url, tmp_path)
            assert (done.returncode, done.stderr) == (0, ""), done
            assert "Nothing is left" in done.stdout
            assert [step for step, _ in points(url, run_id)] == list(range(15))
        assert list(tmp_path.glob("*/*.seg")) == []


def test_a_child_of_multiprocessing_is_flushed_at_its_end(server: LiveServer, tmp_path: Path) -> None:
    """It ends without running atexit functions, and with little that is its own."""
    run_id = uuid7()
    code = """
import multiprocessing
def work(first):
    for step in range(first, first + 5): stream.log("loss", 0.0, step)
stream.log("loss", 0.0, 0)
workers = [multiprocessing.get_context("fork").Process(target=work, args=(n,)) for n in (10, 20)]
for worker in workers: worker.start()
for worker in workers: worker.join()
stream.end("FINISHED")
"""
    finished(script(code, server.url, tmp_path, run_id=run_id))
    assert [step for step, _ in points(server.url, run_id)] == [0, *range(10, 15), *range(20, 25)]
    assert run_of(server.url, run_id).status == "FINISHED"


ENDS = {
    "pass": (0, "LOST"),
    "sys.exit(0)": (0, "LOST"),
    "raise ValueError('training failed')": (1, "FAILED"),
    "raise KeyboardInterrupt": (None, "KILLED"),  # Python forgets to die of SIGINT when something is imported after it
    "os.kill(os.getpid(), signal.SIGTERM); time.sleep(20)": (-signal.SIGTERM, "KILLED"),
    "signal.signal(signal.SIGTERM, lambda *a: sys.exit(3)); os.kill(os.getpid(), signal.SIGTERM); time.sleep(20)": (
        3, "LOST",
    ),
    "stream.end('FINISHED'); raise ValueError": (1, "FINISHED"),
}  # fmt: skip


@pytest.mark.parametrize("end", ENDS)
def test_the_end_of_the_process_is_the_end_of_its_run(server: LiveServer, tmp_path: Path, end: str) -> None:
    """Nothing that was logged is lost, and the run says how it went; the exit status is what it would have been."""
    run_id = uuid7()
    process = script(f"stream.log('loss', 1.0, 0)\n{end}", server.url, tmp_path, run_id=run_id)
    status, state = ENDS[end]
    finished(process, status=status)
    assert points(server.url, run_id) == [(0, 1.0)]
    assert run_of(server.url, run_id).status == state
    assert list(tmp_path.glob("*/*.seg")) == []


def test_a_killed_process_leaves_what_it_spooled_to_the_next_one(tmp_path: Path) -> None:
    """A later process, and nobody before the first is dead, sends it, with the epoch that it had."""
    run_id, other_id = uuid7(), uuid7()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    first = script(
        "stream.log('loss', 1.0, 0); print(stream.flush().where, flush=True); time.sleep(60)",
        url, tmp_path, run_id=run_id,
    )  # fmt: skip
    assert first.stdout is not None
    assert first.stdout.readline().strip() == "spool"
    with live_server(port=port, home=tmp_path / "home"):
        first.send_signal(signal.SIGSTOP)
        before = int(time.time() * 1000)
        alive = sync(url, tmp_path)
        assert (alive.returncode, "living" in alive.stdout) == (0, True)
        first.kill()
        finished(first, status=-signal.SIGKILL)
        code = """
stream.log("loss", 2.0, 0); stream.end("FINISHED")
deadline = time.monotonic() + 10
while recorder._spool.names() and time.monotonic() < deadline: time.sleep(0.02)
print(len(recorder._spool.names()))
"""
        assert finished(script(code, url, tmp_path, run_id=other_id)).split() == ["0"]
        assert points(url, run_id) == [(0, 1.0)]
        assert points(url, other_id) == [(0, 2.0)]
        run = run_of(url, run_id)
        assert run.created_at.timestamp() * 1000 >= before


def test_sync_says_what_is_left_and_what_was_refused(tmp_path: Path) -> None:
    """Its exit status is 0 only if nothing is left; `--json` is for machines."""
    run_id = uuid7()
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    code = """
stream.log("loss", 1.0, 0); stream.flush()
stream.put(tags={"runName": "not mine"}); stream.flush()
stream.log("loss", 2.0, 1); stream.end("FINISHED")
"""
    finished(script(code, url, tmp_path, run_id=run_id))
    away = sync(url, tmp_path, "--json", "--patience", "0.5")
    assert (away.returncode, json.loads(away.stdout)["left"]) == (1, 1)
    elsewhere = sync("http://127.0.0.1:9", tmp_path)
    assert (elsewhere.returncode, f"--url {url}" in elsewhere.stdout) == (1, True)
    with live_server(port=port, home=tmp_path / "home"):
        done = sync(url, tmp_path, "--json")
        (report,) = json.loads(done.stdout)["items"]
        assert (done.returncode, report["refused"], report["left"]) == (0, 1, 0)
        assert report["sent"] >= 3
        assert points(url, run_id) == [(0, 1.0), (1, 2.0)]
        run = run_of(url, run_id)
        assert (run.status, run.lost) == ("FINISHED", 1)
        assert json.loads(sync(url, tmp_path, "--json").stdout)["items"][0]["sent"] == 0


def test_importing_the_client_loads_nothing_heavy_and_starts_nothing() -> None:
    """Neither requests nor psutil nor numpy, and no thread: it is in every step of every pipeline."""
    code = """
import sys, threading
import mbox_ops.client.recorder, mbox_ops.client.sync, mbox_ops.client.http
heavy = {"requests", "urllib3", "psutil", "numpy", "sqlalchemy", "litestar", "grpc", "ssl", "asyncio"}
print(sorted(heavy & set(sys.modules)), threading.active_count())
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert done.stdout.strip() == "[] 1"


def test_a_lease_is_renewed_while_the_process_lives(tmp_path: Path) -> None:
    """The process that started the run says that it is alive, also when it has nothing to log."""
    run_id = uuid7()
    code = """
import msgspec
recorder.tuning = msgspec.structs.replace(recorder.tuning, lease_seconds=0.3)
time.sleep(2.5)
print(stream.producer.track.settled)
stream.end("FINISHED")
"""
    with live_server(home=tmp_path / "home") as server:
        renewals = int(finished(script(code, server.url, tmp_path, run_id=run_id)))
        assert renewals >= 2
        assert HttpApi(server.url).call("GET", f"/runs/{run_id}", result=dict)["status"] == "FINISHED"
