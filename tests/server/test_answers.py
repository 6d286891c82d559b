"""What is read comes in the encoding that was asked for, and says the same in both."""

import base64
import gzip
import json
from typing import Any

import msgspec
import pytest

from mbox_ops.entities.metrics import MetricHistory
from mbox_ops.entities.pages import Items
from mbox_ops.entities.search import Curve
from mbox_ops.server.answers import accepted
from mbox_ops.testing import LiveServer
from mbox_ops.wire.encodings import JSON, MSGPACK, pack_floats, pack_ints, unpack_floats, unpack_ints
from tests.server.asking import ask


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", JSON), ("*/*", JSON), (JSON, JSON), (MSGPACK, MSGPACK), ("text/html", JSON), ("nonsense", JSON),
        (f"{JSON}, {MSGPACK}", JSON), (f"{MSGPACK}, {JSON};q=0.5", MSGPACK), (f"{MSGPACK};q=0.4, {JSON};q=0.5", JSON),
        (f"{MSGPACK};q=0", JSON), (f"{MSGPACK};q=x", JSON), (f"{MSGPACK}, */*;q=0.1", MSGPACK),
    ],
)  # fmt: skip
def test_the_encoding_is_chosen_by_accept(accept: str, expected: str) -> None:
    """JSON unless MessagePack is preferred to it; nobody is turned away."""
    assert accepted({"accept": accept} if accept else {}) == expected


@pytest.fixture(scope="module")
def run_id(server: LiveServer) -> str:
    """A run with a series of each kind."""
    batch: dict[str, Any] = {
        "key": "answers",
        "open": {"scenario": "answers"},
        "points": [
            {"names": ["loss"], "steps": [0, 1, 2, 3], "values": [0.1, "NaN", "-Infinity", -0.0],
             "wallclocks": [5, 6, 7, 8]},
            {"names": ["note"], "kind": "string", "steps": [0], "values": ["good"], "wallclocks": [5]},
            {"names": ["blob"], "kind": "bytes", "steps": [0], "values": [base64.b64encode(b"\x00\xff").decode()],
             "wallclocks": [5]},
        ],
    }  # fmt: skip
    return ask(server.url, "POST", "/api/v1/batches", batch).data["run_id"]


def history(server: LiveServer, run_id: str, accept: str) -> Items[MetricHistory]:
    """The run's history, decoded strictly."""
    answer = ask(server.url, "GET", f"/api/v1/runs/{run_id}/metrics/history", headers={"Accept": accept})
    assert answer.headers["content-type"] == accept
    decoder = msgspec.msgpack if accept == MSGPACK else msgspec.json
    return decoder.decode(answer.body, type=Items[MetricHistory])


def test_a_history_is_arrays_in_json(server: LiveServer, run_id: str) -> None:
    """What JSON lacks is text; bytes are base64."""
    read = ask(server.url, "GET", f"/api/v1/runs/{run_id}/metrics/history").data["items"]
    told = {item["name"]: (item["steps"], item["wallclocks"], item["values"]) for item in read}
    assert told == {
        "loss": ([0, 1, 2, 3], [5, 6, 7, 8], [0.1, "NaN", "-Infinity", -0.0]),
        "note": ([0], [5], ["good"]),
        "blob": ([0], [5], [base64.b64encode(b"\x00\xff").decode()]),
    }
    assert str(told["loss"][2][3]) == "-0.0"


def test_a_history_is_packed_in_messagepack(server: LiveServer, run_id: str) -> None:
    """Bit by bit what was sent."""
    read = {item.name: item for item in history(server, run_id, MSGPACK).items}
    assert read["loss"].steps == pack_ints([0, 1, 2, 3])
    assert read["loss"].values == pack_floats([0.1, float("nan"), float("-inf"), -0.0])
    assert read["note"].values == ["good"]
    assert read["blob"].values == [b"\x00\xff"]


def test_both_encodings_say_the_same(server: LiveServer, run_id: str) -> None:
    """A reader may choose by taste."""

    def plain(items: Items[MetricHistory]) -> list[Any]:
        return [
            (i.name, i.kind, i.total, list(unpack_ints(i.steps)), list(unpack_ints(i.received_ats or b"")),
             str(list(unpack_floats(i.values) if i.kind == "float" else i.values)))
            for i in items.items if i.kind != "bytes"
        ]  # fmt: skip

    assert plain(history(server, run_id, JSON)) == plain(history(server, run_id, MSGPACK))


def test_curves_are_arrays_in_json_and_packed_in_messagepack(server: LiveServer, run_id: str) -> None:
    """Like histories; a series that is not numeric has columns without anything in them."""
    query = {"series": [{"run_id": run_id, "name": name} for name in ("loss", "note")], "x": "wallclock"}
    told = ask(server.url, "POST", "/api/v1/curves", query).data["items"]
    columns = ("xs", "steps", "wallclocks", "values", "nan_starts", "nan_counts")
    assert [[item[column] for column in columns] for item in told] == [
        [[5, 7, 8], [0, 2, 3], [5, 7, 8], [0.1, "-Infinity", -0.0], [6], [1]],
        [[], [], [], [], [], []],
    ]
    assert [(item["kind"], item["total"], item["thinned"]) for item in told] == [
        ("float", 4, False),
        ("string", 1, True),
    ]
    answer = ask(server.url, "POST", "/api/v1/curves", query, headers={"Accept": MSGPACK})
    packed = msgspec.msgpack.decode(answer.body, type=Items[Curve]).items
    assert (packed[0].xs, packed[0].nan_starts) == (pack_ints([5, 7, 8]), pack_ints([6]))
    assert packed[0].values == pack_floats([0.1, float("-inf"), -0.0])


