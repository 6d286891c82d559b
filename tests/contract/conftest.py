"""The contract suite runs at four doors: service and HTTP, each on SQLite and on PostgreSQL."""

import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from mbox_ops.testing import live_server
from tests.contract.doors import Door, HttpDoor, ServiceDoor
from tests.contract.writing import Stream

DOORS = ["service+sqlite", "service+postgresql", "http+sqlite", "http+postgresql"]
DoorMaker = Callable[[str], Door]


@pytest.fixture(scope="session", params=DOORS)
def door_maker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[DoorMaker]:
    """A function that gives the door to a namespace of one long-lived service."""
    kind, dialect = request.param.split("+")
    home = tmp_path_factory.mktemp("home")
    url = f"sqlite:///{home / 'mbox.db'}" if dialect == "sqlite" else request.getfixturevalue("postgres_url")()
    if kind == "service":
        database = Database(url)
        database.upgrade()
        service = Service(database)
        yield lambda namespace: ServiceDoor(service, namespace)
        database.close()
    else:
        with live_server(database_url=url, home=Path(home)) as server:
            yield lambda namespace: HttpDoor(server.url, namespace)


@pytest.fixture
def door(door_maker: DoorMaker) -> Door:
    """The door to a fresh namespace."""
    return door_maker(f"ns-{secrets.token_hex(4)}")


@pytest.fixture
def stream(door: Door) -> Callable[..., Stream]:
    """A function that makes a stream of batches to a new run, or to the run given."""
    return lambda **given: Stream(door, **given)
