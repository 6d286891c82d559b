"""A service on a fresh database of either kind, with a clock that tests move."""

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, text

from mbox_ops.entities.metrics import Block
from mbox_ops.entities.runs import OpenRun, Source
from mbox_ops.entities.writers import Batch, BatchResult, Writer
from mbox_ops.service.access import Actor
from mbox_ops.service.clock import Clock
from mbox_ops.service.service import Service
from mbox_ops.store import tables
from mbox_ops.store.database import Database
from mbox_ops.wire.encodings import pack_floats, pack_ints

SECOND = 1_000_000
DAY = 86_400 * SECOND
NOON = 1_780_000_000 * SECOND  # some day in 2026, in microseconds

EVERYTHING = frozenset({"read", "write", "delete", "admin"})
ANN = Actor(namespace="default", namespaces=None, scopes=EVERYTHING, name="ann")


def actor(namespace: str = "default", *, opens: set[str] | None = None, scopes: frozenset[str] = EVERYTHING) -> Actor:
    """Somebody in a namespace, whose token opens those (None: all)."""
    return Actor(namespace=namespace, namespaces=None if opens is None else frozenset(opens), scopes=scopes, name="bob")


class HandClock(Clock):
    """A clock that stands still until a test moves it."""

    def __init__(self, now: int = NOON) -> None:
        super().__init__()
        self.time = now

    def read(self) -> int:
        """Microseconds since 1970 UTC."""
        return self.time

    def forward(self, *, seconds: float = 0, days: float = 0) -> None:
        """Let time pass."""
        self.time += int(seconds * SECOND + days * DAY)


@pytest.fixture
def clock() -> HandClock:
    """The service's clock."""
    return HandClock()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite file with all tables and no rows, to be copied."""
    path = tmp_path_factory.mktemp("template") / "mbox.db"
    with Database(f"sqlite:///{path}") as made:
        made.upgrade()
    return path


@pytest.fixture(scope="session")
def postgres_tables(postgres_url: Callable[[], str]) -> str:
    """The URL of a PostgreSQL database with all tables, to be emptied."""
    url = postgres_url()
    with Database(url) as made:
        made.upgrade()
    return url


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A database with all tables and no rows."""
    if request.param == "sqlite":
        path = tmp_path / "mbox.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), path)
        url = f"sqlite:///{path}"
    else:
        url = request.getfixturevalue("postgres_tables")
    with Database(url) as opened:
        if request.param == "postgresql":
            with opened.write() as conn:
                every = ", ".join(table.name for table in tables.metadata.sorted_tables)
                conn.execute(text(f"TRUNCATE {every} RESTART IDENTITY CASCADE"))
        yield opened


@pytest.fixture
def service(database: Database, clock: HandClock) -> Service:
    """A service over that database and clock."""
    return Service(database, clock=clock)


class Log:
    """One producer that logs to one run of a service."""

    def __init__(
        self, service: Service, by: Actor = ANN, *, origin: str | None = None, epoch: int | None = None
    ) -> None:
        self.service = service
        self.by = by
        self.origin = origin or f"origin-{secrets.token_hex(4)}"
        self.epoch = epoch if epoch is not None else NOON // 1000
        self.producer = secrets.token_hex(16)
        self.seq = 0
        self.run_id: str | None = None
        self.key: str | None = None

    def open(self, *, key: str | None = None, state: str | None = None, **given: Any) -> "Log":
        """Open the run; `pipeline`, `notebook` and what `OpenRun` takes."""
        for kind in ("pipeline", "notebook"):
            if name := given.pop(kind, None):
                given["source"] = Source(kind=kind, name=name)
        self.key = key
        self.write(open=OpenRun(**given), state=state)
        return self

    def write(self, **parts: Any) -> BatchResult:
        """Write one batch."""
        self.seq += 1
        writer = Writer(origin=self.origin, epoch=self.epoch, producer=self.producer, seq=self.seq)
        where = {"key": self.key} if self.key else {"run_id": self.run_id}
        done = self.service.batches.write(self.by, Batch(writer=writer, **where, **parts))
        self.run_id = done.run_id
        return done

    def points(self, name: str, *values: float) -> BatchResult:
        """Write points of one float series, at steps 0, 1, 2, ..."""
        at = pack_ints([NOON] * len(values))
        steps = pack_ints(range(len(values)))
        return self.write(points=[Block(names=[name], steps=steps, wallclocks=at, values=pack_floats(values))])

    @property
    def id(self) -> str:
        """The run's id."""
        assert self.run_id is not None
        return self.run_id


@contextmanager
def counted(database: Database) -> Iterator[list[str]]:
    """The statements that are executed meanwhile."""
    statements: list[str] = []

    def note(conn: object, cursor: object, statement: str, *rest: object) -> None:
        statements.append(statement)

    event.listen(database._engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(database._engine, "before_cursor_execute", note)
