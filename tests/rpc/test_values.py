"""What requests may say: documents in both forms, every kind of point, and what leaving out means."""

import json
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict, ParseDict
from google.protobuf.timestamp_pb2 import Timestamp

from mbox_ops.wire import modelbox_pb2 as pb
from tests.rpc.asking import Caller


@pytest.fixture
def run_id(caller: Caller) -> str:
    """A run."""
    return str(caller.ask("CreateRun", pb.Batch(open=pb.OpenRun(scenario="values"))).run.id)


def document(caller: Caller, run_id: str) -> Any:
    """A run's metadata, as exact text."""
    return json.loads(caller.ask("ListMetadata", pb.ListMetadataRequest(parent_id=run_id)).metadata.json)


VALUES = {
    "int": 3, "float": 0.25, "large": 1e300, "text": "2026-11-21", "true": True, "null": None,
    "list": [1, "a", [2.5, {}], {"b": []}], "object": {"a": {"b": {"c": 1}}}, "": {"dots.in.keys": "\N{SNOWMAN}"},
}  # fmt: skip


def test_documents_go_in_and_out_by_key_and_as_text(caller: Caller, run_id: str) -> None:
    """In an answer both forms say the same."""
    by_key = ParseDict({"metadata": VALUES}, pb.Metadata())
    caller.ask("SetMetadata", pb.SetMetadataRequest(parent_id=run_id, metadata=by_key))
    assert document(caller, run_id) == VALUES
    assert type(document(caller, run_id)["int"]) is int
    answer = caller.ask("ListMetadata", pb.ListMetadataRequest(parent_id=run_id)).metadata
    assert MessageToDict(answer)["metadata"] == VALUES
    exact = {"most": 2**64 - 1, "least": -(2**63), "whole": 3.0}
    text = pb.Metadata(json=json.dumps(exact))
    written = caller.ask("SetMetadata", pb.SetMetadataRequest(parent_id=run_id, metadata=text))
    assert (written.num_keys_written, document(caller, run_id)) == (3, exact)
    caller.ask("SetMetadata", pb.SetMetadataRequest(parent_id=run_id))
    assert document(caller, run_id) == {}


@pytest.mark.parametrize(
    ("metadata", "code"),
    [
        (pb.Metadata(json="{", ), "malformed_request"),
        (pb.Metadata(json="[1]"), "invalid_request"),
        (pb.Metadata(json='{"a": NaN}'), "malformed_request"),
        (pb.Metadata(json='{"a":' * 2_000 + "1" + "}" * 2_000), "malformed_request"),
        (pb.Metadata(json="{}", metadata=ParseDict({"metadata": {"a": 1}}, pb.Metadata()).metadata), "invalid_request"),
        (ParseDict({"metadata": {"a" * 257: 1}}, pb.Metadata()), "invalid_request"),
    ],
    ids=["torn", "an array", "NaN", "deep", "both forms", "a long key"],
)  # fmt: skip
def test_documents_that_break_a_rule_change_nothing(
    caller: Caller, run_id: str, metadata: pb.Metadata, code: str
) -> None:
    """Each is told by its code."""
    request = pb.UpdateMetadataRequest(parent_id=run_id, metadata=metadata)
    assert caller.refused("UpdateMetadata", request).error["code"] == code
    assert document(caller, run_id) == {}


def test_values_that_json_does_not_have_are_refused(caller: Caller, run_id: str) -> None:
    """NaN, and a Value of no kind."""
    for wrong in ({"number_value": float("nan")}, {}):
        request = pb.UpdateMetadataRequest(parent_id=run_id)
        for name, value in wrong.items():
            setattr(request.metadata.metadata["a"], name, value)
        request.metadata.metadata["a"].SetInParent()
        assert caller.refused("UpdateMetadata", request).status == "INVALID_ARGUMENT"


def log(caller: Caller, run_id: str, key: str, **value: Any) -> None:
    """Log one point."""
    request = pb.LogMetricsRequest(parent_id=run_id, key=key, value=pb.MetricValue(**value))
    caller.ask("LogMetrics", request)


def test_points_of_every_kind_come_back(caller: Caller, run_id: str) -> None:
    """Doubles bit by bit, strings and bytes; a step that is left out is the next one, and 0 is a step."""
    for value in (-0.0, float("inf"), 5e-324):
        log(caller, run_id, "d", double_value=value)
    log(caller, run_id, "s", string_value="", step=0)
    log(caller, run_id, "b", bytes_value=b"\x00\xff", step=-(2**63))
    found = {m.name: m for m in caller.ask("GetMetrics", pb.GetMetricsRequest(parent_id=run_id, received=True)).metrics}
    assert [str(value) for value in found["d"].doubles] == ["-0.0", "inf", "5e-324"]
    assert list(found["d"].steps) == [0, 1, 2]
    assert list(found["d"].wallclocks) == list(found["d"].received_ats)
    assert (list(found["s"].strings), list(found["s"].steps)) == ([""], [0])
    assert (list(found["b"].blobs), list(found["b"].steps)) == ([b"\x00\xff"], [-(2**63)])
    summaries = {m.name: m for m in caller.ask("ListMetrics", pb.ListMetricsRequest(parent_id=run_id)).metrics}
    assert (summaries["d"].count, summaries["d"].min, summaries["d"].last.double_value) == (3, 0.0, 5e-324)
    assert (summaries["b"].last.bytes_value, summaries["b"].HasField("min")) == (b"\x00\xff", False)


