"""Artifacts with bytes, as people upload and download them."""

import hashlib
import os
import random
from pathlib import Path

import pytest

import mbox_ops
from mbox_ops import Client, tracking
from mbox_ops.client.downloading import download
from mbox_ops.client.http import HttpApi
from mbox_ops.entities.artifacts import ArtifactMime
from mbox_ops.errors import InternalError, InvalidRequest, NotFound, Unavailable
from mbox_ops.testing import LiveServer
from tests.proxy import Fate, proxy

PART = 8 << 20


def checksum(data: bytes) -> str:
    """As artifacts have it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with files of several kinds."""
    root = tmp_path / "out"
    for name, data in (("model.onnx", b"weights"), ("plots/roc.png", b"\x89PNG"), ("empty", b"")):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def content(folder: Path) -> dict[str, bytes]:
    """All files below a folder."""
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_folder_comes_back_as_it_was(namespace: str, folder: Path, tmp_path: Path) -> None:
    """From the active run: files and folders, with what they are."""
    with tracking.start_run() as run:
        made = tracking.upload_artifact(files=[folder])
    found = run.artifacts()
    assert {(a.id, a.path, a.checksum, a.size) for a in made} == {(a.id, a.path, a.checksum, a.size) for a in found}
    assert [(a.path, a.mime_type, a.media_type, a.kind, a.uri) for a in found] == [
        ("out/empty", ArtifactMime.Unknown, "", "uploaded", ""),
        ("out/model.onnx", ArtifactMime.Model, "", "uploaded", ""),
        ("out/plots/roc.png", ArtifactMime.Image, "image/png", "uploaded", ""),
    ]
    run.download_artifacts(tmp_path / "back")
    assert content(tmp_path / "back" / "out") == content(folder)


def test_the_client_and_experiments_upload_too(namespace: str, folder: Path, tmp_path: Path) -> None:
    """To any run, under any folder of paths; what is there is downloaded by id, by path, or as an object."""
    client = Client()
    experiment = mbox_ops.new_experiment("uploading")
    experiment.upload_artifact(folder / "model.onnx")
    (one,) = client.artifacts.upload(experiment.id, [folder / "model.onnx"], under="best", mime_type=ArtifactMime.Text)
    assert client.artifacts.get(one.id).mime_type is ArtifactMime.Text
    assert [a.path for a in client.artifacts.list(experiment, kind="uploaded")] == ["best/model.onnx", "model.onnx"]
    for number, given in enumerate((one, one.id)):
        done = client.artifacts.download(given, tmp_path / str(number))
        assert done.read_bytes() == b"weights"
        assert done == tmp_path / str(number) / "best" / "model.onnx"
    done = client.artifacts.download("model.onnx", tmp_path, run=experiment)
    assert done == tmp_path / "model.onnx"
    assert client.artifacts.download_all(experiment, tmp_path / "some", prefix="best/") == [
        tmp_path / "some" / "best" / "model.onnx"
    ]
    for nothing in ({"artifact": "nothing"}, {"artifact": "model.on", "run": experiment}):
        with pytest.raises(NotFound):
            client.artifacts.download(**nothing, to=tmp_path)


def test_the_last_upload_of_a_path_is_what_is_downloaded(namespace: str, tmp_path: Path) -> None:
    """It replaces a file that is there."""
    file = tmp_path / "a.txt"
    with tracking.start_run() as run:
        for text in ("first", "second"):
            file.write_text(text)
            run.upload_artifact(file)
    file.write_text("third")
    assert run.download_artifacts(tmp_path) == [file]
    assert file.read_text() == "second"
    assert Client().artifacts.download("a.txt", tmp_path / "by path", run=run).read_text() == "second"


def test_tracked_files_are_elsewhere(namespace: str, tmp_path: Path) -> None:
    """Downloading one says where; downloading all leaves them out."""
    with tracking.start_run() as run:
        run.track_artifacts("s3://bucket/model.onnx")
    with pytest.raises(InvalidRequest, match="only tracked"):
        Client().artifacts.download("s3://bucket/model.onnx", tmp_path, run=run)
    assert run.download_artifacts(tmp_path) == []


def test_a_label_that_leads_out_of_the_folder_is_not_written(namespace: str, folder: Path, tmp_path: Path) -> None:
    """Whoever wrote it: the service takes any label, the client no path."""
    run = Client().runs.create()
    (artifact,) = run.upload_artifact(folder / "model.onnx")
    record = {"path": "../../escaped", "kind": "uploaded", "checksum": artifact.checksum}
    Client()._connection.api.call("POST", "/batches", body={"run_id": run.id, "artifacts": [record]}, result=dict)
    with pytest.raises(InvalidRequest, match="no path inside a folder"):
        run.download_artifacts(tmp_path / "a" / "b", prefix="..")
    assert not (tmp_path / "escaped").exists()


def test_damaged_bytes_are_not_kept(namespace: str, server: LiveServer, tmp_path: Path) -> None:
    """What was there before stays."""
    file = tmp_path / "a.txt"
    file.write_text(f"to be damaged {os.getpid()}")
    run = Client().runs.create()
    (artifact,) = run.upload_artifact(file)
    (blob,) = server.home.glob(f"artifacts/*/*/{artifact.checksum.removeprefix('sha256:')}.*")
    blob.write_bytes(b"x" * (artifact.size or 0))
    with pytest.raises(InternalError, match="damaged"):
        run.download_artifacts(tmp_path)
    assert content(tmp_path) == {"a.txt": f"to be damaged {os.getpid()}".encode()}


