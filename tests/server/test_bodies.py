"""What the one reader of bodies takes, and how it refuses the rest."""

import datetime
import http.client
import json
import socket
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbox_ops.entities.limits import DEFAULT
from mbox_ops.entities.writers import Batch
from mbox_ops.errors import InvalidRequest
from mbox_ops.server.bodies import decode_body
from mbox_ops.testing import LiveServer
from mbox_ops.wire.encodings import JSON, MSGPACK
from tests.server.asking import Answer, ask

pack = msgspec.msgpack.encode
BATCHES = "/api/v1/batches"
GOOD = {"key": "bodies", "open": {"scenario": "bodies"}, "tags": {"a": "b"}}


def post(server: LiveServer, body: Any, content_type: str = JSON, **options: Any) -> Answer:
    """Post a batch."""
    return ask(server.url, "POST", BATCHES, body, headers={"Content-Type": content_type}, **options)


def runs(server: LiveServer) -> list[dict[str, Any]]:
    """All runs of the default namespace."""
    return ask(server.url, "GET", "/api/v1/runs?limit=1000").data["items"]


@pytest.mark.parametrize("content_type", [JSON, "application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"'])
def test_json_is_taken_whatever_the_case_and_with_its_charset(server: LiveServer, content_type: str) -> None:
    """A charset parameter is allowed where it says UTF-8."""
    assert post(server, GOOD, content_type).status == 200


def test_messagepack_is_taken(server: LiveServer) -> None:
    """The same Struct in the other encoding."""
    assert post(server, pack(GOOD), MSGPACK).data["status"] == "ok"


@pytest.mark.parametrize(
    "content_type",
    [
        "", "text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/msgpack",
        "application/json; charset=latin-1", "application/octet-stream", "*/*",
    ],
)  # fmt: skip
def test_any_other_content_type_is_refused(server: LiveServer, content_type: str) -> None:
    """A page of another site can send forms and text without asking first, so those never reach a handler."""
    answer = post(server, json.dumps(GOOD).encode(), content_type)
    assert answer.refusal == (415, "unsupported_media_type")
    assert answer.error["details"]["field"] == "Content-Type"


def test_a_compressed_body_is_refused(server: LiveServer) -> None:
    """Nothing is unpacked, so nothing can blow up."""
    answer = ask(server.url, "POST", BATCHES, GOOD, headers={"Content-Encoding": "gzip"})
    assert answer.refusal == (415, "unsupported_media_type")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused(server: LiveServer, chunked: bool) -> None:
    """Announced or in chunks, and the answer names the limit; the connection survives."""
    big = b'{"name": "' + b"x" * DEFAULT.body_bytes + b'"}'
    answer = post(server, big, chunked=chunked)
    assert answer.refusal == (413, "too_large")
    assert answer.error["details"]["limit"] == DEFAULT.body_bytes


def test_an_announced_giant_is_refused_before_it_is_sent(server: LiveServer) -> None:
    """The header alone is enough."""
    with connected(server) as sock:
        sock.sendall(head(content_length=10**15))
        assert b" 413 " in sock.recv(65536).split(b"\r\n")[0]


def test_a_body_that_breaks_off_changes_nothing(server: LiveServer) -> None:
    """The sender goes away half-way; what came is not a batch."""
    body = json.dumps({"key": "torn", "open": {"scenario": "torn"}}).encode()
    with connected(server) as sock:
        sock.sendall(head(content_length=len(body) + 10) + body)
    assert [run for run in runs(server) if run["key"] == "torn"] == []


def test_more_than_was_announced_is_not_part_of_the_body(server: LiveServer) -> None:
    """A lying Content-Length cannot smuggle a second body into the first."""
    body = json.dumps({"key": "lying", "open": {"scenario": "lying"}}).encode()
    with connected(server) as sock:
        sock.sendall(head(content_length=len(body)) + body + b'{"key": "smuggled"}')
        assert b" 200 " in sock.recv(65536).split(b"\r\n")[0]
    assert [run["key"] for run in runs(server) if run["key"] in {"lying", "smuggled"}] == ["lying"]


def test_an_oversized_body_leaves_the_connection_usable(server: LiveServer) -> None:
    """A refused upload is read to its end and thrown away, so that the next request on the connection is served."""
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection("127.0.0.1", parts.port, timeout=30)
    connection.request("POST", BATCHES, b" " * (DEFAULT.body_bytes + 1), {"Content-Type": JSON})
    first = connection.getresponse()
    first.read()
    connection.request("GET", "/healthz")
    second = connection.getresponse()
    second.read()
    connection.close()
    assert (first.status, second.status) == (413, 200)


NEST = 100_000
BOMBS = {
    "json arrays": (JSON, b'{"labels":{"a":' + b"[" * NEST + b"]" * NEST + b"}}"),
    "json arrays, open": (JSON, b'{"labels":{"a":' + b"[" * NEST),
    "json objects": (JSON, b'{"labels":' + b'{"a":' * NEST + b"1" + b"}" * NEST + b"}"),
    "json values": (JSON, b'{"points":[{"names":["a"],"values":[' + b"[" * 900 + b"]" * 900 + b"]}]}"),
    "json, just too deep": (JSON, b'{"labels":{"a":' + b"[" * 64 + b"]" * 64 + b"}}"),
    "messagepack arrays": (MSGPACK, b"\x81\xa6labels\x81\xa1a" + b"\x91" * NEST + b"\x01"),
    "messagepack maps": (MSGPACK, b"\x81\xa6labels" + b"\x81\xa1a" * NEST + b"\x01"),
    "messagepack, decodable": (MSGPACK, b"\x81\xa6labels\x81\xa1a" + b"\x91" * 900 + b"\x01"),
}


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_deep_nest_is_an_error_of_the_sender(server: LiveServer, bomb: str) -> None:
    """Never a RecursionError, whichever decoder meets it."""
    content_type, body = BOMBS[bomb]
    answer = post(server, body, content_type)
    assert answer.status in {400, 422}, answer.body
    assert answer.error["code"] in {"malformed_request", "invalid_request"}


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b'{"name": "x"', b"nonsense", b'{"name": "x"} trailing', b'\xef\xbb\xbf{"name": "x"}',
        b'{"labels": {"a": NaN}}', b'{"labels": {"a": Infinity}}', b'{"name": "\xff"}', b'{"name": "\\ud800"}',
        b'{"name": "x",}', b"{'name': 'x'}",
    ],
)  # fmt: skip
def test_what_is_not_json_is_malformed(server: LiveServer, body: bytes) -> None:
    """NaN and Infinity are not JSON either."""
    assert post(server, body).refusal == (400, "malformed_request")


