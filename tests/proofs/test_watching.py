"""Eight write, and eight watch whose lines break at random: each of them gets every change once, in order.

`MBOX_PROOF_DISCONNECTS` is how often the readers go away, all together; on PostgreSQL two servers share the database,
so that a reader's changes come from writers of another process, too.
"""

import http.client
import itertools
import json
import os
import random
import secrets
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest

from mbox_ops.client.client import Client
from mbox_ops.client.http import HttpApi
from mbox_ops.entities.changes import ChangePage
from mbox_ops.entities.instants import from_text
from mbox_ops.entities.runs import OpenRun
from mbox_ops.entities.writers import Batch, BatchResult, Writer
from mbox_ops.testing import free_port, live_server
from mbox_ops.wire import modelbox_pb2 as pb
from mbox_ops.wire.modelbox_pb2_grpc import ModelStoreStub
from tests.proofs.under_fire import SEED

pytestmark = [pytest.mark.proof, pytest.mark.timeout(1_200)]

DISCONNECTS = int(os.environ.get("MBOX_PROOF_DISCONNECTS", "100"))
WRITERS = READERS = 8
RUNS = 5
MOST_AT_ONCE = 40  # changes that a reader takes before it goes away
SECONDS_BETWEEN = 0.01  # of a writer's batches
RESET = struct.pack("ii", 1, 0)  # SO_LINGER of no time: closing sends RST

Seen = list[tuple[str, str, int]]  # cursor, run, instant


@dataclass(frozen=True)
class Server:
    """Where one is, over both protocols."""

    url: str
    port: int
    grpc: str


@dataclass
class Stage:
    """What writers and readers share.

    Attributes:
        disconnects: how often readers have gone away.
        last: the cursor of the last change, when all was written.
    """

    servers: list[Server]
    disconnects: int = 0
    last: str | None = None
    failures: list[BaseException] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def goes_on(self) -> bool:
        """Whether there is more to write."""
        return self.disconnects < DISCONNECTS and not self.failures

    def gone_away(self) -> None:
        """Count a reader that went away."""
        with self.lock:
            self.disconnects += 1

    def guarded(self, work: Callable[..., Any], *given: Any) -> None:
        """Do it in a thread, and keep what goes wrong."""
        try:
            work(*given)
        except BaseException as error:
            self.failures.append(error)


class WritingThread:
    """One that writes to runs which all share; it knows what was acknowledged, and in which order."""

    def __init__(self, stage: Stage, number: int, runs: list[str]) -> None:
        self.stage, self.dice = stage, random.Random(f"{SEED} writer {number}")
        self.api = HttpApi(stage.servers[number % len(stage.servers)].url)
        self.streams = {run: (secrets.token_hex(16), itertools.count(1)) for run in runs}
        self.acknowledged: list[tuple[str, int]] = []

    def work(self) -> None:
        """Write until enough readers have gone away."""
        while self.stage.goes_on:
            run = self.dice.choice(list(self.streams))
            producer, count = self.streams[run]
            writer = Writer(origin=producer, epoch=1, producer=producer, seq=next(count))
            batch = Batch(run_id=run, writer=writer, tags={"n": str(self.dice.random())})
            done = self.api.call("POST", "/batches", body=batch, result=BatchResult)
            self.acknowledged.append((run, round(done.updated_at.timestamp() * 1_000_000)))
            time.sleep(self.dice.random() * 2 * SECONDS_BETWEEN)


