"""One small request, however the server was started: none may answer in steps of 40 ms."""

import http.client
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from mbox_ops.testing import LiveServer, free_port, live_server
from tests.benchmarks.figures import Figure, Scale, at_most

REQUESTS = 200
BODY = b'{"key": "small", "open": {"scenario": "small"}, "points": [{"names": ["a"], "values": [1.0]}]}'
WAYS = {"python -m mbox_ops.server --loop uvloop": "uvloop", "python -m mbox_ops.server --loop asyncio": "asyncio"}


def run(scale: Scale) -> Iterator[Figure]:
    """The median of a read, a write, and a read on a new connection; milliseconds."""
    with live_server() as server:
        for way, loop in WAYS.items():
            server.stop()
            server.start("--loop", loop)
            yield from _figures(way, server.port, scale)
        server.stop()
        with _by_command(server) as port:
            yield from _figures("mbox serve", port, scale)


def _figures(way: str, port: int, scale: Scale) -> Iterator[Figure]:
    count = scale.times(REQUESTS)
    kept = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    asked = {
        "read": [_took(kept, "GET", "/api/v1/time") for _ in range(count)],
        "write": [_took(kept, "POST", "/api/v1/batches", BODY) for _ in range(count)],
        "new connection": [_on_a_new_connection(port) for _ in range(count)],
    }
    kept.close()
    for what, milliseconds in asked.items():
        yield Figure(name=f"{what}: {way}", unit="ms", measured=statistics.median(milliseconds), goals=(at_most(20),))


def _on_a_new_connection(port: int) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    taken = _took(connection, "GET", "/api/v1/time")
    connection.close()
    return taken


def _took(connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None) -> float:
    began = time.perf_counter()
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200
    return 1e3 * (time.perf_counter() - began)


@contextmanager
def _by_command(server: LiveServer) -> Iterator[int]:
    """The server as people start it."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("mbox")), "serve", "--port", str(port)]
    environment = server._environment() | {"PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield port
    finally:
        process.terminate()
        process.wait(30)
