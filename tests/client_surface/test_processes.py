"""Runs over the end of a process, and over forks."""

import json
import os
import signal
import subprocess
import sys

import pytest

from mbox_ops import tracking

pytestmark = pytest.mark.usefixtures("namespace")

BEGIN = """
import os, signal, sys
from mbox_ops import tracking

run = tracking.start_run()
print(run.id, flush=True)
tracking.log_metric("loss", 0.5)
"""


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ("", "LOST"),
        ("raise ValueError('no')", "FAILED"),
        ("raise KeyboardInterrupt", "KILLED"),
        ("os.kill(os.getpid(), signal.SIGTERM)", "KILLED"),
        ("tracking.end_run()", "FINISHED"),
        ("tracking.end_run('FAILED')", "FAILED"),
    ],
)
def test_a_script_leaves_its_run_in_the_state_that_is_true(end, status):
    """Only an explicit end is FINISHED; nothing that was logged is lost."""
    done = subprocess.run([sys.executable, "-c", BEGIN + end], capture_output=True, text=True, timeout=60)
    (run,) = tracking.get_runs(run=done.stdout.strip())
    assert (run.status, float(run.metrics["loss"])) == (status, 0.5), done.stderr


def in_fork(work):
    """The exit status of a forked child that does some work, and what it wrote."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            os.write(writing, json.dumps(work()).encode())
            status = 0
        finally:
            os._exit(status)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        answer = pipe.read()
    _, status = os.waitpid(child, 0)
    assert status == 0
    return json.loads(answer)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_worker_logs_to_its_parents_run():
    """What parent and child log is there once each; the child ends nothing."""

    def work():
        for step in range(10, 20):
            tracking.log_metric("loss", step, step=step)
        return tracking.persist_run().where

    with tracking.start_run() as run:
        for step in range(10):
            tracking.log_metric("loss", step, step=step)
        assert in_fork(work) == "server"
        assert run.status == "RUNNING"
    assert [point.value for point in run.get_metrics_history("loss")[0].points] == list(range(20))


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_worker_starts_a_run_of_its_own():
    """A search over hyperparameters: each worker has its run, though the parent has one, too."""

    def work():
        with tracking.start_run() as run:
            tracking.log_metric("loss", 2)
        return run.id

    with tracking.start_run() as run:
        other = in_fork(work)
        tracking.log_metric("loss", 1)
    assert other != run.id
    (stored,) = tracking.get_runs(run=other)
    assert (stored.status, float(stored.metrics["loss"]), float(run.metrics["loss"])) == ("FINISHED", 2.0, 1.0)


def test_a_run_whose_process_is_killed_is_not_finished():
    """SIGKILL tells nobody: the run stays RUNNING until its lease is missed."""
    script = BEGIN + "tracking.persist_run()\nos.kill(os.getpid(), signal.SIGKILL)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
    assert done.returncode == -signal.SIGKILL
    (run,) = tracking.get_runs(run=done.stdout.strip())
    assert (run.status, float(run.metrics["loss"])) == ("RUNNING", 0.5)
