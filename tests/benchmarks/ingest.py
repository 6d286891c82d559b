"""Ingest: from the first call to the return of `end_run()`, when every point is durable."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from mbox_ops.testing import LiveServer, live_server
from mbox_ops.tracking import MLTrackingSDK
from tests.benchmarks import points
from tests.benchmarks.figures import Figure, Scale, at_least, at_least_times, medians, seconds

STEPS = 10_000
PROCESSES = 8


def run(scale: Scale) -> Iterator[Figure]:
    """A hundred metrics from this process, at two sizes, and from fresh ones; points a second."""
    with tempfile.TemporaryDirectory() as folder, live_server() as server:
        for steps in (scale.size(STEPS) // 10, scale.size(STEPS)):
            yield from _this_process(scale, server, Path(folder), steps)
        yield _fresh_processes(scale.times(5), server, 1, scale.size(STEPS))
        yield _fresh_processes(scale.times(3), server, PROCESSES, scale.size(STEPS) // 4)


def _this_process(scale: Scale, server: LiveServer, folder: Path, steps: int) -> Iterator[Figure]:
    rows = points.noisy(steps)
    count = len(rows) * len(points.NAMES)
    ours, by_rows, by_columns = (
        count / taken
        for taken in medians(
            scale.times(5),
            lambda: send(server.url, rows),
            lambda: seconds(lambda: points.executemany(folder / "rows.db", rows)),
            lambda: seconds(lambda: points.columns(folder / "columns.db", rows)),
        )
    )
    name = f"ingest, 100 metrics x {steps:,} steps"
    goals = (at_least(1_000_000), at_least_times(1)) if steps >= STEPS else ()
    yield Figure(
        name=name, unit="points/s", measured=ours, limit=by_rows, against="executemany of rows into SQLite", goals=goals
    )
    yield Figure(name=name, unit="points/s", measured=ours, limit=by_columns, against="columns by numpy into SQLite")


def send(url: str, rows: list[points.Row]) -> float:
    """Log rows to a new run and end it; the seconds that took. Every point is there afterwards."""
    tracking = MLTrackingSDK(url=url)
    run = tracking.start_run("ingest")

    def log() -> None:
        for step, row in enumerate(rows):
            tracking.log_metrics(row, step=step)
        if tracking.end_run().where != "server":  # on a machine that is busy with other things
            assert run.persist_run(timeout=60).where == "server"

    taken = seconds(log)
    assert {summary.count for summary in run.metrics.values()} == {len(rows)}
    assert len(run.metrics) == len(points.NAMES)
    return taken


def _fresh_processes(repetitions: int, server: LiveServer, processes: int, steps: int) -> Figure:
    count = processes * steps * len(points.NAMES)
    (taken,) = medians(repetitions, lambda: _at_once(server, processes, steps))
    return Figure(
        name=f"ingest from {processes} fresh process{'es' if processes > 1 else ''}, 100 x {steps:,} each",
        unit="points/s", measured=count / taken, goals=(at_least(1_000_000),) if steps == STEPS else (),
    )  # fmt: skip


def _at_once(server: LiveServer, processes: int, steps: int) -> float:
    command = [sys.executable, "-m", "tests.benchmarks.sender", server.url, str(steps)]
    children = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(processes)
    ]
    for child in children:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
    for child in children:
        assert child.stdin is not None
        child.stdin.write("go\n")
        child.stdin.flush()
    spans = [[float(text) for text in child.communicate()[0].split()] for child in children]
    return max(end for _, end in spans) - min(start for start, _ in spans)
