"""Ten minutes without the service at 1,000 points a second, and what happens at the spool's limit.

`MBOX_PROOF_SPEEDUP=1` takes the ten minutes; by default they pass ten times as fast, with as many points.
"""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from mbox_ops.entities.ids import uuid7
from mbox_ops.testing import LiveServer, free_port, live_server
from tests.client.seen import points, run_of

pytestmark = [pytest.mark.proof, pytest.mark.timeout(1_500)]

ROOT = Path(__file__).parents[2]
SPEEDUP = float(os.environ.get("MBOX_PROOF_SPEEDUP", "10"))
RATE = 1_000
POINTS = 600 * RATE
WARMED_UP = 20_000
MOST_GROWTH = 16 << 20
MOST_P99 = 1e-3

BEGIN = """
import json, os, sys, time
from array import array
import psutil
from mbox_ops.client.recorder import Recorder
from mbox_ops.client.tuning import Tuning
from mbox_ops.settings import client_settings
from tests.client.seen import opened

COUNT, PACE = int(sys.argv[1]), float(sys.argv[2])
"""

# Calls come in bursts of 50, as a loop over batches of examples makes them.
PACED = (
    BEGIN
    + """
stream = opened(Recorder(client_settings()), run_id=os.environ["RUN_ID"])
process = psutil.Process()
spent = array("d", bytes(8 * COUNT))
WARMED_UP = int(sys.argv[3])

def log(first, last, spent):
    most, began, clock = 0, time.perf_counter(), time.perf_counter
    for step in range(first, last):
        if step % 50 == 0:
            if (ahead := began + (step - first) / PACE - clock()) > 0:
                time.sleep(ahead)
            if step % 5_000 == 0:
                most = max(most, process.memory_info().rss)
        before = clock()
        stream.log("loss", step / 7, step)
        spent[step - first] = clock() - before
    return most

log(0, WARMED_UP, spent)
assert stream.flush(60).where == "server"
print("warm", flush=True)
sys.stdin.readline()
before = process.memory_info().rss
most = log(WARMED_UP, WARMED_UP + COUNT, spent)
ordered = sorted(spent)
away = stream.flush().where
print(json.dumps({"p50": ordered[COUNT // 2], "p99": ordered[COUNT * 99 // 100], "max": ordered[-1],
                  "growth": most - before, "where": away}), flush=True)
print(stream.flush(300).where, stream.end("FINISHED").where, flush=True)
"""
)

CROWDED = (
    BEGIN
    + """
tuning = Tuning(batch_bytes=100_000, memory_bytes=200_000, spool_bytes=4_000_000)
stream = opened(Recorder(client_settings(), tuning=tuning), run_id=os.environ["RUN_ID"])
for step in range(COUNT):
    stream.log("loss", step / 7, step)
print(stream.end("FINISHED").where)
"""
)


def training(code: str, server_url: str, run_id: str, spool: Path, *arguments: object) -> subprocess.Popen[str]:
    """A process that logs to that run."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MBOX_")}
    given = {"MBOX_URL": server_url, "MBOX_SPOOL_DIR": str(spool), "RUN_ID": run_id, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", code, *map(str, arguments)], env={**kept, **given}, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def test_ten_minutes_without_the_service_cost_a_caller_nothing(tmp_path: Path) -> None:
    """The p99 of a call stays under 1 ms, memory grows by at most 16 MB, and then every point is there once."""
    run_id = uuid7()
    with live_server(home=tmp_path / "home") as server:
        process = training(PACED, server.url, run_id, tmp_path / "spool", POINTS, RATE * SPEEDUP, WARMED_UP)
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == "warm\n", process.communicate()
        server.kill()
        process.stdin.write("\n")
        process.stdin.flush()
        told = json.loads(process.stdout.readline())
        server.start()
        rest, errors = process.communicate(timeout=400)
        assert (process.returncode, rest.split()) == (0, ["server", "server"]), errors
        print(told)  # noqa: T201  the figures of docs/reliability.md
        assert told["where"] == "spool"
        assert told["p99"] < MOST_P99, told
        assert told["growth"] <= MOST_GROWTH, told
        assert points(server.url, run_id) == [(step, step / 7) for step in range(WARMED_UP + POINTS)]
        run = run_of(server.url, run_id)
        assert (run.status, run.lost, run.metrics["loss"].count) == ("FINISHED", 0, WARMED_UP + POINTS)
    assert list((tmp_path / "spool").glob("*/*.seg")) == []


def test_what_a_full_spool_refuses_is_counted_and_shown(tmp_path: Path) -> None:
    """The newest points go, with one warning; what was kept arrives; the run and `mbox sync --json` tell the loss."""
    run_id, port = uuid7(), free_port()
    url = f"http://127.0.0.1:{port}"
    count = 600_000
    out, errors = training(CROWDED, url, run_id, tmp_path / "spool", count, 0).communicate(timeout=300)
    assert out.strip() == "spool", errors
    assert errors.count("at its limit") == 1, errors
    used = sum(file.stat().st_size for file in (tmp_path / "spool").rglob("*.seg"))
    assert used <= 4_500_000
    with live_server(port=port, home=tmp_path / "home") as server:
        (report,) = synced(server, tmp_path / "spool")["items"]
        run, stored = run_of(url, run_id), points(url, run_id)
    assert report["lost"] == run.lost > 0
    assert (run.status, report["left"]) == ("FINISHED", 0)
    assert stored == [(step, step / 7) for step, _ in stored]
    steps = [step for step, _ in stored]
    gaps = sum(after != before + 1 for before, after in zip(steps, [*steps[1:], count], strict=True))
    assert steps[0] == 0
    assert 0 < len(steps) < count
    assert gaps <= run.lost
    assert len(steps) * 24 > 3_500_000  # what there was room for is kept: step, wallclock and value of each point


def synced(server: LiveServer, spool: Path) -> dict[str, list[dict[str, int]]]:
    """What `mbox sync --json` says."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MBOX_")}
    done = subprocess.run(
        [Path(sys.executable).with_name("mbox"), "sync", "--json"], capture_output=True, text=True, timeout=60,
        env={**kept, "MBOX_URL": server.url, "MBOX_SPOOL_DIR": str(spool)}, check=True,
    )  # fmt: skip
    found: dict[str, list[dict[str, int]]] = json.loads(done.stdout)
    return found
