"""The OpenAPI document says what is true: a machine that reads it finds no surprise."""

import os
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from mbox_ops.server.openapi import document
from mbox_ops.server.operations import DOCUMENTED, OPERATIONS
from mbox_ops.testing import LiveServer, live_server
from mbox_ops.wire.encodings import MSGPACK
from mbox_ops.wire.status import HTTP_STATUS
from tests.server.asking import ask

EXAMPLES = int(os.environ.get("MBOX_TEST_REQUESTS", "15"))  # of each operation
DOCUMENT = document(DOCUMENTED)
RUN_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
CHECKS = (
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
)
# The answer of a stream has no end: `test_changes.py` says what holds of it.
schema = schemathesis.openapi.from_dict(DOCUMENT).exclude(path_regex="/stream$")


@schemathesis.serializer(MSGPACK)
def pack(context: schemathesis.SerializationContext, value: Any) -> bytes:
    """Teach the machine our other encoding; what that cannot carry becomes a body that is none."""
    try:
        return msgspec.msgpack.encode(value, enc_hook=str)
    except (OverflowError, TypeError, ValueError):
        return b"\xc1"


@pytest.fixture(scope="module")
def readers_server() -> Iterator[LiveServer]:
    """A server of its own: what the machine makes up stays in it."""
    with live_server(tokens=True) as server:
        yield server


@pytest.fixture(scope="module")
def run_id(readers_server: LiveServer) -> str:
    """A run on it, with something of everything."""
    body = {
        "key": "machine", "open": {"scenario": "machine"}, "parameters": {"a": 1}, "labels": {"b": [1, {"c": None}]},
        "points": [{"names": ["loss"], "values": [1.0, "NaN"]}, {"names": ["t"], "kind": "string", "values": ["x"]}],
        "metadata": [{"op": "merge", "document": {"d": {"e": [1, 2.5, "f", None, True]}}}],
        "events": [{"name": "g", "source": "h"}], "artifacts": [{"path": "i", "uri": "s3://j/k"}],
    }  # fmt: skip
    return str(ask(readers_server.url, "POST", "/api/v1/batches", body, token=readers_server.token).data["run_id"])


@pytest.mark.slow
@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_request_finds_a_server_error_or_an_undocumented_answer(
    case: schemathesis.Case, readers_server: LiveServer, run_id: str
) -> None:
    """Valid or not, whatever the document allows to be sent is answered as the document says.

    About every second request for a run is for one that is there.
    """
    if "run_id" in case.path_parameters and len(str(case.path_parameters["run_id"])) % 2:
        case.path_parameters["run_id"] = run_id
    if isinstance(case.query.get("wait"), int):
        case.query["wait"] = min(case.query["wait"], 0)  # nothing changes here that would end it
    case.call_and_validate(
        base_url=readers_server.url,
        headers={"Authorization": f"Bearer {readers_server.token}"},
        checks=list(CHECKS),
    )


def test_the_document_is_served_to_those_who_may_read(closed: LiveServer) -> None:
    """As JSON, without pages that fetch anything."""
    answer = ask(closed.url, "GET", "/schema", token=closed.token)
    assert answer.headers["content-type"] == "application/json"
    assert answer.data == DOCUMENT


def test_every_operation_is_described() -> None:
    """With a summary, a description, its scope, and all it may answer."""
    for path, methods in DOCUMENT["paths"].items():
        for method, told in methods.items():
            assert told["summary"], (method, path)
            assert told["description"], (method, path)
            assert told["x-scope"] in {"read", "write", "delete", "admin", "open"}
            assert {"200", "500", "503"} <= set(told["responses"]), (method, path)
            for parameter in told["parameters"]:
                assert parameter["description"], (method, path, parameter["name"])


def test_every_body_has_an_example_that_the_service_takes(server: LiveServer) -> None:
    """People copy examples."""
    for op in OPERATIONS:
        # The first token would close the server; bytes need no example.
        if "body" not in op.types or op.takes_bytes or op.name == "create_token":
            continue
        path = op.path
        if op.places:
            body = {"key": "examples", "open": {"scenario": "examples"}}
            run_id = ask(server.url, "POST", "/api/v1/batches", body).data["run_id"]
            deletion = ask(server.url, "POST", "/api/v1/deletions", {"selector": {"scenarios": ["no runs"]}}).data["id"]
            ask(server.url, "POST", "/api/v1/models", {"name": "examples"})
            version = {"model": "examples", "version": op.name}
            version_id = ask(server.url, "POST", "/api/v1/model-versions", version).data["model_version_id"]
            path = path.format(run_id=run_id, deletion_id=deletion, model_version_id=version_id)
        for run_id in RUN_ID.findall(str(op.example)):
            opened = {"key": run_id, "open": {"run_id": run_id, "scenario": "examples"}}
            assert ask(server.url, "POST", "/api/v1/batches", opened).data["run_id"] == run_id
        answer = ask(server.url, op.method, path, op.example)
        assert answer.status == 200, (op.name, answer.body)


def test_fields_are_described_from_the_structs() -> None:
    """What the docstrings say is in the document."""
    batch = DOCUMENT["components"]["schemas"]["Batch"]
    assert batch["properties"]["state"]["description"].startswith("ends the run")
    assert "Attributes" not in batch["description"]


def test_every_documented_status_is_one_of_the_table() -> None:
    """And every code of the table is documented somewhere."""
    responses = [told["responses"] for methods in DOCUMENT["paths"].values() for told in methods.values()]
    statuses = {int(status) for answers in responses for status in answers} - {200, 206, 304}
    assert statuses <= set(HTTP_STATUS.values())
    text = str(responses)
    unused = {code for code in HTTP_STATUS if f"`{code}`" not in text}
    assert unused <= {"method_not_allowed", "stale"}