def test_a_file_that_changes_meanwhile_is_refused(namespace: str, tmp_path: Path) -> None:
    """Nothing of it is listed."""
    file = tmp_path / "growing"
    file.write_bytes(os.urandom(100))
    run = Client().runs.create()

    def change(path: str, done: int, of: int) -> None:
        file.write_bytes(b"x" * 100)

    with pytest.raises(InvalidRequest, match="Has the file changed meanwhile"):
        run.upload_artifact(file, progress=change)

    file.write_bytes(os.urandom(100))
    with pytest.raises(InvalidRequest, match="became shorter"):
        run.upload_artifact(file, progress=lambda path, done, of: file.write_bytes(b"") and None)
    assert run.artifacts() == []


def test_the_same_content_is_not_sent_again(namespace: str, server: LiveServer, tmp_path: Path) -> None:
    """By whatever name, to whatever run; progress is told all the same."""
    file, copy = tmp_path / "a.bin", tmp_path / "b.bin"
    data = os.urandom(1000)
    for path in (file, copy):
        path.write_bytes(data)
    with proxy(server.url) as line:
        line.methods = (b"PUT",)
        client = Client(line.url)
        run = client.runs.create()
        told: list[tuple[str, int, int]] = []
        run.upload_artifact([file, copy], progress=lambda *given: told.append(given))
        client.artifacts.upload(client.runs.create().id, copy)
        assert line.seen["pass"] == 1
    assert told == [("a.bin", 0, 1000), ("a.bin", 1000, 1000), ("b.bin", 1000, 1000)]


def test_a_broken_line_costs_a_part_and_no_more(namespace: str, server: LiveServer, tmp_path: Path) -> None:
    """Requests and replies that break off at any byte, that are lost or doubled: it goes on where it was."""
    dice = random.Random(20261121)
    data = dice.randbytes(3 * PART + 12_345)
    file = tmp_path / "model.bin"
    file.write_bytes(data)
    fates: list[Fate] = [
        "truncate the request", "truncate the reply", "lose the reply", "lose the request", "repeat", "reset before",
        "reset after",
    ]  # fmt: skip
    with proxy(server.url) as line:
        client = Client(line.url)
        run = client.runs.create()
        line.cut = dice.random
        line.methods = (b"PUT", b"POST /api/v1/uploads")
        line.choose = lambda *_: dice.choice(fates) if dice.random() < 0.5 else "pass"
        (artifact,) = run.upload_artifact(file)
        assert line.lost > 0
        assert artifact.checksum == checksum(data)
        line.methods = (b"GET /api/v1/artifacts",)
        line.fates = ["truncate the reply", "truncate the reply", "lose the request", "truncate the reply"]
        assert client.artifacts.download(artifact, tmp_path / "back").read_bytes() == data
        assert line.fates == []
    (listed,) = run.artifacts()
    assert (listed.size, listed.checksum) == (len(data), checksum(data))
    assert not list((tmp_path / "back").glob(".*"))


def test_a_lost_answer_to_the_record_is_asked_for_again(namespace: str, server: LiveServer, folder: Path) -> None:
    """The artifacts are there once, and have their ids."""
    with proxy(server.url) as line:
        run = Client(line.url).runs.create()
        line.methods = (b"POST /api/v1/batches",)
        line.fates = ["lose the reply"]
        made = Client(line.url).artifacts.upload(run.id, folder)
        assert line.lost == 1
    assert {(a.id, a.path) for a in made} == {(a.id, a.path) for a in Client().artifacts.list(run.id)}
    assert len(made) == 3


def test_a_service_that_stays_away_is_unavailable_and_leaves_nothing(
    namespace: str, server: LiveServer, tmp_path: Path
) -> None:
    """After the time given, for both directions; another process goes on where this one was."""
    data = os.urandom(PART + 10)
    file = tmp_path / "model.bin"
    file.write_bytes(data)
    with proxy(server.url) as line:
        client = Client(line.url)
        run = client.runs.create()
        line.methods = (b"PUT",)
        line.fates = ["pass"]
        line.choose = lambda *_: "lose the request"
        with pytest.raises(Unavailable):
            run.upload_artifact(file, timeout=0.3)
    assert Client().runs.get(run.id).artifacts() == []
    told: list[int] = []
    (artifact,) = Client().artifacts.upload(run.id, file, progress=lambda path, done, of: told.append(done))
    assert told == [PART, PART + 10]
    with proxy(server.url, lambda *_: "lose the request") as line:
        line.methods = (b"GET",)
        with pytest.raises(Unavailable):
            download(HttpApi(line.url, None, namespace), artifact, tmp_path / "to", timeout=0.3)
    assert content(tmp_path / "to") == {}


def test_a_retried_task_replaces_what_it_uploaded(
    namespace: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exactly once, like all else."""
    first, second = tmp_path / "first", tmp_path / "second"
    for path in (first, second):
        path.write_text(path.name)
    client = Client()
    run = client.runs.create(key="uploading")
    for epoch, path in ((1_700_000_000_000, first), (1_700_000_000_001, second)):
        monkeypatch.setenv("MBOX_WRITER", f"{epoch}:task")
        Client().artifacts.upload(run.id, path)
    assert [artifact.path for artifact in run.refresh().artifacts()] == ["second"]


def test_tracking_reads_bytes_only_when_asked(namespace: str, tmp_path: Path) -> None:
    """A file that may not be read can be tracked, and its checksum cannot be made."""
    gone = tmp_path / "not there"
    with tracking.start_run() as run:
        run.track_artifacts(gone)
        with pytest.raises(InvalidRequest, match="checksum"):
            run.track_artifacts(gone, checksum=True)
    assert [artifact.checksum for artifact in run.artifacts()] == [""]
