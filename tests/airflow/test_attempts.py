"""Exactly once: retries, clears, mapped and deferred tasks, forks and children, each in a real Airflow."""

import time
from pathlib import Path
from uuid import uuid4

import pytest

from mbox_ops.client.http import HttpApi
from mbox_ops.entities.metrics import Block
from mbox_ops.entities.writers import Batch, BatchResult, Writer
from mbox_ops.errors import Fenced
from mbox_ops.identity import airflow_origin, epoch_of_uuid7
from mbox_ops.wire.encodings import pack_floats, pack_ints
from tests.airflow.conftest import Lab
from tests.proxy import proxy

pytestmark = pytest.mark.airflow


@pytest.mark.parametrize("forked", [False, True], ids=["in_process", "supervised"])
def test_a_retried_task_replaces_what_it_logged(lab: Lab, forked: bool) -> None:
    """One set of points, parameters and tags, of a task that logs and of an operator, both failing after the write."""
    ran = lab.run_dag("retried", forked=forked)
    assert ran["state"] == "success"
    assert [ran["tasks"][name]["try_number"] for name in ("train", "submit")] == [2, 2]
    run = lab.tracked("retried", ran)
    assert lab.points(run, "loss") == [(0, 0.0), (1, 1.0), (2, 2.0), (3, 3.0)]
    assert lab.points(run, "final") == [(0, 2.0)]
    assert {name: value for name, value in run.parameters.items() if name not in ("start", "end")} == {"seed": "2"}
    assert {name: value for name, value in run.tags.items() if name != "runName"} == {"try": "2", "by": "2"}
    assert (run.status, run.lost) == ("FINISHED", 0)


def test_mapped_tasks_add_up(lab: Lab) -> None:
    """Each instance has an origin of its own."""
    ran = lab.run_dag("mapped_tasks")
    run = lab.tracked("mapped_tasks", ran)
    assert lab.points(run, "m") == [(10, 10.0), (20, 20.0), (30, 30.0)]
    assert sorted(run.metrics) == ["m", "own/10", "own/20", "own/30"]


@pytest.mark.parametrize("forked", [False, True], ids=["one_process", "two_processes"])
def test_a_task_that_is_deferred_and_resumed_adds_up(lab: Lab, forked: bool) -> None:
    """It is one try, though it may be two processes; what the first logged was there before it gave way."""
    ran = lab.run_dag("deferred", forked=forked)
    assert ran["state"] == "success"
    run = lab.tracked("deferred", ran)
    assert lab.points(run, "before") == [(step, float(step)) for step in range(5)]
    assert (run.tags["began"], run.status, run.lost) == ("yes", "FINISHED", 0)


def test_what_a_task_logged_is_there_before_airflow_hears_that_it_ended(lab: Lab) -> None:
    """In the process that Airflow's supervisor forks, which ends at once after its last word."""
    ran = lab.run_dag("busy", forked=True)
    reported = {(task, kind): seen for task, kind, seen in ran["reports"]}
    assert reported["log", "SucceedTask"]["m"] == 2_000
    assert reported["log_and_fail", "TaskState"]["f"] == 2_000
    assert ran["tasks"]["count"]["xcom"]["return_value"] == {"m": 2_000, "f": 2_000}


def test_a_task_that_is_cleared_after_the_end_replaces_its_own_data_and_leaves_the_run_finished(lab: Lab) -> None:
    """Only the writer of the end can take it back."""
    at = "2026-01-31T12:00:00+00:00"
    first = lab.run_dag("one_submit", conf={"on_error": "fail", "value": 1}, logical_date=at)
    before = lab.tracked("one_submit", first)
    again = lab.run_dag("one_submit", conf={"on_error": "fail", "value": 2}, logical_date=at, only="submit")
    assert again["run_id"] == first["run_id"]
    assert again["tasks"]["submit"]["id"] != first["tasks"]["submit"]["id"]
    after = lab.tracked("one_submit", again)
    assert (before.id, before.status) == (after.id, "FINISHED")
    assert (after.status, after.ended_at) == ("FINISHED", before.ended_at)
    assert lab.points(after, "m") == [(0, 2.0)]


def test_ending_a_run_twice_changes_nothing(lab: Lab) -> None:
    """The whole DAG run is cleared and runs again: one run, one end."""
    at = "2026-02-28T12:00:00+00:00"
    first = lab.run_dag("one_submit", conf={"on_error": "fail"}, logical_date=at)
    again = lab.run_dag("one_submit", conf={"on_error": "fail"}, logical_date=at)
    assert again["run_id"] == first["run_id"]
    run = lab.tracked("one_submit", again)
    assert (run.status, len(lab.points(run, "m")), run.number_of_writers) == ("FINISHED", 1, 2)


def write_as_submit(lab: Lab, key: str, epoch: int) -> None:
    """Write one point as another try of the task `submit`."""
    writer = Writer(origin=airflow_origin(key, "submit"), epoch=epoch, producer=uuid4().hex, seq=1)
    block = Block(names=["m"], steps=pack_ints([9]), wallclocks=pack_ints([0]), values=pack_floats([9.0]))
    batch = Batch(key=key, writer=writer, points=[block])
    HttpApi(lab.url, namespace=lab.namespace).call("POST", "/batches", body=batch, result=BatchResult)


def test_a_zombie_of_an_earlier_try_is_refused(lab: Lab) -> None:
    """It cannot touch what its successor wrote."""
    ran = lab.run_dag("one_submit", conf={"on_error": "fail"})
    run = lab.tracked("one_submit", ran)
    assert run.key is not None
    with pytest.raises(Fenced):
        write_as_submit(lab, run.key, epoch_of_uuid7(ran["tasks"]["submit"]["id"]) - 1)
    assert lab.points(run, "m") == [(0, 1.0)]


