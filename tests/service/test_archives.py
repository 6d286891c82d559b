"""Archives of scenarios: what goes out comes back, with ids and times, once, on either database."""

import hashlib
import io
import math
import random
import secrets
import shutil
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mbox_ops.artifacts.blobs import Blobs
from mbox_ops.entities.archives import ExportReport
from mbox_ops.entities.artifacts import ArtifactQuery, ArtifactRecord
from mbox_ops.entities.checkpoints import CheckpointQuery, CreateCheckpoint
from mbox_ops.entities.deletions import CreateDeletion, Selector
from mbox_ops.entities.events import EventQuery, EventRecord
from mbox_ops.entities.limits import Limits
from mbox_ops.entities.lineage import ArtifactUse, LineageQuery
from mbox_ops.entities.metrics import Block, HistoryQuery, MetricSummary
from mbox_ops.entities.runs import OpenRun, RunQuery
from mbox_ops.entities.uploads import CreateUpload
from mbox_ops.entities.writers import Batch, MetadataOp, Writer
from mbox_ops.errors import Conflict, Fenced, Forbidden, InvalidRequest, NotFound
from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from mbox_ops.wire.encodings import pack_floats, pack_ints
from tests.service.services import (
    ANN,
    NOON,
    HandClock,
    Log,
    actor,
    clock,
    database,
    postgres_tables,
    sqlite_template,
)
from tests.store.orphans import orphans

__all__ = ["clock", "database", "postgres_tables", "sqlite_template"]

LIMITS = Limits(part_bytes=1_000)
DATA = bytes(range(256)) * 20


@pytest.fixture
def source(sqlite_template: Path, tmp_path: Path, clock: HandClock) -> Iterator[Service]:
    """A service on SQLite."""
    path = tmp_path / "source.db"
    shutil.copyfile(sqlite_template, path)
    with Database(f"sqlite:///{path}") as opened:
        yield Service(opened, clock=clock, limits=LIMITS, blobs=Blobs(str(tmp_path / "source-artifacts")))


@pytest.fixture
def target(database: Database, tmp_path: Path, clock: HandClock) -> Service:
    """An empty service on either database."""
    return Service(database, clock=clock, limits=LIMITS, blobs=Blobs(str(tmp_path / "target-artifacts")))


