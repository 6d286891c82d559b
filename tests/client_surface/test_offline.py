"""A server that is away: scripts never notice, and nothing is lost."""

import json
import os
import random
import subprocess
import sys

import pytest

from mbox_ops import Client, tracking
from mbox_ops.errors import Unavailable
from mbox_ops.testing import live_server

SCRIPT = """
import json
from mbox_ops import Event, tracking

with tracking.start_run("rc1", scenario="offline", key=KEY, tags={"a": "b"}) as run:
    tracking.log_parameters({"lr": 0.1})
    for epoch in range(100):
        tracking.log_metrics({"loss": 1 / (epoch + 1), "epoch": epoch}, step=epoch)
    tracking.log_event(Event("saved", "trainer", 12000))
    tracking.update_metadata("a", {"b": 1})
    where = tracking.persist_run().where
tracking.log_metric("after", 1, run=run)
print(json.dumps(where))
"""


@pytest.fixture(scope="module")
def absent():
    """A server that each test stops and starts."""
    with live_server() as server:
        yield server


@pytest.fixture
def away(absent, request, tmp_path, monkeypatch):
    """The address of a server that is away, and comes back when it is started."""
    absent.stop()
    monkeypatch.setenv("MBOX_URL", absent.url)
    monkeypatch.setenv("MBOX_NAMESPACE", request.node.name)
    monkeypatch.setenv("MBOX_SPOOL_DIR", str(tmp_path / "spool"))
    for variable in ("MBOX_TOKEN", "MBOX_SCENARIO", "MBOX_WRITER", "MBOX_RUN_KEY"):
        monkeypatch.delenv(variable, raising=False)
    return absent


@pytest.mark.slow
@pytest.mark.parametrize("key", [None, "mine"])
def test_a_whole_script_without_a_server_is_sent_by_sync(away, tmp_path, key):
    """The script ends as ever; `python -m mbox_ops sync` brings everything, once."""
    path = tmp_path / "train.py"
    path.write_text(SCRIPT.replace("KEY", repr(key)))
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=60, env=os.environ)
    assert (done.returncode, json.loads(done.stdout.splitlines()[-1])) == (0, "spool"), done.stderr

    away.start()
    for _ in range(2):
        synced = subprocess.run([sys.executable, "-m", "mbox_ops", "sync"], capture_output=True, text=True, timeout=60)
        assert synced.returncode == 0, synced.stdout + synced.stderr

    (run,) = tracking.get_runs(scenario="offline")
    assert (run.status, run.run_collection, run.tags["a"], run.key) == ("FINISHED", "rc1", "b", key)
    assert run.parameters["lr"] == "0.1"
    assert {name: summary.count for name, summary in run.metrics.items()} == {"loss": 100, "epoch": 100, "after": 1}
    assert [event.wallclock_time for event in run.events()] == [12000]
    assert run.get_metadata() == {"a": {"b": 1}}


def test_the_flat_client_says_that_the_server_is_away(away, monkeypatch):
    """What cannot be answered is an error that names the address, after as long as the settings say."""
    monkeypatch.setenv("MBOX_RETRY_SECONDS", "0.3")
    with pytest.raises(Unavailable, match=r"http://127\.0\.0\.1"):
        Client().update_metadata("0196f2c8-0000-7000-8000-000000000000", "a", 1)


SEEDED = """
import random, time
from mbox_ops import tracking

random.seed(7)
with tracking.start_run(scenario="seeded"):
    for step in range(5):
        tracking.log_metric("loss", random.random(), step=step)
        time.sleep(0.1)
    tracking.persist_run()
print(random.random())
"""


@pytest.mark.slow
def test_a_script_draws_the_random_numbers_that_it_would_draw_without_us(away, tmp_path):
    """Neither ids nor retries touch the generator that the script has seeded."""
    path = tmp_path / "train.py"
    path.write_text(SEEDED)
    done = subprocess.run([sys.executable, str(path)], capture_output=True, text=True, timeout=60, env=os.environ)
    alone = random.Random(7)
    expected = [alone.random() for _ in range(6)][-1]
    assert float(done.stdout.splitlines()[-1]) == expected, done.stderr
