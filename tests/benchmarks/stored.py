"""Points in a database without a server around it, as the client's batches leave them there."""

import secrets
import time
from pathlib import Path

import numpy as np

from mbox_ops.entities.metrics import Block
from mbox_ops.entities.runs import OpenRun
from mbox_ops.entities.writers import Batch, Writer
from mbox_ops.service.access import Actor
from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from mbox_ops.wire.encodings import pack_floats
from tests.benchmarks.points import DIGEST, Row

ACTOR = Actor(namespace="default", namespaces=None, scopes=frozenset({"admin"}), name="benchmark")


def store(path: Path, rows: list[Row]) -> str:
    """A new run with these rows, sealed; returns its id."""
    with Database(f"sqlite:///{path}") as database:
        database.upgrade()
        service = Service(database)
        producer = secrets.token_hex(16)
        run_id = ""
        for seq, first in enumerate(range(0, max(1, len(rows)), DIGEST), 1):
            batch = Batch(
                key=producer, writer=Writer(origin=producer, epoch=1, producer=producer, seq=seq),
                open=OpenRun(scenario="stored") if seq == 1 else None,
                points=_blocks(rows[first : first + DIGEST], first),
            )  # fmt: skip
            run_id = service.batches.write(ACTOR, batch).run_id
        service.metrics.seal(run_id)
        return run_id


def _blocks(rows: list[Row], first: int) -> list[Block]:
    if not rows:
        return []
    now = time.time_ns() // 1_000
    jitter = np.random.default_rng(first).integers(90_000, 110_000, len(rows)).cumsum()
    return [
        Block(
            names=list(rows[0]), steps=np.arange(first, first + len(rows)).tobytes(),
            wallclocks=(now + jitter).tobytes(), values=pack_floats([value for row in rows for value in row.values()]),
        )
    ]  # fmt: skip
