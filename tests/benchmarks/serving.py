"""How soon a server takes requests, and what memory it needs when nobody asks anything."""

import time
from collections.abc import Iterator

import psutil

from mbox_ops.testing import LiveServer, live_server
from tests.benchmarks.figures import Figure, Scale, at_most, medians
from tests.benchmarks.processes import python

LIBRARIES = "import uvicorn, httptools, uvloop, litestar, sqlalchemy, numpy, pcodec, structlog"


def run(scale: Scale) -> Iterator[Figure]:
    """Seconds from the command to the first answer, fresh and again, and MiB of the process."""
    with live_server() as server:
        again, libraries = medians(scale.times(10), lambda: _restart(server), lambda: python(LIBRARIES) / 1e3)
        time.sleep(3)
        assert server.pid is not None
        memory = psutil.Process(server.pid).memory_info().rss / 2**20
    (fresh,) = medians(scale.times(5), _start)
    for name, measured in {"server start": again, "server start, new database": fresh}.items():
        yield Figure(
            name=name, unit="s", measured=measured, limit=libraries, against="importing its libraries",
            goals=(at_most(2),),
        )  # fmt: skip
    yield Figure(name="idle server", unit="MiB", measured=memory, goals=(at_most(120),))


def _restart(server: LiveServer) -> float:
    server.stop()
    began = time.perf_counter()
    server.start()
    return time.perf_counter() - began


def _start() -> float:
    began = time.perf_counter()
    with live_server():
        return time.perf_counter() - began
