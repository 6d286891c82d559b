"""What goes wrong on the way: it has a documented status, and nothing is half-written."""

import os
import signal
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import grpc
import pytest

from mbox_ops.server.rpc.calls import SERVICE
from mbox_ops.server.threads import SIZES
from mbox_ops.testing import LiveServer, free_port, live_server
from mbox_ops.wire import modelbox_pb2 as pb
from tests.rpc.asking import Caller, refusal
from tests.server.asking import ask

MIB = 1 << 20


def run(caller: Caller, key: str) -> str:
    """The id of a run."""
    return str(caller.ask("WriteBatch", pb.Batch(key=key, open=pb.OpenRun(scenario="trouble"))).run_id)


def batch(key: str) -> pb.Batch:
    """A batch of several parts, which are there together or not at all."""
    points = [pb.Points(names=["loss"], doubles=[0.5, 0.25])]
    opened = pb.OpenRun(scenario="trouble")
    return pb.Batch(key=key, open=opened, points=points, tags={"whole": "yes"}, metadata=[
        pb.MetadataChange(op="merge", document=pb.Metadata(json='{"whole": true}'))
    ])  # fmt: skip


@contextmanager
def held(server: LiveServer) -> Iterator[None]:
    """Nothing can be written to the database, as while something long is."""
    conn = sqlite3.connect(server.home / "mbox.db", isolation_level=None)
    conn.execute("BEGIN IMMEDIATE")
    try:
        yield
    finally:
        conn.execute("ROLLBACK")
        conn.close()


def settled(caller: Caller, keys: list[str]) -> dict[str, bool]:
    """Which of these runs are there once nothing is under way any more; each has to be whole."""
    caller.ask("WriteBatch", batch(f"after-{keys[0]}"))  # it comes after all that began before
    there = {}
    for key in keys:
        found = caller.ask("ListRuns", pb.ListRunsRequest(key=key)).runs
        there[key] = bool(found)
        if found:
            (shown,) = found
            document = caller.ask("ListMetadata", pb.ListMetadataRequest(parent_id=shown.id)).metadata.json
            assert (shown.metrics["loss"].count, shown.tags["whole"], document) == (2, "yes", '{"whole":true}')
    return there


def cancelled(server: LiveServer) -> int:
    """How many batches the server has seen given up."""
    text = ask(server.url, "GET", "/metrics", token=server.token).body.decode()
    wanted = 'mbox_requests_total{method="gRPC",route="modelbox.ModelStore.WriteBatch",status="CANCELLED"}'
    return sum(int(float(line.rsplit(" ", 1)[1])) for line in text.splitlines() if line.startswith(wanted))


def wait_for_cancelled(server: LiveServer, count: int) -> None:
    """Wait until the server has noticed that so many callers have gone."""
    ends = time.monotonic() + 60
    while cancelled(server) < count:
        assert time.monotonic() < ends, "the server does not notice"
        time.sleep(0.05)


def test_a_deadline_ends_the_wait_and_leaves_nothing_half_written(closed: LiveServer, caller: Caller) -> None:
    """What had no turn before its deadline is never written; what had is whole, or not there."""
    keys = [f"late-{number}" for number in range(SIZES["write"] + 4)]
    before = cancelled(closed)
    with held(closed):
        calls = [caller.store.WriteBatch.future(batch(key), timeout=1, metadata=caller.metadata) for key in keys]
        assert {call.exception().code().name for call in calls} == {"DEADLINE_EXCEEDED"}
        wait_for_cancelled(closed, before + len(keys))
    assert sum(settled(caller, keys).values()) <= SIZES["write"]


def test_a_call_that_is_cancelled_leaves_nothing_half_written(closed: LiveServer, caller: Caller) -> None:
    """The same, for a caller that goes away."""
    keys = [f"gone-{number}" for number in range(SIZES["write"] + 4)]
    before = cancelled(closed)
    with held(closed):
        calls = [caller.store.WriteBatch.future(batch(key), timeout=30, metadata=caller.metadata) for key in keys]
        caller.ask("ListScenarios", pb.ListScenariosRequest())  # it comes after them on the same connection
        assert all(call.cancel() for call in calls)
        wait_for_cancelled(closed, before + len(keys))
    assert sum(settled(caller, keys).values()) <= SIZES["write"]


def test_a_message_that_is_too_large_is_refused(caller: Caller) -> None:
    """By gRPC itself, before anything is read of it; one just below goes through."""
    run_id = run(caller, "large")
    refused = caller.refused("WriteBatch", pb.Batch(run_id=run_id, tags={"x": "y" * (17 * MIB)}))
    assert refused.status == "RESOURCE_EXHAUSTED"
    assert caller.refused("WriteBatch", pb.Batch(run_id=run_id, tags={"x": "y" * (15 * MIB)})).status == (
        "INVALID_ARGUMENT"
    )  # fmt: skip
    assert dict(caller.ask("GetRun", pb.GetRunRequest(run_id=run_id)).tags) == {"runName": run_id}


@pytest.mark.parametrize("body", [b"\xff\xff\xff", b"\x0a\xff\x01", b"\x0a\x02\xc3\x28"])
def test_what_is_no_message_is_refused(caller: Caller, body: bytes) -> None:
    """Torn, too short, or text that is not UTF-8."""
    refused = caller.raw(SERVICE.methods_by_name["CreateExperiment"], body)
    assert (refused.status, refused.error["code"]) == ("INVALID_ARGUMENT", "malformed_request")


