"""Uploads: bytes become visible when they are whole, verified and written of; and go when nothing needs them."""

import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from mbox_ops.artifacts.blobs import SHARDS, Blobs
from mbox_ops.entities.artifacts import ArtifactMime, ArtifactQuery, ArtifactRecord, StoredArtifact
from mbox_ops.entities.checkpoints import CreateCheckpoint
from mbox_ops.entities.deletions import CreateDeletion, Selector
from mbox_ops.entities.limits import Limits
from mbox_ops.entities.uploads import CreateUpload, Upload
from mbox_ops.errors import Conflict, Forbidden, InvalidRequest, NotFound, Unavailable
from mbox_ops.service.access import Actor
from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from tests.service.services import (
    ANN,
    DAY,
    HandClock,
    Log,
    actor,
    clock,
    database,
    postgres_tables,
    sqlite_template,
)

__all__ = ["clock", "database", "postgres_tables", "sqlite_template"]

DATA = b"ten bytes!"
PARTS = 4  # bytes


@pytest.fixture
def blobs(tmp_path: Path) -> Blobs:
    """An empty store."""
    return Blobs(str(tmp_path / "artifacts"))


@pytest.fixture
def service(database: Database, clock: HandClock, blobs: Blobs) -> Service:
    """A service that takes bytes, four at a time, and at most a hundred."""
    return Service(database, clock=clock, blobs=blobs, limits=Limits(part_bytes=PARTS, artifact_bytes=100))


