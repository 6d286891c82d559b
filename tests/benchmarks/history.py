"""Reading the history of a long series into arrays."""

import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mbox_ops import Client
from mbox_ops.store.chunks import decode_axis, decode_values
from mbox_ops.testing import live_server
from tests.benchmarks import points
from tests.benchmarks.figures import Figure, Scale, at_most_times, medians, seconds
from tests.benchmarks.stored import store

POINTS = 100_000


def run(scale: Scale) -> Iterator[Figure]:
    """One series through HTTP into NumPy's arrays, against fetching and decoding its chunks; milliseconds."""
    for count in (scale.size(POINTS), 10 * scale.size(POINTS)):
        with tempfile.TemporaryDirectory() as folder:
            measured, limit = _read(scale.times(20), Path(folder), count)
        yield Figure(
            name=f"history of {count:,} points into arrays", unit="ms", measured=measured, limit=limit,
            against="bare fetch and decode of the chunks", goals=(at_most_times(3),),
        )  # fmt: skip


def _read(repetitions: int, folder: Path, count: int) -> list[float]:
    path = folder / "mbox.db"
    run_id = store(path, points.noisy(count, ["loss"]))
    with live_server(home=folder) as server:
        client = Client(url=server.url)

        def ours() -> None:
            (found,) = client.metrics.history(run_id, "loss", limit=None)
            assert len(found.to_numpy()) == count

        ours()
        return medians(repetitions, lambda: 1e3 * seconds(ours), lambda: 1e3 * seconds(lambda: _bare(path)))


def _bare(path: Path) -> list[npt.NDArray[np.generic]]:
    connection = sqlite3.connect(path)
    query = """
        SELECT axes.body, axes.count, chunks.body
        FROM chunks JOIN axes ON axes.id = chunks.axis_id ORDER BY axes.min_step
    """
    found = [
        (decode_axis(axis, count), decode_values(body, "float")) for axis, count, body in connection.execute(query)
    ]
    connection.close()
    axes = [axis for axis, _ in found]
    return [
        np.concatenate([axis.steps for axis in axes]),
        np.concatenate([axis.wallclocks for axis in axes]),
        np.concatenate([values for _, values in found]),
    ]
