"""Writers are killed at random moments while the server comes and goes; what `persist_run()` returned for is kept."""

import random
import time
from pathlib import Path

import pytest

from mbox_ops.testing import LiveServer, live_server
from tests.proofs.under_fire import CLIENT_KILLS, SEED, Writers, verdict, writers

pytestmark = [pytest.mark.proof, pytest.mark.timeout(180 + 5 * CLIENT_KILLS)]

WRITERS = 5
RUNS = 10
AWAY = 0.4  # of the time


def test_killed_clients_keep_what_persist_run_returned_for(tmp_path: Path) -> None:
    """Whether it said `server` or `spool`: a later process, or `sync`, has delivered it, once."""
    rng = random.Random(SEED)
    with live_server(home=tmp_path / "home") as server, writers(tmp_path / "writers", server.url, SEED) as made:
        kill(server, made, rng)
        if server.pid is None:
            server.start()
        made.sync()
        found = verdict(made, server, f"{CLIENT_KILLS} client kills", everybody_ended=False)
        assert found.batches or CLIENT_KILLS < 50, "The server was there at times."


def kill(server: LiveServer, made: Writers, rng: random.Random) -> None:
    """Keep some writers alive, kill one at a time, and let the server come and go."""
    number = 0
    turn_at = time.monotonic()
    for _ in range(CLIENT_KILLS):
        while len(made.running) < WRITERS:
            made.start(number, f"run {number % RUNS}")
            number += 1
        if time.monotonic() > turn_at:
            turn_at = time.monotonic() + 2 + 3 * rng.random()
            turn(server, away=rng.random() < AWAY)
        time.sleep(0.8 * rng.random())
        made.check_alive()
        made.kill(rng.choice(sorted(made.running)))
    for alive in sorted(made.running):
        made.kill(alive)


def turn(server: LiveServer, *, away: bool) -> None:
    """Let the server be away, or be there."""
    if away and server.pid is not None:
        server.kill()
    elif not away and server.pid is None:
        server.start()
