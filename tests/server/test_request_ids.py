"""One rule for the ids of requests, whatever door they come in by."""

import asyncio
import json

import grpc
import pytest
import structlog

from mbox_ops.server import request_ids
from mbox_ops.server.threads import Threads
from mbox_ops.testing import free_port, live_server
from mbox_ops.wire import modelbox_pb2 as pb
from mbox_ops.wire.modelbox_pb2_grpc import ModelStoreStub
from tests.server.asking import ask

TAKEN = ["a", "A.b_c:d-1", "x" * 128]
REFUSED = ["", "x" * 129, "a b", "ä", "a\tb", 'a"b', "a{b}", "a/b"]


def grpc_id(stub: ModelStoreStub, given: str | None) -> str:
    """The id that a call over gRPC is told."""
    metadata = () if given is None else ((request_ids.HEADER, given),)
    _, call = stub.ListExperiments.with_call(pb.ListExperimentsRequest(), metadata=metadata)
    return str(dict(call.trailing_metadata())[request_ids.HEADER])


def test_both_doors_take_the_same_ids_and_log_them() -> None:
    """A good one comes back and is in every line of the log; any other is replaced by one of ours."""
    port = free_port()
    with live_server(environment={"MBOX_GRPC_PORT": str(port)}) as server:
        server.stop()
        server.start("--log-level", "debug")
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            stub = ModelStoreStub(channel)
            for given in TAKEN:
                assert (
                    ask(server.url, "GET", "/healthz", headers={"X-Request-Id": given}).headers["x-request-id"] == given
                )
                assert grpc_id(stub, given) == given
            for given in ("a b", "x" * 129, "a/b"):
                answers = {
                    ask(server.url, "GET", "/healthz", headers={"X-Request-Id": given}).headers["x-request-id"],
                    grpc_id(stub, given),
                }
                assert given not in answers
                assert len(answers) == 2
        server.stop()
        lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    answered = [line["request_id"] for line in lines if line["event"] == "answered"]
    assert all(answered.count(given) == 2 for given in TAKEN)


@pytest.mark.parametrize("given", REFUSED)
def test_what_could_harm_a_log_or_a_header_is_no_id(given: str) -> None:
    """As text and as bytes."""
    for value in (given, given.encode("latin-1")):
        name = request_ids.HEADER if isinstance(value, str) else request_ids.HEADER.encode()
        made = request_ids.begin([(name, value)])
        assert len(made) == 32
        assert made.isalnum()


def test_the_first_good_one_counts() -> None:
    """Of several headers of that name."""
    assert request_ids.begin([("other", "a"), (request_ids.HEADER, "b c"), (request_ids.HEADER, "d")]) == "d"


def test_what_a_thread_logs_carries_the_id_of_its_request() -> None:
    """And two requests at once do not mix theirs."""
    threads = Threads()

    async def serve(given: str) -> object:
        request_ids.begin([(request_ids.HEADER, given)])
        await asyncio.sleep(0)
        return await threads.run("read", structlog.contextvars.get_contextvars)

    async def both() -> list[object]:
        return await asyncio.gather(serve("one"), serve("two"))

    assert asyncio.run(both()) == [{"request_id": "one"}, {"request_id": "two"}]
    threads.close()
