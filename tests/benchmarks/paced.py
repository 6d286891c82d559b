"""Writers that log a batch every so often, as training does, and how long each waits for its answer.

`python -m tests.benchmarks.paced PORT` prints a line for each batch, `when seconds`, until its input ends.
"""

import http.client
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from mbox_ops.entities.metrics import Block
from mbox_ops.entities.runs import OpenRun
from mbox_ops.entities.writers import Batch, Writer
from mbox_ops.wire.encodings import MSGPACK, encode

WRITERS = 8
PERIOD = 0.2  # seconds; a client sends a batch a second
SERIES = ["loss", "accuracy", "lr", "gpu", "speed"]
ROWS = 10

_PRINTING = threading.Lock()


class Paced:
    """The process of the writers."""

    def __init__(self, port: int) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.benchmarks.paced", str(port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        self._lines: list[str] = []
        assert self._process.stdout is not None
        self._reader = threading.Thread(target=self._lines.extend, args=(self._process.stdout,))
        self._reader.start()

    def end(self) -> None:
        """Have every writer come to its end; all its batches must have been taken."""
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._reader.join()
        assert self._process.wait() == 0

    def p99(self, since: float, until: float) -> float:
        """How long 99 of 100 batches waited at most, of those sent in that time (as `time.time()` has it)."""
        pairs = [(float(when), float(took)) for when, took in (line.split() for line in self._lines)]
        within = [took for when, took in pairs if since <= when < until]
        return float(np.quantile(within, 0.99))


@contextmanager
def writers(port: int) -> Iterator[Paced]:
    """Eight writers to a server on this machine, until the block ends; ask them then."""
    paced = Paced(port)
    try:
        yield paced
    finally:
        paced.end()


def main(port: str) -> None:
    """Write until the input ends."""
    stop = threading.Event()
    threads = [threading.Thread(target=_write, args=(int(port), number, stop)) for number in range(WRITERS)]
    for thread in threads:
        thread.start()
    sys.stdin.read()
    stop.set()
    for thread in threads:
        thread.join()


def _write(port: int, number: int, stop: threading.Event) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    producer, seq = secrets.token_hex(16), 0
    due = time.monotonic() + PERIOD * number / WRITERS
    while not stop.wait(max(0.0, due - time.monotonic())):
        seq, due = seq + 1, max(due + PERIOD, time.monotonic())
        body = _body(producer, seq)
        at, began = time.time(), time.perf_counter()
        connection.request("POST", "/api/v1/batches", body, {"Content-Type": MSGPACK})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200, answer.status
        took = time.perf_counter() - began
        with _PRINTING:
            print(at, took, flush=True)
    connection.close()


def _body(producer: str, seq: int) -> bytes:
    steps = np.arange(ROWS) + seq * ROWS
    now = time.time_ns() // 1_000
    block = Block(
        names=SERIES, steps=steps.tobytes(), wallclocks=(now + np.arange(ROWS)).tobytes(),
        values=np.random.default_rng(seq).random(ROWS * len(SERIES)).tobytes(),
    )  # fmt: skip
    writer = Writer(origin=producer, epoch=1, producer=producer, seq=seq)
    opening = OpenRun(scenario="writing") if seq == 1 else None
    return encode(Batch(key=producer, writer=writer, open=opening, points=[block]))


if __name__ == "__main__":
    main(*sys.argv[1:])
