"""What points take on disk once they are sealed."""

import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks import points
from tests.benchmarks.figures import Figure, Scale, at_most
from tests.benchmarks.stored import store

STEPS = 10_000


def run(scale: Scale) -> Iterator[Figure]:
    """Bytes a point, with all that the database keeps beside the points."""
    for kind, make, most in (("noisy float64", points.noisy, 9), ("rounded to 4 digits", points.rounded, 4)):
        for steps in (scale.size(STEPS) // 10, scale.size(STEPS)):
            with tempfile.TemporaryDirectory() as folder:
                size = _size(Path(folder) / "mbox.db", make(steps))
            yield Figure(
                name=f"on disk, {kind}, 100 x {steps:,}", unit="bytes/point", limit=8, against="a bare float64",
                measured=size / steps / len(points.NAMES), goals=(at_most(most),) if steps >= STEPS else (),
            )  # fmt: skip


def _size(path: Path, rows: list[points.Row]) -> int:
    """The bytes that a database grows by, as pages in use: the log is emptied and free pages do not count."""
    store(path, [])
    empty = _used(path)
    store(path, rows)
    return _used(path) - empty


def _used(path: Path) -> int:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    pages, free, size = (
        connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("page_count", "freelist_count", "page_size")
    )
    connection.close()
    assert path.stat().st_size == pages * size
    return int((pages - free) * size)