def test_fields_that_nobody_knows_are_refused(caller: Caller) -> None:
    """At any depth, as over HTTP: what a newer client says must not be lost in silence."""
    method = SERVICE.methods_by_name["LogEvent"]
    run_id = run(caller, "newer")
    event = pb.Event(name="e", source=pb.EventSource(name="s")).SerializeToString() + b"\xf8\x3f\x01"  # field 1023
    request = pb.LogEventRequest(parent_id=run_id).SerializeToString() + b"\x12" + bytes([len(event)]) + event
    refused = caller.raw(method, request)
    assert (refused.status, refused.error["code"]) == ("INVALID_ARGUMENT", "invalid_request")
    assert "newer" in refused.message
    assert not caller.ask("ListEvents", pb.ListEventsRequest(parent_id=run_id)).events


def test_a_failure_names_its_request(caller: Caller) -> None:
    """By the caller's id, if it is one, else by the server's; in the trailing metadata and in the body."""
    request = pb.GetRunRequest(run_id="nobody")
    refused = caller.refused("GetRun", request, metadata=[("x-request-id", "trace-7")])
    assert (refused.request_id, refused.error["request_id"]) == ("trace-7", "trace-7")
    assert refused.error["message"] == refused.message == "No run 'nobody' in namespace 'default'."
    made_up = caller.refused("GetRun", request, metadata=[("x-request-id", "no id: {}")])
    assert len(made_up.request_id) == 32
    answered = caller.store.ListRuns.with_call(pb.ListRunsRequest(), metadata=[*caller.metadata, ("x-request-id", "a")])
    assert ("x-request-id", "a") in answered[1].trailing_metadata()


def test_a_long_failure_fits_into_the_trailing_metadata(caller: Caller) -> None:
    """Clients take about 8 KiB of it: details that are longer are left out, and the message is cut by what is sent."""
    keys = [f"{'long' * 200}{number}" for number in range(20)]
    for key in keys:
        caller.ask("WriteBatch", pb.Batch(key=key, open=pb.OpenRun(scenario="twins"), state=pb.Run.FINISHED))
    selector = pb.Selector(scenarios=pb.Names(names=["twins"]))
    done = caller.ask("CreateDeletion", pb.CreateDeletionRequest(selector=selector))
    for key in keys:
        writer = pb.Writer(origin="o", epoch=4_000_000_000_000, producer=f"{keys.index(key):032x}", seq=1)
        caller.ask("WriteBatch", pb.Batch(key=key, open=pb.OpenRun(scenario="new"), writer=writer))
    refused = caller.refused("UndoDeletion", pb.UndoDeletionRequest(deletion_id=done.id))
    assert (refused.status, refused.error["code"]) == ("ALREADY_EXISTS", "conflict")
    assert refused.error["message"] == refused.message
    nobody = caller.refused("GetRun", pb.GetRunRequest(run_id="\N{GRINNING FACE}" * 9_000))
    assert (nobody.status, nobody.error["code"], nobody.error["message"]) == ("NOT_FOUND", "not_found", nobody.message)


def test_calls_are_counted_and_logged_by_their_method(closed: LiveServer, caller: Caller) -> None:
    """Beside HTTP's, in what Prometheus reads."""
    caller.refused("GetRun", pb.GetRunRequest(run_id="nobody"))
    text = ask(closed.url, "GET", "/metrics", token=closed.token).body.decode()
    assert 'mbox_requests_total{method="gRPC",route="modelbox.ModelStore.GetRun",status="NOT_FOUND"}' in text


def test_a_stream_that_its_reader_leaves_does_no_harm(caller: Caller) -> None:
    """The next one gives everything."""
    run_id = run(caller, "left")
    steps = list(range(25_000))
    points = pb.Points(names=["x"], steps=steps, doubles=[float(step) for step in steps])
    caller.ask("WriteBatch", pb.Batch(run_id=run_id, points=[points]))
    request = pb.StreamHistoryRequest(parent_id=run_id)
    call = caller.store.StreamHistory(request, metadata=caller.metadata)
    assert next(call).truncated
    call.cancel()
    assert refusal(lambda: list(call)).status == "CANCELLED"
    whole: list[Any] = caller.ask("StreamHistory", request)
    assert [step for piece in whole for step in piece.steps] == steps
    assert [piece.truncated for piece in whole] == [True, False]


def test_a_server_that_stops_answers_what_is_under_way() -> None:
    """A write that began before SIGTERM is answered; a call after it finds nobody."""
    port = free_port()
    with live_server(environment={"MBOX_GRPC_PORT": str(port)}) as server, Caller(f"127.0.0.1:{port}") as caller:
        caller.ask("WriteBatch", batch("before"))
        with held(server):
            late = caller.store.WriteBatch.future(batch("late"), timeout=30)
            caller.ask("ListScenarios", pb.ListScenariosRequest())  # it comes after it on the same connection
            assert server.pid is not None
            os.kill(server.pid, signal.SIGTERM)
            time.sleep(0.5)
        assert late.result().status == "ok"
        assert server.stop() == 0
        with pytest.raises(grpc.RpcError) as refused:
            caller.store.ListRuns(pb.ListRunsRequest(), timeout=5)
        assert refused.value.code() is grpc.StatusCode.UNAVAILABLE
