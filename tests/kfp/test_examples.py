"""The pipelines that people copy: one beside each component, and those in `examples`."""

import importlib
import inspect
from pathlib import Path

import pytest
import yaml

pytest.importorskip("kfp")

import mbox_kfp
from mbox_kfp.compile import COMPONENTS
from mbox_kfp.examples import cleanup_by_scenario
from tests.kfp.calling import call

pytestmark = [
    pytest.mark.kfp,
    pytest.mark.filterwarnings("ignore:.*have no effect in the current local runner:UserWarning"),
]

FOLDER = Path(mbox_kfp.__file__).parent


def run_example(play, name: str) -> str:
    """Run the example of a component in a scenario of its own; its log."""
    pipeline = importlib.import_module(f"mbox_kfp.{name}.example_pipeline").pipeline
    return str(play(pipeline, scenario=f"kfp-example-{name}"))


def test_the_example_of_submit_metrics(play, written):
    """A dict, KFP's metrics, its classification metrics and a curve."""
    run_example(play, "submit_metrics")
    run = written.run("kfp-example-submit_metrics")
    points = written.points(run)
    assert (points["accuracy"], points["f1"]) == ([(0, 0.85)], [(0, 0.875)])
    assert points["loss"] == [(step, 1 / (step + 1)) for step in range(100)]
    assert {name: each[0][1] for name, each in points.items() if name.startswith("confusion/")} == {
        "confusion/cat/cat": 8, "confusion/cat/dog": 2, "confusion/dog/cat": 1, "confusion/dog/dog": 9,
    }  # fmt: skip
    assert points["roc/tpr"] == [(0, 0.0), (1, 0.9), (2, 1.0)]
    assert run["parameters"]["model"] == "svm"


def test_the_example_of_log_event(play, written):
    """A span, with metadata that another step gave."""
    run_example(play, "log_event")
    events = written.events(written.run("kfp-example-log_event"))
    assert [event["name"] for event in events] == ["export_started", "export_finished"]
    assert events[1]["metadata"] == {"table": "diabetes"}


def test_the_example_of_track_artifact(play, written):
    """The model was produced, with a checksum; the data was used, and the service tells both from the run."""
    run_example(play, "track_artifact")
    run = written.run("kfp-example-track_artifact")
    (model,) = written.artifacts(run)
    assert (model["path"], model["size"], model["mime_type"]) == ("model.pkl", 7, "Model")
    edges = written.get(f"/runs/{run['id']}/lineage")["items"]
    assert [(edge["relation"], edge["target"]) for edge in edges] == [
        ("produced", model["id"]), ("used", "s3://warehouse/diabetes.parquet"),
    ]  # fmt: skip


def test_the_example_of_update_metadata(play, written):
    """A document that is known beforehand and one that a step wrote; a null in it deletes a key."""
    run_example(play, "update_metadata")
    document = written.metadata(written.run("kfp-example-update_metadata"))
    assert document == {"data": {"name": "diabetes", "rows": 442, "columns": ["age", "bmi"]}}


def test_the_example_of_delete_runs(play, written):
    """What was counted goes."""
    for number in range(2):
        call("submit_metrics", "kfp-example-delete_runs", run_id=f"deleted {number}")
        call("finish_run", "kfp-example-delete_runs", run_id=f"deleted {number}")
    log = run_example(play, "delete_runs")
    assert "**2 runs are deleted**" in log
    assert written.runs(scenario="kfp-example-delete_runs") == []


def test_the_example_of_cleanup_runs(play, written):
    """It reports only."""
    call("submit_metrics", "kfp-example-cleanup_runs")
    call("finish_run", "kfp-example-cleanup_runs")
    assert "**0 runs would go.** Nothing has changed." in run_example(play, "cleanup_runs")
    assert len(written.runs(scenario="kfp-example-cleanup_runs")) == 1


def test_the_example_of_finish_run(play, written):
    """The run is closed."""
    run_example(play, "finish_run")
    assert written.run("kfp-example-finish_run")["status"] == "FINISHED"


def make_old_runs(scenario: str, count: int) -> None:
    """Runs that have ended."""
    for number in range(count):
        call("submit_metrics", scenario, run_id=f"{scenario} {number}", metrics={"loss": number})
        call("finish_run", scenario, run_id=f"{scenario} {number}")


def test_the_cleanup_pipeline_only_reports_until_it_is_told_otherwise(play, written):
    """A dry run by default; then, confirmed, it deletes what it planned and keeps the last and the best."""
    make_old_runs("kfp-cleanup", 5)
    rules = {"older_than": "0s", "keep_last": 1, "keep_best": 1, "metric": "loss", "direction": "min"}
    log = play(cleanup_by_scenario.pipeline, scenario="kfp-cleanup", **rules)
    assert "**3 runs would go.** Nothing has changed." in log
    assert "are deleted" not in log
    assert len(written.runs(scenario="kfp-cleanup")) == 5
    log = play(cleanup_by_scenario.pipeline, scenario="kfp-cleanup", **rules, dry_run=False, confirm="kfp-cleanup")
    assert "**3 runs are deleted**" in log
    assert sorted(run["metrics"]["loss"]["last"] for run in written.runs(scenario="kfp-cleanup")) == [0.0, 4.0]


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_component_says_what_it_needs(name):
    """`metadata.yaml`, as Kubeflow's catalogue of components asks for it."""
    known = yaml.safe_load((FOLDER / name / "metadata.yaml").read_text())
    assert list(known) == ["name", "stability", "dependencies", "tags", "lastVerified", "ci", "links"]
    assert known["name"] == name
    assert known["stability"] in ("experimental", "alpha", "beta", "stable")
    (kubeflow,) = known["dependencies"]["kubeflow"]
    assert kubeflow == {"name": "Pipelines", "version": ">=2.14"}
    assert (FOLDER.parents[1] / known["links"]["documentation"]).is_file()


OPTIONS = {"url", "on_error", "timeout_seconds", "writer", "scenario", "run_collection_name", "run_name", "pipeline"}


@pytest.mark.parametrize("name", COMPONENTS)
def test_a_factory_takes_what_its_component_takes(name):
    """Every input that people give has the same name in Python and in `component.yaml`."""
    component, factory = COMPONENTS[name]
    filled_in = {"run_id", "task", "parent_dag_id", "loops", "selectors"}
    filled_in |= {"status"} if name == "finish_run" else set()  # a rule of cleanup_runs has that name too
    inputs = {each for each in component.component_spec.inputs if not each.startswith("loop_item_")} - filled_in
    assert set(inspect.signature(factory).parameters) - {"options"} | OPTIONS & inputs == inputs
