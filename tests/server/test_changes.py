"""Waiting for changes over HTTP: pages that wait, streams that go on, and what becomes of readers that do not."""

import asyncio
import http.client
import json
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from mbox_ops.entities.changes import WatchQuery
from mbox_ops.entities.runs import OpenRun
from mbox_ops.entities.tokens import CreateToken
from mbox_ops.entities.writers import Batch
from mbox_ops.errors import Unauthenticated
from mbox_ops.server.channels import KEPT, Channel
from mbox_ops.server.feed import Feed, Piece
from mbox_ops.server.threads import Threads
from mbox_ops.service.access import Actor
from mbox_ops.service.changes import Position
from mbox_ops.service.service import Service
from mbox_ops.store import outbox, subjects
from mbox_ops.store.database import Database
from mbox_ops.testing import LiveServer, live_server
from tests.server.asking import Answer, ask

CHANGES = "/api/v1/changes"
EVERYBODY = Actor(namespace="default", namespaces=None, scopes=frozenset({"admin"}), name="test")


class Stream:
    """A stream of server-sent events, as a reader sees it."""

    def __init__(
        self, server: LiveServer, query: str = "", *, token: str | None = None, last: str | None = None
    ) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)
        headers = {"Accept": "text/event-stream"}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        headers |= {"Last-Event-ID": last} if last else {}
        self.connection.request("GET", f"{CHANGES}/stream{query}", headers=headers)
        self.response = self.connection.getresponse()

    def close(self) -> None:
        self.response.close()
        self.connection.close()

    def block(self) -> dict[str, str]:
        """The next block of fields; empty at the end of the stream."""
        fields: dict[str, str] = {}
        while line := self.response.readline().decode().rstrip("\n"):
            name, _, value = line.partition(": ")
            fields[name] = value
        return fields

    def change(self) -> dict[str, Any]:
        """The next change."""
        while "data" not in (block := self.block()):
            assert block, "the stream ended"
        data = json.loads(block["data"])
        assert data.get("cursor") == block.get("id")
        return data


@contextmanager
def stream(server: LiveServer, query: str = "", **options: Any) -> Iterator[Stream]:
    """A stream that has begun."""
    with closing(Stream(server, query, **options)) as made:
        assert made.response.status == 200, made.response.read()
        assert made.response.getheader("content-type") == "text/event-stream; charset=utf-8"
        assert "id" in made.block()
        yield made


def write(server: LiveServer, key: str = "k", *, token: str | None = None, **parts: Any) -> str:
    """Write a batch to a run that is made if it is not there."""
    body = {"key": key, "open": {"scenario": "s"}, **parts}
    return str(ask(server.url, "POST", "/api/v1/batches", body, token=token).data["run_id"])


def page(server: LiveServer, query: str = "", **options: Any) -> Answer:
    """A page of changes."""
    return ask(server.url, "GET", CHANGES + query, **options)


def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    for _ in range(1_000):
        if holds():
            return
        time.sleep(0.02)
    raise AssertionError("it never held")


def watchers(server: LiveServer, token: str | None = None) -> int:
    """How many watch, by what Prometheus reads."""
    text = ask(server.url, "GET", "/metrics", token=token).body.decode()
    return int(float(next(line for line in text.splitlines() if line.startswith("mbox_watchers ")).split()[1]))


def test_a_page_waits_for_a_change(server: LiveServer) -> None:
    """It comes with the first one that is wanted, and empty when none came in time."""
    cursor = page(server).data["next"]
    assert page(server, f"?cursor={cursor}&wait=1").data["items"] == []
    found: list[Any] = []
    waiting = threading.Thread(
        target=lambda: found.append(page(server, f"?cursor={cursor}&wait=30&scenario=wanted").data)
    )
    waiting.start()
    until(lambda: watchers(server) == 1)
    write(server, "unwanted")
    wanted = write(server, "wanted", open={"scenario": "wanted"})
    waiting.join()
    assert [change["id"] for change in found[0]["items"]] == [wanted]
    assert page(server, f"?cursor={found[0]['next']}").data["items"] == []


def test_a_stream_goes_on_where_its_reader_left(server: LiveServer) -> None:
    """By `Last-Event-ID`, or by the same cursor in the query; or it begins at an instant, as a page does."""
    with stream(server) as first:
        runs = [write(server, f"left-{number}") for number in range(3)]
        seen = [first.change() for _ in runs]
    assert [change["id"] for change in seen] == runs
    more = write(server, "left-3")
    with stream(server, last=seen[0]["cursor"]) as again, stream(server, f"?cursor={seen[2]['cursor']}") as last:
        assert [again.change()["id"] for _ in range(3)] == [*runs[1:], more]
        assert last.change()["id"] == more
    instant = round(datetime.fromisoformat(seen[2]["at"]).timestamp() * 1_000_000)
    with stream(server, f"?since={instant}") as since:
        assert [since.change()["id"] for _ in range(2)] == [runs[2], more]


def test_many_watch_with_one_poller_and_leave_nothing_behind(server: LiveServer) -> None:
    """Whoever goes away, in the middle of nothing or of much, is not waited for; no thread is held."""
    assert server.pid is not None

    def number_of_threads() -> int:
        lines = Path(f"/proc/{server.pid}/status").read_text("utf-8").splitlines()
        return int(next(line for line in lines if line.startswith("Threads:")).split()[1])

    for key in ("warm", "up"):
        write(server, key)
        page(server)
    readers = [Stream(server) for _ in range(40)]
    until(lambda: watchers(server) == 40)
    before = number_of_threads()
    run_id = write(server, "many")
    assert {reader.change()["id"] for reader in readers} == {run_id}
    assert number_of_threads() <= before
    for reader in readers:
        reader.close()
    until(lambda: watchers(server) == 0)


