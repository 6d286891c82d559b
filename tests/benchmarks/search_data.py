"""Many runs to search: each with 20 parameters, 10 metrics, 5 tags and 10 nested metadata leaves, from fixed dice.

`python -m tests.benchmarks.search_data URL [RUNS]` loads them into a database, through the service.
"""

import random
import sys
import time
from collections.abc import Iterator
from typing import Any

from mbox_ops.entities.metrics import Block
from mbox_ops.entities.runs import OpenRun, Source
from mbox_ops.entities.writers import Batch, MetadataOp
from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from mbox_ops.wire.encodings import pack_floats
from tests.benchmarks.stored import ACTOR

_STEP = bytes(8)
STARTED = 1_700_000_000_000_000
METRICS = ("loss", "accuracy", "f1", "auc", "precision", "recall", "val/loss", "val/accuracy", "epoch_seconds", "lr")


def load(database: Database, first: int, last: int) -> float:
    """Store the runs `first` to `last - 1`, each by one batch; how many seconds it took."""
    service = Service(database)
    began = time.perf_counter()
    for batch in batches(first, last):
        service.batches.write(ACTOR, batch)
    return time.perf_counter() - began


def batches(first: int, last: int) -> Iterator[Batch]:
    """The batch of each run."""
    for number in range(first, last):
        rng = random.Random(number)
        values = [rng.random() for _ in METRICS]
        source = Source(kind="pipeline", name=f"train-{number % 20}")
        yield Batch(
            key=f"search/{number}", state="FINISHED", at=STARTED + number * 1_000_000 + 500_000,
            open=OpenRun(
                scenario=f"scenario-{number % 50}", source=source, name=f"run {number}",
                started_at=STARTED + number * 1_000_000,
            ),
            parameters=_parameters(rng, number),
            tags={"team": rng.choice("abcde"), "stage": rng.choice(["dev", "prod"]), "owner": f"user-{number % 97}",
                  "region": rng.choice(["eu", "us"]), "build": str(number)},
            points=[Block(names=list(METRICS), steps=_STEP, values=pack_floats(values))],
            metadata=[MetadataOp(op="merge", document=_metadata(rng))],
        )  # fmt: skip


def _parameters(rng: random.Random, number: int) -> dict[str, Any]:
    given: dict[str, Any] = {
        "model": f"model-{rng.randrange(10)}",  # one value has a tenth of the runs
        "lr": 10 ** rng.uniform(-5, -1),
        "batch_size": rng.choice([16, 32, 64, 128]),
        "seed": number,
    }
    return given | {f"p{place:02}": rng.choice([rng.random(), f"value-{rng.randrange(1000)}"]) for place in range(16)}


def _metadata(rng: random.Random) -> dict[str, Any]:
    return {
        "data": {
            "source": f"source-{rng.randrange(10)}", "rows": rng.randrange(1_000_000),
            "splits": {"train": rng.random(), "test": rng.random()},
        },
        "train": {
            "device": {"kind": rng.choice(["cpu", "gpu"]), "count": rng.randrange(10)},
            "precision": rng.choice(["fp32", "bf16"]), "optimizer": {"name": rng.choice(["adam", "sgd"])},
        },
        "git": {"commit": f"{rng.getrandbits(160):040x}", "dirty": rng.random() < 0.1},
    }  # fmt: skip


def main() -> None:
    """Load a database from the command line."""
    url, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    with Database(url) as database:
        database.upgrade()
        print(f"{count} runs in {load(database, 0, count):.1f} s")


if __name__ == "__main__":
    main()