@pytest.mark.parametrize("body", [b"", b"\xc1", b"\x81", b"\x80\x80", b"\x81\xa4name\xa1\xff", b"\xdf\xff\xff\xff\xff"])
def test_what_is_not_messagepack_is_malformed(server: LiveServer, body: bytes) -> None:
    """Torn, doubled, reserved, or no UTF-8."""
    assert post(server, body, MSGPACK).refusal == (400, "malformed_request")


WRONG_FIELDS = [
    ({"colour": "red"}, "colour"),
    ({"open": {"colour": "red"}}, "open.colour"),
    ({"name": 3}, "name"),
    ({"at": "now"}, "at"),
    ({"lost": True}, "lost"),
    ({"at": 1.5}, "at"),
    ({"at": 2**63}, "at"),
    ({"writer": {"origin": "a", "epoch": 1, "producer": "b"}}, "writer.seq"),
    ({"writer": {"origin": "a", "epoch": "1", "producer": "b", "seq": 1}}, "writer.epoch"),
    ({"points": [{"names": ["a"], "values": [1]}, {"names": [1], "values": [1]}]}, "points[1].names[0]"),
    ({"points": [{"names": ["a"], "values": [[1]]}]}, "points[0].values"),
    ({"points": [{"names": ["a"], "values": [1], "steps": [2**63]}]}, "points[0].steps"),
    ({"labels": {"a": 2**64}}, "labels"),
    ({"state": "DONE"}, "state"),
    ({"open": {"source": {"kind": "robot", "name": "x"}}}, "open.source.kind"),
    ({"tags": {"a": 1}}, "tags[...]"),
    ([], "body"),
    ("text", "body"),
    (None, "body"),
]


