"""Two servers for all tests of this folder: one that lets this machine in, one that asks for a token."""

from collections.abc import Iterator

import pytest

from mbox_ops.testing import LiveServer, live_server


@pytest.fixture(scope="session")
def server() -> Iterator[LiveServer]:
    """A server without tokens."""
    with live_server() as running:
        yield running


@pytest.fixture(scope="session")
def closed() -> Iterator[LiveServer]:
    """A server that asks for a token."""
    with live_server(tokens=True) as running:
        yield running
