"""What the service comes to hold of a DAG run that is watched: told once, whatever becomes of lines and processes."""

import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from mbox_airflow.facts import Attempt, DagRunFacts, DagRunKey
from mbox_airflow.watch import Watch
from mbox_ops.client.http import HttpApi
from mbox_ops.entities.deletions import CreateDeletion, Deletion, Selector
from mbox_ops.entities.ids import uuid7
from mbox_ops.entities.runs import Run
from mbox_ops.entities.writers import Batch, BatchResult, MetadataOp
from mbox_ops.errors import Unavailable
from mbox_ops.identity import airflow_key
from mbox_ops.settings import ClientSettings, client_settings
from mbox_ops.testing import LiveServer
from tests.airflow import reading
from tests.proxy import proxy

AT = datetime(2026, 1, 1, tzinfo=UTC)


class Watched:
    """A DAG run that nobody but the test runs, and the service that is told of it."""

    def __init__(self, server: LiveServer) -> None:
        self.url, self.namespace, self.dag_id = server.url, f"test-{uuid4().hex[:8]}", "train"
        self.key = airflow_key("default", self.dag_id, "r")
        self.task = Attempt(uuid7(), "fit", -1, 1, "success", AT, AT + timedelta(seconds=3), 3.0, "PythonOperator")

    def facts(self, state: str, *, present: list[Attempt] | None = None) -> DagRunFacts:
        """The DAG run in a state, with one task that has succeeded unless others are given."""
        ended = AT + timedelta(seconds=5) if state in ("success", "failed") else None
        tries = [self.task] if present is None else present
        return DagRunFacts(DagRunKey(self.dag_id, "r"), state, "manual", AT, ended, AT, None, None, {}, tries, [])

    def tell(self, watch: Watch, facts: DagRunFacts, url: str | None = None) -> bool:
        """Have a watch tell it."""
        settings: ClientSettings = client_settings({"MBOX_URL": url or self.url, "MBOX_NAMESPACE": self.namespace})
        api = HttpApi(settings.url, namespace=self.namespace, deadline=0.0)
        try:
            return watch.tell(facts, api, settings)
        finally:
            api.close()

    def write(self, batch: Batch) -> None:
        """Write as somebody else."""
        HttpApi(self.url, namespace=self.namespace).call("POST", "/batches", body=batch, result=BatchResult)

    def run(self) -> Run | None:
        """The run, if it is there."""
        return reading.find(self.url, self.namespace, self.key)

    def status(self) -> str:
        """The run's state."""
        run = self.run()
        assert run is not None
        return run.status

    def events(self) -> list[str]:
        """The names of its events."""
        run = self.run()
        assert run is not None
        return [event.name for event in reading.events(self.url, self.namespace, run.id)]


@pytest.fixture
def watched(server: LiveServer) -> Watched:
    """A DAG run in a namespace of its own."""
    return Watched(server)


TOLD = ["dag_run_started", "task_started", "task_finished", "dag_run_finished"]


def later() -> Watch:
    """The watch of another process, or from after a clear: it began later."""
    time.sleep(0.005)
    return Watch()


def test_what_a_lost_reply_hides_is_told_once(watched: Watched) -> None:
    """Each batch is sent again as it was until the service has said that it has it."""
    watch, lost = Watch(), 0
    with proxy(watched.url) as line:
        line.fates += ["lose the reply"] * 4
        done = False
        while not done:
            try:
                done = watched.tell(watch, watched.facts("success"), line.url)
            except Unavailable:
                lost += 1
    run = watched.run()
    assert run is not None
    assert (lost, run.status, run.lost, run.ended_at) == (4, "FINISHED", 0, AT + timedelta(seconds=5))
    assert watched.events() == TOLD
    assert reading.points(watched.url, watched.namespace, run.id, "airflow/duration_seconds/fit") == [(1, 3.0)]
    assert reading.points(watched.url, watched.namespace, run.id, "airflow/duration_seconds") == [(0, 5.0)]


def test_a_look_that_finds_nothing_new_knows_nothing_of_the_service(watched: Watched) -> None:
    """So whoever waits for it to come back goes on waiting."""
    watch, facts = Watch(), watched.facts("running")
    watched.tell(watch, facts)
    assert watch.answered
    watched.tell(watch, facts)
    assert not watch.answered