def checksum(data: bytes) -> str:
    """As artifacts have it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def begin(service: Service, data: bytes = DATA, by: Actor = ANN) -> Upload:
    """Say what is to be uploaded, or that all of it was sent."""
    return service.uploads.create(by, CreateUpload(checksum=checksum(data), size=len(data)))


def send(service: Service, data: bytes = DATA, by: Actor = ANN) -> Upload:
    """Upload everything."""
    upload = begin(service, data, by)
    for offset in range(upload.offset, len(data), PARTS):
        service.uploads.put(by, upload.id, offset, data[offset : offset + PARTS])
    return begin(service, data, by)


def record(data: bytes = DATA, path: str = "model.onnx", **given: object) -> ArtifactRecord:
    """What is written of it."""
    return ArtifactRecord(path=path, kind="uploaded", checksum=checksum(data), **given)  # type: ignore[arg-type]


def listed(service: Service, log: Log) -> list[StoredArtifact]:
    """The artifacts of a run."""
    return service.artifacts.list(ANN, log.id, ArtifactQuery()).items


def lying(blobs: Blobs) -> list[str]:
    """The names of all that lies in the store."""
    return sorted(p.name for p in Path(blobs.url).rglob("*") if p.is_file())


def test_an_uploaded_artifact_is_read_back_byte_for_byte(service: Service) -> None:
    """Its size and kind are known, its bytes come whole or in ranges."""
    log = Log(service).open(scenario="s")
    assert send(service).complete
    (artifact_id,) = log.write(artifacts=[record()]).artifact_ids
    (found,) = listed(service, log)
    assert service.artifacts.get(ANN, artifact_id) == found
    assert found == StoredArtifact(
        id=artifact_id, parent=log.id, path="model.onnx", uri="", mime_type=ArtifactMime.Model, media_type="",
        checksum=checksum(DATA), size=10, kind="uploaded", created_at=found.created_at,
    )  # fmt: skip
    content = service.artifacts.content(ANN, artifact_id)
    assert (content.size, content.read(0, 10), content.read(4, 6)) == (10, DATA, DATA[4:6])


def test_nothing_is_visible_before_it_is_whole(service: Service) -> None:
    """An artifact of content that is not there, or not whole, is refused with all that is beside it."""
    log = Log(service).open(scenario="s")
    upload = begin(service)
    service.uploads.put(ANN, upload.id, 0, DATA[:4])
    with pytest.raises(InvalidRequest, match="has not been uploaded to this namespace"):
        log.write(artifacts=[record()], tags={"a": "b"})
    assert listed(service, log) == []
    assert "a" not in service.runs.get(ANN, log.id).tags


def test_an_upload_goes_on_where_it_was(service: Service) -> None:
    """Whoever asks is told the offset; a part that comes again changes nothing; one that is not next is refused."""
    upload = begin(service)
    assert (upload.offset, upload.part_bytes, upload.complete) == (0, 4, False)
    assert service.uploads.put(ANN, upload.id, 0, DATA[:4]).offset == 4
    assert service.uploads.put(ANN, upload.id, 0, DATA[:4]).offset == 4
    assert (begin(service).id, begin(service).offset) == (upload.id, 4)
    with pytest.raises(Conflict) as raised:
        service.uploads.put(ANN, upload.id, 8, DATA[8:])
    assert raised.value.details["offset"] == 4
    for wrong in (b"", DATA[4:7], DATA[4:9]):
        with pytest.raises(InvalidRequest, match="it must have 4"):
            service.uploads.put(ANN, upload.id, 4, wrong)
    service.uploads.put(ANN, upload.id, 4, DATA[4:8])
    service.uploads.put(ANN, upload.id, 8, DATA[8:])
    with pytest.raises(Conflict):
        service.uploads.put(ANN, upload.id, 10, b"")
    assert not service.uploads.get(ANN, upload.id).complete
    assert begin(service).complete
    assert service.uploads.get(ANN, upload.id).complete


def test_other_bytes_than_announced_are_refused_and_forgotten(service: Service, blobs: Blobs) -> None:
    """Then the upload begins anew."""
    upload = begin(service)
    for offset in range(0, 10, 4):
        service.uploads.put(ANN, upload.id, offset, b"other byte"[offset : offset + 4])
    with pytest.raises(InvalidRequest, match=f"have the checksum '{checksum(b'other byte')}'"):
        begin(service)
    assert lying(blobs) == []
    assert begin(service).offset == 0
    assert send(service).complete


@pytest.mark.parametrize(
    "request_",
    [
        CreateUpload(checksum="", size=1),
        CreateUpload(checksum="sha256:" + "A" * 64, size=1),
        CreateUpload(checksum="md5:" + "a" * 64, size=1),
        CreateUpload(checksum=checksum(b""), size=-1),
        CreateUpload(checksum=checksum(b""), size=101),
    ],
)
def test_what_breaks_a_rule_is_not_begun(service: Service, request_: CreateUpload) -> None:
    """The message names the limit."""
    with pytest.raises(InvalidRequest):
        service.uploads.create(ANN, request_)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (record(uri="s3://b/a"), "has no artifact uri"),
        (record(size=11), "has 10 bytes"),
        (ArtifactRecord(path="a", kind="uploaded"), "artifact checksum must be"),
        (ArtifactRecord(path="a"), "artifact uri is 0 characters"),
    ],
)
def test_a_record_that_does_not_fit_its_content_is_refused(service: Service, wrong: ArtifactRecord, said: str) -> None:
    """By its size, its URI or its missing checksum."""
    send(service)
    log = Log(service).open(scenario="s")
    with pytest.raises(InvalidRequest, match=said):
        log.write(artifacts=[wrong])


def test_empty_content_is_content(service: Service) -> None:
    """It is complete at once."""
    assert begin(service, b"").complete
    log = Log(service).open(scenario="s")
    (artifact_id,) = log.write(artifacts=[record(b"")]).artifact_ids
    assert service.artifacts.content(ANN, artifact_id).size == 0


def test_the_same_content_moves_no_bytes_again(service: Service, blobs: Blobs) -> None:
    """As long as the namespace holds it, and there is one copy of it."""
    log = Log(service).open(scenario="s")
    send(service)
    assert begin(service).complete
    log.write(artifacts=[record(path="a"), record(path="b")])
    assert begin(service).complete
    assert len(lying(blobs)) == 1
    assert [found.size for found in listed(service, log)] == [10, 10]
    with pytest.raises(InvalidRequest, match="has 10 bytes"):
        service.uploads.create(ANN, CreateUpload(checksum=checksum(DATA), size=9))


def test_who_knows_only_a_checksum_of_another_namespace_gets_nothing_by_it(service: Service, blobs: Blobs) -> None:
    """It has to send the bytes itself; they are kept once all the same."""
    eve = actor("eve", opens={"eve"})
    send(service)
    assert not begin(service, by=eve).complete
    log = Log(service, eve).open(scenario="s")
    with pytest.raises(InvalidRequest, match="has not been uploaded to this namespace"):
        log.write(artifacts=[record()])
    upload = begin(service, by=eve)
    for offset, guess in ((0, b"ten "), (4, b"gues"), (8, b"s!")):
        service.uploads.put(eve, upload.id, offset, guess)
    with pytest.raises(InvalidRequest, match="have the checksum"):
        begin(service, by=eve)
    assert send(service, by=eve).complete
    log.write(artifacts=[record()])
    assert len(lying(blobs)) == 1


def test_uploads_and_artifacts_of_another_namespace_look_like_nothing(service: Service) -> None:
    """Whoever has their id."""
    log = Log(service).open(scenario="s")
    upload = send(service)
    (artifact_id,) = log.write(artifacts=[record()]).artifact_ids
    eve = actor("eve", opens={"eve"})
    for ask in (
        lambda: service.uploads.get(eve, upload.id),
        lambda: service.uploads.put(eve, upload.id, 0, b"1234"),
        lambda: service.artifacts.get(eve, artifact_id),
        lambda: service.artifacts.content(eve, artifact_id),
        lambda: service.artifacts.get(ANN, "nobody"),
        lambda: service.artifacts.get(ANN, "\x00"),
        lambda: service.uploads.get(ANN, "\ud800"),
    ):
        with pytest.raises(NotFound):
            ask()
    reader = actor(scopes=frozenset({"read"}))
    for forbidden in (
        lambda: begin(service, by=reader),
        lambda: service.uploads.put(reader, upload.id, 0, b""),
        lambda: service.artifacts.get(actor(scopes=frozenset({"write"})), artifact_id),
    ):
        with pytest.raises(Forbidden):
            forbidden()


def test_the_bytes_of_a_tracked_artifact_are_elsewhere(service: Service) -> None:
    """The message says where."""
    log = Log(service).open(scenario="s")
    (artifact_id,) = log.write(artifacts=[ArtifactRecord(path="a", uri="s3://b/a")]).artifact_ids
    with pytest.raises(InvalidRequest, match="s3://b/a"):
        service.artifacts.content(ANN, artifact_id)


def test_artifacts_are_listed_by_whether_we_hold_them(service: Service) -> None:
    """`kind` tells tracked from uploaded."""
    send(service)
    log = Log(service).open(scenario="s")
    log.write(artifacts=[record(path="ours"), ArtifactRecord(path="theirs", uri="s3://b/a")])
    for kind, path in (("uploaded", "ours"), ("tracked", "theirs")):
        page = service.artifacts.list(ANN, log.id, ArtifactQuery(kind=kind))
        assert [artifact.path for artifact in page.items] == [path]


def test_blobs_stay_while_a_live_or_tombstoned_artifact_needs_them(
    service: Service, clock: HandClock, blobs: Blobs
) -> None:
    """Undo brings the bytes back; a purge lets them go."""
    log = Log(service).open(scenario="s")
    send(service)
    (artifact_id,) = log.write(artifacts=[record()], state="FINISHED").artifact_ids
    clock.forward(days=2)
    assert service.uploads.collect() == 0
    done = service.deletions.create(ANN, CreateDeletion(selector=Selector(run_id=log.id)))
    assert done.counts.bytes == 10
    with pytest.raises(NotFound):
        service.artifacts.content(ANN, artifact_id)
    assert service.uploads.collect() == 0
    service.deletions.undo(ANN, done.id)
    assert service.artifacts.content(ANN, artifact_id).read(0, 10) == DATA
    service.deletions.create(ANN, CreateDeletion(selector=Selector(run_id=log.id), purge=True))
    service.deletions.purge_due()
    assert service.uploads.collect() == 1
    assert lying(blobs) == []


def test_a_blob_that_two_runs_share_stays_for_the_second(service: Service, clock: HandClock, blobs: Blobs) -> None:
    """Whatever is deleted first."""
    one, other = (Log(service).open(scenario="s") for _ in range(2))
    send(service)
    one.write(artifacts=[record()])
    (artifact_id,) = other.write(artifacts=[record()]).artifact_ids
    clock.forward(days=2)
    service.deletions.create(ANN, CreateDeletion(selector=Selector(run_id=one.id), purge=True, force=True))
    service.deletions.purge_due()
    assert service.uploads.collect() == 0
    assert service.artifacts.content(ANN, artifact_id).read(0, 10) == DATA
    assert len(lying(blobs)) == 1


def test_a_retried_attempt_replaces_what_it_uploaded(service: Service, clock: HandClock, blobs: Blobs) -> None:
    """Its last try's bytes go, and what both have stays."""
    log = Log(service).open(scenario="s")
    for data in (b"same", b"first try"):
        send(service, data)
    log.write(artifacts=[record(b"same", "same"), record(b"first try")])
    again = Log(service, origin=log.origin, epoch=log.epoch + 1)
    again.run_id = log.id
    again.write(artifacts=[record(b"same", "same")])
    assert [artifact.path for artifact in listed(service, log)] == ["same"]
    clock.forward(days=2)
    assert service.uploads.collect() == 1
    assert [name.partition(".")[0] for name in lying(blobs)] == [hashlib.sha256(b"same").hexdigest()]


