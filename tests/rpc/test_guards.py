"""Every RPC is guarded: none answers without a token, each wants its scope, and namespaces are sealed."""

import hashlib
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from mbox_ops.server.rpc.calls import SERVICE, Rpc, matched
from mbox_ops.server.rpc.methods import RPCS
from mbox_ops.server.rpc.serving import SCOPES as SCOPE_OF_SERVICE
from mbox_ops.testing import LiveServer, free_port, live_server
from mbox_ops.wire import modelbox_pb2 as pb
from tests.rpc.asking import Caller, refusal
from tests.server.asking import ask

METHODS = list(SERVICE.methods)
SCOPE_OF = {rpc.name: rpc.scope for rpc in RPCS}
SCOPES = ["read", "write", "delete", "admin"]
EMPTY = f"sha256:{hashlib.sha256(b'').hexdigest()}"


@pytest.fixture(scope="module")
def stranger(caller: Caller) -> Iterator[Caller]:
    """Whoever has no token."""
    with Caller(caller.address) as made:
        yield made


@pytest.fixture(scope="module")
def callers(closed: LiveServer, caller: Caller) -> Iterator[dict[str, Caller]]:
    """One with a token of each scope, and one with a token of another namespace."""
    wishes: dict[str, Any] = {scope: {"name": scope, "scopes": [scope]} for scope in SCOPES}
    wishes["elsewhere"] = {"name": "elsewhere", "scopes": ["read", "write", "delete"], "namespaces": ["elsewhere"]}
    with ExitStack() as stack:
        made = {}
        for name, wish in wishes.items():
            token = ask(closed.url, "POST", "/api/v1/tokens", wish, token=closed.token).data["token"]
            namespace = "elsewhere" if name == "elsewhere" else None
            made[name] = stack.enter_context(Caller(caller.address, token, namespace))
        yield made


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_without_a_token_no_method_answers(stranger: Caller, method: MethodDescriptor) -> None:
    """Nor tells what else is wrong with the request; and the body says what to do."""
    for body in (b"", b"\xff\xff\xff"):
        refused = stranger.raw(method, body)
        assert (refused.status, refused.error["code"]) == ("UNAUTHENTICATED", "unauthenticated")
    for wrong in ("Bearer wrong", "Bearer ", "Basic dXNlcg=="):
        assert stranger.raw(method, b"", [("authorization", wrong)]).status == "UNAUTHENTICATED"


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_a_method_wants_the_scope_it_declares(callers: dict[str, Caller], method: MethodDescriptor) -> None:
    """`admin` includes the others."""
    for scope in SCOPES:
        refused = callers[scope].raw(method, b"")
        status = "OK" if refused is None else refused.status
        if scope in {SCOPE_OF[method.name], "admin"}:
            assert status not in {"UNAUTHENTICATED", "UNIMPLEMENTED", "INTERNAL"}, scope
            assert status != "PERMISSION_DENIED" or method.name == "CreateRun", scope  # it reads, too
        else:
            assert status == "PERMISSION_DENIED", scope


@pytest.fixture(scope="module")
def ids(caller: Caller) -> dict[str, str]:
    """The ids of what is in the default namespace, which the token of elsewhere does not open."""
    run_id = caller.ask("WriteBatch", pb.Batch(key="secret", open=pb.OpenRun(scenario="secret"))).run_id
    file = pb.UploadFileRequest.File(parent_id=run_id, path="p", checksum=EMPTY)
    artifact_id = caller.ask("UploadFile", iter([pb.UploadFileRequest(file=file)])).artifact_id
    gone = caller.ask("WriteBatch", pb.Batch(key="gone", open=pb.OpenRun(scenario="gone"))).run_id
    selector = pb.Selector(run_id=gone)
    deletion_id = caller.ask("CreateDeletion", pb.CreateDeletionRequest(selector=selector, force=True)).id
    run = dict.fromkeys(("run_id", "parent_id", "experiment_id"), run_id)
    model_id = caller.ask("CreateModel", pb.CreateModelRequest(name="secret")).model_id
    version = pb.CreateModelVersionRequest(model="secret", version="1")
    version_id = caller.ask("CreateModelVersion", version).model_version_id
    checkpoint_id = caller.ask("CreateCheckpoint", pb.CreateCheckpointRequest(experiment_id=run_id)).checkpoint_id
    return {
        **run, "artifact_id": artifact_id, "deletion_id": deletion_id, "model_id": model_id, "model": model_id,
        "model_version_id": version_id, "checkpoint_id": checkpoint_id,
    }  # fmt: skip


