"""Files over gRPC: streamed in and out, verified, kept once; a stream that breaks off leaves nothing visible."""

import hashlib
import secrets
from collections.abc import Callable, Iterator
from typing import Any

import grpc
import pytest

from mbox_ops.testing import LiveServer
from mbox_ops.wire import modelbox_pb2 as pb
from tests.rpc.asking import Caller
from tests.server.asking import ask

MIB = 1 << 20


def checksum(data: bytes) -> str:
    """The checksum of some content."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def messages(run_id: str, data: bytes, *, piece: int = MIB, **given: Any) -> Iterator[pb.UploadFileRequest]:
    """The stream that uploads some content."""
    facts = {"path": "out/model.onnx", "checksum": checksum(data), "size": len(data), **given}
    yield pb.UploadFileRequest(file=pb.UploadFileRequest.File(parent_id=run_id, **facts))
    for start in range(0, len(data), piece):
        yield pb.UploadFileRequest(chunk=data[start : start + piece])


def paths(caller: Caller, run_id: str) -> list[str]:
    """The paths of a run's artifacts."""
    return [found.path for found in caller.ask("ListArtifacts", pb.ListArtifactsRequest(parent_id=run_id)).artifacts]


@pytest.fixture
def run_id(caller: Caller) -> str:
    """A run."""
    return str(caller.ask("CreateRun", pb.Batch(open=pb.OpenRun(scenario="files"))).run.id)


