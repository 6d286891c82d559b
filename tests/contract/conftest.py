"""The contract suite runs at five doors: service and HTTP, each on SQLite and on PostgreSQL, and gRPC.

Two more lie crosswise: written by HTTP and read by gRPC, and the other way round.
"""

import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from functools import cache

import pytest

from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from mbox_ops.testing import free_port, live_server
from tests.contract.doors import CrossedDoor, Door, HttpDoor, ServiceDoor
from tests.contract.grpc_door import GrpcDoor
from tests.contract.writing import Stream

DOORS = ["service+sqlite", "service+postgresql", "http+sqlite", "http+postgresql"]
CROSSED = ["http>grpc+sqlite", "grpc>http+sqlite"]
DoorMaker = Callable[[str], Door]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test at its doors: all but gRPC where it is marked `no_rpc`, and the crossed ones where it is `crosswise`."""
    if "door_maker" not in metafunc.fixturenames:
        return
    marks = {mark.name for mark in metafunc.definition.iter_markers()}
    doors = list(DOORS)
    if "no_rpc" not in marks:
        doors += ["grpc+sqlite", *(CROSSED if "crosswise" in marks else [])]
    metafunc.parametrize("door_maker", doors, indirect=True, scope="session")


@pytest.fixture(scope="session")
def rpc_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The URL and the gRPC address of one long-lived server."""
    port = free_port()
    home = tmp_path_factory.mktemp("home")
    with live_server(home=home, environment={"MBOX_GRPC_PORT": str(port)}) as server:
        yield server.url, f"127.0.0.1:{port}"


@pytest.fixture(scope="session")
def makers(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[str], DoorMaker]]:
    """A function that gives a door's maker: what stands behind it is started once, however many files use it."""
    with ExitStack() as stack:

        @cache
        def maker(door: str) -> DoorMaker:
            kind, dialect = door.split("+")
            if "grpc" in kind:
                return over_network(kind, *request.getfixturevalue("rpc_server"))
            home = tmp_path_factory.mktemp("home")
            url = f"sqlite:///{home / 'mbox.db'}" if dialect == "sqlite" else request.getfixturevalue("postgres_url")()
            if kind == "http":
                server = stack.enter_context(live_server(database_url=url, home=home))
                return lambda namespace: HttpDoor(server.url, namespace)
            database = stack.enter_context(closing(Database(url)))
            database.upgrade()
            service = Service(database)
            return lambda namespace: ServiceDoor(service, namespace)

        yield maker


@pytest.fixture(scope="session")
def door_maker(request: pytest.FixtureRequest, makers: Callable[[str], DoorMaker]) -> DoorMaker:
    """A function that gives the door to a namespace of one long-lived service."""
    return makers(request.param)


def over_network(kind: str, url: str, address: str) -> DoorMaker:
    """A function that gives a door to a server that speaks gRPC, too."""
    if kind == "grpc":
        return lambda namespace: GrpcDoor(address, namespace)
    if kind == "http>grpc":
        return lambda namespace: CrossedDoor(HttpDoor(url, namespace), GrpcDoor(address, namespace))
    return lambda namespace: CrossedDoor(GrpcDoor(address, namespace), HttpDoor(url, namespace))


@pytest.fixture
def door(door_maker: DoorMaker) -> Door:
    """The door to a fresh namespace."""
    return door_maker(f"ns-{secrets.token_hex(4)}")


@pytest.fixture
def stream(door: Door) -> Callable[..., Stream]:
    """A function that makes a stream of batches to a new run, or to the run given."""
    return lambda **given: Stream(door, **given)