POINT = pb.MetricValue(double_value=1.0)
EVENT = pb.Event(name="e", source=pb.EventSource(name="s"))
# What a request by an id takes beside it.
BESIDE: dict[str, dict[str, Any]] = {
    "LogMetrics": {"key": "k", "value": POINT}, "LogEvent": {"event": EVENT},
    "StreamHistory": {"names": ["x"]}, "WriteBatch": {"tags": {"a": "b"}}, "CreateModelVersion": {"version": "2"},
}  # fmt: skip
LISTS = {
    "ListRuns",
    "CreateRun",
    "ListModelVersions",
}  # what is named is a condition there, or a new run's id


def by_id(method: MethodDescriptor, ids: dict[str, str]) -> bytes | None:
    """A good request for something by its id, if that is what a method takes."""
    if method.name == "UploadFile":
        file = pb.UploadFileRequest.File(parent_id=ids["parent_id"], path="p", checksum=EMPTY)
        return pb.UploadFileRequest(file=file).SerializeToString()
    fields = method.input_type.fields_by_name
    first = "model" if method.name == "CreateModelVersion" else next(iter(fields), "")
    named = first if first in ids else next((name for name in ids if name in fields), None)
    if named is None or method.name in LISTS:
        return None
    kind = GetMessageClass(method.input_type)
    name = "artifact_id" if method.name == "DownloadFile" else named
    return kind(**{name: ids[name], **BESIDE.get(method.name, {})}).SerializeToString()


NOBODY = "0" * 36
BY_ID = [method for method in METHODS if by_id(method, dict.fromkeys(
    ("run_id", "parent_id", "experiment_id", "artifact_id", "deletion_id", "model_id", "model", "model_version_id",
     "checkpoint_id"), NOBODY)) is not None]  # fmt: skip


@pytest.mark.parametrize("method", BY_ID, ids=lambda method: method.name)
def test_what_is_in_another_namespace_looks_like_nothing(
    callers: dict[str, Caller], ids: dict[str, str], method: MethodDescriptor
) -> None:
    """Status, message and body are the same for what is elsewhere and for what never was."""
    there, nothing = (
        callers["elsewhere"].raw(method, by_id(method, given) or b"", [("x-request-id", "the-same")])
        for given in (ids, dict.fromkeys(ids, NOBODY))
    )
    assert (there.status, nothing.status) == ("NOT_FOUND", "NOT_FOUND")
    for ident in ids.values():
        there = there.__class__(**{**vars(there), "message": there.message.replace(ident, NOBODY)})
    assert there.message == nothing.message
    assert {**there.error["details"], "id": ""} == {**nothing.error["details"], "id": ""}


def test_lists_and_deletions_are_confined_to_the_namespace(callers: dict[str, Caller], ids: dict[str, str]) -> None:
    """Nothing of another one is listed, counted or deleted."""
    elsewhere = callers["elsewhere"]
    assert not elsewhere.ask("ListRuns", pb.ListRunsRequest(run_id=ids["run_id"])).runs
    assert not elsewhere.ask("ListScenarios", pb.ListScenariosRequest()).scenarios
    selector = pb.Selector(scenarios=pb.Names(names=["secret"]))
    deletion = elsewhere.ask("CreateDeletion", pb.CreateDeletionRequest(selector=selector, dry_run=True, force=True))
    assert (deletion.counts.runs, deletion.scenarios_not_found) == (0, ["secret"])