@pytest.mark.parametrize(("column", "long"), [("blobs", b"x" * 65_536), ("strings", "\N{SNOWMAN}" * 5_000)])
def test_long_values_are_streamed_in_messages_that_clients_take(
    caller: Caller, run_id: str, column: str, long: Any
) -> None:
    """Each below 4 MiB, whatever they come to together."""
    points = pb.Points(names=["long"], **{column: [long] * 150})
    caller.ask("WriteBatch", pb.Batch(run_id=run_id, points=[points]))
    pieces = caller.ask("StreamHistory", pb.StreamHistoryRequest(parent_id=run_id, received=True))
    assert len(pieces) > 1
    assert [step for piece in pieces for step in piece.steps] == list(range(150))
    assert [len(piece.received_ats) for piece in pieces] == [len(getattr(piece, column)) for piece in pieces]
    assert [piece.truncated for piece in pieces] == [*[True] * (len(pieces) - 1), False]
    assert {value for piece in pieces for value in getattr(piece, column)} == {long}


def test_runs_are_changed_and_ended(caller: Caller, run_id: str) -> None:
    """What an update leaves out stays."""
    parameters = ParseDict({"metadata": {"lr": 0.1, "layers": 3}}, pb.Metadata())
    caller.ask("UpdateRun", pb.UpdateRunRequest(run_id=run_id, name="new", tags={"a": "b"}, parameters=parameters))
    caller.ask("UpdateRun", pb.UpdateRunRequest(run_id=run_id, collection="best", labels=pb.Metadata(json='{"x": 1}')))
    caller.ask("EndRun", pb.EndRunRequest(run_id=run_id))
    run = caller.ask("GetRun", pb.GetRunRequest(run_id=run_id))
    assert (run.name, run.run_collection, run.status) == ("new", "best", pb.Run.FINISHED)
    assert (run.parameters["lr"], run.parameter_types["layers"], run.tags["a"]) == ("0.1", "integer", "b")
    assert json.loads(run.labels.json) == {"x": 1}
    caller.ask("EndRun", pb.EndRunRequest(run_id=run_id, state=pb.Run.FAILED))
    assert caller.ask("GetRun", pb.GetRunRequest(run_id=run_id)).status == pb.Run.FAILED
    refused = caller.refused("EndRun", pb.EndRunRequest(run_id=run_id, state=pb.Run.RUNNING))
    assert (refused.status, refused.error["details"]["field"]) == ("INVALID_ARGUMENT", "state")


@pytest.mark.parametrize("wrong", [{"seconds": 2**63 - 1}, {"seconds": -(2**62)}, {"nanos": -1}, {"nanos": 10**9}])
def test_instants_that_no_calendar_has_are_refused(caller: Caller, run_id: str, wrong: dict[str, int]) -> None:
    """Wherever a Timestamp stands; nothing is written."""
    at = Timestamp(**wrong)
    value = pb.MetricValue(double_value=1.0, wallclock_time=at)
    event = pb.Event(name="e", source=pb.EventSource(name="s"), wallclock_time=at)
    for name, request in (
        ("LogMetrics", pb.LogMetricsRequest(parent_id=run_id, key="k", value=value)),
        ("LogEvent", pb.LogEventRequest(parent_id=run_id, event=event)),
        ("ListEvents", pb.ListEventsRequest(parent_id=run_id, since=at)),
        ("EndRun", pb.EndRunRequest(run_id=run_id, at=at)),
    ):
        assert caller.refused(name, request).status == "INVALID_ARGUMENT", name
    assert not caller.ask("ListMetrics", pb.ListMetricsRequest(parent_id=run_id)).metrics


def test_a_number_that_an_enum_does_not_have_is_refused(caller: Caller) -> None:
    """By name, with those there are."""
    refused = caller.refused("CreateExperiment", pb.CreateExperimentRequest(name="odd", framework=99))  # type: ignore[arg-type]
    assert (refused.status, refused.error["details"]["field"]) == ("INVALID_ARGUMENT", "framework")
    assert "PYTORCH" in refused.message


def test_a_message_without_its_name_is_refused_by_name(caller: Caller, run_id: str) -> None:
    """As over HTTP."""
    for name, request, field in (
        ("CreateExperiment", pb.CreateExperimentRequest(), "name"),
        ("LogEvent", pb.LogEventRequest(parent_id=run_id), "name"),
        ("LogEvent", pb.LogEventRequest(parent_id=run_id, event=pb.Event(name="e")), "source"),
        ("LogMetrics", pb.LogMetricsRequest(parent_id=run_id, key="k"), "value"),
        ("CreateDeletion", pb.CreateDeletionRequest(), "selector"),
    ):
        refused = caller.refused(name, request)
        assert (refused.status, field in str(refused.error["details"])) == ("INVALID_ARGUMENT", True), refused


def test_an_empty_list_of_scenarios_deletes_nothing(caller: Caller, run_id: str) -> None:
    """And no list at all is no condition, which is refused."""
    none = pb.CreateDeletionRequest(selector=pb.Selector(scenarios=pb.Names()), force=True)
    assert caller.ask("CreateDeletion", none).counts.runs == 0
    every = pb.CreateDeletionRequest(selector=pb.Selector(), force=True)
    assert caller.refused("CreateDeletion", every).status == "INVALID_ARGUMENT"
    assert caller.ask("GetRun", pb.GetRunRequest(run_id=run_id)).id == run_id
