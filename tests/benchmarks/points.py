"""Made-up points, and the raw ways of getting them into SQLite and back."""

import random
import sqlite3
from pathlib import Path

import numpy as np

Row = dict[str, float]

NAMES = [f"train/metric_{number:03}" for number in range(100)]
DIGEST = 200  # steps that a raw insert takes at once: a million bytes and a half, as the client does


def noisy(steps: int, names: list[str] = NAMES, seed: int = 1) -> list[Row]:
    """A dict of metrics for each step: random walks, all of whose digits are noise."""
    draw = np.random.default_rng(seed)
    walks = draw.normal(0, 1, (steps, len(names))).cumsum(0) / 10 + draw.normal(0, 1, len(names))
    return [dict(zip(names, row, strict=True)) for row in walks.tolist()]


def rounded(steps: int, names: list[str] = NAMES) -> list[Row]:
    """The same, rounded to 4 digits."""
    return [{name: round(value, 4) for name, value in row.items()} for row in noisy(steps, names)]


def executemany(path: Path, rows: list[Row]) -> None:
    """One row a point, in one statement and one durable transaction; series are numbers already."""
    now = 1_760_000_000.0 + random.random()
    connection = _database(path, "CREATE TABLE points (series INTEGER, step INTEGER, wallclock REAL, value REAL)")
    with connection:
        every = (
            (series, step, now, value) for step, row in enumerate(rows) for series, value in enumerate(row.values())
        )
        connection.executemany("INSERT INTO points VALUES (?, ?, ?, ?)", every)
    connection.close()


def columns(path: Path, rows: list[Row]) -> None:
    """The same points as columns, a durable transaction for each 200 steps."""
    connection = _database(path, "CREATE TABLE segments (id INTEGER PRIMARY KEY, body BLOB)")
    for first in range(0, len(rows), DIGEST):
        some = rows[first : first + DIGEST]
        values = np.array([list(row.values()) for row in some])
        steps, wallclocks = np.arange(first, first + len(some)), np.full(len(some), 1_760_000_000_000_000)
        with connection:
            body = steps.tobytes() + wallclocks.tobytes() + values.tobytes()
            connection.execute("INSERT INTO segments (body) VALUES (?)", (body,))
    connection.close()


def _database(path: Path, table: str) -> sqlite3.Connection:
    path.unlink(missing_ok=True)
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(table)
    return connection
