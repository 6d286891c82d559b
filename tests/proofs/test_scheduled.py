"""What a real scheduler makes of our operators and tasks: api-server, scheduler, dag-processor and triggerer."""

import json
import re
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec

import pytest

from mbox_ops import Client
from mbox_ops.entities.runs import Run
from mbox_ops.identity import airflow_key
from mbox_ops.testing import LiveServer
from tests.airflow import reading
from tests.airflow.conftest import FOLDER, OF_A_USER, ROOT, server
from tests.proofs.scheduled import ENDED, SECONDS, Scheduled, scheduled

__all__ = ["server"]

pytestmark = [pytest.mark.proof, pytest.mark.airflow, pytest.mark.timeout(600)]

PAGE = ROOT / "docs" / "how-to" / "airflow" / "listener.md"


class Scheduler:
    """A whole Airflow, and the server that its connection names."""

    def __init__(self, airflow: Scheduled, server: LiveServer) -> None:
        self.airflow, self.url = airflow, server.url

    def tracked(self, dag_id: str, run_id: str) -> Run:
        """The run that a DAG run is tracked as."""
        run = reading.find(self.url, "scheduled", airflow_key("lab", dag_id, run_id))
        assert run is not None, self.airflow.logs()
        return run

    def ended(self, dag_id: str, run_id: str) -> Run:
        """The same once the listener has told all."""

        def told() -> bool:
            run = reading.find(self.url, "scheduled", airflow_key("lab", dag_id, run_id))
            document = {} if run is None else reading.metadata(self.url, "scheduled", run.id)
            return document.get("airflow", {}).get("state") in ENDED

        self.until(told)
        return self.tracked(dag_id, run_id)

    def until(self, holds: Callable[[], bool]) -> None:
        """Wait until it holds."""
        deadline = time.monotonic() + SECONDS
        while not holds():
            assert time.monotonic() < deadline, self.airflow.logs()
            time.sleep(0.2)

    def events(self, run: Run) -> list[tuple[str, str, str]]:
        """The (name, source, state) of its events, sorted."""
        found = reading.events(self.url, "scheduled", run.id)
        return sorted((event.name, event.source, event.metadata.get("state", "")) for event in found)

    def points(self, run: Run, name: str = "m") -> list[tuple[int, float]]:
        """The (step, value) of a series."""
        return reading.points(self.url, "scheduled", run.id, name)


