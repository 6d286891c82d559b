"""What the server shows, and scripts that run as processes of their own."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from mbox_ops.client.http import HttpApi
from mbox_ops.client.recorder import Recorder
from mbox_ops.client.stream import Stream
from mbox_ops.entities.ids import uuid7
from mbox_ops.entities.metrics import MetricHistory
from mbox_ops.entities.runs import OpenRun, Run, Source
from mbox_ops.wire.encodings import unpack_floats, unpack_ints

ROOT = Path(__file__).parents[2]

PRELUDE = """
import os, signal, sys, time
from mbox_ops.client.recorder import recorder_for
from mbox_ops.settings import client_settings
from tests.client.seen import opened
recorder = recorder_for(client_settings())
stream = opened(recorder, run_id=os.environ["RUN_ID"], lease=True)
"""


def opened(recorder: Recorder, *, key: str | None = None, run_id: str | None = None, **given: Any) -> Stream:
    """A stream that opens a run of the scenario `tests`."""
    run_id = run_id or uuid7()
    opening = OpenRun(run_id=run_id, source=Source(kind="pipeline", name="tests"))
    return recorder.stream(run_id=None if key else run_id, key=key, open=opening, **given)


def points(url: str, run_id: str | None, name: str = "loss") -> list[tuple[int, float]]:
    """Step and value of all points of a series, in history order."""
    assert run_id is not None
    query = {"name": [name], "limit": "all"}
    answer = HttpApi(url).call(
        "GET", f"/runs/{run_id}/metrics/history", query=query, result=dict[str, list[MetricHistory]]
    )
    (history,) = answer["items"]
    return list(zip(unpack_ints(history.steps), unpack_floats(history.values), strict=True))


def run_of(url: str, run_id: str | None) -> Run:
    """A run as it is read."""
    return HttpApi(url).call("GET", f"/runs/{run_id}", result=Run)


def script(code: str, url: str, spool: Path, *, run_id: str = "", **environment: str) -> subprocess.Popen[str]:
    """A process that runs `code` behind the prelude: `recorder`, and a `stream` with a lease to the run."""
    given = {"MBOX_URL": url, "MBOX_SPOOL_DIR": str(spool), "RUN_ID": run_id, "PYTHONPATH": str(ROOT), **environment}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MBOX_")}
    return subprocess.Popen(
        [sys.executable, "-W", "error", "-c", PRELUDE + code], env={**kept, **given}, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def finished(process: subprocess.Popen[str], *, status: int | None = 0) -> str:
    """What the process printed, once it has ended (with that status)."""
    out, err = process.communicate(timeout=60)
    assert status is None or process.returncode == status, err
    return out