class ReadingThread:
    """One that watches, goes away at random, and comes back with its cursor, to any server and by any door."""

    def __init__(self, stage: Stage, number: int, cursor: str) -> None:
        self.stage, self.cursor = stage, cursor
        self.dice = random.Random(f"{SEED} reader {number}")
        self.seen: Seen = []
        self.by_door: Counter[str] = Counter()
        self.channels = [grpc.insecure_channel(server.grpc) for server in stage.servers]

    def work(self) -> None:
        """Watch until the last change is there."""
        while self.stage.last is None or self.cursor != self.stage.last:
            if self.stage.failures:
                return
            place = self.dice.randrange(len(self.stage.servers))
            door = self.dice.choice([self.by_events, self.by_grpc, self.by_client])
            self.by_door[door.__name__] += 1
            for change in itertools.islice(door(place), self.dice.randint(1, MOST_AT_ONCE)):
                self.seen.append(change)
                self.cursor = change[0]
                if self.cursor == self.stage.last:
                    break
            self.stage.gone_away()

    def by_events(self, place: int) -> Iterator[tuple[str, str, int]]:
        """Server-sent events, over a socket that is reset at the end."""
        connection = http.client.HTTPConnection("127.0.0.1", self.stage.servers[place].port, timeout=5)
        connection.request("GET", "/api/v1/changes/stream", headers={"Last-Event-ID": self.cursor})
        response = connection.getresponse()
        assert response.status == 200, response.read()
        assert connection.sock is not None
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
        try:
            while line := response.readline():
                if line.startswith(b"data: "):
                    told = json.loads(line[6:])
                    yield told["cursor"], told["id"], instant_of(told["at"])
                if self.stage.last == self.cursor:
                    return
        except TimeoutError:  # nothing came for a while
            return
        finally:
            connection.close()
            response.close()

    def by_grpc(self, place: int) -> Iterator[tuple[str, str, int]]:
        """A stream that is cancelled at the end, or whose deadline passes."""
        stub = ModelStoreStub(self.channels[place])
        call = stub.WatchNamespace(pb.WatchNamespaceRequest(cursor=self.cursor), timeout=5)
        try:
            for answer in call:
                if answer.HasField("change"):
                    at = answer.change.at
                    yield answer.cursor, answer.change.id, at.seconds * 1_000_000 + at.nanos // 1_000
        except grpc.RpcError as error:
            if error.code() is not grpc.StatusCode.DEADLINE_EXCEEDED:  # type: ignore[attr-defined]  # it is a call
                raise
        finally:
            call.cancel()

    def by_client(self, place: int) -> Iterator[tuple[str, str, int]]:
        """The client's own watch, whose cursor is taken along."""
        with Client(self.stage.servers[place].url).watch(self.cursor, timeout=2) as watch:
            for change in watch:
                assert watch.cursor is not None
                yield change.cursor, change.id, round(change.at.timestamp() * 1_000_000)


def instant_of(text: str) -> int:
    """The microseconds of an instant in JSON."""
    found = from_text(text)
    assert found is not None
    return found


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_every_reader_gets_every_change_once_and_in_order(
    dialect: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """As many as were acknowledged, in one order for all, in which each writer's batches are in theirs."""
    url = None if dialect == "sqlite" else request.getfixturevalue("postgres_url")()
    with ExitStack() as stack:
        servers = []
        for number in range(1 if url is None else 2):
            port, home = free_port(), tmp_path / str(number)
            more = {"MBOX_GRPC_PORT": str(port)}
            server = stack.enter_context(live_server(database_url=url, home=home, environment=more))
            servers.append(Server(server.url, server.port, f"127.0.0.1:{port}"))
        api = HttpApi(servers[0].url)
        opened = [api.call("POST", "/batches", body=Batch(open=OpenRun()), result=BatchResult) for _ in range(RUNS)]
        start = api.call("GET", "/changes", result=ChangePage).next
        stage = Stage(servers)
        writers = [WritingThread(stage, number, [run.run_id for run in opened]) for number in range(WRITERS)]
        readers = [ReadingThread(stage, number, start) for number in range(READERS)]
        whole = played(stage, writers, readers, api, start)
    check(whole, writers, readers)
    doors = sum((reader.by_door for reader in readers), Counter[str]())
    print(f"\n{len(whole)} changes, {stage.disconnects} disconnections ({dict(doors)}); seed {SEED}")  # noqa: T201


def played(stage: Stage, writers: list[WritingThread], readers: list[ReadingThread], api: HttpApi, start: str) -> Seen:
    """Let them work; all changes, read at the end in one go."""
    begun = [threading.Thread(target=stage.guarded, args=(each.work,)) for each in (*writers, *readers)]
    for thread in begun:
        thread.start()
    for thread in begun[: len(writers)]:
        thread.join()
    number = sum(len(writer.acknowledged) for writer in writers)
    whole: Seen = []
    while len(whole) < number and not stage.failures:
        page = api.call("GET", "/changes", query={"cursor": start, "wait": 20, "limit": 1_000}, result=ChangePage)
        whole += [(one.cursor, one.id, round(one.at.timestamp() * 1_000_000)) for one in page.items]
        start = page.next
    stage.last = whole[-1][0] if whole else start
    for thread in begun:
        thread.join()
    if stage.failures:
        raise stage.failures[0]
    return whole


def check(whole: Seen, writers: list[WritingThread], readers: list[ReadingThread]) -> None:
    """Compare what was read with what was acknowledged."""
    acknowledged = Counter(one for writer in writers for one in writer.acknowledged)
    assert Counter((run, at) for _, run, at in whole) == acknowledged
    for reader in readers:
        assert reader.seen == whole
    for writer in writers:
        for run in writer.streams:
            order = iter(at for _, other, at in whole if other == run)
            assert all(at in order for other, at in writer.acknowledged if other == run)
