"""Those who run the service can watch it."""

import json
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
    assert all(line["level"] and line["timestamp"] for line in lines)
    assert server.token not in log
    assert "not-the-right-secret" not in log
