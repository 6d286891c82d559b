"""WatchNamespace: what becomes of deadlines, cancelled calls, tokens of other namespaces, and a server that stops."""

import time
from typing import Any

import grpc
import pytest

from mbox_ops.testing import LiveServer, free_port, live_server
from mbox_ops.wire import modelbox_pb2 as pb
from tests.rpc.asking import Caller, refusal
from tests.server.asking import ask
from tests.server.test_changes import watchers


def write(caller: Caller, key: str) -> str:
    """Make a run, or write to it."""
    return str(
        caller.ask("WriteBatch", pb.Batch(key=f"watched-{key}", open=pb.OpenRun(scenario="s"), tags={"a": key})).run_id
    )


def watch(caller: Caller, timeout: float = 30, **query: Any) -> Any:
    """A stream, and where it begins."""
    call = caller.store.WatchNamespace(
        pb.WatchNamespaceRequest(**query), timeout=timeout, metadata=caller.metadata
    )  # fmt: skip
    first = next(call)
    assert not first.HasField("change")
    return call, first.cursor


def test_a_stream_begins_with_its_cursor_and_goes_on(caller: Caller) -> None:
    """Each change comes as it happens, with the cursor behind it; another stream goes on there."""
    call, start = watch(caller)
    runs = [write(caller, f"w{number}") for number in range(3)]
    seen = [next(call) for _ in runs]
    assert [answer.change.id for answer in seen] == runs
    assert all(answer.cursor == answer.change.cursor for answer in seen)
    call.cancel()
    assert refusal(lambda: list(call)).status == "CANCELLED"
    again, _ = watch(caller, cursor=seen[0].cursor)
    assert [next(again).change.id for _ in range(2)] == runs[1:]
    from_start, _ = watch(caller, cursor=start, subject=runs[2], kind=["run"])
    assert next(from_start).change.id == runs[2]
    again.cancel()
    from_start.cancel()


def test_a_deadline_or_a_cancelled_call_leaves_nothing_behind(closed: LiveServer, caller: Caller) -> None:
    """The status says which it was; nobody is left who watches."""
    short, _ = watch(caller, timeout=0.5)
    assert refusal(lambda: list(short)).status == "DEADLINE_EXCEEDED"
    calls = [watch(caller)[0] for _ in range(20)]
    for call in calls:
        call.cancel()
    for _ in range(500):
        if watchers(closed, closed.token) == 0:
            return
        time.sleep(0.02)
    raise AssertionError("somebody watches still")


def test_another_namespace_is_not_told_of(closed: LiveServer, caller: Caller) -> None:
    """Whichever way it is named, it takes a token that opens it; a cursor opens nothing."""
    wish = {"name": "w", "scopes": ["read", "write"], "namespaces": ["elsewhere"]}
    token = ask(closed.url, "POST", "/api/v1/tokens", wish, token=closed.token).data["token"]
    call, cursor = watch(caller)
    call.cancel()
    write(caller, "secret")
    with Caller(caller.address, token) as other:
        refused = refusal(lambda: watch(other))
        assert (refused.status, refused.error["code"]) == ("PERMISSION_DENIED", "forbidden")
        own, _ = watch(other, namespace="elsewhere", cursor=cursor)
        request = pb.CreateExperimentRequest(name="mine", namespace="elsewhere")
        mine = other.ask("CreateExperiment", request).experiment_id
        assert next(own).change.id == mine
        own.cancel()


def test_an_unknown_kind_or_an_old_cursor_is_refused(caller: Caller) -> None:
    """With the status of the table."""
    assert refusal(lambda: watch(caller, kind=["thing"])).status == "INVALID_ARGUMENT"
    refused = refusal(lambda: watch(caller, cursor="lKdjaGFuZ2VzqGZmZmZmZmZmAAE"))
    assert (refused.status, refused.error["code"]) == ("OUT_OF_RANGE", "cursor_expired")


def test_a_server_that_stops_ends_the_stream_as_unavailable() -> None:
    """At once: who watches goes on from the cursor when the next one is there."""
    port = free_port()
    with live_server(environment={"MBOX_GRPC_PORT": str(port)}) as server, Caller(f"127.0.0.1:{port}") as caller:
        call, cursor = watch(caller)
        run_id = write(caller, "before")
        assert next(call).change.id == run_id
        assert server.stop() == 0
        assert refusal(lambda: list(call)).status == "UNAVAILABLE"
        server.start()
        grpc.channel_ready_future(caller.channel).result(timeout=30)
        again, _ = watch(caller, cursor=cursor)
        assert next(again).change.id == run_id
        again.cancel()


@pytest.mark.parametrize("wait", [True, False])
def test_reading_takes_its_scope(closed: LiveServer, caller: Caller, wait: bool) -> None:
    """A token that may only write sees no changes, waiting or not."""
    wish = {"name": "w", "scopes": ["write"], "namespaces": ["default"]}
    token = ask(closed.url, "POST", "/api/v1/tokens", wish, token=closed.token).data["token"]
    with Caller(caller.address, token) as other:
        assert refusal(lambda: watch(other)).status == "PERMISSION_DENIED"
    query = "?wait=5" if wait else ""
    assert ask(closed.url, "GET", f"/api/v1/changes{query}", token=token).refusal == (403, "forbidden")