def test_a_dag_run_that_is_cleared_opens_its_run_again(watched: Watched) -> None:
    """What was told of its first end is gone, and there is another one."""
    watched.tell(Watch(), watched.facts("failed"))
    assert watched.status() == "FAILED"
    again = later()
    assert watched.tell(again, watched.facts("running", present=[])) is False
    assert (watched.status(), watched.events()) == ("RUNNING", ["dag_run_started"])
    assert watched.tell(again, watched.facts("success")) is True
    assert (watched.status(), watched.events()) == ("FINISHED", TOLD)


def test_a_watch_sees_by_itself_that_its_dag_run_goes_on_again(watched: Watched) -> None:
    """Though nobody told it of the clear."""
    watch = Watch()
    watched.tell(watch, watched.facts("success"))
    time.sleep(0.005)
    watched.tell(watch, watched.facts("running", present=[]))
    assert (watched.status(), watched.events()) == ("RUNNING", ["dag_run_started"])


def test_the_newer_of_two_schedulers_tells(watched: Watched) -> None:
    """The older one keeps still, and neither tells anything twice."""
    older, newer = Watch(), Watch()
    watched.tell(older, watched.facts("running"))
    time.sleep(0.005)
    watched.tell(newer, watched.facts("running"))
    assert watched.tell(older, watched.facts("success")) is True
    assert watched.status() == "RUNNING"
    assert watched.tell(newer, watched.facts("success")) is True
    assert (watched.status(), watched.events()) == ("FINISHED", TOLD)


def test_a_run_that_was_deleted_does_not_come_back(watched: Watched) -> None:
    """While its DAG run goes on, nor when it ends."""
    watch = Watch()
    watched.tell(watch, watched.facts("running", present=[]))
    run = watched.run()
    assert run is not None
    request = CreateDeletion(selector=Selector(run_id=run.id), force=True)
    HttpApi(watched.url, namespace=watched.namespace).call("POST", "/deletions", body=request, result=Deletion)
    assert watched.tell(watch, watched.facts("running")) is False
    assert watched.tell(watch, watched.facts("success")) is True
    assert watched.run() is None


@pytest.mark.parametrize(
    ("operator", "airflow", "status"),
    [
        ("FinishRunOperator", "success", "KILLED"),
        ("FinishRunOperator", "failed", "FAILED"),
        ("PythonOperator", "success", "FINISHED"),
    ],
)
def test_the_end_that_the_dag_itself_gave_stands_unless_airflow_says_failed(
    watched: Watched, operator: str, airflow: str, status: str
) -> None:
    """A finish operator that ran knows more than Airflow, whose last task it is."""
    watch = Watch()
    watched.tell(watch, watched.facts("running"))
    watched.write(Batch(key=watched.key, state="KILLED"))
    watched.tell(watch, watched.facts(airflow, present=[watched.task._replace(operator=operator)]))
    assert watched.status() == status


def test_a_finish_operator_that_could_not_write_leaves_the_end_to_the_listener(watched: Watched) -> None:
    """With `on_error='warn'` it has succeeded all the same."""
    watched.tell(Watch(), watched.facts("success", present=[watched.task._replace(operator="FinishRunOperator")]))
    assert watched.status() == "FINISHED"


def test_metadata_that_leaves_no_room_for_states_costs_only_these(watched: Watched) -> None:
    """The users' own is worth more."""
    watch, full = Watch(), {f"key{number}": number for number in range(998)}
    watched.tell(watch, watched.facts("running"))
    watched.write(Batch(key=watched.key, metadata=[MetadataOp(op="replace", document=full)]))
    present = [watched.task._replace(id=uuid7(), task_id=f"t{number}") for number in range(20)]
    watched.tell(watch, watched.facts("running", present=present))
    assert watched.tell(watch, watched.facts("success", present=present)) is True
    run = watched.run()
    assert run is not None
    assert (run.status, len(run.metrics)) == ("FINISHED", 23)
    assert reading.metadata(watched.url, watched.namespace, run.id) == full
