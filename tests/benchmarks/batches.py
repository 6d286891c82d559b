"""Small batches, as a training loop gives them: one point of each of a hundred series."""

import http.client
import secrets
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from mbox_ops.entities.metrics import Block
from mbox_ops.entities.runs import OpenRun
from mbox_ops.entities.writers import Batch, Writer
from mbox_ops.testing import LiveServer, live_server
from mbox_ops.wire.encodings import MSGPACK, encode, pack_floats, pack_ints
from tests.benchmarks import points
from tests.benchmarks.figures import Figure, Scale, at_most

BATCHES = 1_000
WARM = 50


def run(scale: Scale) -> Iterator[Figure]:
    """Batches a second over one kept connection, and bytes written to the log a point; at 10 times the size, too."""
    for count in (scale.size(BATCHES), 10 * scale.size(BATCHES)):
        with live_server() as server:
            bodies = [_body(row, seq) for seq, row in enumerate(points.noisy(count + WARM), 1)]
            _send(server, bodies[:WARM])
            with _log_growth(server) as growth:
                began = time.perf_counter()
                _send(server, bodies[WARM:])
                taken = time.perf_counter() - began
            name = f"100 series x 1 point, {count:,} batches"
            bare = _bare(server.home / "bare.db", bodies[WARM:])
            yield Figure(
                name=name, unit="batches/s", measured=count / taken, limit=count / bare,
                against="commits of bare bodies into SQLite",
            )  # fmt: skip
            written = growth() / count / len(points.NAMES)
            yield Figure(
                name=name, unit="bytes/point", measured=written, limit=len(bodies[-1]) / len(points.NAMES),
                against="the batch's own bytes", goals=(at_most(400),),
            )  # fmt: skip


_PRODUCER = secrets.token_hex(16)


def _body(row: points.Row, seq: int) -> bytes:
    block = Block(
        names=list(row), steps=pack_ints([seq]), wallclocks=pack_ints([time.time_ns() // 1_000]),
        values=pack_floats(list(row.values())),
    )  # fmt: skip
    writer = Writer(origin=_PRODUCER, epoch=1, producer=_PRODUCER, seq=seq)
    opening = OpenRun(scenario="small") if seq == 1 else None
    return encode(Batch(key="small", writer=writer, open=opening, points=[block]))


def _send(server: LiveServer, bodies: list[bytes]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
    for body in bodies:
        connection.request("POST", "/api/v1/batches", body, {"Content-Type": MSGPACK})
        answer = connection.getresponse()
        assert answer.status == 200, answer.read()
        answer.read()
    connection.close()


def _bare(path: Path, bodies: list[bytes]) -> float:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE bodies (id INTEGER PRIMARY KEY, body BLOB)")
    began = time.perf_counter()
    for body in bodies:
        with connection:
            connection.execute("INSERT INTO bodies (body) VALUES (?)", (body,))
    taken = time.perf_counter() - began
    connection.close()
    return taken


@contextmanager
def _log_growth(server: LiveServer) -> Iterator[Callable[[], int]]:
    """Tells the bytes written to the write-ahead log since; an open reader keeps the log from starting anew."""
    path = server.home / "mbox.db"
    log = path.with_name("mbox.db-wal")
    reader = sqlite3.connect(path, isolation_level=None)
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM subjects").fetchone()
    before = log.stat().st_size
    yield lambda: log.stat().st_size - before
    reader.execute("COMMIT")
    reader.close()
