"""Whole histories of clients, a network, a server and time, each from one seed, compared with the rules."""

import logging
import os
import random
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import event

from mbox_ops.client import exits
from mbox_ops.store.database import Database
from tests.proofs.simulation.world import World

pytestmark = pytest.mark.proof

SEEDS = int(os.environ.get("MBOX_PROOF_SEEDS", "200"))
ONE = os.environ.get("MBOX_PROOF_SEED")
STEPS = 150
MEMORY = Path("/dev/shm")  # no disk is asked to survive anything here


class Draws:
    """Stands where the client takes what must be unique from the system: all of a history comes from its seed."""

    def __init__(self, seed: int) -> None:
        self._draw = random.Random(f"unique {seed}")
        self._count = 0

    def token_hex(self, size: int) -> str:
        """As `secrets.token_hex`."""
        return f"{self._draw.getrandbits(8 * size):0{2 * size}x}"

    def uuid7(self) -> str:
        """Ids that are sorted by when they were made."""
        self._count += 1
        return f"{self._count:08d}-{self.token_hex(4)}"


class Stage:
    """One database for all histories, since what it knows of statements is worth keeping; each finds it empty.

    Args:
        folder: where everything is kept.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._template, self._file = folder / "template.db", folder / "mbox.db"
        with Database(f"sqlite:///{self._template}") as template:
            template.upgrade()
        self._database = Database(f"sqlite:///{self._file}")
        # What a power cut does is not asked here.
        event.listen(self._database._engine, "connect", lambda conn, _: conn.execute("PRAGMA synchronous = OFF"))

    def database(self) -> Database:
        """The database, without any rows."""
        self._database.close()
        for old in self.folder.glob("mbox.db*"):
            old.unlink()
        shutil.copyfile(self._template, self._file)
        return self._database


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """Where histories are played."""
    with tempfile.TemporaryDirectory(dir=MEMORY if os.access(MEMORY, os.W_OK) else None) as made:
        yield Stage(Path(made))


def play(seed: int, stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Play one history to its end."""
    draws = Draws(seed)
    monkeypatch.setattr("mbox_ops.client.producer.secrets", draws)
    monkeypatch.setattr("mbox_ops.client.spool.uuid7", draws.uuid7)
    with tempfile.TemporaryDirectory(dir=stage.folder) as own:
        world = World(seed, Path(own), stage.database())
        try:
            world.live(STEPS)
            world.settle()
            world.check()
        except Exception as error:
            trace = "\n".join(world.trace)
            again = f"MBOX_PROOF_SEED={seed} plays it again"
            raise AssertionError(f"{trace}\n\nSeed {seed} ({again}): {error!r:.2000}") from error
        finally:
            world.close()


@pytest.mark.timeout(7200)
def test_every_history_ends_as_the_rules_say(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is dropped, doubled, late, killed, forked, adopted, deleted, undone or purged on the way."""
    caplog.set_level(logging.CRITICAL, "mbox_ops")
    for of_real_processes in ("watch", "mind"):  # simulated ones end when the world says so
        monkeypatch.setattr(exits, of_real_processes, lambda recorder: None)
    for seed in [int(ONE)] if ONE else range(SEEDS):
        play(seed, stage, monkeypatch)
