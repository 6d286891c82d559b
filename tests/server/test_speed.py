"""A small request is answered at once, however the server was started."""

import http.client
import statistics
import time

import pytest

from mbox_ops.testing import live_server

REQUESTS = 60
BODY = b'{"key": "speed", "open": {"scenario": "speed"}, "points": [{"names": ["a"], "values": [1.0]}]}'


@pytest.mark.parametrize("loop", ["uvloop", "asyncio"])
def test_small_requests_are_not_answered_in_steps_of_40_ms(loop: str) -> None:
    """Nagle's algorithm and delayed acknowledgement never wait for each other, on a kept connection or a new one."""
    with live_server() as server:
        server.stop()
        server.start("--loop", loop)
        kept = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
        reads = [took(kept, "GET", "/api/v1/time") for _ in range(REQUESTS)]
        writes = [took(kept, "POST", "/api/v1/batches", BODY) for _ in range(REQUESTS)]
        kept.close()
        fresh = []
        for _ in range(REQUESTS):
            connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=10)
            fresh.append(took(connection, "GET", "/api/v1/time"))
            connection.close()
    for seconds in (reads, writes, fresh):
        assert statistics.median(seconds) < 0.030


def took(connection: http.client.HTTPConnection, method: str, path: str, body: bytes | None = None) -> float:
    """The seconds that one request took."""
    began = time.perf_counter()
    connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
    answer = connection.getresponse()
    answer.read()
    assert answer.status == 200
    return time.perf_counter() - began