def checksum(data: bytes) -> str:
    """As artifacts have it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def upload(service: Service, data: bytes) -> None:
    """Have the namespace hold a content."""
    wish = CreateUpload(checksum=checksum(data), size=len(data))
    begun = service.uploads.create(ANN, wish)
    for offset in range(begun.offset, len(data), begun.part_bytes):
        service.uploads.put(ANN, begun.id, offset, data[offset : offset + begun.part_bytes])
    service.uploads.create(ANN, wish)


def fill(service: Service, clock: HandClock, seed: int = 1) -> list[Log]:
    """Runs with something of everything, written by several writers in several attempts, partly sealed."""
    rng = random.Random(seed)
    logs = []
    upload(service, DATA)
    upload(service, b"")
    for number in range(4):
        name = rng.choice(["churn", "fraud"]) if number > 1 else ["churn", "fraud"][number]
        key = None if number == 2 else f"key-{number}"
        log = Log(service, origin=f"o-{number}").open(key=key, scenario=name, pipeline="p", lease=number == 3)
        write_much(log, rng, clock)
        if number % 2:
            retry = Log(service, origin=f"o-{number}", epoch=log.epoch + 1)
            retry.open(key=key, scenario=name, pipeline="p", lease=number == 3)
            write_much(retry, rng, clock)
        helper = Log(service, origin=f"h-{number}")
        helper.run_id = log.run_id
        write_much(helper, rng, clock)
        if number < 3:
            helper.write(state=rng.choice(["FINISHED", "FAILED"]), at=NOON + 7)
        for epoch in range(number):
            write_checkpoint(log, epoch, clock)
        if number == 1:
            service.metrics.seal(log.id)
            helper.points("loss", *(rng.random() for _ in range(5_000)))
        logs.append(log)
    return logs


def write_checkpoint(log: Log, epoch: int, clock: HandClock) -> None:
    """A checkpoint with something of everything, by two writers."""
    clock.forward(seconds=1)
    file = ArtifactRecord(path="w.ckpt", kind="uploaded", checksum=checksum(DATA))
    wish = CreateCheckpoint(epoch=epoch * 7, metrics={"val": epoch / 3, "bad": "NaN"}, artifacts=[file])
    made = log.service.checkpoints.create(ANN, log.id, wish)
    more = Log(log.service, origin=f"c-{epoch}")
    more.run_id = made.checkpoint_id
    more.write(
        metadata=[MetadataOp(op="merge", document={"only": {"checkpoints": [epoch]}})],
        points=[Block(names=["val"], values=pack_floats([1.0, 2.0]))],
        events=[EventRecord(name="saved", source="s", wallclock=epoch)],
    )  # fmt: skip


def write_much(log: Log, rng: random.Random, clock: HandClock) -> None:
    """Points of every kind, and everything else."""
    odd = [math.nan, math.inf, -math.inf, -0.0, 0.0, 5e-324, 1.7976931348623157e308, 0.1]
    steps = [2**63 - 1, -(2**63), 0, 0, 7, -1, 3, 3]
    clock.forward(seconds=rng.random())
    walls = pack_ints(rng.choice([-(2**63), 0, NOON, 2**63 - 1]) for _ in odd)
    log.write(
        parameters={"lr": rng.random(), "opt": "adam", "n": 3, "on": True, "at": "2026-11-01"},
        tags={"team": f"t{rng.randrange(9)}"}, labels={"loss": {"format_string": "percentage"}},
        metadata=[
            MetadataOp(op="merge", document={"a": {"b": [1, 2.5, None, {"c": "ü"}]}, str(rng.randrange(3)): "x"}),
            MetadataOp(op="set", key="k", value=None),
        ],
        points=[
            Block(names=["odd", "same/ü"], steps=pack_ints(steps), wallclocks=walls,
                  values=pack_floats(value for value in odd for _ in range(2))),
            Block(names=["text"], kind="string", steps=pack_ints([1, 2]), values=["ä\U0001f600", ""]),
            Block(names=["raw"], kind="bytes", steps=pack_ints([1, 2]), values=[b"\x00\xff", b""]),
        ],
        events=[
            EventRecord(name="saved", source="s", wallclock=-5, metadata={"x": [1]}),
            EventRecord(name="e", source="s"),
        ],
        artifacts=[
            ArtifactRecord(path="m.onnx", kind="uploaded", checksum=checksum(DATA)),
            ArtifactRecord(path="empty", kind="uploaded", checksum=checksum(b"")),
            ArtifactRecord(path="s3://b/x", uri="s3://b/x", size=9),
        ],
        uses=[ArtifactUse(uri="s3://lake/raw"), ArtifactUse(checksum=checksum(DATA))],
    )  # fmt: skip
    log.write(points=[Block(names=["counted"], values=pack_floats([1.5, 2.5]))])  # the service counts the steps
    log.points("many", *(rng.random() for _ in range(rng.randrange(1, 9_000))))


def export(service: Service, path: Path, *names: str) -> ExportReport:
    """Export scenarios of the default namespace, all if none is named."""
    with path.open("wb") as file:
        return service.exporting.write(ANN, names or None, file, str(path))


def all_on(service: Service, subject_id: str) -> list[Any]:
    """What was logged on a run or a checkpoint."""
    return [
        # NaN is not equal to itself; as text it is.
        msgspec.json.encode(service.metrics.history(ANN, subject_id, HistoryQuery(limit=None))),
        service.metadata.get(ANN, subject_id),
        service.events.list(ANN, subject_id, EventQuery(limit=100)),
        service.artifacts.list(ANN, subject_id, ArtifactQuery(limit=100)),
    ]


def everything(service: Service) -> list[Any]:
    """All that can be read of all runs and their checkpoints, but when they were last folded."""
    listed = sorted(service.runs.list(ANN, RunQuery(limit=100)).items, key=lambda run: run.id)
    checkpoints = [one for run in listed for one in service.checkpoints.list(ANN, run.id, CheckpointQuery()).items]
    return [
        [
            service.runs.get(ANN, run.id),
            *all_on(service, run.id),
            # In the order of rows, which are made in another one here.
            sorted(service.lineage.of_run(ANN, run.id, LineageQuery(limit=100)).items, key=msgspec.json.encode),
        ]
        for run in listed
    ] + [
        [(checkpoint, *all_on(service, checkpoint.id)) for checkpoint in checkpoints],
        service.scenarios.list(ANN, limit=9, cursor=None),
        service.collections.list(ANN, limit=9, cursor=None),
        [sorted(run.id for run in service.runs.list(ANN, RunQuery(filter=text)).items) for text in FILTERS],
    ]


FILTERS = (
    "params.lr < 0.5", "params.at > 2026-01-01", "tags.team = 't1'", "metadata.a.b[*].c = 'ü'",
    "metrics.many.count > 0", "metrics.odd.max > 1", "status = 'FINISHED'",
)  # fmt: skip


def test_an_archive_brings_everything_back_and_goes_out_again_byte_by_byte(
    source: Service, target: Service, clock: HandClock, tmp_path: Path
) -> None:
    """From SQLite to either database: what is read, what is found, the bytes of artifacts, and the next export."""
    fill(source, clock)
    first, again, back = (tmp_path / name for name in ("first.tar", "again.tar", "back.tar"))
    report = export(source, first)
    assert (report.runs, report.checkpoints, report.scenarios, report.blobs) == (4, 6, ["churn", "fraud"], 2)
    assert export(source, again).bytes == first.stat().st_size
    assert first.read_bytes() == again.read_bytes()
    done = target.importing.read(ANN, first)
    assert (done.runs, done.checkpoints, done.present, done.blobs, done.namespace) == (4, 6, 0, 1, "default")
    assert everything(target) == everything(source)
    export(target, back)
    assert back.read_bytes() == first.read_bytes()
    for run in target.runs.list(ANN, RunQuery()).items:
        for artifact in target.artifacts.list(ANN, run.id, ArtifactQuery(kind="uploaded")).items:
            content = target.artifacts.content(ANN, artifact.id)
            assert checksum(content.read(0, content.size)) == artifact.checksum
    assert orphans(target.database) == {}


def test_checkpoints_that_are_not_here_come_to_runs_that_are(
    source: Service, target: Service, tmp_path: Path, clock: HandClock
) -> None:
    """So what broke off between a run and its checkpoints goes on; one of an epoch that is taken is a conflict."""
    log = Log(source).open(scenario="churn")
    export(source, tmp_path / "before.tar")
    target.importing.read(ANN, tmp_path / "before.tar")
    for epoch in (1, 2):
        source.checkpoints.create(ANN, log.id, CreateCheckpoint(epoch=epoch, metrics={"loss": 0.5}))
    export(source, tmp_path / "after.tar")
    done = target.importing.read(ANN, tmp_path / "after.tar")
    assert (done.runs, done.present, done.checkpoints) == (0, 1, 2)
    again = target.importing.read(ANN, tmp_path / "after.tar")
    assert (again.present, again.checkpoints) == (1, 0)
    assert target.checkpoints.list(ANN, log.id, CheckpointQuery()) == source.checkpoints.list(
        ANN, log.id, CheckpointQuery()
    )
    source.checkpoints.create(ANN, log.id, CreateCheckpoint(epoch=3))
    target.checkpoints.create(ANN, log.id, CreateCheckpoint(epoch=3))
    export(source, tmp_path / "other.tar")
    with pytest.raises(Conflict, match=r"has the checkpoint '[^']+' of the epoch 3 here"):
        target.importing.read(ANN, tmp_path / "other.tar")
    assert orphans(target.database) == {}


def test_importing_twice_is_importing_once(source: Service, target: Service, clock: HandClock, tmp_path: Path) -> None:
    """A run that is there is left as it is, whatever has become of it."""
    logs = fill(source, clock)
    path = tmp_path / "a.tar"
    export(source, path)
    target.importing.read(ANN, path)
    before = everything(target)
    again = target.importing.read(ANN, path)
    assert (again.runs, again.present, again.blobs) == (0, 4, 0)
    assert everything(target) == before
    renamed = Log(target, origin="new")
    renamed.run_id = logs[0].id
    renamed.write(name="renamed")
    target.importing.read(ANN, path)
    assert target.runs.get(ANN, logs[0].id).name == "renamed"


def test_writers_go_on_where_they_were(source: Service, target: Service, clock: HandClock, tmp_path: Path) -> None:
    """A resend is a duplicate, the next batch follows, a zombie stays fenced, and the key finds the run."""
    logs = fill(source, clock)
    path = tmp_path / "a.tar"
    export(source, path)
    target.importing.read(ANN, path)
    log = logs[0]
    writer = Writer(origin=log.origin, epoch=log.epoch, producer=log.producer, seq=log.seq)
    resent = target.batches.write(ANN, Batch(key=log.key, writer=writer, parameters={"lr": 7}))
    assert (resent.status, resent.run_id, resent.seq) == ("duplicate", log.id, log.seq)
    total = {summary.name: summary.count for summary in target.metrics.list(ANN, log.id)}["many"]
    log.service = target
    log.points("many", 1.0, 2.0)
    assert {summary.name: summary.count for summary in target.metrics.list(ANN, log.id)}["many"] == total + 2
    target.metrics.seal(log.id)
    assert target.metrics.history(ANN, log.id, HistoryQuery(names=["many"], limit=None))[0].total == total + 2
    zombie = logs[1]
    zombie.service = target
    with pytest.raises(Fenced):
        zombie.write(parameters={"lr": 7})


def test_an_import_that_breaks_off_goes_on(source: Service, target: Service, clock: HandClock, tmp_path: Path) -> None:
    """At whatever byte: each run is whole or not there, and the next import brings the rest."""
    fill(source, clock)
    path = tmp_path / "a.tar"
    export(source, path)
    size = path.stat().st_size
    for stop in (size * 5 // 4, size * 3 // 2, size * 7 // 4):
        with pytest.raises(KeyboardInterrupt):
            target.importing.read(ANN, path, progress=breaking_at(stop))
    whole = target.importing.read(ANN, path)
    assert whole.runs + whole.present == 4
    assert whole.present > 0
    assert everything(target) == everything(source)
    assert orphans(target.database) == {}


def breaking_at(stop: int) -> Callable[[int, int], None]:
    """What is told of the progress, and breaks it off there."""

    def tell(done: int, of: int) -> None:
        if done >= stop:
            raise KeyboardInterrupt

    return tell


def test_a_dry_run_says_what_would_be_written(
    source: Service, target: Service, clock: HandClock, tmp_path: Path
) -> None:
    """And writes nothing."""
    fill(source, clock)
    path = tmp_path / "a.tar"
    export(source, path, "churn")
    would = target.importing.read(ANN, path, dry_run=True)
    assert would.dry_run
    assert target.scenarios.list(ANN, limit=9, cursor=None).items == []
    done = target.importing.read(ANN, path)
    assert (would.runs, would.scenarios) == (done.runs, ["churn"])


def test_a_damaged_archive_changes_nothing(source: Service, target: Service, tmp_path: Path) -> None:
    """A flipped bit anywhere, a missing end, another file, another version: each is told, and nothing is written."""
    upload(source, DATA)
    Log(source).open(scenario="s").write(
        artifacts=[ArtifactRecord(path="m", kind="uploaded", checksum=checksum(DATA))], parameters={"a": 1}
    )
    path = tmp_path / "a.tar"
    export(source, path)
    good = path.read_bytes()
    rng = random.Random(3)
    meant = good.rindex(b"}") + 1  # behind it is padding
    for place in [*(rng.randrange(meant) for _ in range(60)), *range(meant - 150, meant, 7)]:
        bad = bytearray(good)
        bad[place] ^= 1 << rng.randrange(8)
        path.write_bytes(bad)
        with pytest.raises(InvalidRequest, match=r"damaged|no archive|format version"):
            target.importing.read(ANN, path)
    for cut in (0, 100, 513, len(good) // 2, len(good) - 2_000):
        path.write_bytes(good[:cut])
        with pytest.raises(InvalidRequest, match=r"cut off|no archive"):
            target.importing.read(ANN, path)
    odd = tarfile.TarInfo(f"blobs/{hashlib.sha256().hexdigest()}")
    odd.size = -len(good)
    start = good.index(b"blobs/")
    path.write_bytes(good[:start] + odd.tobuf(tarfile.GNU_FORMAT) + good[start:])
    with pytest.raises(InvalidRequest, match="damaged: a part of -"):
        target.importing.read(ANN, path)
    path.write_bytes(good.replace(b'"version": 1', b'"version": 2'))
    with pytest.raises(InvalidRequest, match="format version 2, and this version of mbox-ops reads 1"):
        target.importing.read(ANN, path)
    assert target.scenarios.list(ANN, limit=9, cursor=None).items == []


def test_a_key_that_another_run_has_is_a_conflict_with_a_way_out(
    source: Service, target: Service, tmp_path: Path
) -> None:
    """It names that run; with a suffix both live, and importing again still brings nothing twice."""
    mine = Log(source).open(key="nightly", scenario="s")
    other = Log(target).open(key="nightly", scenario="s")
    path = tmp_path / "a.tar"
    export(source, path)
    with pytest.raises(Conflict, match=f"held by the live run '{other.id}'.*suffix"):
        target.importing.read(ANN, path)
    for present in (0, 1):
        done = target.importing.read(ANN, path, key_suffix="@old")
        assert (done.runs, done.present, done.renamed) == (1 - present, present, [] if present else [mine.id])
    assert target.runs.get(ANN, mine.id).key == "nightly@old"


def test_what_was_deleted_here_comes_back_only_after_its_purge(
    source: Service, clock: HandClock, tmp_path: Path
) -> None:
    """While it can be undone, the undo is the way; an archive brings back what was purged, open to its writers."""
    log = Log(source).open(key="nightly", scenario="s")
    path = tmp_path / "a.tar"
    export(source, path, "s")
    gone = source.deletions.create(ANN, CreateDeletion(selector=Selector(run_id=log.id), force=True))
    with pytest.raises(Conflict, match=f"undo the deletion '{gone.id}'"):
        source.importing.read(ANN, path)
    source.deletions.purge(ANN, gone.id)
    source.deletions.purge_due(seconds=10)
    assert source.importing.read(ANN, path).runs == 1
    log.points("loss", 1.0)
    assert source.metrics.list(ANN, log.id)[0].count == 1


def test_ids_live_in_one_namespace(source: Service, tmp_path: Path) -> None:
    """An archive may go into another one, but not beside its own runs."""
    log = Log(source).open(scenario="s")
    path = tmp_path / "a.tar"
    export(source, path)
    with pytest.raises(Conflict, match=f"{log.id}.*namespace 'default'"):
        source.importing.read(ANN, path, namespace="copy")


def test_another_namespace_is_as_good(source: Service, target: Service, clock: HandClock, tmp_path: Path) -> None:
    """If the runs are not here yet."""
    fill(source, clock)
    path = tmp_path / "a.tar"
    export(source, path)
    assert target.importing.read(ANN, path, namespace="copy").runs == 4
    assert len(target.runs.list(actor("copy"), RunQuery()).items) == 4
    assert target.runs.list(ANN, RunQuery()).items == []


def test_mistakes_are_told(source: Service, tmp_path: Path) -> None:
    """A scenario that is not there, and a token without the right."""
    Log(source).open(scenario="s")
    with pytest.raises(NotFound, match="nowhere"):
        source.exporting.write(ANN, ["s", "nowhere"], io.BytesIO(), "x")
    reader = actor(scopes=frozenset({"read", "write", "delete"}))
    with pytest.raises(Forbidden):
        source.exporting.write(reader, None, io.BytesIO(), "x")
    with pytest.raises(Forbidden):
        source.importing.read(reader, tmp_path / "x")


def test_an_archive_is_a_tar_that_anybody_can_open(source: Service, clock: HandClock, tmp_path: Path) -> None:
    """With a manifest, blobs by digest, runs and an end."""
    fill(source, clock)
    path = tmp_path / "a.tar"
    export(source, path, "churn")
    with tarfile.open(path) as tar:
        names = tar.getnames()
        manifest = msgspec.json.decode(tar.extractfile("mbox.json").read())  # type: ignore[union-attr]
    assert manifest == {
        "format": "mbox-ops scenarios", "version": 1, "namespace": "default", "scenarios": ["churn"]
    }  # fmt: skip
    assert names[0] == "mbox.json"
    assert f"blobs/{checksum(DATA).removeprefix('sha256:')}" in names
    assert {"runs/00000001/run.json", "runs/00000001/points-0001.msgpack.gz"} <= set(names)
    assert names[-1] == "end.json"


def test_a_run_of_the_least_is_exported_too(source: Service, target: Service, tmp_path: Path) -> None:
    """Nothing but its opening."""
    target_run = source.batches.write(ANN, Batch(open=OpenRun(scenario="s"))).run_id
    path = tmp_path / "a.tar"
    export(source, path)
    target.importing.read(ANN, path)
    assert target.runs.get(ANN, target_run) == source.runs.get(ANN, target_run)


@st.composite
def batches(draw: st.DrawFn) -> list[tuple[int, Block, bool]]:
    """Blocks of points, each with the number of its writer and whether everything is sealed after it."""
    found = []
    for _ in range(draw(st.integers(1, 8))):
        names = draw(st.lists(st.sampled_from(["a", "b", "c/ü", "d" * 256]), min_size=1, max_size=3, unique=True))
        rows = draw(st.integers(1, 6))
        steps = draw(st.lists(st.integers(-(2**63), 2**63 - 1) | st.integers(0, 3), min_size=rows, max_size=rows))
        walls = draw(st.lists(st.integers(-(2**63), 2**63 - 1) | st.just(NOON), min_size=rows, max_size=rows))
        values = draw(st.lists(st.floats(), min_size=rows * len(names), max_size=rows * len(names)))
        block = Block(names=names, steps=pack_ints(steps), wallclocks=pack_ints(walls), values=pack_floats(values))
        found.append((draw(st.integers(0, 2)), block, draw(st.booleans())))
    return found


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(batches())
def test_any_points_come_back_and_give_the_same_bytes(
    source: Service, target: Service, tmp_path: Path, written: list[tuple[int, Block, bool]]
) -> None:
    """Any floats, steps and times, in any order, by several writers, sealed at any time."""
    by = actor(f"ns-{secrets.token_hex(4)}")
    first = Log(source, by).open(scenario="s")
    logs = [first, Log(source, by, origin=first.origin), Log(source, by)]
    for place, block, seal in written:
        logs[place].run_id = first.run_id
        logs[place].write(points=[block])
        if seal:
            source.metrics.seal(first.id)
    archive, back = tmp_path / "a.tar", tmp_path / "b.tar"
    for service, path in ((source, archive), (target, back)):
        if service is target:
            target.importing.read(ANN, archive)
        with path.open("wb") as file:
            service.exporting.write(by, ["s"], file, str(path))
    assert back.read_bytes() == archive.read_bytes()
    was, now = (service.metrics.history(by, first.id, HistoryQuery(limit=None)) for service in (source, target))
    assert msgspec.json.encode(was) == msgspec.json.encode(now)
    was_summed, now_summed = (service.metrics.list(by, first.id) for service in (source, target))
    assert [without_mean(one) for one in was_summed] == [without_mean(one) for one in now_summed]


def without_mean(summary: MetricSummary) -> MetricSummary:
    """All of a summary that is exact."""
    return msgspec.structs.replace(summary, mean=None)
