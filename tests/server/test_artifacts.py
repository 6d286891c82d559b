"""Artifacts' bytes over HTTP: in parts, out whole or in ranges, and never as a page."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from mbox_ops.testing import LiveServer, live_server
from tests.artifacts.conftest import s3_environment
from tests.server.asking import Answer, ask

__all__ = ["s3_environment"]

OCTETS = "application/octet-stream"
DATA = bytes(range(256)) * 40


@pytest.fixture(scope="module", params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server that keeps bytes in a folder, or in S3."""
    if request.param == "folder":
        with live_server(home=tmp_path_factory.mktemp("home")) as server:
            yield server
    else:
        s3 = request.getfixturevalue("s3_environment")
        with live_server(environment={**s3, "MBOX_ARTIFACT_URL": "s3://bucket/artifacts"}) as server:
            yield server


def checksum(data: bytes) -> str:
    """As artifacts have it."""
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def begin(server: LiveServer, data: bytes) -> dict[str, Any]:
    """Say what is to be uploaded, or that all of it was sent."""
    body = {"checksum": checksum(data), "size": len(data)}
    return ask(server.url, "POST", "/api/v1/uploads", body).data


def put(server: LiveServer, upload: dict[str, Any], offset: int, data: bytes, **headers: str) -> Answer:
    """Send one part."""
    path = f"/api/v1/uploads/{upload['id']}?offset={offset}"
    return ask(server.url, "PUT", path, data, headers={"Content-Type": OCTETS, **headers})


def send(server: LiveServer, data: bytes) -> None:
    """Upload everything."""
    upload = begin(server, data)
    for offset in range(upload["offset"], len(data), upload["part_bytes"]):
        assert put(server, upload, offset, data[offset : offset + upload["part_bytes"]]).status == 200
    assert begin(server, data)["complete"]


def artifact(server: LiveServer, data: bytes = DATA, path: str = "model.onnx") -> str:
    """The id of an uploaded artifact."""
    send(server, data)
    body = {
        "open": {"scenario": "s"}, "artifacts": [{"path": path, "kind": "uploaded", "checksum": checksum(data)}],
    }  # fmt: skip
    return str(ask(server.url, "POST", "/api/v1/batches", body).data["artifact_ids"][0])


def content(server: LiveServer, artifact_id: str, **headers: str) -> Answer:
    """Its bytes."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(server.url, "GET", f"/api/v1/artifacts/{artifact_id}/content", headers=named)


def test_bytes_come_back_as_a_file_and_never_as_a_page(store: LiveServer) -> None:
    """Whatever they are: a browser saves them under a harmless name."""
    page = b"<script>alert(1)</script>"
    answer = content(store, artifact(store, page, 'a/..\\"b"; x=\r\n\u202ee.html'))
    assert (answer.status, answer.body) == (200, page)
    told = {
        "content-type": OCTETS,
        "content-length": str(len(page)),
        "content-disposition": 'attachment; filename="_b___x____e.html"',
        "x-content-type-options": "nosniff",
        "etag": f'"{checksum(page)}"',
        "accept-ranges": "bytes",
        "content-security-policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    }
    assert {name: answer.headers[name] for name in told} == told


def test_a_record_is_read_by_its_id(store: LiveServer) -> None:
    """With its size and checksum."""
    found = ask(store.url, "GET", f"/api/v1/artifacts/{artifact(store)}").data
    assert (found["size"], found["checksum"], found["kind"]) == (len(DATA), checksum(DATA), "uploaded")


@pytest.mark.parametrize(
    ("wanted", "start", "end"),
    [
        ("bytes=0-0", 0, 1), ("bytes=10-19", 10, 20), ("bytes=10000-", 10_000, 10_240), ("bytes=-5", 10_235, 10_240),
        ("bytes=0-99999", 0, 10_240), ("bytes=-99999", 0, 10_240),
    ],
)  # fmt: skip
def test_a_range_is_given_as_it_was_asked_for(store: LiveServer, wanted: str, start: int, end: int) -> None:
    """As 206, with where it is in the whole."""
    answer = content(store, artifact(store), Range=wanted)
    assert (answer.status, answer.body) == (206, DATA[start:end])
    assert answer.headers["content-range"] == f"bytes {start}-{end - 1}/10240"


@pytest.mark.parametrize("wanted", ["bytes=0-1,3-4", "lines=0-1", "bytes=-", "bytes=a-b", "", "bytes=9-" + "9" * 30])
def test_a_range_that_is_not_understood_gives_the_whole(store: LiveServer, wanted: str) -> None:
    """As the standard has it."""
    answer = content(store, artifact(store), Range=wanted)
    assert (answer.status, len(answer.body)) == (200, 10_240)


@pytest.mark.parametrize("wanted", ["bytes=10240-", "bytes=-0", "bytes=5-4"])
def test_a_range_without_bytes_is_refused(store: LiveServer, wanted: str) -> None:
    """With the size of the whole."""
    answer = content(store, artifact(store), Range=wanted)
    assert answer.refusal == (416, "out_of_range")
    assert answer.headers["content-range"] == "bytes */10240"


def test_a_range_of_something_else_gives_the_whole(store: LiveServer) -> None:
    """`If-Range` names what the asker has a part of."""
    found = artifact(store)
    assert content(store, found, Range="bytes=0-3", If_Range='"other"').status == 200
    assert content(store, found, Range="bytes=0-3", If_Range=f'"{checksum(DATA)}"').status == 206


def test_who_has_the_bytes_is_sent_none(store: LiveServer) -> None:
    """304, by the checksum."""
    answer = content(store, artifact(store), If_None_Match=f'"{checksum(DATA)}"')
    assert (answer.status, answer.body) == (304, b"")
    assert answer.headers["etag"] == f'"{checksum(DATA)}"'


def test_empty_content_is_an_answer_too(store: LiveServer) -> None:
    """Of no bytes."""
    answer = content(store, artifact(store, b""))
    assert (answer.status, answer.body, answer.headers["content-length"]) == (200, b"", "0")


def test_more_than_one_part_and_one_piece(store: LiveServer) -> None:
    """Twenty MiB."""
    data = hashlib.sha256(b"seed").digest() * (20 * 32768) + b"and a bit"
    assert content(store, artifact(store, data)).body == data


def test_a_part_has_its_own_content_type_and_limit(store: LiveServer) -> None:
    """Anything else is refused, so that no form of another site uploads."""
    upload = begin(store, b"never sent")
    for content_type in ("application/json", "application/x-www-form-urlencoded", "text/plain", ""):
        assert put(store, upload, 0, b"never sent", **{"Content-Type": content_type}).refusal[0] == 415
    assert put(store, upload, 0, b"x" * (upload["part_bytes"] + 1)).refusal == (413, "too_large")
    assert put(store, upload, 0, b"short").refusal == (422, "invalid_request")
    assert put(store, upload, 3, b"never sent").refusal == (409, "conflict")
    assert ask(store.url, "PUT", f"/api/v1/uploads/{upload['id']}", b"", headers={"Content-Type": OCTETS}).status == 422
    assert ask(store.url, "GET", f"/api/v1/uploads/{upload['id']}").data["offset"] == 0


def test_an_upload_outlives_the_server(tmp_path: Path) -> None:
    """Killed in the middle, it goes on where it was."""
    with live_server(home=tmp_path) as server:
        data = b"x" * (9 << 20)
        upload = begin(server, data)
        assert put(server, upload, 0, data[: upload["part_bytes"]]).status == 200
        server.kill()
        server.start()
        assert begin(server, data)["offset"] == upload["part_bytes"]
        send(server, data)
