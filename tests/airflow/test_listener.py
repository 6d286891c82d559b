"""The listener: never in Airflow's way, whatever the service does, and nothing is missing afterwards."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from mbox_airflow import chronicle
from mbox_airflow.facts import Attempt, DagRunFacts, DagRunKey
from mbox_airflow.provider_info import get_provider_info
from mbox_ops.entities.ids import uuid7
from mbox_ops.identity import airflow_key
from mbox_ops.testing import free_port, live_server
from tests.airflow import reading
from tests.airflow.conftest import ROOT, Airflow

pytestmark = pytest.mark.airflow

MOST = 0.010  # seconds that one event may hold up Airflow's loop
DAG = "silent"


@contextmanager
def troubled_server(port: int, seconds: float, status: int) -> Iterator[list[str]]:
    """What answers every request with a status, so late; the paths it was asked for."""
    asked: list[str] = []
    over = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(self.path)
            over.wait(seconds)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield asked
    finally:
        over.set()
        server.shutdown()
        server.server_close()


def wait_until(holds: Callable[[], object], seconds: float = 120.0) -> None:
    """Until it holds, or fail."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.1)


@pytest.mark.slow
@pytest.mark.timeout(400)  # it starts an Airflow of its own
def test_a_service_in_trouble_never_holds_up_airflow_and_loses_nothing(airflow: Airflow) -> None:
    """Away, slow or broken: notes beyond the queue are dropped and counted, and their DAG runs found afterwards."""
    port = free_port()
    connection = {"conn_type": "mbox", "host": f"http://127.0.0.1:{port}", "extra": {"instance": "troubled"}}
    with airflow.another(
        AIRFLOW_CONN_MBOX_DEFAULT=json.dumps(connection), AIRFLOW__MBOX__LISTENER="True",
        AIRFLOW__MBOX__LISTENER_TAG="*", AIRFLOW__MBOX__LISTENER_INTERVAL="0.5", AIRFLOW__MBOX__LISTENER_QUEUE="20",
    ) as process:  # fmt: skip
        process.call("tests.airflow.inside:start_a_job")
        run_ids = [airflow.call("__main__:run_dag", dag_id=DAG)["run_id"] for _ in range(2)]

        def tell() -> None:
            spent = process.call("tests.airflow.inside:tell_the_listener", dag_id=DAG, run_ids=run_ids, times=300)
            assert max(spent.values()) < MOST, spent

        tell()  # nobody is there
        for seconds, status in ((5.0, 200), (0.0, 500)):
            with troubled_server(port, seconds, status) as asked:
                tell()
                wait_until(lambda asked=asked: asked)
                tell()
        wait_until(lambda: process.call("tests.airflow.inside:listener_says")["lost"] > 0)
        assert process.call("tests.airflow.inside:listener_says")["threads"] == 1
        run_ids.append(airflow.call("__main__:run_dag", dag_id=DAG)["run_id"])  # of which nobody tells
        with live_server(port=port) as server:
            tell()
            for run_id in run_ids:
                key = airflow_key("troubled", DAG, run_id)
                wait_until(lambda key=key: is_finished(server.url, key))
                run = reading.find(server.url, "default", key)
                assert run is not None
                assert [event.name for event in reading.events(server.url, "default", run.id)] == [
                    "dag_run_started", "task_started", "task_finished", "dag_run_finished",
                ]  # fmt: skip
    assert "had no room for" in airflow.log
    assert "The listener of mbox-ops can write again." in airflow.log


def is_finished(url: str, key: str) -> bool:
    """Whether the run is there and has ended."""
    run = reading.find(url, "default", key)
    return run is not None and run.status == "FINISHED"


def test_the_listener_is_off_unless_it_is_asked_for(airflow: Airflow) -> None:
    """No thread, and no run."""
    airflow.call("__main__:run_dag", dag_id=DAG)
    assert airflow.call("tests.airflow.inside:listener_says") == {"threads": 0, "lost": 0}


def facts(present: list[Attempt], earlier: list[Attempt] | None = None, state: str = "running") -> DagRunFacts:
    """A DAG run with these tries."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return DagRunFacts(DagRunKey("d", "r"), state, "manual", at, at, at, None, None, {}, present, earlier or [])


def attempt(task_id: str, state: str, index: int = -1, number: int = 1) -> Attempt:
    """A try of a task."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    return Attempt(uuid7(), task_id, index, number, state, at, at, 1.5, "Operator")


def test_a_mapped_task_is_in_the_worst_state_of_its_instances() -> None:
    """One that failed is not hidden by those that did not; instances that are gone do not count."""
    mapped = [attempt("m", state, index) for index, state in enumerate(("success", "failed", "removed", "running"))]
    document = chronicle.states(facts([*mapped, attempt("t", "success")]))
    assert document["tasks"] == {"m": "failed", "t": "success"}
    assert document["task_instances"] == {"failed": 1, "removed": 1, "running": 1, "success": 2}


def test_the_states_of_very_many_tasks_are_only_counted() -> None:
    """Users' own metadata must find room."""
    document = chronicle.states(facts([attempt(f"t{number}", "success") for number in range(101)]))
    assert document == {"state": "running", "task_instances": {"success": 101}}


def test_what_happened_is_told_once() -> None:
    """What was told before is not told again, and a task that never ran has no beginning and no duration."""
    done, working, never = attempt("done", "success"), attempt("working", "running"), attempt("never", "skipped", -1, 0)
    ((batch, told),) = chronicle.news(facts([done, working, never]), set())
    assert sorted((event.name, event.source) for event in batch.events) == [
        ("task_finished", "done"), ("task_finished", "never"), ("task_started", "done"), ("task_started", "working"),
    ]  # fmt: skip
    assert [block.names for block in batch.points] == [["airflow/duration_seconds/done"]]
    assert list(chronicle.news(facts([done, working, never]), told)) == []


def test_only_what_can_be_stale_is_taken_out() -> None:
    """Instances that are gone, and those that have run again: their newest try replaces what the others wrote."""
    again, gone, plain = attempt("again", "success", number=2), attempt("m", "removed", 3), attempt("plain", "success")
    batches = list(chronicle.retirements(facts([again, gone, plain], [attempt("again", "failed")]), "k"))
    assert [batch.writer.origin for batch in batches if batch.writer] == ["k/again", "k/m/3"]


def test_the_page_names_all_options_and_their_defaults() -> None:
    """As Airflow shows them."""
    options = get_provider_info()["config"]["mbox"]["options"]
    page = (ROOT / "docs" / "how-to" / "airflow" / "listener.md").read_text("utf-8")
    assert dict(re.findall(r"^\| `(listener\w*)` \| `(.+?)` \|", page, re.MULTILINE)) == {
        name: option["default"] for name, option in options.items() if name.startswith("listener")
    }


def test_without_a_configuration_the_defaults_are_those_that_are_shown(airflow: Airflow) -> None:
    """Airflow does not hand them over by itself everywhere, so the code has them too."""
    read = airflow.call("tests.airflow.inside:listener_options", {"AIRFLOW__MBOX__LISTENER": "True"})
    assert read == ["mbox", "mbox_default", 10.0, 1_000]
