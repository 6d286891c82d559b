"""A training run in a process of its own, and a service that is killed in the middle of it."""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from mbox_ops.client.client import Client
from mbox_ops.testing import live_server

pytestmark = pytest.mark.proof

AWAY_SECONDS = 10
EPOCHS = 3_000

# It trains for about 15 seconds and prints what it logged, and how long the slowest call took.
TRAINING = f"""
import json, time
from mbox_ops import tracking
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier

data, target = load_digits(return_X_y=True)
model = SGDClassifier(random_state=0)
slowest = 0.0
print("training", flush=True)
with tracking.start_run(scenario="digits") as run:
    tracking.log_parameters({{"epochs": {EPOCHS}}})
    for epoch in range({EPOCHS}):
        if epoch % 10 == 0:
            model.partial_fit(data[:200], target[:200], classes=range(10))
        began = time.perf_counter()
        tracking.log_metrics({{"accuracy": epoch / {EPOCHS}, "epoch": float(epoch)}}, step=epoch)
        slowest = max(slowest, time.perf_counter() - began)
        time.sleep(0.005)
print(json.dumps({{"slowest": slowest}}))
"""


def test_training_never_notices_that_the_service_was_killed_and_away(tmp_path: Path) -> None:
    """SIGKILL, ten seconds away, a restart: every point is there once, and the run is finished."""
    with live_server() as server:
        env = {**os.environ, "MBOX_URL": server.url, "MBOX_SPOOL_DIR": str(tmp_path / "spool")}
        command = [sys.executable, "-c", TRAINING]
        with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as training:
            assert training.stdout is not None
            assert training.stdout.readline() == "training\n"
            time.sleep(2.5)
            server.kill()
            time.sleep(AWAY_SECONDS)
            assert training.poll() is None
            server.start()
            told = json.loads(training.stdout.read())
            assert training.wait() == 0
        assert told["slowest"] < 0.5
        (run,) = Client(server.url).runs.list(scenario="digits")
        assert (run.status, run.lost) == ("FINISHED", 0)
        for series in Client(server.url).metrics.history(run, limit=None):
            assert [point.step for point in series.points] == list(range(EPOCHS))
        assert {name: m.count for name, m in run.metrics.items()} == {"accuracy": EPOCHS, "epoch": EPOCHS}