@pytest.mark.parametrize(("body", "field"), WRONG_FIELDS, ids=[field for _, field in WRONG_FIELDS])
def test_a_wrong_field_is_named_by_its_path(server: LiveServer, body: object, field: str) -> None:
    """Unknown, missing, of the wrong type, or beyond 64 bits."""
    answer = post(server, json.dumps(body).encode())
    assert answer.refusal == (422, "invalid_request")
    assert answer.error["details"]["field"] == field
    assert answer.error["message"].startswith(field)


def test_the_value_given_is_shown(server: LiveServer) -> None:
    """So that the message is enough to find it."""
    answer = post(server, {"writer": {"origin": "a", "epoch": "soon", "producer": "b", "seq": 1}})
    assert answer.error["details"] | {"limit": "int"} == {"field": "writer.epoch", "limit": "int", "value": "soon"}
    assert answer.error["message"] == "writer.epoch must be int, not str: 'soon'"


FOREIGN = {
    "bytes": {"labels": {"a": b"x"}},
    "a date": {"labels": {"a": [datetime.datetime(2026, 1, 1, tzinfo=datetime.UTC)]}},
    "an extension": {"labels": {"a": msgspec.msgpack.Ext(5, b"x")}},
    "a number as a key": {"labels": {"a": {1: 2}}},
    "bytes as metadata": {"metadata": [{"op": "set", "key": "a", "value": b"x"}]},
}


@pytest.mark.parametrize("what", FOREIGN)
def test_messagepack_carries_nothing_that_json_cannot(server: LiveServer, what: str) -> None:
    """It would come back as something else than what was sent."""
    assert post(server, pack(FOREIGN[what]), MSGPACK).refusal == (422, "invalid_request")


def test_of_duplicate_keys_the_last_counts(server: LiveServer) -> None:
    """As most readers of JSON have it."""
    body = b'{"key": "first", "key": "twice", "open": {"scenario": "twice"}}'
    assert post(server, body).status == 200
    assert [run["key"] for run in runs(server) if run["key"] in {"first", "twice"}] == ["twice"]


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_whatever_is_sent_the_reader_answers(body: bytes) -> None:
    """Noise gives a batch or an error of ours, in both encodings."""
    told = []
    for media_type in (JSON, MSGPACK):
        try:
            decode_body(body, Batch, media_type, DEFAULT)
        except InvalidRequest as error:
            told.append(error.details["field"])
    assert all(told)


@pytest.mark.parametrize("noise", [b"nonsense\r\n\r\n", b"\x16\x03\x01\x02\x00" * 20, b"GET / HTTP/9.9.9\r\n\r\n"])
def test_what_is_no_http_gets_the_same_body_as_any_failure(server: LiveServer, noise: bytes) -> None:
    """TLS to a plain port, or worse."""
    with connected(server) as sock:
        sock.sendall(noise)
        head, _, body = everything(sock).partition(b"\r\n\r\n")
    assert b" 400 " in head.splitlines()[0]
    assert json.loads(body)["error"]["code"] == "malformed_request"


def test_a_head_that_never_ends_is_refused(server: LiveServer) -> None:
    """Before it has filled the memory."""
    with connected(server) as sock:
        sock.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"x" * 100_000)
        head, _, body = everything(sock).partition(b"\r\n\r\n")
    assert b" 413 " in head.splitlines()[0]
    assert json.loads(body)["error"]["details"]["limit"] == 65_536


def everything(sock: socket.socket) -> bytes:
    """All that comes until the other side closes."""
    received = b""
    try:
        while piece := sock.recv(65_536):
            received += piece
    except ConnectionResetError:
        pass
    return received


def connected(server: LiveServer) -> socket.socket:
    """A bare connection."""
    return socket.create_connection(("127.0.0.1", server.port), timeout=10)


def head(*, content_length: int) -> bytes:
    """The head of a request that posts a batch."""
    lines = [
        f"POST {BATCHES} HTTP/1.1",
        "Host: localhost",
        f"Content-Type: {JSON}",
        f"Content-Length: {content_length}",
    ]
    return "\r\n".join([*lines, "", ""]).encode()
