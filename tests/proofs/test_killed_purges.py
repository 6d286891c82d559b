"""The server is killed at random moments of a purge; it goes on, each run goes once, and no row is left of them."""

import os
import random
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mbox_ops.client.client import Client
from mbox_ops.entities.audit import AuditQuery
from mbox_ops.entities.deletions import CreateDeletion, Selector
from mbox_ops.entities.runs import OpenRun
from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from mbox_ops.testing import LiveServer, live_server
from tests.proofs.under_fire import SEED
from tests.service.services import ANN, Log
from tests.store.orphans import orphans

KILLS = int(os.environ.get("MBOX_PROOF_PURGE_KILLS", "5"))
RUNS = 150 + 30 * KILLS

pytestmark = [pytest.mark.proof, pytest.mark.timeout(120 + 20 * KILLS)]


def test_a_purge_that_is_killed_again_and_again_leaves_no_orphan(tmp_path: Path) -> None:
    """On SQLite."""
    prove(tmp_path, f"sqlite:///{tmp_path / 'mbox.db'}")


def test_a_killed_purge_on_postgresql_leaves_no_orphan(tmp_path: Path, postgres_url: Callable[[], str]) -> None:
    """On PostgreSQL."""
    prove(tmp_path, postgres_url())


def prove(folder: Path, database_url: str) -> None:
    """Fill a database, begin a purge, kill the server again and again, let it end, and walk the tables."""
    kept, done = filled(database_url)
    rng = random.Random(SEED)
    interrupted = 0
    with live_server(home=folder / "home", database_url=database_url) as server:
        for _ in range(KILLS):
            time.sleep(rng.random() * 0.2)
            server.kill()
            interrupted += not is_over(database_url, done)
            server.start()
        wait(server, done)
        assert Client(server.url).runs.get(kept).metrics["loss"].count == 50
    assert interrupted or not KILLS, f"No kill came during the purge; again with MBOX_PROOF_SEED={SEED}"
    with Database(database_url) as database:
        assert orphans(database) == {}, f"again with MBOX_PROOF_SEED={SEED}"
        told = Service(database).deletions.audit(ANN, done, AuditQuery(limit=1_000)).items
    steps = [entry.counts["runs"] for entry in told if entry.action == "purge_step"]
    assert (sum(steps), told[-1].action) == (RUNS, "purge_finished")
    assert [entry.action for entry in told].count("purge_started") == 1
    print(f"\n{KILLS} kills, {interrupted} of them in the purge of {RUNS} runs, {len(steps)} steps; seed {SEED}")  # noqa: T201


def filled(database_url: str) -> tuple[str, str]:
    """The id of a run to keep, and that of a deletion of all others, whose purge was asked for."""
    with Database(database_url) as database:
        database.upgrade()
        service = Service(database)
        kept = fill(service, "kept")
        for _ in range(RUNS):
            fill(service, "gone")
        request = CreateDeletion(selector=Selector(scenarios=["gone"]), purge=True)
        return kept, service.deletions.create(ANN, request).id


def fill(service: Service, scenario: str) -> str:
    """An ended run of some hundred rows."""
    log = Log(service)
    log.write(
        open=OpenRun(scenario=scenario), parameters={f"p{index}": index for index in range(200)}, state="FINISHED"
    )
    log.points("loss", *range(50))
    return log.id


def is_over(database_url: str, deletion_id: str) -> bool:
    """Whether the purge has ended."""
    with Database(database_url) as database:
        return Service(database).deletions.get(ANN, deletion_id).state == "PURGED"


def wait(server: LiveServer, deletion_id: str) -> None:
    """Until the purge has ended."""
    client, ends = Client(server.url), time.monotonic() + 60
    while client.deletions.get(deletion_id).state != "PURGED":
        assert time.monotonic() < ends, server.log_end()
        time.sleep(0.1)
