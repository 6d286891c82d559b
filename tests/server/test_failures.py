"""One body for every failure, at every route, and ids that lead to the log."""

import json
import pickle
from typing import Any

import pytest

from mbox_ops.errors import BY_CODE, InvalidRequest, MboxError
from mbox_ops.server.failures import error_body
from mbox_ops.server.operations import OPERATIONS
from mbox_ops.testing import LiveServer
from mbox_ops.wire.encodings import JSON, MSGPACK
from mbox_ops.wire.status import GRPC_STATUS, HTTP_STATUS
from tests.server.asking import Answer, ask

ROUTES = sorted({op.path for op in OPERATIONS})


def check_shape(answer: Answer) -> None:
    """The documented body, with the documented status of its code."""
    assert set(answer.data) == {"error"}
    assert set(answer.error) == {"code", "message", "details", "request_id"}
    assert answer.status == HTTP_STATUS[answer.error["code"]]
    assert answer.error["code"] in BY_CODE
    assert answer.error["request_id"] == answer.headers["x-request-id"]
    assert answer.error["message"]
    assert isinstance(answer.error["details"], dict)


@pytest.mark.parametrize("path", ROUTES)
def test_every_route_fails_in_the_same_form(server: LiveServer, path: str) -> None:
    """A wrong method, a wrong query and a wrong body, whatever the route."""
    for method, query, body in [
        ("PATCH", "", None), ("GET", "?no=1", None), ("POST", "", []), ("PUT", "", []), ("DELETE", "?no=1", None),
    ]:  # fmt: skip
        answer = ask(server.url, method, path.replace("{", "").replace("}", "") + query, body)
        assert answer.status in {400, 404, 405, 415, 422}, answer.body
        check_shape(answer)


@pytest.mark.parametrize(
    "path", ["/nope", "/api", "/api/v1", "/api/v2/runs", "/api/v1/nope", "/static/x", "/api/v1/runs/a/b/c/d"]
)
def test_what_is_not_there_is_not_found(server: LiveServer, path: str) -> None:
    """As a body of ours, and not as a page of the framework's."""
    answer = ask(server.url, "GET", path)
    assert answer.refusal == (404, "not_found")
    check_shape(answer)


def test_a_method_that_is_not_there_names_those_that_are(server: LiveServer) -> None:
    """In the message and in `Allow`."""
    answer = ask(server.url, "PATCH", "/api/v1/runs")
    assert answer.refusal == (405, "method_not_allowed")
    assert set(answer.headers["allow"].split(", ")) == {"GET", "POST", "OPTIONS"}
    assert answer.error["details"]["value"] == "PATCH"
    check_shape(answer)


def test_errors_come_in_the_encoding_that_was_asked_for(server: LiveServer) -> None:
    """So that a client reads one encoding."""
    answer = ask(server.url, "GET", "/api/v1/runs/nobody", headers={"Accept": MSGPACK})
    assert answer.headers["content-type"] == MSGPACK
    check_shape(answer)


@pytest.mark.parametrize(
    "run_id", ["nobody", "a%2Fb", "%00", "%ff", "..", "%2e%2e%2f", "a" * 5000, "'; DROP TABLE runs; --"]
)
def test_an_id_that_nobody_has_is_not_found(server: LiveServer, run_id: str) -> None:
    """Slashes, zeros, broken UTF-8 and SQL are just ids."""
    answer = ask(server.url, "GET", f"/api/v1/runs/{run_id.replace(' ', '%20')}/metrics")
    assert answer.refusal == (404, "not_found")
    check_shape(answer)


@pytest.mark.parametrize("given", ["abc", "0190-ab:c.d_e", "x" * 128])
def test_a_callers_request_id_is_kept(server: LiveServer, given: str) -> None:
    """It is in the answer's header and in the body of an error."""
    answer = ask(server.url, "GET", "/api/v1/runs/nobody", headers={"X-Request-Id": given})
    assert (answer.headers["x-request-id"], answer.error["request_id"]) == (given, given)


@pytest.mark.parametrize("given", ["", "x" * 129, "a b", 'a"b', "a;b", "é".encode().decode("latin-1"), "<script>"])
def test_any_other_request_id_is_replaced(server: LiveServer, given: str) -> None:
    """Nothing of a caller's gets into headers and logs unchecked."""
    answer = ask(server.url, "GET", "/healthz", headers={"X-Request-Id": given})
    assert len(answer.headers["x-request-id"]) == 32


def test_every_answer_tells_the_wire_version(server: LiveServer) -> None:
    """And is neither cached, sniffed nor framed."""
    for path in ("/healthz", "/nope", "/api/v1/time"):
        headers = ask(server.url, "GET", path).headers
        assert headers["mbox-wire-version"] == "1"
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "server" not in headers


def test_every_error_has_a_status_at_every_door() -> None:
    """One table, without gaps."""
    assert set(HTTP_STATUS) == set(GRPC_STATUS) == set(BY_CODE)


@pytest.mark.parametrize("media_type", [JSON, MSGPACK])
@pytest.mark.parametrize("value", [2**70, "\ud800", object(), b"\xff", {"a": {1, 2}}])
def test_an_error_with_details_that_cannot_be_sent_is_sent_all_the_same(media_type: str, value: Any) -> None:
    """They are shown as text; the failure of a failure would hide the first."""
    error = InvalidRequest("No.")
    error.details["value"] = value
    assert b"invalid_request" in error_body(error, "id", media_type)


def test_an_error_survives_the_wire() -> None:
    """Its code, message and details come back as they were sent."""
    error = InvalidRequest("tag key is 300 characters long", field="tag key", limit=256, value="x")
    told = json.loads(error_body(error, "id"))["error"]
    assert told == {"code": "invalid_request", "message": str(error), "details": error.details, "request_id": "id"}
    again: MboxError = pickle.loads(pickle.dumps(error))  # noqa: S301
    assert (type(again), str(again), again.details) == (type(error), str(error), error.details)
