"""A backup that is taken while eight writers write is a database as it was at one moment."""

import json
import os
import random
import secrets
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import make_url

from mbox_ops.entities.ids import uuid7
from mbox_ops.entities.metrics import Block
from mbox_ops.entities.runs import OpenRun
from mbox_ops.entities.writers import Batch, Writer
from mbox_ops.testing import LiveServer, live_server
from mbox_ops.wire.encodings import pack_floats, pack_ints, unpack_floats, unpack_ints
from tests.contract.doors import HttpDoor
from tests.postgres import server_programs

pytestmark = [pytest.mark.proof, pytest.mark.timeout(600)]

WRITERS = 8
RUNS = 4
ROWS = 20  # points of a batch
BACKUPS = int(os.environ.get("MBOX_PROOF_BACKUPS", "3"))


@dataclass
class Producer:
    """One writer: its batches are numbered, and so are its points."""

    door: HttpDoor
    number: int
    run_id: str
    producer: str = field(default_factory=lambda: secrets.token_hex(16))
    values: list[float] = field(default_factory=list)
    acknowledged: int = 0

    @property
    def name(self) -> str:
        """Its series."""
        return f"series {self.number}"

    def batch(self, seq: int) -> Batch:
        """The batch of that number."""
        steps = range((seq - 1) * ROWS, seq * ROWS)
        while len(self.values) < steps.stop:
            self.values.append(random.random())
        values = pack_floats(self.values[steps.start : steps.stop])
        block = Block(names=[self.name], steps=pack_ints(steps), values=values)
        writer = Writer(origin=self.name, epoch=1_700_000_000_000, producer=self.producer, seq=seq)
        opening = OpenRun(run_id=self.run_id) if seq == 1 else None
        return Batch(
            run_id=self.run_id, writer=writer, open=opening, points=[block], parameters={f"last {self.number}": seq}
        )

    def write(self, until: threading.Event) -> None:
        """Write one batch after the other, and count what was acknowledged."""
        while not until.is_set():
            result = self.door.write(self.batch(self.acknowledged + 1))
            assert (result.status, result.seq) == ("ok", self.acknowledged + 1)
            self.acknowledged += 1

    def check(self, restored: HttpDoor, least: int) -> int:
        """What was restored of it are its batches 1 to n, n at least `least`; returns n. It can go on from there."""
        (history,) = restored.history(self.run_id, names=[self.name], limit=None)
        count, rest = divmod(len(unpack_ints(history.steps)), ROWS)
        assert (rest, list(unpack_ints(history.steps))) == (0, list(range(count * ROWS)))
        assert list(unpack_floats(history.values)) == self.values[: count * ROWS]
        assert restored.run(self.run_id).parameters[f"last {self.number}"] == str(count)
        assert least <= count <= self.acknowledged + 1  # one may have been stored and not yet acknowledged
        assert restored.write(self.batch(count)).status == "duplicate"
        assert (following := restored.write(self.batch(count + 1))).status == "ok"
        assert following.seq == count + 1
        return count


@contextmanager
def writing(producers: list[Producer]) -> Iterator[None]:
    """They write while the block runs; none may have failed."""
    stop = threading.Event()
    threads = [threading.Thread(target=one.write, args=(stop,)) for one in producers]
    for thread in threads:
        thread.start()
    try:
        yield
        assert all(thread.is_alive() for thread in threads)
    finally:
        stop.set()
        for thread in threads:
            thread.join(60)


def back_up(server: LiveServer, target: Path) -> None:
    """`mbox db backup --json`."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("MBOX_")}
    done = subprocess.run(
        [Path(sys.executable).with_name("mbox"), "db", "backup", target, "--json"], capture_output=True, text=True,
        env={**kept, "MBOX_HOME": str(server.home), "MBOX_DATABASE_URL": server.database_url}, timeout=120, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout) == {"target": str(target), "bytes": target.stat().st_size}


def copies_while_written(server: LiveServer, folder: Path) -> tuple[list[Producer], list[tuple[Path, list[int]]]]:
    """Backups under fire, each with what had been acknowledged of each producer when it began."""
    runs = [uuid7() for _ in range(RUNS)]
    producers = [Producer(HttpDoor(server.url), n, runs[n % RUNS]) for n in range(WRITERS)]
    taken = []
    with writing(producers):
        for n in range(BACKUPS):
            time.sleep(1.0)
            before = [producer.acknowledged for producer in producers]
            back_up(server, folder / f"backup {n}")
            taken.append((folder / f"backup {n}", before))
    return producers, taken


def check_restored(url: str, home: Path, producers: list[Producer], before: list[int]) -> None:
    """A server starts on what was restored, and finds a prefix of what each producer wrote."""
    with live_server(database_url=url, home=home) as restored:
        door = HttpDoor(restored.url)
        counts = [one.check(door, least) for one, least in zip(producers, before, strict=True)]
        assert min(counts) > 0
        for run_id in {one.run_id for one in producers}:
            run = door.run(run_id)
            assert (run.lost, run.number_of_writers) == (0, WRITERS // RUNS)


def test_a_backup_of_sqlite_under_eight_writers_is_a_prefix_of_what_was_acknowledged(tmp_path: Path) -> None:
    """For each producer its batches 1 to n; a server starts on the file as it is."""
    with live_server(home=tmp_path / "home") as server:
        producers, taken = copies_while_written(server, tmp_path)
    for copy, before in taken:
        check_restored(f"sqlite:///{copy}", tmp_path / f"home of {copy.name}", producers, before)


@pytest.mark.postgres
def test_a_backup_of_postgresql_under_eight_writers_is_a_prefix_of_what_was_acknowledged(
    tmp_path: Path, postgres_url: Callable[[], str]
) -> None:  # fmt: skip
    """The same, with pg_restore into an empty database."""
    programs = server_programs()
    assert programs is not None
    with live_server(home=tmp_path / "home", database_url=postgres_url()) as server:
        producers, taken = copies_while_written(server, tmp_path)
    for copy, before in taken:
        target = postgres_url()
        plain = make_url(target).set(drivername="postgresql").render_as_string(hide_password=False)
        subprocess.run([programs / "pg_restore", "--exit-on-error", f"--dbname={plain}", copy], check=True, timeout=120)
        check_restored(target, tmp_path / f"home of {copy.name}", producers, before)