def snippet() -> str:
    """The DAG on the page about the listener."""
    (found,) = re.findall(r"^```python\n(.*?)^```", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.fixture(scope="module")
def scheduler(tmp_path_factory: pytest.TempPathFactory, server: LiveServer) -> Iterator[Scheduler]:
    """An Airflow with the test's DAGs."""
    if find_spec("airflow") is None:
        pytest.skip("Airflow is not installed.")
    home = tmp_path_factory.mktemp("scheduled")
    connection = {
        "conn_type": "mbox", "host": server.url, "extra": {"namespace": "scheduled", "instance": "lab"},
    }  # fmt: skip
    variables = {
        **dict.fromkeys(OF_A_USER, ""), "AIRFLOW_CONN_MBOX_DEFAULT": json.dumps(connection), "PYTHONPATH": str(ROOT),
        "MBOX_SPOOL_DIR": str(home / "spool"), "AIRFLOW__MBOX__LISTENER": "True",
        "AIRFLOW__MBOX__LISTENER_INTERVAL": "1",
    }  # fmt: skip
    page = home / "of_the_page.py"
    page.write_text(snippet())
    dags = [page] + [FOLDER / "dags" / name for name in ("attempted.py", "gated.py", "listened.py", "written.py")]
    with scheduled(home / "airflow", dags, variables) as airflow:
        yield Scheduler(airflow, server)


def test_every_operator_does_what_it_does_elsewhere(scheduler: Scheduler) -> None:
    """One run, in its own place, finished."""
    ran = scheduler.airflow.run_dag("every_operator")
    assert ran["state"] == "success", scheduler.airflow.logs()
    run = scheduler.tracked("every_operator", ran["run_id"])
    told = (run.pipeline, run.execution, run.status, run.lost)
    assert told == ("every_operator", ran["run_id"], "FINISHED", 0)


def test_twenty_tasks_that_write_first_and_at_once_make_one_run(scheduler: Scheduler) -> None:
    """However many race to open it."""
    ran = scheduler.airflow.run_dag("twenty")
    assert ran["state"] == "success", scheduler.airflow.logs()
    run = scheduler.tracked("twenty", ran["run_id"])
    assert scheduler.points(run) == [(number, float(number)) for number in range(20)]
    assert (run.number_of_writers, run.status) == (21, "FINISHED")


def test_a_task_that_was_killed_leaves_only_what_its_next_try_logged(scheduler: Scheduler) -> None:
    """SIGKILL after the points were durable: the newer attempt replaces them."""
    ran = scheduler.airflow.run_dag("killed")
    assert ran["tasks"]["die_once"]["try_number"] == 2, scheduler.airflow.logs()
    run = scheduler.tracked("killed", ran["run_id"])
    assert (scheduler.points(run), run.status) == ([(0, 0.0), (1, 1.0)], "FINISHED")


def test_a_cleared_task_replaces_what_it_logged(scheduler: Scheduler) -> None:
    """The run stays finished, with the new value only."""
    airflow = scheduler.airflow
    ran = airflow.run_dag("cleared")
    run = scheduler.tracked("cleared", ran["run_id"])
    ((_, before),) = scheduler.points(run)
    airflow.clear("cleared", ran["run_id"], "write_the_time")
    again = airflow.wait("cleared", ran["run_id"])
    assert again["tasks"]["write_the_time"]["try_number"] == 2
    ((_, after),) = scheduler.points(run)
    assert after > before
    assert scheduler.tracked("cleared", ran["run_id"]).id == run.id


def test_a_deferred_task_keeps_what_it_logged_before(scheduler: Scheduler) -> None:
    """It is one attempt, though two processes wrote."""
    ran = scheduler.airflow.run_dag("deferring")
    run = scheduler.tracked("deferring", ran["run_id"])
    assert (scheduler.points(run), run.status) == ([(1, 1.0), (2, 2.0)], "FINISHED")


def test_sensors_and_gates_work_with_a_real_triggerer(scheduler: Scheduler) -> None:
    """A filter that holds only later is waited for in the triggerer."""
    airflow = scheduler.airflow
    waiting, gated = airflow.trigger("waiting"), airflow.trigger("gated", {"auc": 0.3, "at_least": 0.5})
    tasks = airflow.wait("waiting", waiting)["tasks"]
    assert {tasks[name]["state"] for name in ("poked", "deferred", "other")} == {"success"}, airflow.logs()
    tasks = airflow.wait("gated", gated)["tasks"]
    assert (tasks["gate"]["state"], tasks["after"]["state"]) == ("failed", "upstream_failed")
    assert scheduler.tracked("gated", gated).status == "FAILED"


def test_a_dag_run_that_was_deleted_and_is_made_again_is_one_run_with_the_newer_values(scheduler: Scheduler) -> None:
    """The key is the same; the newer tasks replace what the older ones wrote."""
    airflow = scheduler.airflow
    ran = airflow.run_dag("cleared")
    first = scheduler.tracked("cleared", ran["run_id"])
    ((_, before),) = scheduler.points(first)
    airflow.delete("cleared", ran["run_id"])
    airflow.wait("cleared", airflow.trigger("cleared", run_id=ran["run_id"]))
    again = scheduler.tracked("cleared", ran["run_id"])
    ((_, after),) = scheduler.points(again)
    assert (again.id, again.status) == (first.id, "FINISHED")
    assert after > before


def test_the_listener_records_the_dags_that_have_its_tag_and_no_others(scheduler: Scheduler) -> None:
    """States, durations and events of every try, and Airflow's own verdict at the end."""
    airflow = scheduler.airflow
    names = ("listened", "listened_killed", "listened_finished", "not_listened", "recorded")
    started = {name: airflow.trigger(name) for name in names}
    states = {name: airflow.wait(name, run_id)["state"] for name, run_id in started.items()}
    assert states == {
        "listened": "success", "listened_killed": "failed", "listened_finished": "success", "not_listened": "success",
        "recorded": "success",
    }  # fmt: skip
    run = scheduler.ended("listened", started["listened"])
    assert (run.status, run.lost, run.tags["airflow_run_type"]) == ("FINISHED", 0, "manual")
    assert scheduler.points(run) == [(0, 200.0)]
    assert [step for step, _ in scheduler.points(run, "airflow/duration_seconds/sleep")] == [0, 1, 2]
    assert [step for step, _ in scheduler.points(run, "airflow/duration_seconds/fail_once")] == [1, 2]
    assert scheduler.points(run, "airflow/failures") == [(0, 1.0)]
    assert scheduler.events(run) == [
        ("dag_run_finished", "airflow", "success"), ("dag_run_started", "airflow", ""),
        ("task_finished", "fail_once", "failed"), ("task_finished", "fail_once", "success"),
        *(("task_finished", f"sleep[{index}]", "success") for index in range(3)),
        ("task_started", "fail_once", ""), ("task_started", "fail_once", ""),
        *(("task_started", f"sleep[{index}]", "") for index in range(3)),
    ]  # fmt: skip

    killed = scheduler.ended("listened_killed", started["listened_killed"])
    assert (killed.status, scheduler.points(killed)) == ("FAILED", [(1, 1.0)])
    assert ("task_finished", "die", "failed") in scheduler.events(killed)
    assert ("task_finished", "sleep", "upstream_failed") in scheduler.events(killed)

    failed = Client(scheduler.url, namespace="scheduled").runs.list(filter="metadata.airflow.tasks.die = 'failed'")
    assert [one.id for one in failed] == [killed.id]
    recorded = scheduler.ended("recorded", started["recorded"])
    assert reading.metadata(scheduler.url, "scheduled", recorded.id)["airflow"] == {
        "state": "success", "task_instances": {"success": 4}, "tasks": {"extract": "success", "load": "success"},
    }  # fmt: skip

    finished = scheduler.ended("listened_finished", started["listened_finished"])
    assert finished.status == "FAILED"  # as its own task said
    assert reading.find(scheduler.url, "scheduled", airflow_key("lab", "not_listened", started["not_listened"])) is None


def test_instances_of_a_mapped_task_that_shrank_leave_no_points(scheduler: Scheduler) -> None:
    """The DAG run is cleared and has fewer of them: the listener, or the finish operator, takes out what is gone."""
    airflow = scheduler.airflow
    airflow.set_variable("mbox_width", "3")
    started = {dag_id: airflow.trigger(dag_id) for dag_id in ("listened_shrinking", "shrinking")}
    runs = {}
    for dag_id, run_id in started.items():
        airflow.wait(dag_id, run_id)
        runs[dag_id] = scheduler.tracked(dag_id, run_id)
        assert scheduler.points(runs[dag_id]) == [(0, 0.0), (1, 1.0), (2, 2.0)]
    airflow.set_variable("mbox_width", "1")
    for dag_id, run_id in started.items():
        airflow.clear(dag_id, run_id)
    for dag_id, run_id in started.items():
        assert airflow.wait(dag_id, run_id)["state"] == "success"
        scheduler.until(lambda dag_id=dag_id: scheduler.points(runs[dag_id]) == [(0, 0.0)])
        scheduler.until(lambda dag_id=dag_id, run_id=run_id: scheduler.tracked(dag_id, run_id).status == "FINISHED")
        assert scheduler.tracked(dag_id, run_id).id == runs[dag_id].id


def test_nothing_of_ours_is_missing_or_broken_for_airflow(scheduler: Scheduler) -> None:
    """No import errors, and every process is still there."""
    airflow = scheduler.airflow
    assert [name for name, process in airflow.processes.items() if process.poll() is not None] == []
    broken = airflow.call("GET", "/api/v2/importErrors")
    assert broken["import_errors"] == []