def test_a_namespace_that_the_token_does_not_open_is_forbidden(callers: dict[str, Caller]) -> None:
    """Whether the call's metadata names it or the request does; and both have to name the same."""
    elsewhere = callers["elsewhere"]
    bare = Caller(elsewhere.address, elsewhere.token)
    refused = bare.refused("ListRuns", pb.ListRunsRequest())
    assert (refused.status, refused.error["code"]) == ("PERMISSION_DENIED", "forbidden")
    assert bare.refused("ListExperiments", pb.ListExperimentsRequest(namespace="x")).status == "PERMISSION_DENIED"
    made = bare.ask("CreateExperiment", pb.CreateExperimentRequest(name="mine", namespace="elsewhere"))
    listed = bare.ask("ListExperiments", pb.ListExperimentsRequest(namespace="elsewhere")).experiments
    assert [found.id for found in listed] == [made.experiment_id]
    both = elsewhere.refused("CreateExperiment", pb.CreateExperimentRequest(name="mine", namespace="default"))
    assert (both.status, both.error["details"]["field"]) == ("INVALID_ARGUMENT", "namespace")
    bare.channel.close()


def test_a_namespace_may_hold_any_letters(caller: Caller) -> None:
    """In UTF-8, as a binary header; and in the request."""
    name = "größe/東京"
    binary = [("mbox-namespace-bin", name.encode())]
    made = caller.ask("CreateExperiment", pb.CreateExperimentRequest(name="x"), metadata=binary)
    again = caller.ask("CreateExperiment", pb.CreateExperimentRequest(name="x", namespace=name))
    assert (again.experiment_exists, again.experiment_id) == (True, made.experiment_id)
    assert caller.ask("GetRun", pb.GetRunRequest(run_id=made.experiment_id)).namespace == name


def test_health_is_open_and_reflection_is_not(stranger: Caller, callers: dict[str, Caller]) -> None:
    """As over HTTP: the schema takes the scope `read`."""
    health = health_pb2_grpc.HealthStub(stranger.channel)
    for service in ("", "modelbox.ModelStore"):
        answer = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=10)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING
    wish = reflection_pb2.ServerReflectionRequest(list_services="")

    def listed(who: Caller) -> list[str]:
        stub = reflection_pb2_grpc.ServerReflectionStub(who.channel)
        (answer,) = stub.ServerReflectionInfo(iter([wish]), timeout=10, metadata=who.metadata)
        return [service.name for service in answer.list_services_response.service]

    assert set(listed(callers["read"])) == {"modelbox.ModelStore", *SCOPE_OF_SERVICE}
    assert refusal(lambda: listed(stranger)).status == "UNAUTHENTICATED"
    assert refusal(lambda: listed(callers["write"])).status == "PERMISSION_DENIED"


def test_the_first_token_closes_it_too() -> None:
    """Without tokens this machine is let in; the next call after one was made needs it."""
    port = free_port()
    with (
        live_server(environment={"MBOX_GRPC_PORT": str(port)}) as server,
        Caller(f"127.0.0.1:{port}") as who,
    ):
        assert not who.ask("ListRuns", pb.ListRunsRequest()).runs
        ask(server.url, "POST", "/api/v1/tokens", {"name": "first", "scopes": ["admin"]})
        assert who.refused("ListRuns", pb.ListRunsRequest()).status == "UNAUTHENTICATED"


def test_an_rpc_without_a_scope_keeps_the_server_from_starting() -> None:
    """And so does a method that nobody performs, or that two do, or an RPC that is no method."""
    assert set(matched(RPCS)) == {method.name for method in METHODS}
    first = RPCS[0]
    for wrong in (
        [*RPCS[1:], Rpc(first.name, "open", first.fn, "read")],
        [*RPCS[1:], Rpc(first.name, "", first.fn, "read")],
        RPCS[1:], [*RPCS, first], [*RPCS, Rpc("DropEverything", "admin", first.fn, "write")],
    ):  # fmt: skip
        with pytest.raises(RuntimeError, match=r"scope|DropEverything"):
            matched(wrong)  # type: ignore[arg-type] # that is the point