def test_a_resent_batch_writes_its_artifact_once(service: Service) -> None:
    """Exactly once, like all else."""
    send(service)
    log = Log(service).open(scenario="s")
    log.write(artifacts=[record()])
    log.seq -= 1
    assert log.write(artifacts=[record()]).status == "duplicate"
    assert len(listed(service, log)) == 1


def test_uploads_that_nobody_goes_on_with_are_forgotten(service: Service, clock: HandClock, blobs: Blobs) -> None:
    """After a day; and a whole one that no artifact was written of, after a day too."""
    upload = begin(service, b"broken off")
    service.uploads.put(ANN, upload.id, 0, b"brok")
    send(service, b"never written of")
    clock.forward(seconds=DAY / 1e6 - 1)
    assert service.uploads.collect() == 0
    assert len(lying(blobs)) == 2
    clock.forward(seconds=2)
    assert service.uploads.collect() == 1
    assert lying(blobs) == []
    with pytest.raises(NotFound):
        service.uploads.put(ANN, upload.id, 4, b"en o")


def test_a_scenario_has_the_bytes_of_its_runs_and_of_their_checkpoints(service: Service) -> None:
    """As many as a deletion of it would take; what it shares with others counts."""
    send(service)
    for source in ("train", "train", "look"):
        log = Log(service).open(scenario="s", pipeline=source)
        log.write(artifacts=[record()])
    service.checkpoints.create(ANN, log.id, CreateCheckpoint(epoch=1, artifacts=[record(path="w"), record(path="v")]))
    parts = service.scenarios.parts(ANN, "s")
    assert [(part.source, part.bytes) for part in parts] == [("look", 30), ("train", 20)]
    wish = CreateDeletion(selector=Selector(scenarios=["s"]), dry_run=True)
    assert service.deletions.create(ANN, wish).counts.bytes == 50


