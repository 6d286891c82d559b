"""Requests and replies are lost, delayed, repeated, truncated and reset on the way; each batch is stored once."""

import random
from pathlib import Path

import pytest

from mbox_ops.testing import live_server
from tests.proofs.under_fire import BATCHES, SEED, verdict, writers
from tests.proxy import FATES, Fate, proxy

pytestmark = [pytest.mark.proof, pytest.mark.timeout(120 + BATCHES // 10)]

WRITERS = 4
TROUBLE = 0.15  # of all requests
TROUBLES = [fate for fate in FATES if fate not in {"pass", "stay silent"}]


def test_a_line_that_breaks_at_every_place_loses_and_doubles_nothing(tmp_path: Path) -> None:
    """Every step is a batch of its own, and every seventh request meets with some trouble."""
    dice = random.Random(SEED)

    def choose(line: str, number: int) -> Fate:
        return dice.choice(TROUBLES) if dice.random() < TROUBLE else "pass"

    with (
        live_server(home=tmp_path / "home") as server,
        proxy(server.url, choose) as line,
        writers(tmp_path / "writers", line.url, SEED) as made,
    ):
        for number in range(WRITERS):
            made.start(number, f"run {number // 2}", steps=-(-BATCHES // WRITERS), persist_every=1, pause=0)
        made.wait(100 + BATCHES / 10)
        found = verdict(made, server, f"{sum(line.seen.values())} requests by a bad line", everybody_ended=True)
        print(dict(line.seen))  # noqa: T201
        assert found.batches >= BATCHES
        assert BATCHES < 500 or set(TROUBLES) <= set(line.seen)
