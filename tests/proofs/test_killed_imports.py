"""An import is killed at random moments; each run is whole or not there, and in the end everything is there once."""

import hashlib
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mbox_ops.artifacts.blobs import Blobs
from mbox_ops.entities.artifacts import ArtifactRecord
from mbox_ops.entities.checkpoints import CheckpointQuery, CreateCheckpoint
from mbox_ops.entities.runs import RunQuery
from mbox_ops.entities.uploads import CreateUpload
from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from tests.proofs.under_fire import SEED
from tests.service.services import ANN, Log
from tests.store.orphans import orphans

KILLS = int(os.environ.get("MBOX_PROOF_IMPORT_KILLS", "5"))
RUNS = 60 + 20 * KILLS
MBOX = Path(sys.executable).with_name("mbox")

pytestmark = [pytest.mark.proof, pytest.mark.timeout(120 + 30 * KILLS)]


def test_an_import_that_is_killed_again_and_again_goes_on(tmp_path: Path) -> None:
    """On SQLite."""
    prove(tmp_path, f"sqlite:///{tmp_path / 'target.db'}")


def test_a_killed_import_into_postgresql_goes_on(tmp_path: Path, postgres_url: Callable[[], str]) -> None:
    """On PostgreSQL."""
    prove(tmp_path, postgres_url())


def prove(folder: Path, url: str) -> None:
    """Export, import under fire, and compare the next export byte by byte."""
    archive, back = folder / "archive.tar", folder / "back.tar"
    with Database(f"sqlite:///{folder / 'source.db'}") as database:
        database.upgrade()
        source = Service(database, blobs=Blobs(str(folder / "source")))
        fill(source)
        export(source, archive)
    command = [MBOX, "import", archive, "--database-url", url, "--artifact-url", folder / "target", "--json"]
    rng = random.Random(SEED)
    began, counts = 0.0, [0]
    with Database(url) as database:
        database.upgrade()
        target = Service(database, blobs=Blobs(str(folder / "target")))
        for _ in range(KILLS):
            process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wanted = min(RUNS - 1, counts[-1] + rng.randrange(1, 20))  # only while it is surely under way
            while there(target) < wanted and process.poll() is None:
                time.sleep(0.005)
            time.sleep(rng.random() * 0.02)
            process.kill()
            process.wait()
            counts.append(there(target))
            check_whole(target)
        began = time.monotonic()
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, timeout=300)
        export(target, back)
        assert orphans(database) == {}, f"again with MBOX_PROOF_SEED={SEED}"
    assert back.read_bytes() == archive.read_bytes(), f"again with MBOX_PROOF_SEED={SEED}"
    print(f"\n{KILLS} kills at {counts[1:]} of {RUNS} runs; the rest in {time.monotonic() - began:.1f} s; seed {SEED}")  # noqa: T201


def fill(service: Service) -> None:
    """Runs with points, a content and checkpoints of their own."""
    for number in range(RUNS):
        data = b"%d" % number * 20_000
        checksum = f"sha256:{hashlib.sha256(data).hexdigest()}"
        upload = service.uploads.create(ANN, CreateUpload(checksum=checksum, size=len(data)))
        service.uploads.put(ANN, upload.id, 0, data)
        service.uploads.create(ANN, CreateUpload(checksum=checksum, size=len(data)))
        log = Log(service, epoch=1).open(key=f"key-{number}", scenario=f"s-{number % 3}")
        log.points("loss", *(float(step) for step in range(500)))
        record = ArtifactRecord(path="data", kind="uploaded", checksum=checksum)
        log.write(artifacts=[record], parameters={"n": number})
        for epoch in range(number % 3):
            wish = CreateCheckpoint(epoch=epoch, metrics={"loss": epoch / 2, "n": number}, artifacts=[record])
            service.checkpoints.create(ANN, log.id, wish)


def export(service: Service, path: Path) -> None:
    """Everything into a file."""
    with path.open("wb") as file:
        service.exporting.write(ANN, None, file, str(path))


def there(service: Service) -> int:
    """How many runs are there."""
    return service.runs.list(ANN, RunQuery(limit=1, total=True)).total or 0


def check_whole(service: Service) -> None:
    """Each run and each checkpoint that is there has all that it had."""
    cursor = None
    while True:
        page = service.runs.list(ANN, RunQuery(limit=100, cursor=cursor))
        for run in page.items:
            assert (run.metrics["loss"].count, set(run.parameters) - {"start", "end"}) == (500, {"n"})
            for checkpoint in service.checkpoints.list(ANN, run.id, CheckpointQuery()).items:
                assert (set(checkpoint.metrics), checkpoint.artifacts) == ({"loss", "n"}, 1)
        cursor = page.next
        if cursor is None:
            return
