"""What a run is when nobody says, and what a retry finds again."""

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from mbox_ops import Client, tracking
from mbox_ops.errors import Conflict, InvalidRequest
from mbox_ops.identity import format_writer

pytestmark = pytest.mark.usefixtures("namespace")


def script(tmp_path, text, name="train.py", **environment):
    """What a script printed as JSON, run as a user runs it."""
    import os

    path = tmp_path / name
    path.write_text(text)
    done = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, check=True, env={**os.environ, **environment}
    )
    return json.loads(done.stdout.splitlines()[-1])


START = """
import json
from mbox_ops import tracking

with tracking.start_run() as run:
    tracking.log_metric("loss", 0.5)
print(json.dumps([run.id, run.key]))
"""


def test_a_script_is_its_runs_source_and_scenario(tmp_path):
    """Without a word about it, a run is grouped under the script's name."""
    run_id, key = script(tmp_path, START)
    (run,) = tracking.get_runs(run=run_id)
    assert (run.pipeline, run.notebook, run.scenario, run.run_collection) == ("train", None, "train", "train")
    assert (run.run_collection_is_default, key, run.status) == (True, None, "FINISHED")


def test_the_scenario_of_the_environment_is_implied(tmp_path):
    """`MBOX_SCENARIO` stands in for an argument, and gives way to one."""
    run_id, _ = script(tmp_path, START, MBOX_SCENARIO="churn")
    assert [run.id for run in tracking.get_runs(scenario="churn")] == [run_id]
    with tracking.start_run(key="k", scenario="given") as run:
        assert run.scenario == "given"
        assert tracking.get_current_scenario().name == "given"


def test_the_arguments_of_a_run_are_read_back():
    """All of them, as they were given."""
    with tracking.start_run(
        "rc1", "first", scenario=tracking.Scenario(id="churn"), scenario_version=tracking.ScenarioVersion(id="v2"),
        pipeline=tracking.Pipeline(id="nightly"), execution=tracking.Execution(id="2026-11-21"), key="k-1",
        tags={"team": "risk"},
    ) as run:  # fmt: skip
        pass
    read = (run.run_collection, run.name, run.scenario, run.scenario_version, run.pipeline, run.execution, run.key)
    assert read == ("rc1", "first", "churn", "v2", "nightly", "2026-11-21", "k-1")
    assert run.tags == {"team": "risk", "runName": "first"}
    for selector in (
        {"scenario": "churn"}, {"scenario_version": "v2"}, {"pipeline": "nightly"}, {"execution": "2026-11-21"},
        {"run": run}, {"scenario": "churn", "tags": {"team": "risk"}}, {"scenario": tracking.Scenario(id="churn")},
    ):  # fmt: skip
        assert [found.id for found in tracking.get_runs(**selector)] == [run.id], selector
    for selector in ({"scenario": "chur"}, {"scenario": "churn", "pipeline": "daily"}, {"run": "unknown"}):
        assert tracking.get_runs(**selector) == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"run_name": ""}, "run name is 0"),
        ({"run_collection_name": "x" * 257}, "run collection name is 257"),
        ({"scenario": "a,b"}, "no comma"),
        ({"scenario": " a"}, "no outer blanks"),
        ({"scenario": 7}, "scenario must be an id"),
        ({"pipeline": "a", "notebook": "b"}, "one of the two"),
        ({"key": "x" * 1025}, "key is 1025"),
        ({"tags": {"runName": "x"}}, "runName"),
    ],
)
def test_a_run_that_breaks_a_rule_is_refused_at_the_call(arguments, message):
    """And nothing is started."""
    with pytest.raises(InvalidRequest, match=message):
        tracking.start_run(**arguments)
    with pytest.raises(InvalidRequest, match="No run is active"):
        tracking.end_run()


def test_one_key_is_one_run_however_many_start_it():
    """64 callers race; they all hold the same run."""
    sdks = [tracking.MLTrackingSDK() for _ in range(64)]
    with ThreadPoolExecutor(16) as pool:
        runs = list(pool.map(lambda sdk: sdk.start_run(key="one", scenario="race"), sdks))
        ids = set(pool.map(lambda run: run.id, runs))
        list(pool.map(lambda run: run.end_run(), runs))
    assert len(ids) == 1
    assert [run.id for run in tracking.get_runs(scenario="race")] == list(ids)


def test_a_key_with_another_pipeline_is_a_conflict():
    """What a run is does not change under its key."""
    runs = Client().runs
    made = runs.create(key="k", pipeline="one")
    joined = runs.create(key="k", pipeline="one")
    assert (made.existed, joined.existed, made.id) == (False, True, joined.id)
    with pytest.raises(Conflict):
        runs.create(key="k", pipeline="two")


def test_a_retried_task_finds_its_runs_again_and_replaces_what_it_logged(tmp_path):
    """Each `start_run()` without a key has one made of the task's origin and its ordinal."""
    text = """
import json
from mbox_ops import tracking

ids = []
for _ in range(2):
    with tracking.start_run() as run:
        tracking.log_metrics({"loss": VALUE}, step=0)
    ids.append([run.id, run.key])
print(json.dumps(ids))
"""
    origin = "airflow/default/train/manual__1/fit"
    first = script(tmp_path, text.replace("VALUE", "1"), MBOX_WRITER=format_writer(origin, 1_000))
    again = script(tmp_path, text.replace("VALUE", "2"), MBOX_WRITER=format_writer(origin, 2_000))
    assert first == again
    assert [key for _, key in first] == [f"{origin}#0", f"{origin}#1"]
    for run_id, _ in first:
        (history,) = tracking.Run(id=run_id).get_metrics_history()
        assert [(point.step, point.value) for point in history.points] == [(0, 2)]


def test_a_child_logs_to_the_orchestrators_run(tmp_path):
    """`MBOX_RUN_KEY` names the run; a child neither leases nor ends it."""
    text = """
import json
from mbox_ops import tracking

tracking.log_metric("loss", 0.5)
run = tracking.current_run()
run.log_parameters("lr", 0.1)
print(json.dumps([run.id, run.key]))
"""
    key = "airflow/default/train/manual__1"
    handed_down = {"MBOX_RUN_KEY": key, "MBOX_WRITER": format_writer(f"{key}/fit", 1_000)}
    run_id, found_key = script(tmp_path, text, **handed_down)
    (run,) = tracking.get_runs(execution="manual__1")
    assert (run.id, run.key, run.pipeline, run.status) == (run_id, key, "train", "RUNNING")
    assert found_key == key
    assert (float(run.metrics["loss"]), run.parameters["lr"]) == (0.5, "0.1")


def test_a_damaged_writer_is_named(monkeypatch):
    """A wrong `MBOX_WRITER` is an error at the call, not a random identity."""
    monkeypatch.setenv("MBOX_WRITER", "nonsense")
    with pytest.raises(InvalidRequest, match="MBOX_WRITER must be"):
        tracking.start_run()


def test_a_notebook_is_its_runs_source():
    """Given, or found by the kernel's own variable (checked by hand in Jupyter)."""
    with tracking.start_run(notebook=tracking.Notebook(id="abc")) as run:
        pass
    assert (run.notebook, run.pipeline, run.scenario) == ("abc", None, "abc")
    assert [found.id for found in tracking.get_runs(notebook="abc", scenario="abc")] == [run.id]
    with pytest.raises(InvalidRequest, match="notebook needs scenario or run"):
        tracking.get_runs(notebook="abc")
    with pytest.raises(InvalidRequest, match="one or more of"):
        tracking.get_runs()