def test_a_reader_that_does_not_read_misses_nothing(tmp_path: Path) -> None:
    """It gets everything, in order, when it reads again, and the others do not wait for it."""
    asyncio.run(read_late(tmp_path))


async def read_late(folder: Path) -> None:
    """Two watch, and one of them reads only when more has changed than the process keeps."""
    async with watched(folder) as (service, feed):
        slow, quick = (feed.follow(EVERYBODY, WatchQuery(), lambda: None) for _ in range(2))
        assert [(await anext(pieces)).changes for pieces in (slow, quick)] == [[], []]
        run_id = service.batches.write(EVERYBODY, Batch(open=OpenRun(scenario="s"))).run_id
        number = 2 * KEPT + 1_000
        writing = asyncio.get_running_loop().run_in_executor(None, change_often, service, run_id, number)
        seen = [await cursors(pieces, number + 1) for pieces in (quick, slow)]
        await writing
        assert seen[0] == seen[1]
        assert len(set(seen[0])) == number + 1


def change_often(service: Service, run_id: str, number: int) -> None:
    """Put so many changes of a run into the outbox."""
    for _ in range(number // 500):
        with service.database.write() as conn:
            subject = subjects.find(conn, uid=run_id, hold=True)
            assert subject is not None
            for _ in range(500):
                outbox.add(conn, subject_id=subject.id, action="updated", at=1, parts=["tags"])


async def cursors(pieces: AsyncIterator[Piece], number: int) -> list[str]:
    """The cursors of the next changes."""
    found: list[str] = []
    while len(found) < number:
        found += [change.cursor for change in (await anext(pieces)).changes]
    return found


@asynccontextmanager
async def watched(folder: Path) -> AsyncIterator[tuple[Service, Feed]]:
    """A service and its feed, which often says that it is still there."""
    with Database(f"sqlite:///{folder / 'mbox.db'}") as database:
        database.upgrade()
        service, threads = Service(database), Threads()
        feed = Feed(service.changes, threads, service.limits, beat_seconds=0.05)
        try:
            yield service, feed
        finally:
            feed.close()
            threads.close()


def test_what_is_shared_is_bounded() -> None:
    """A channel keeps the last changes; who is further behind reads the database."""
    channel = Channel(Position(0, 0))
    for start in range(0, 20_000, 500):
        channel.add([(Position(0, start + number + 1), None) for number in range(500)], Position(0, start + 500))  # type: ignore[misc]  # changes do not matter
    assert channel.end == Position(0, 20_000)
    assert channel.start >= Position(0, 20_000 - 2 * KEPT)
    assert channel.behind(Position(0, 10)) is None
    assert [at.id for at, _ in channel.behind(Position(0, 19_998)) or ()] == [19_999, 20_000]
    assert next(at.id for at, _ in channel.behind(channel.start) or ()) == channel.start.id + 1


def test_a_stream_ends_when_its_token_does(tmp_path: Path) -> None:
    """As often as it says that it is still there, it is asked whether its token opens it."""
    asyncio.run(revoked_while_watching(tmp_path))


async def revoked_while_watching(folder: Path) -> None:
    """Watch with a token that is revoked."""
    async with watched(folder) as (service, feed):
        token = service.tokens.create(EVERYBODY, CreateToken(name="reader", scopes=["read"]))
        assert token.token is not None
        readmit = partial(service.tokens.authenticate, token.token, "default")
        pieces = feed.follow(readmit(), WatchQuery(), readmit)
        assert [(await anext(pieces)).changes for _ in range(3)] == [[], [], []]
        service.tokens.revoke(EVERYBODY, token.id)
        with pytest.raises(Unauthenticated):
            await cursors(pieces, 1)
        assert feed.watchers == 0


def test_a_server_that_stops_ends_its_streams() -> None:
    """At once, and pages that wait are answered; a reader goes on with the next server where it was."""
    with live_server() as server:
        with stream(server) as reader:
            first = write(server, "before")
            cursor = reader.change()["cursor"]
            answers: list[Answer] = []
            waiting = threading.Thread(target=lambda: answers.append(page(server, f"?cursor={cursor}&wait=50")))
            waiting.start()
            until(lambda: watchers(server) == 2)
            began = time.monotonic()
            assert server.stop() == 0
            assert time.monotonic() - began < 9  # what is under way has ten seconds
            assert reader.block() == {}
            waiting.join()
            assert (answers[0].status, answers[0].data["items"]) == (200, [])
        server.start()
        second = write(server, "after")
        found = page(server, f"?cursor={cursor}").data["items"]
        assert ([change["id"] for change in found], first != second) == ([second], True)


@pytest.mark.parametrize(
    ("query", "refusal"),
    [("?cursor=x", (422, "invalid_request")), ("?kind=thing", (422, "invalid_request")),
     ("?since=soon", (422, "invalid_request")), ("?cursor=lKdjaGFuZ2VzqGZmZmZmZmZmAAE", (410, "cursor_expired"))],
)  # fmt: skip
def test_a_stream_that_cannot_begin_is_refused_by_its_status(
    server: LiveServer, query: str, refusal: tuple[int, str]
) -> None:
    """As a page is; nothing has to be read out of a stream."""
    for path in (CHANGES, f"{CHANGES}/stream"):
        assert ask(server.url, "GET", path + query).refusal == refusal
