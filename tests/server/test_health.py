"""Those who run the service can watch it."""

import json
import re
import time
from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from mbox_ops.testing import LiveServer, live_server
from tests.server.asking import ask


def samples(server: LiveServer) -> dict[tuple[str, ...], float]:
    """The counters at /metrics."""
    text = ask(server.url, "GET", "/metrics", token=server.token).body.decode()
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_health_and_readiness_answer_without_a_token(closed: LiveServer) -> None:
    """Whatever watches the process needs no secret."""
    assert ask(closed.url, "GET", "/healthz").data == {"status": "ok"}
    assert ask(closed.url, "GET", "/readyz").data["status"] == "ready"


def test_readiness_tells_of_the_artifact_store(tmp_path: Path) -> None:
    """One that is away is told, and the service takes all but bytes: it stays ready."""
    (tmp_path / "file").write_text("no folder")
    for folder, state in (("artifacts", "ok"), ("file/artifacts", "away")):
        with live_server(home=tmp_path / state) as server:
            server.stop()
            server.start(environment={"MBOX_ARTIFACT_URL": str(tmp_path / folder)})
            assert settled(server) == {"status": "ready", "artifacts": state}


def settled(server: LiveServer) -> object:
    """What /readyz says once the store was looked at."""
    for _ in range(300):
        found = ask(server.url, "GET", "/readyz").data
        if found["artifacts"] != "unknown":
            return found
        time.sleep(0.1)
    return found


def test_health_answers_under_any_host(server: LiveServer) -> None:
    """A load balancer asks by address."""
    assert ask(server.url, "GET", "/healthz", headers={"Host": "10.1.2.3"}).status == 200


def test_requests_batches_and_points_are_counted(server: LiveServer) -> None:
    """By route and status; routes are templates, so that ids make no new series."""
    before = samples(server)
    batch = {
        "key": "counted",
        "writer": {"origin": "o", "epoch": 1, "producer": "0" * 32, "seq": 1},
        "open": {"scenario": "counted"},
        "points": [{"names": ["a", "b"], "steps": [0, 1, 2], "values": [1, 2, 3, 4, 5, 6]}],
    }
    run_id = ask(server.url, "POST", "/api/v1/batches", batch).data["run_id"]
    ask(server.url, "POST", "/api/v1/batches", batch)
    ask(server.url, "GET", f"/api/v1/runs/{run_id}")
    ask(server.url, "GET", "/api/v1/runs/nobody")
    ask(server.url, "GET", "/nothing/here")
    after = samples(server)

    def grew(*name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    assert grew("mbox_points_total") == 6
    assert grew("mbox_batches_total", "ok") == 1
    assert grew("mbox_batches_total", "duplicate") == 1
    assert grew("mbox_requests_total", "POST", "/api/v1/batches", "200") == 2
    assert grew("mbox_requests_total", "GET", "/api/v1/runs/{run_id}", "200") == 1
    assert grew("mbox_requests_total", "GET", "/api/v1/runs/{run_id}", "404") == 1
    assert grew("mbox_requests_total", "GET", "none", "404") == 1
    assert grew("mbox_request_seconds_count", "POST", "/api/v1/batches") == 2
    assert grew("mbox_request_bytes_total", "POST", "/api/v1/batches") >= 2 * len(json.dumps(batch["points"])) - 40


def test_what_callers_choose_makes_no_series(server: LiveServer) -> None:
    """Paths, ids, methods, namespaces and names may be anything, as often as anybody likes."""
    ask(server.url, "GET", "/api/v1/runs/x")
    before = samples(server).keys()
    for word in ("one", "two", "three"):
        ask(server.url, "GET", f"/api/v1/runs/{word}", headers={"Mbox-Namespace": word, "X-Request-Id": word})
        ask(server.url, "GET", f"/{word}")
    for method in ("PROPFIND", "MKCOL", "LOCK"):
        ask(server.url, method, "/api/v1/runs")
    made = {sample[1:] for sample in samples(server).keys() - before}
    assert not [labels for labels in made if {"one", "two", "three", "PROPFIND", "MKCOL", "LOCK"} & set(labels)]


def test_lanes_jobs_and_purges_can_be_watched(tmp_path: Path) -> None:
    """What waits for a thread, what each job did and when, and how many runs a purge has left."""
    with live_server(home=tmp_path) as server:
        for number in range(3):
            ask(server.url, "POST", "/api/v1/batches", {"key": f"run {number}", "open": {"scenario": "gone"}})
        kept = ask(server.url, "POST", "/api/v1/deletions", {"selector": {"scenarios": ["gone"]}, "force": True}).data
        found = samples(server)
        assert found["mbox_deleted_runs", "TOMBSTONED"] == 3
        assert found["mbox_deletions", "TOMBSTONED"] == 1
        assert found["mbox_lane_threads", "write"] == 8
        assert found["mbox_lane_requests", "read"] == 1  # the one that asks
        assert found["mbox_lane_refused", "read"] == 0
        ask(server.url, "POST", f"/api/v1/deletions/{kept['id']}/purge", {})
        for _ in range(300):
            found = samples(server)
            if found["mbox_deletions", "PURGED"]:
                break
            time.sleep(0.1)
        assert found["mbox_deleted_runs", "TOMBSTONED"] == found["mbox_deleted_runs", "PURGING"] == 0
        assert found["mbox_job_items_total", "purge deletions"] == 1
        assert found["mbox_job_runs_total", "purge deletions", "ok"] >= 1
        assert found["mbox_job_seconds_count", "purge deletions"] >= 1
        assert abs(found["mbox_job_ended_seconds", "purge deletions"] - time.time()) < 3_600
        assert found["process_resident_memory_bytes",] > 1_000_000


def test_every_metric_is_documented(server: LiveServer) -> None:
    """Whoever writes an alert finds each of our names on the page of operations, and no other."""
    text = ask(server.url, "GET", "/metrics", token=server.token).body.decode()
    page = (Path(__file__).parents[2] / "docs" / "operations" / "watching.md").read_text("utf-8")
    ours = {family.name for family in text_string_to_metric_families(text) if family.name.startswith("mbox")}
    ours = {name for name in ours if not name.endswith("_created")}
    told = {name.removesuffix("_total") for name in re.findall(r"`(mbox_\w+)`", page)}
    assert told == ours


def test_logs_are_json_lines_with_request_ids_and_without_secrets() -> None:
    """At `debug` every request is there; a token never is."""
    with live_server(tokens=True) as server:
        server.stop()
        server.start("--log-level", "debug")
        assert server.token is not None
        ask(server.url, "GET", "/api/v1/runs", headers={"X-Request-Id": "the-one"}, token=server.token)
        ask(server.url, "GET", "/api/v1/runs", token="not-the-right-secret")
        server.stop()
        log = server.log.read_text()
    lines = [json.loads(line) for line in log.splitlines()]
    assert any(line["event"] == "answered" and line["request_id"] == "the-one" for line in lines)
    assert all(line["request_id"] for line in lines if line["event"] == "answered")
    assert all(line["level"] and line["timestamp"] for line in lines)
    assert server.token not in log
    assert "not-the-right-secret" not in log