def test_an_operator_that_is_a_zombie_ends_quietly(lab: Lab) -> None:
    """Its successor has the say; an alarm would be about nothing."""
    at = "2026-03-31T12:00:00+00:00"
    first = lab.run_dag("one_submit", conf={"on_error": "fail"}, logical_date=at)
    run = lab.tracked("one_submit", first)
    assert run.key is not None
    write_as_submit(lab, run.key, epoch_of_uuid7(first["tasks"]["submit"]["id"]) + 3_600_000)
    late = lab.run_dag("one_submit", conf={"on_error": "fail"}, logical_date=at, only="submit")
    assert late["tasks"]["submit"]["state"] == "success"
    assert late["tasks"]["submit"]["xcom"]["return_value"]["error"] == "fenced"
    assert lab.points(run, "m") == [(9, 9.0)]


def test_a_child_process_writes_to_the_same_run_as_the_same_task(lab: Lab) -> None:
    """`mbox_env` hands down all that it needs, but the token."""
    ran = lab.run_dag("children")
    assert ran["state"] == "success", lab.airflow.log[-3_000:]
    run = lab.tracked("children", ran)
    assert {name: summary.last for name, summary in run.metrics.items()} == {"from_parent": 1.0, "from_child": 2.0}
    assert (run.pipeline, run.execution, run.scenario) == ("children", ran["run_id"], "children")
    handed = ran["tasks"]["parent"]["xcom"]["return_value"]
    epoch = epoch_of_uuid7(ran["tasks"]["parent"]["id"])
    assert handed == {
        "MBOX_URL": lab.url, "MBOX_NAMESPACE": lab.namespace, "MBOX_SCENARIO": "children", "MBOX_RUN_KEY": run.key,
        "MBOX_WRITER": f"{epoch}:{run.key}/parent",
    }  # fmt: skip


def test_a_child_process_of_a_retried_task_replaces_what_the_first_try_s_child_logged(lab: Lab) -> None:
    """`mbox_env(context)` tells it the try; the parent itself never wrote."""
    ran = lab.run_dag("children_retried")
    assert (ran["state"], ran["tasks"]["parent"]["try_number"]) == ("success", 2)
    run = lab.tracked("children_retried", ran)
    assert (lab.points(run, "m"), run.status) == ([(0, 1.0)], "FINISHED")


@pytest.mark.parametrize(("conf", "scenario"), [({}, "chosen"), ({"mbox_scenario": "of the conf"}, "of the conf")])
def test_a_scenario_that_one_task_gives_moves_the_run_or_is_refused(lab: Lab, conf: dict, scenario: str) -> None:
    """It moves a run whose own was implied; beside another choice the claim falls, and no point does."""
    ran = lab.run_dag("scenarios", conf=conf)
    assert ran["state"] == "success"
    run = lab.tracked("scenarios", ran)
    assert (run.scenario, run.status, run.lost) == (scenario, "FINISHED", 0)
    assert lab.points(run, "m") == [(0, 0.0), (1, 1.0), (2, 2.0)]


@pytest.mark.parametrize("forked", [False, True], ids=["in_process", "supervised"])
def test_what_was_logged_while_the_service_was_away_is_replaced_by_the_next_try(
    lab: Lab, tmp_path: Path, forked: bool
) -> None:
    """Whenever the first try's batches come out of the spool: the service holds the second's, and has lost none."""
    back = tmp_path / "back"
    with proxy(lab.url, lambda *_: "pass" if back.exists() else "reset before") as line:
        line.methods = (b"POST", b"GET")
        lab.connection |= {"host": line.url}
        ran = lab.run_dag("away_at_first", conf={"back": str(back)}, forked=forked)
        assert (ran["state"], ran["tasks"]["log"]["try_number"]) == ("success", 2)
        run = lab.tracked("away_at_first", ran)
        deadline = time.monotonic() + 60  # a process that has met the trouble comes back after a pause
        while lab.points(run, "m") != [(0, 0.0), (1, 1.0)]:
            assert time.monotonic() < deadline, lab.points(run, "m")
            time.sleep(0.1)
    assert run.status == "FINISHED"


def test_a_reply_that_is_lost_after_the_commit_costs_a_task_that_logs_nothing(lab: Lab) -> None:
    """Sent again, each point is there once."""
    with proxy(lab.url) as line:
        line.fates += ["lose the reply"] * 3
        lab.connection |= {"host": line.url}
        ran = lab.run_dag("busy")
    assert line.seen["lose the reply"] == 3
    assert ran["tasks"]["count"]["xcom"]["return_value"] == {"m": 2_000, "f": 2_000}


def test_dags_that_run_in_one_process_do_not_mix(lab: Lab) -> None:
    """Each task finds the run of its own DAG run."""
    runs = [lab.tracked("mapped_tasks", lab.run_dag("mapped_tasks")) for _ in range(2)]
    other = lab.tracked("deferred", lab.run_dag("deferred"))
    assert len({run.id for run in [*runs, other]}) == 3
    assert [len(lab.points(run, "m")) for run in runs] == [3, 3]
    assert sorted(other.metrics) == ["before"]


def test_a_task_that_logs_nothing_makes_no_run(lab: Lab) -> None:
    """The plugin is part of every task of an Airflow, and does nothing where it is not used."""
    ran = lab.run_dag("silent", forked=True)
    assert ran["state"] == "success"
    assert lab.find("silent", ran) is None
