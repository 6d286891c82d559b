"""Thinning long series out for a chart."""

import secrets
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from mbox_ops.client.http import HttpApi
from mbox_ops.entities.metrics import Block
from mbox_ops.entities.pages import Items
from mbox_ops.entities.runs import OpenRun
from mbox_ops.entities.search import Curve, CurveQuery, SeriesRef
from mbox_ops.entities.writers import Batch, Writer
from mbox_ops.service.service import Service
from mbox_ops.store.chunks import decode_axis, decode_values
from mbox_ops.store.database import Database
from mbox_ops.testing import live_server
from tests.benchmarks.figures import Figure, Scale, at_most_times, medians, seconds
from tests.benchmarks.stored import ACTOR

SERIES = [f"train/metric_{number:02}" for number in range(20)]
POINTS = 1_000_000
SHOWN = 1_000
BATCH = 10_000  # steps


def run(scale: Scale) -> Iterator[Figure]:
    """Twenty series through HTTP, against fetching and decoding their chunks; milliseconds."""
    count = scale.size(POINTS)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mbox.db"
        run_id = store(path, count)
        with live_server(home=Path(folder)) as server:
            api = HttpApi(server.url, None, "default")
            query = CurveQuery(series=[SeriesRef(run_id=run_id, name=name) for name in SERIES], max_points=SHOWN)

            def ours() -> None:
                found = api.call("POST", "/curves", body=query, result=Items[Curve]).items
                assert [curve.total for curve in found] == [count] * len(SERIES)

            ours()
            measured, limit = medians(
                scale.times(10), lambda: 1e3 * seconds(ours), lambda: 1e3 * seconds(lambda: _bare(path))
            )
    yield Figure(
        name=f"{len(SERIES)} curves of {count:,} points to {SHOWN:,}", unit="ms", measured=measured, limit=limit,
        against="bare fetch and decode of the chunks", goals=(at_most_times(3),),
    )  # fmt: skip


def store(path: Path, count: int) -> str:
    """A run with series that walk at random, sealed; returns its id."""
    draw = np.random.default_rng(1)
    producer = secrets.token_hex(16)
    run_id = ""
    with Database(f"sqlite:///{path}") as database:
        database.upgrade()
        service = Service(database)
        for seq, first in enumerate(range(0, count, BATCH), 1):
            rows = min(BATCH, count - first)
            steps = np.arange(first, first + rows)
            block = Block(
                names=SERIES, steps=steps.tobytes(), wallclocks=(steps * 100_000 + draw.integers(0, 9_999)).tobytes(),
                values=(draw.normal(0, 1, (rows, len(SERIES))).cumsum(0) / 10).tobytes(),
            )  # fmt: skip
            writer = Writer(origin=producer, epoch=1, producer=producer, seq=seq)
            opening = OpenRun(scenario="curves") if seq == 1 else None
            batch = Batch(key=producer, writer=writer, open=opening, points=[block])
            run_id = service.batches.write(ACTOR, batch).run_id
        service.metrics.seal(run_id)
    return run_id


def _bare(path: Path) -> None:
    connection = sqlite3.connect(path)
    for axis, count in connection.execute("SELECT body, count FROM axes"):
        decode_axis(axis, count)
    for (values,) in connection.execute("SELECT body FROM chunks"):
        decode_values(values, "float")
    connection.close()
