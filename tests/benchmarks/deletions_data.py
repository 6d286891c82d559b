"""Runs to delete: each with five series, parameters, tags, metadata, events and a tracked artifact, from fixed dice.

The databases are made once and kept in `.benchmarks/`; benchmarks work on copies.
"""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mbox_ops.entities.artifacts import ArtifactRecord
from mbox_ops.entities.events import EventRecord
from mbox_ops.entities.metrics import Block
from mbox_ops.entities.runs import OpenRun, Source
from mbox_ops.entities.writers import Batch, MetadataOp
from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from tests.benchmarks.kept import kept
from tests.benchmarks.stored import ACTOR

SERIES = ["train/loss", "train/accuracy", "val/loss", "val/accuracy", "lr"]
MEMORY = Path("/dev/shm")  # a disk that syncs at once, where there is one
KEPT = 200  # runs of another scenario
STARTED = 1_700_000_000_000_000


def made(runs: int, points: int) -> Path:
    """An SQLite file with so many sealed runs of the scenario `gone`, of so many points each, and some that stay."""
    path = kept(f"deletions-{runs}x{points}")
    if path.exists():
        return path
    print(f"loading {runs:,} runs of {points:,} points ...", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(dir=MEMORY if MEMORY.exists() else None) as folder:
        fresh = Path(folder) / path.name
        with Database(f"sqlite:///{fresh}") as database:
            database.upgrade()
            load(database, "kept", KEPT, points)
            load(database, "gone", runs, points)
        shutil.copyfile(fresh, path.with_suffix(".part"))
    return path.with_suffix(".part").rename(path)


def load(database: Database, scenario: str, runs: int, points: int) -> None:
    """Store so many runs of a scenario, each by one batch, and seal what they logged."""
    service = Service(database)
    for batch in batches(scenario, runs, points):
        service.metrics.seal(service.batches.write(ACTOR, batch).run_id)


def batches(scenario: str, runs: int, points: int) -> Iterator[Batch]:
    """The batch of each run."""
    rows = points // len(SERIES)
    steps = np.arange(rows)
    for number in range(runs):
        draw = np.random.default_rng(number)
        at = STARTED + number * 1_000_000
        yield Batch(
            key=f"{scenario}/{number}", state="FINISHED", at=at + 900_000,
            open=OpenRun(
                scenario=scenario, source=Source(kind="pipeline", name=f"train-{number % 20}"), started_at=at
            ),
            parameters={"lr": 10 ** draw.uniform(-5, -1), "seed": number, "model": f"model-{number % 10}", "depth": 12},
            tags={"team": "abcde"[number % 5], "build": str(number)},
            metadata=[MetadataOp(op="merge", document={"data": {"rows": number, "source": f"part {number % 10}"}})],
            events=[EventRecord(name=name, source="trainer", wallclock=at) for name in ("started", "finished")],
            artifacts=[ArtifactRecord(path="model.bin", uri=f"s3://models/{number}/model.bin")],
            points=[
                Block(
                    names=SERIES, steps=steps.tobytes(),
                    wallclocks=(at + steps * 100_000 + draw.integers(0, 9_999)).tobytes(),
                    values=(draw.normal(0, 1, (rows, len(SERIES))).cumsum(0) / 10).tobytes(),
                )
            ],
        )  # fmt: skip
