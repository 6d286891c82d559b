"""Runs that a task starts itself: `tracking.start_run()` knows the task and is found again by a retry."""

import pytest

from mbox_ops import Client
from mbox_ops.identity import airflow_key, airflow_origin, ordinal_key
from tests.airflow.conftest import Lab

pytestmark = pytest.mark.airflow


@pytest.mark.parametrize("forked", [False, True], ids=["in_process", "supervised"])
def test_a_retried_task_finds_the_runs_that_it_started(lab: Lab, forked: bool) -> None:
    """Two runs after two tries, with what the second try logged; what has no run of its own goes to the DAG run's."""
    ran = lab.run_dag("started", forked=forked)
    assert (ran["state"], ran["tasks"]["search"]["try_number"]) == ("success", 2)
    origin = airflow_origin(airflow_key("lab", "started", ran["run_id"]), "search")
    keys = [ordinal_key(origin, 0), ordinal_key(origin, 1)]
    assert ran["tasks"]["search"]["xcom"]["return_value"] == keys

    runs = Client(lab.url, namespace=lab.namespace).runs
    found = {run.key: run for run in runs.list(pipeline="started", execution=ran["run_id"])}
    tracked = lab.tracked("started", ran)
    assert set(found) == {*keys, tracked.key}
    for key, width in zip(keys, (8, 16), strict=True):
        run = found[key]
        read = (run.name, run.status, run.scenario, run.pipeline, run.parameters["width"])
        assert read == (f"width {width}", "FINISHED", "started", "started", str(width))
        assert lab.points(run, "loss") == [(0, float(width)), (1, float(width))]
    assert float(found[tracked.key].metrics["widths"]) == 2.0
