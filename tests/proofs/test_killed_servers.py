"""The server is killed at random moments under eight writers; what it acknowledged is there once, and all arrives."""

import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mbox_ops.testing import LiveServer, live_server
from tests.proofs.under_fire import SEED, SERVER_KILLS, Writers, verdict, writers

pytestmark = [pytest.mark.proof, pytest.mark.timeout(120 + 20 * SERVER_KILLS)]

WRITERS = 8
PAUSE = 0.02  # seconds between two steps: the server has to come up beside the writers


def test_a_server_killed_again_and_again_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """On SQLite."""
    with live_server(home=tmp_path / "home") as server:
        prove(server, tmp_path, SERVER_KILLS, "SQLite")


def test_a_killed_server_on_postgresql_loses_and_doubles_nothing(
    tmp_path: Path, postgres_url: Callable[[], str]
) -> None:
    """On PostgreSQL, with a third of the kills: what differs is what a transaction that was cut off leaves."""
    with live_server(home=tmp_path / "home", database_url=postgres_url()) as server:
        prove(server, tmp_path, max(1, SERVER_KILLS // 3), "PostgreSQL")


def prove(server: LiveServer, folder: Path, kills: int, database: str) -> None:
    """Two writers to each of four runs, until the server was killed so many times."""
    rng = random.Random(SEED)
    with writers(folder / "writers", server.url, SEED) as made:
        for number in range(WRITERS):
            made.start(number, f"run {number // 2}", pause=PAUSE)
        try:
            kill(server, made, rng, kills)
        except AssertionError as error:
            raise AssertionError(f"{error}; again with MBOX_PROOF_SEED={SEED}") from None
        verdict(made, server, f"{kills} server kills on {database}", everybody_ended=True)


def kill(server: LiveServer, made: Writers, rng: random.Random, kills: int) -> None:
    """Kill and restart; most lives are short, so that many a batch is cut off half way."""
    for _ in range(kills):
        time.sleep(rng.choice([0.05, 0.3, 1.5]) * rng.random() * 2)
        server.kill()
        made.check_alive()
        time.sleep(0.4 * rng.random())
        server.start()
    made.finish()