class Ageless(MemoryFileSystem):
    """A store that does not say when anything came, as some kinds do not."""

    protocol = "ageless"

    def find(self, *given: Any, **named: Any) -> Any:
        """What lies there, by its size alone."""
        found = super().find(*given, **named)
        return {path: {"size": found[path]["size"]} for path in found} if named.get("detail") else found


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_what_has_no_age_is_not_swept(database: Database, clock: HandClock) -> None:
    """It may be a blob that was stored a moment ago, and whose row is not there yet."""
    fsspec.register_implementation("ageless", Ageless, clobber=True)
    store = Blobs("ageless://root")
    store.put_part("begun", 0, b"bytes")
    key = store.compose("begun", 1, hashlib.sha256(b"bytes").hexdigest())
    uploads = Service(database, clock=clock, blobs=store).uploads
    assert sum(uploads.sweep() for _ in range(SHARDS)) == 0
    assert store.read(key, 0, 5) == b"bytes"


def test_what_no_row_knows_is_swept(service: Service, clock: HandClock, blobs: Blobs) -> None:
    """A day after it came: blobs and parts that a crash left; never what is in use."""
    import time

    clock.time = time.time_ns() // 1_000
    log = Log(service, epoch=clock.time // 1_000).open(scenario="s")
    send(service)
    log.write(artifacts=[record()])
    begun = begin(service, b"going on")
    service.uploads.put(ANN, begun.id, 0, b"goin")
    blobs.put_part("gone", 0, b"stray")
    stray = blobs.compose("gone", 1, hashlib.sha256(b"stray").hexdigest())
    assert sum(service.uploads.sweep() for _ in range(SHARDS)) == 0
    clock.forward(days=1.1)
    assert begin(service, b"going on").offset == 4
    assert sum(service.uploads.sweep() for _ in range(SHARDS)) == 2
    names = lying(blobs)
    assert stray.rpartition("/")[2] not in names
    assert len(names) == 2
    assert begin(service, b"going on").offset == 4


def test_the_same_content_from_many_at_once_is_one_blob(service: Service, blobs: Blobs) -> None:
    """Of two namespaces, eight senders; each is told that it is complete."""
    senders = [actor(name) for name in ("a", "b")] * 4

    def push(by: Actor) -> bool:
        for _ in range(20):
            try:
                return send(service, by=by).complete
            except (Conflict, Unavailable):  # another sender of this namespace was faster, or finished first
                continue
        return False

    with ThreadPoolExecutor(4) as pool:
        assert all(pool.map(push, senders))
    assert len([name for name in lying(blobs) if "." in name]) == 1


def test_collecting_never_takes_what_is_uploaded_again_meanwhile(
    service: Service, clock: HandClock, blobs: Blobs
) -> None:
    """While one thread collects, others upload the same content and write of it: what they wrote is readable."""
    log = Log(service).open(scenario="s")
    contents = [f"content {number}".encode() for number in range(8)]
    stop = False

    def collect() -> int:
        collected = 0
        while not stop:
            clock.forward(days=0.6)
            collected += service.uploads.collect()
        return collected

    def write(number: int) -> None:
        own = Log(service)
        own.run_id = log.id
        for round_ in range(6):
            data = contents[(number + round_) % len(contents)]
            for _ in range(50):
                try:
                    send(service, data)
                    (artifact_id,) = own.write(artifacts=[record(data)]).artifact_ids
                except (Conflict, NotFound, Unavailable):
                    continue
                except InvalidRequest:  # its day was over before it was written of
                    own.seq -= 1
                    continue
                assert service.artifacts.content(ANN, artifact_id).read(0, len(data)) == data
                break

    with ThreadPoolExecutor(4) as pool:
        collector = pool.submit(collect)
        for done in [pool.submit(write, number) for number in range(3)]:
            done.result()
        stop = True
        collector.result()
    for artifact in listed(service, log):
        content = service.artifacts.content(ANN, artifact.id)
        assert checksum(content.read(0, content.size)) == artifact.checksum


def test_a_service_without_a_store_says_so(database: Database) -> None:
    """And collects nothing."""
    bare = Service(database)
    with pytest.raises(Unavailable, match="MBOX_ARTIFACT_URL"):
        begin(bare)
    assert (bare.uploads.collect(), bare.uploads.sweep()) == (0, 0)


def test_a_namespace_has_only_so_many_unfinished_uploads(service: Service, blobs: Blobs, clock: HandClock) -> None:
    """One more is refused by name and number; one that is there goes on, and those that are forgotten make room."""
    limits = Limits(part_bytes=PARTS, artifact_bytes=100, unfinished_uploads=2)
    service = Service(service.database, clock=clock, blobs=blobs, limits=limits)
    for data in (b"one", b"two"):
        begin(service, data)
    with pytest.raises(InvalidRequest, match="2 unfinished uploads; the limit is 2") as refused:
        begin(service, b"three")
    assert (refused.value.details["field"], refused.value.details["limit"]) == ("uploads", 2)
    assert not begin(service, b"one").complete
    assert not begin(service, b"three", actor("other")).complete
    assert send(service, b"two").complete
    assert not begin(service, b"three").complete
    clock.forward(days=2)
    service.uploads.collect()
    for data in (b"four", b"five"):
        begin(service, data)


def probed(service: Service) -> str:
    """What a look at the store finds."""
    service.uploads.probe()
    looking = service.uploads._probing
    assert looking is not None
    looking.join(30)
    return service.uploads.store_state


def test_the_store_is_looked_at(service: Service, blobs: Blobs, tmp_path: Path) -> None:
    """Whether it takes bytes; nothing stays of the look."""
    assert service.uploads.store_state == "unknown"
    assert probed(service) == "ok"
    assert lying(blobs) == []
    (tmp_path / "file").write_text("no folder")
    away = Service(service.database, blobs=Blobs(str(tmp_path / "file" / "artifacts")))
    assert probed(away) == "away"
    without = Service(service.database)
    without.uploads.probe()
    assert without.uploads.store_state == "none"
