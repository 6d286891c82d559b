"""One server for all tests of this folder. It asks for a token, and speaks gRPC."""

from collections.abc import Iterator

import pytest

from mbox_ops.testing import LiveServer, free_port, live_server
from tests.rpc.asking import Caller


@pytest.fixture(scope="session")
def rpc_port() -> int:
    """Where it speaks gRPC."""
    return free_port()


@pytest.fixture(scope="session")
def closed(rpc_port: int) -> Iterator[LiveServer]:
    """The server."""
    with live_server(tokens=True, environment={"MBOX_GRPC_PORT": str(rpc_port)}) as running:
        yield running


@pytest.fixture(scope="session")
def caller(closed: LiveServer, rpc_port: int) -> Iterator[Caller]:
    """Whoever may do everything."""
    with Caller(f"127.0.0.1:{rpc_port}", closed.token) as made:
        yield made
