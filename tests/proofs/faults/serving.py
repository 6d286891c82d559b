"""A server under the shim, and writers that resend what was not acknowledged."""

import contextlib
import os
import shutil
import sqlite3
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from mbox_ops.client.http import HttpApi
from mbox_ops.entities.ids import uuid7
from mbox_ops.entities.metrics import Block
from mbox_ops.entities.runs import OpenRun
from mbox_ops.entities.writers import Batch, BatchResult, Writer
from mbox_ops.errors import MboxError, Unavailable
from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from mbox_ops.wire.encodings import encode, pack_floats, pack_ints, unpack_floats, unpack_ints
from tests.contract.doors import ServiceDoor
from tests.proofs.faults.hatchery import Hatchery

SECONDS = 60


def serve(given: dict[str, Any]) -> int:
    """`python -m mbox_ops.server`."""
    from mbox_ops.server.__main__ import main

    sys.argv = ["mbox_ops.server", "--port", str(given["port"]), "--grpc-port", "0"]
    return main()


def overlap(given: dict[str, Any]) -> None:
    """Write batches while a reader keeps SQLite from finishing a checkpoint, and go on when it has gone."""
    with Database(given["url"]) as database, Path(given["acknowledged"]).open("w") as acknowledged:
        door = ServiceDoor(Service(database))
        writing = Writing(None, given["rows"], run_id=given["run_id"])

        def write(batches: int) -> None:
            for _ in range(batches):
                with contextlib.suppress(Unavailable):
                    door.write(writing.batch(writing.acknowledged + 1))
                    writing.acknowledged += 1
                    acknowledged.write("x")
                    acknowledged.flush()

        write(2)
        with database.read() as conn:
            conn.exec_driver_sql("SELECT count(*) FROM segments")
            write(6)
        write(4)
        os._exit(0)  # a database that is closed would move its log into the file


class Server:
    """A server process on a database file in a folder of its own.

    Attributes:
        deaths: how often it ended by itself.
    """

    def __init__(self, hatchery: Hatchery, folder: Path, template: Path, port: int, log: Path) -> None:
        self.folder, self.log, self.deaths = folder, log, 0
        self._hatchery, self._port = hatchery, port
        self._pid: int | None = None
        folder.mkdir()
        shutil.copy(template, folder / "mbox.db")
        self.api = HttpApi(f"http://127.0.0.1:{port}")

    def start(self) -> None:
        """Start it; it may end again at once."""
        url = f"sqlite:///{self.folder / 'mbox.db'}"
        given = {"port": self._port}
        self._pid = self._hatchery.start("tests.proofs.faults.serving:serve", given, self.log, MBOX_DATABASE_URL=url)

    def is_up(self) -> bool:
        """Whether the process is there."""
        return self._pid is not None and not self._hatchery.is_over(self._pid)

    def see_to_it(self, mend: Callable[[], None]) -> None:
        """Start it again if it has ended, on a disk that is sound."""
        if not self.is_up():
            self.deaths += 1
            mend()
            self.start()

    def kill(self) -> None:
        """SIGKILL."""
        if self._pid is not None and self.is_up():
            self._hatchery.kill(self._pid)
        self._pid = None


class Writing:
    """Batches of one producer to one run, sent one after the other until each is acknowledged.

    Attributes:
        troubles: how often the server did not acknowledge.
    """

    def __init__(self, server: Server | None, rows: int, *, run_id: str | None = None) -> None:
        self.run_id, self.rows = run_id or uuid7(), rows
        self.producer = self.run_id.replace("-", "")
        self.server, self.acknowledged, self.troubles = server, 0, 0

    def write(self, mend: Callable[[], None], *, after: int) -> None:
        """Write the next batch; the disk is mended after so many troubles, or when the server has ended."""
        assert self.server is not None
        body, end = encode(self.batch(self.acknowledged + 1)), time.monotonic() + SECONDS
        while True:
            try:
                result = self.server.api.call("POST", "/batches", body=body, result=BatchResult, retry=False)
                break
            except MboxError as error:
                if error.code not in {"unavailable", "storage_full", "internal"} or time.monotonic() > end:
                    raise
                self.troubles += error.details.get("unreachable") is not True
                if self.troubles >= after:
                    mend()
                self.server.see_to_it(mend)
                time.sleep(0.01)
        assert result.seq >= self.acknowledged + 1
        self.acknowledged += 1

    def batch(self, seq: int) -> Batch:
        """The batch of that number."""
        steps = range((seq - 1) * self.rows, seq * self.rows)
        block = Block(names=["loss"], steps=pack_ints(steps), values=pack_floats([step / 7 for step in steps]))
        writer = Writer(origin=self.producer, epoch=1_700_000_000_000, producer=self.producer, seq=seq)
        opening = OpenRun(run_id=self.run_id) if seq == 1 else None
        return Batch(run_id=self.run_id, writer=writer, open=opening, points=[block], parameters={"last": seq})

    def wrong(self, door: ServiceDoor) -> list[str]:
        """What is not as it was acknowledged."""
        count, found = self.acknowledged * self.rows, []
        if self.run_id not in {run.id for run in door.runs(limit=100).items}:
            return [f"{count} points were acknowledged, and the run is not there"]
        (history,) = door.history(self.run_id, names=["loss"], limit=None)
        steps, values = list(unpack_ints(history.steps)), list(unpack_floats(history.values))
        if steps != list(range(count)) or values != [step / 7 for step in steps]:
            found.append(f"{count} points were acknowledged, {len(steps)} are stored, {len(set(steps))} of them once")
        run = door.run(self.run_id)
        if (run.parameters.get("last"), run.lost, run.metrics["loss"].count) != (str(self.acknowledged), 0, count):
            found.append(f"the run shows {run.parameters}, lost {run.lost}, {run.metrics['loss'].count} points")
        return found


def checked(database: Path, writings: list[Writing]) -> list[str]:
    """What is not as it must be in a database file that nobody uses."""
    connection = sqlite3.connect(database)
    try:
        found = [str(row[0]) for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
    except sqlite3.DatabaseError as error:
        return [repr(error)]
    finally:
        connection.close()
    with Database(f"sqlite:///{database}") as opened:
        door = ServiceDoor(Service(opened))
        return found + [fault for writing in writings for fault in writing.wrong(door)]