def test_a_limit_of_a_history_may_be_all(server: LiveServer, run_id: str) -> None:
    """And by default it is a thousand."""
    path = f"/api/v1/runs/{run_id}/metrics/history?name=loss"
    cut = ask(server.url, "GET", f"{path}&limit=3").data["items"][0]
    whole = ask(server.url, "GET", f"{path}&limit=all").data["items"][0]
    assert (len(cut["steps"]), cut["truncated"], cut["total"]) == (3, True, 4)
    assert (len(whole["steps"]), whole["truncated"], whole["total"]) == (4, False, 4)
    rest = ask(server.url, "GET", f"{path}&after={cut['next']}").data["items"][0]
    assert rest["steps"] == [3]


def test_a_run_is_written_and_read_by_messagepack(server: LiveServer) -> None:
    """Both ways, as our own client does it."""
    headers = {"Content-Type": MSGPACK, "Accept": MSGPACK}
    batch = {
        "key": "packed",
        "open": {"scenario": "packed"},
        "points": [{"names": ["a", "b"], "steps": pack_ints([7]), "values": pack_floats([1.5, float("nan")])}],
    }
    result = ask(server.url, "POST", "/api/v1/batches", msgspec.msgpack.encode(batch), headers=headers).data
    run = ask(server.url, "GET", f"/api/v1/runs/{result['run_id']}", headers={"Accept": MSGPACK}).data
    assert (run["key"], run["metrics"]["a"]["last"], run["metrics"]["b"]["nan_count"]) == ("packed", 1.5, 1)


def test_opening_a_run_answers_the_run(server: LiveServer) -> None:
    """And whether it was there before."""
    body = {"key": "opened", "open": {"scenario": "opened", "name": "first"}, "parameters": {"lr": 0.1}}
    first = ask(server.url, "POST", "/api/v1/runs", body).data
    again = ask(server.url, "POST", "/api/v1/runs", {"key": "opened"}).data
    assert (first["existed"], first["run"]["name"], first["run"]["parameters"]["lr"]) == (False, "first", "0.1")
    assert (again["existed"], again["run"]["id"]) == (True, first["run"]["id"])


def test_metadata_is_written_by_run_id_in_either_form(server: LiveServer, run_id: str) -> None:
    """POST merges, PUT replaces; the body is bare or wrapped; `runId` is compared as text."""
    path = f"/api/v1/runs/{run_id}/metadata"
    assert ask(server.url, "GET", path).data == {}
    assert ask(server.url, "POST", path, {"a": {"b": 1}, "c": None}).status == 200
    wrapped = {"runId": run_id, "metadata": {"a": {"d": 2}}}
    assert ask(server.url, "POST", path, wrapped).data["num_keys_written"] == 1
    assert ask(server.url, "GET", path).data == {"a": {"b": 1, "d": 2}}
    assert ask(server.url, "PUT", path, {"only": [1, {"x": "2026-01-01"}]}).status == 200
    assert ask(server.url, "GET", path).data == {"only": [1, {"x": "2026-01-01"}]}
    assert ask(server.url, "PUT", path, {"runId": "another", "metadata": {}}).refusal == (422, "invalid_request")
    assert ask(server.url, "PUT", path, {"runId": run_id, "metadata": []}).refusal == (422, "invalid_request")
    assert ask(server.url, "PUT", path, {}).status == 200
    assert ask(server.url, "GET", path).data == {}


def test_a_scenario_is_found_by_a_name_with_any_letters(server: LiveServer) -> None:
    """A slash in a name is no slash in the path."""
    ask(server.url, "POST", "/api/v1/batches", {"key": "slash", "open": {"scenario": "a/b c?"}})
    assert ask(server.url, "GET", "/api/v1/scenarios/a%2Fb%20c%3F").data["name"] == "a/b c?"


@pytest.mark.parametrize(("accepts", "squeezed"), [("deflate, GZIP;q=0.5", True), ("identity, gzip;q=0", False)])
def test_long_json_is_compressed_for_those_who_take_it(server: LiveServer, accepts: str, squeezed: bool) -> None:
    """Curves of a page cross the network a third as large; short answers stay as they are."""
    batch = {"open": {}, "parameters": {f"p{number}": number for number in range(1_000)}}
    run_id = ask(server.url, "POST", "/api/v1/batches", batch).data["run_id"]
    headers = {"Accept-Encoding": accepts}
    answer = ask(server.url, "GET", f"/api/v1/runs/{run_id}", headers=headers)
    assert (answer.headers.get("content-encoding") == "gzip") is squeezed
    body = gzip.decompress(answer.body) if squeezed else answer.body
    assert json.loads(body)["parameters"]["p999"] == "999"
    assert "content-encoding" not in ask(server.url, "GET", "/api/v1/time", headers=headers).headers