@pytest.mark.parametrize(("size", "piece"), [(0, 1), (1, 1), (8 * MIB, MIB), (17 * MIB + 3, 3 * MIB + 1)])
def test_a_file_goes_in_and_comes_out(closed: LiveServer, caller: Caller, run_id: str, size: int, piece: int) -> None:
    """Of any size, in pieces of any size; by id, by path, from an offset, and over HTTP."""
    data = secrets.token_bytes(size)
    made = caller.ask("UploadFile", messages(run_id, data, piece=piece))
    first, *chunks = caller.ask("DownloadFile", pb.DownloadFileRequest(artifact_id=made.artifact_id))
    assert b"".join(part.chunk for part in chunks) == data
    shown = first.artifact
    assert (shown.parent, shown.path, shown.kind, shown.size, shown.checksum, shown.mime_type) == (
        run_id, "out/model.onnx", "uploaded", size, checksum(data), pb.Artifact.Model,
    )  # fmt: skip
    by_path = pb.DownloadFileRequest(parent_id=run_id, path="out/model.onnx", offset=size // 2)
    assert b"".join(part.chunk for part in caller.ask("DownloadFile", by_path)) == data[size // 2 :]
    answer = ask(closed.url, "GET", f"/api/v1/artifacts/{made.artifact_id}/content", token=closed.token)
    assert answer.body == data


def test_the_last_file_with_a_path_is_the_one_that_is_meant(caller: Caller, run_id: str) -> None:
    """Longer paths that begin so, and files that are only tracked, are others."""
    for data in (b"old", b"new"):
        caller.ask("UploadFile", messages(run_id, data, path="a"))
    caller.ask("UploadFile", messages(run_id, b"longer", path="a.txt"))
    tracked = pb.ArtifactRecord(path="t", uri="s3://bucket/t")
    (tracked_id,) = caller.ask(
        "TrackArtifacts", pb.TrackArtifactsRequest(parent_id=run_id, artifacts=[tracked])
    ).artifact_ids
    found = caller.ask("DownloadFile", pb.DownloadFileRequest(parent_id=run_id, path="a"))
    assert found[1].chunk == b"new"
    for request, status in (
        (pb.DownloadFileRequest(parent_id=run_id, path="t"), "NOT_FOUND"),
        (pb.DownloadFileRequest(parent_id=run_id, path="b"), "NOT_FOUND"),
        (pb.DownloadFileRequest(artifact_id=tracked_id), "INVALID_ARGUMENT"),
        (pb.DownloadFileRequest(parent_id=run_id, path="a", offset=4), "OUT_OF_RANGE"),
        (pb.DownloadFileRequest(parent_id=run_id, path="a", offset=-1), "OUT_OF_RANGE"),
    ):
        assert caller.refused("DownloadFile", request).status == status


def bad_streams(run_id: str) -> dict[str, tuple[Callable[[], Iterator[pb.UploadFileRequest]], str]]:
    """Streams that are refused, with the status."""
    data = secrets.token_bytes(1_000)
    file = next(messages(run_id, data))
    chunk = pb.UploadFileRequest(chunk=data)
    return {
        "empty": (lambda: iter([]), "INVALID_ARGUMENT"),
        "no file": (lambda: iter([chunk]), "INVALID_ARGUMENT"),
        "two files": (lambda: iter([file, file]), "INVALID_ARGUMENT"),
        "nothing in a message": (lambda: iter([file, pb.UploadFileRequest()]), "INVALID_ARGUMENT"),
        "too few bytes": (lambda: messages(run_id, data, size=1_001), "INVALID_ARGUMENT"),
        "too many bytes": (lambda: messages(run_id, data, size=999), "INVALID_ARGUMENT"),
        "other bytes": (lambda: messages(run_id, data, checksum=checksum(b"others")), "INVALID_ARGUMENT"),
        "no checksum": (lambda: messages(run_id, data, checksum=""), "INVALID_ARGUMENT"),
        "no path": (lambda: messages(run_id, data, path=""), "INVALID_ARGUMENT"),
        "too much": (lambda: messages(run_id, data, size=2**60), "INVALID_ARGUMENT"),
        "nobody's": (lambda: messages("nobody", data), "NOT_FOUND"),
    }


def test_a_stream_that_is_wrong_is_refused_and_leaves_nothing(caller: Caller, run_id: str) -> None:
    """Each by its status, with what is wrong."""
    for name, (stream, status) in bad_streams(run_id).items():
        refused = caller.refused("UploadFile", stream())
        assert (refused.status, bool(refused.error["message"])) == (status, True), name
    assert paths(caller, run_id) == []


def test_a_stream_that_breaks_off_leaves_nothing_visible(caller: Caller, run_id: str) -> None:
    """Sent again, it is there once."""
    data = secrets.token_bytes(20 * MIB)

    def broken() -> Iterator[pb.UploadFileRequest]:
        for number, message in enumerate(messages(run_id, data)):
            if number == 15:
                raise ConnectionError
            yield message

    with pytest.raises(grpc.RpcError):
        caller.ask("UploadFile", broken())
    assert paths(caller, run_id) == []
    caller.ask("UploadFile", messages(run_id, data))
    assert paths(caller, run_id) == ["out/model.onnx"]


def test_a_stream_that_outlives_its_token_writes_nothing(closed: LiveServer, caller: Caller, run_id: str) -> None:
    """A token is looked at again when the file is there, and before it is listed."""
    wish = {"name": "revoked", "scopes": ["write"], "namespaces": ["default"]}
    token = ask(closed.url, "POST", "/api/v1/tokens", wish, token=closed.token).data
    *early, last = messages(run_id, secrets.token_bytes(2 * MIB))

    def stream() -> Iterator[pb.UploadFileRequest]:
        yield from early
        ask(closed.url, "DELETE", f"/api/v1/tokens/{token['id']}", token=closed.token)
        yield last

    with Caller(caller.address, token["token"]) as writer:
        assert writer.refused("UploadFile", stream()).status == "UNAUTHENTICATED"
    assert paths(caller, run_id) == []


def test_content_that_is_there_is_not_sent_again(caller: Caller, run_id: str) -> None:
    """The answer comes before the stream has ended."""
    data = secrets.token_bytes(4 * MIB)
    caller.ask("UploadFile", messages(run_id, data))
    file = next(messages(run_id, data, path="again"))

    def endless() -> Iterator[pb.UploadFileRequest]:
        yield file
        while True:
            yield pb.UploadFileRequest(chunk=b"x" * 65_536)

    assert caller.ask("UploadFile", endless()).artifact_id
    assert paths(caller, run_id) == ["again", "out/model.onnx"]
