"""What a task knows of itself, and that tracking is never in its way."""

import logging
from pathlib import Path

import pytest

from mbox_airflow.context import identity_of_environment
from mbox_ops.errors import InvalidRequest
from tests.airflow.conftest import NOBODY, Lab

pytestmark = pytest.mark.airflow

CHILD = {"AIRFLOW_CTX_DAG_ID": "train", "AIRFLOW_CTX_DAG_RUN_ID": "manual__1", "AIRFLOW_CTX_TASK_ID": "fit"}


def test_a_service_that_is_away_neither_fails_nor_slows_a_task_that_logs(lab: Lab, tmp_path: Path) -> None:
    """What it logged waits in the spool, and the log says so."""
    lab.connection |= {"host": NOBODY}
    spool = tmp_path / "spool"
    ran = lab.run_dag("mapped_tasks", forked=True, environment={"MBOX_SPOOL_DIR": str(spool)})
    assert ran["state"] == "success"
    seconds = sorted(task["seconds"] for task in ran["tasks"].values())
    assert seconds[1] < 5, seconds  # the first one also starts Airflow's API
    assert "The tracking service is away: what this task logged waits in its spool." in lab.airflow.log
    assert any(spool.rglob("*"))


def test_a_flush_that_breaks_does_not_change_how_a_task_ends(lab: Lab) -> None:
    """Whatever goes wrong in the plugin is a line of the log."""
    assert lab.airflow.call("tests.airflow.inside:ends_of_a_wrapped_task") == ["value", "ValueError: of the task"]
    assert "What this task logged to mbox-ops may not be durable yet." in lab.airflow.log


@pytest.mark.parametrize("forked", [False, True], ids=["in_process", "supervised"])
def test_the_callbacks_of_a_task_belong_to_it(lab: Lab, forked: bool) -> None:
    """Airflow calls them when it has forgotten the task's context."""
    ran = lab.run_dag("calling_back", forked=forked)
    run = lab.tracked("calling_back", ran)
    assert sorted(event.name for event in lab.events(run)) == ["callback of bad", "callback of good"]
    assert run.number_of_writers == 2


def test_a_process_is_no_task_once_its_tasks_are_over(lab: Lab) -> None:
    """`dag.test()` leaves Airflow's variables behind, and what comes after it must not join the last DAG run's run."""
    lab.run_dag("silent")
    assert not lab.airflow.call("tests.airflow.inside:is_in_a_task", {**lab.environment, **CHILD})


def test_tasks_that_run_in_threads_of_one_process_know_themselves(lab: Lab) -> None:
    """Airflow's own list of contexts is shared by all threads; the active run is not."""
    variables = {**lab.environment, **CHILD}  # Airflow's own, which are the process's and so those of the last task
    keys = lab.airflow.call("tests.airflow.inside:keys_in_threads", variables, dag_ids=["a", "b", "c"])
    assert keys == ["airflow/lab/a/r", "airflow/lab/b/r", "airflow/lab/c/r"]
    runs = [lab.tracked(dag_id, {"run_id": "r"}) for dag_id in ("a", "b", "c")]
    assert [lab.points(run, "m") for run in runs] == [[(0, 0.0)], [(0, 1.0)], [(0, 2.0)]]


def test_a_child_that_was_not_told_who_it_is_writes_as_itself(caplog: pytest.LogCaptureFixture) -> None:
    """To the DAG run's run: two mapped children must not be taken for two tries of one."""
    with caplog.at_level(logging.WARNING):
        child = identity_of_environment({**CHILD, "MBOX_INSTANCE": "prod"})
    assert child is not None
    assert (child.key, child.origin, child.epoch) == ("airflow/prod/train/manual__1", None, None)
    assert (child.pipeline, child.execution, child.scenario, child.scenario_explicit) == (
        "train", "manual__1", "train", False,
    )  # fmt: skip
    assert "mbox_airflow.mbox_env()" in caplog.text


def test_a_child_that_was_told_writes_as_its_task() -> None:
    """Key, origin and epoch are those of `mbox_env`."""
    key = "airflow/prod/train/manual__1"
    told = {**CHILD, "MBOX_RUN_KEY": key, "MBOX_WRITER": f"7:{key}/fit"}
    child = identity_of_environment(told)
    assert child is not None
    assert (child.key, child.origin, child.epoch) == (key, f"{key}/fit", 7)


def test_a_damaged_writer_is_refused() -> None:
    """Better no run than a run of somebody else's."""
    with pytest.raises(InvalidRequest, match="MBOX_WRITER must be"):
        identity_of_environment({**CHILD, "MBOX_WRITER": "nonsense"})


def test_outside_airflow_there_is_no_task() -> None:
    """A script may import the same module."""
    assert identity_of_environment({}) is None
