"""The server is killed at random moments of a purge; it goes on, each run goes once, and nothing is left of them."""

import hashlib
import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import select

from mbox_ops.artifacts.blobs import SHARDS, Blobs
from mbox_ops.client.client import Client
from mbox_ops.entities.artifacts import ArtifactRecord
from mbox_ops.entities.audit import AuditQuery
from mbox_ops.entities.checkpoints import CreateCheckpoint
from mbox_ops.entities.deletions import CreateDeletion, Selector
from mbox_ops.entities.runs import OpenRun
from mbox_ops.entities.uploads import CreateUpload
from mbox_ops.service.service import Service
from mbox_ops.service.uploads import _ROWS
from mbox_ops.store.database import Database
from mbox_ops.store.tables import blobs
from mbox_ops.testing import LiveServer, live_server
from tests.proofs.under_fire import SEED
from tests.service.services import ANN, DAY, HandClock, Log
from tests.store.orphans import orphans

KILLS = int(os.environ.get("MBOX_PROOF_PURGE_KILLS", "5"))
RUNS = 150 + 5 * KILLS
SHARED = b"the same content for all"

pytestmark = [pytest.mark.proof, pytest.mark.timeout(120 + 20 * KILLS)]


def test_a_purge_that_is_killed_again_and_again_leaves_no_orphan(tmp_path: Path) -> None:
    """On SQLite."""
    prove(tmp_path, f"sqlite:///{tmp_path / 'mbox.db'}")


def test_a_killed_purge_on_postgresql_leaves_no_orphan(tmp_path: Path, postgres_url: Callable[[], str]) -> None:
    """On PostgreSQL."""
    prove(tmp_path, postgres_url())


def prove(folder: Path, database_url: str) -> None:
    """Fill a database, begin a purge, kill the server again and again, let it end, and walk the tables."""
    store = folder / "home" / "artifacts"
    kept, done = filled(database_url, store)
    rng = random.Random(SEED)
    interrupted = 0
    with live_server(home=folder / "home", database_url=database_url) as server:
        for _ in range(KILLS):
            time.sleep(rng.random() * 0.2)
            server.kill()
            interrupted += not is_over(database_url, done)
            server.start()
        wait(server, done)
        client = Client(server.url)
        assert client.runs.get(kept).metrics["loss"].count == 50
        files = client.artifacts.download_all(kept, folder / "back")
        assert {file.read_bytes() for file in files} == {SHARED, b"kept"}
    assert interrupted or not KILLS, f"No kill came during the purge; again with MBOX_PROOF_SEED={SEED}"
    with Database(database_url) as database:
        service = Service(database, blobs=Blobs(str(store)))
        service.uploads.collect(seconds=60)
        assert orphans(database) == {}, f"again with MBOX_PROOF_SEED={SEED}"
        check_blobs(database, store)
        told = service.deletions.audit(ANN, done, AuditQuery(limit=1_000)).items
    steps = [entry.counts["runs"] for entry in told if entry.action == "purge_step"]
    assert (sum(steps), told[-1].action) == (RUNS, "purge_finished")
    assert [entry.action for entry in told].count("purge_started") == 1
    print(f"\n{KILLS} kills, {interrupted} of them in the purge of {RUNS} runs, {len(steps)} steps; seed {SEED}")  # noqa: T201


def check_blobs(database: Database, store: Path) -> None:
    """Each content that is left is that of an artifact that is left; of others no row is there, and files only as
    strays of a kill between the row and the file, which the sweep removes once they are a day old."""
    with database.read() as conn:
        known = {row.key: row.sha256 for row in conn.execute(select(blobs.c.key, blobs.c.sha256))}
    assert set(known.values()) == {hashlib.sha256(data).hexdigest() for data in (SHARED, b"kept")}
    for key, digest in known.items():
        assert hashlib.sha256((store / key).read_bytes()).hexdigest() == digest
    strays = {str(path.relative_to(store)) for path in store.glob("??/*/*")} - set(known)
    assert len(strays) <= KILLS * _ROWS
    for stray in strays:
        os.utime(store / stray, (0, 0))
    swept = Service(database, blobs=Blobs(str(store)))
    for _ in range(SHARDS):
        swept.uploads.sweep()
    assert {str(path.relative_to(store)) for path in store.glob("??/*/*")} == set(known)
    print(f"\n{len(strays)} contents were left by kills and swept")  # noqa: T201


def filled(database_url: str, store: Path) -> tuple[str, str]:
    """The id of a run to keep, and that of a deletion of all others, whose purge was asked for."""
    clock = HandClock(time.time_ns() // 1_000 - 2 * DAY)  # uploads keep their contents for a day
    with Database(database_url) as database:
        database.upgrade()
        service = Service(database, clock=clock, blobs=Blobs(str(store)))
        kept = fill(service, "kept", SHARED, b"kept")
        for number in range(RUNS):
            fill(service, "gone", SHARED, *([str(number).encode()] if number % 10 == 0 else []))
        request = CreateDeletion(selector=Selector(scenarios=["gone"]), purge=True)
        return kept, service.deletions.create(ANN, request).id


def fill(service: Service, scenario: str, *files: bytes) -> str:
    """An ended run of some hundred rows, with these files."""
    log = Log(service)
    records = [uploaded(service, data) for data in files]
    log.write(
        open=OpenRun(scenario=scenario), parameters={f"p{index}": index for index in range(200)}, state="FINISHED",
        artifacts=records,
    )  # fmt: skip
    log.points("loss", *range(50))
    for epoch in range(2):
        service.checkpoints.create(ANN, log.id, CreateCheckpoint(epoch=epoch, metrics={"loss": 1.0}, artifacts=records))
    return log.id


def uploaded(service: Service, data: bytes) -> ArtifactRecord:
    """Upload a content; the record of it."""
    digest = hashlib.sha256(data).hexdigest()
    wish = CreateUpload(checksum=f"sha256:{digest}", size=len(data))
    begun = service.uploads.create(ANN, wish)
    if not begun.complete:
        service.uploads.put(ANN, begun.id, 0, data)
        service.uploads.create(ANN, wish)
    return ArtifactRecord(path=digest[:8], kind="uploaded", checksum=f"sha256:{digest}")


def is_over(database_url: str, deletion_id: str) -> bool:
    """Whether the purge has ended."""
    with Database(database_url) as database:
        return Service(database).deletions.get(ANN, deletion_id).state == "PURGED"


def wait(server: LiveServer, deletion_id: str) -> None:
    """Until the purge has ended."""
    client, ends = Client(server.url), time.monotonic() + 600
    while client.deletions.get(deletion_id).state != "PURGED":
        assert time.monotonic() < ends, server.log_end()
        time.sleep(0.1)
