"""Every component where a cluster resolves its inputs: the same results as with kfp.local."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("kfp")

from kfp import components, dsl
from kfp.dsl.types import artifact_types

import mbox_kfp
from mbox_kfp import log_event, submit_metrics, track_artifact, tracked_run, update_metadata, with_tracking
from mbox_kfp.compile import COMPONENTS
from mbox_kfp.examples import cleanup_by_scenario
from tests.kfp import parts
from tests.kfp.calling import call
from tests.kfp.cluster import Cluster

pytestmark = [
    pytest.mark.kfp,
    pytest.mark.filterwarnings("ignore:.*have no effect in the current local runner:UserWarning"),
]

FUNCTIONS = {name.replace("_", "-"): component.python_func for name, (component, _) in COMPONENTS.items()} | {
    "make-outputs": parts.make_outputs.python_func,
    "fail": parts.fail.python_func,
    "total": parts.total.python_func,
}


@pytest.fixture
def cluster(written, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """A KFP run on a cluster; its pods mount the object store in the test's folder."""
    monkeypatch.setenv("KFP_POD_UID", "4c5b")
    monkeypatch.setattr(artifact_types, "_MINIO_LOCAL_MOUNT_PREFIX", f"{tmp_path}/minio/")
    return Cluster(tmp_path, FUNCTIONS)


@dsl.pipeline(name="inner")
def inner(value: float, scenario: str):
    """A pipeline that is used as a step."""
    submit_metrics(metrics={"inner": value}, scenario=scenario, pipeline="whole")


@dsl.pipeline(name="whole")
def whole(scenario: str):
    """Every component that writes, in loops, in a pipeline that is used twice and in a loop."""
    with tracked_run(scenario=scenario, run_name=dsl.PIPELINE_JOB_ID_PLACEHOLDER):
        made = parts.make_outputs(count=50)
        submit_metrics(
            metrics={
                "accuracy": made.outputs["accuracy"],
                "epochs": made.outputs["epochs"],
                "lost": float("nan"),
                "größe/日本": 1,
            },
            step=3,
            parameters={"epochs": 3, "rate": 0.1, "deep": {"a": [1, 2.5]}},
            tags={"team": "cv", "ünïcode": "日本"},
            metrics_artifact=made.outputs["metrics"],
            classification_artifact=made.outputs["classes"],
            points_artifact=made.outputs["points"],
        )
        update_metadata({"data": {"rows": 442, "share": 0.5}})
        track_artifact(made.outputs["model"], path="model")
        with dsl.ParallelFor([1.0, 2.5]) as rate:
            inner(value=rate, scenario=scenario)
            with dsl.ParallelFor([{"kind": "a", "n": 1}, {"kind": "b", "n": 2}]):
                log_event("looped", wallclock_time=12_345)
        inner(value=7.0, scenario=scenario)


def what_is_there(written: Any, scenario: str) -> dict[str, Any]:
    """All that a pipeline wrote, without ids and times of the server."""
    run = written.run(scenario)
    points = {
        name: sorted(value for _, value in each) if name == "inner" else each
        for name, each in written.points(run).items()
    }
    parameters = {key: value for key, value in run["parameters"].items() if key not in ("start", "end")}
    events = sorted((event["name"], event["wallclock"]) for event in written.events(run))
    (artifact,) = written.artifacts(run)
    return {
        "status": run["status"], "pipeline": run["pipeline"], "collection": run["run_collection"],
        "named as the execution": run["name"] == run["execution"], "parameters": parameters,
        "types": run["parameter_types"], "tags": {key: value for key, value in run["tags"].items() if key != "runName"},
        "points": points, "events": events, "artifact": (artifact["path"], artifact["size"], artifact["mime_type"]),
        "metadata": written.metadata(run),
    }  # fmt: skip


def test_a_cluster_gives_what_kfp_local_gives(cluster, play, written):
    """Every value, point, event and file; on a cluster the loops around a sub-pipeline are told apart too."""
    assert cluster.run(whole, scenario="kfp-cluster") == "COMPLETE", cluster.failures
    there = what_is_there(written, "kfp-cluster")
    assert (there["status"], there["pipeline"], there["named as the execution"]) == ("FINISHED", "whole", True)
    assert there["points"]["inner"] == [1.0, 2.5, 7.0]
    assert there["points"]["epochs"] == [(3, 3.0)]
    assert there["points"]["größe/日本"] == [(3, 1.0)]
    assert there["points"]["confusion/cat/dog"] == [(0, 2.0)]
    assert len(there["points"]["loss"]) == 50
    assert len(there["events"]) == 4
    key = written.run("kfp-cluster")["key"]
    assert key == f"kfp/default/{cluster.run_id}"
    shown = [step["artifacts"]["kfp_metrics"]["metadata"] for step in cluster.outputs["submit-metrics"]]
    assert {"accuracy": 0.875, "epochs": 3.0, "größe/日本": 1.0, "kfp/f1": 0.5} in shown

    play(whole, scenario="kfp-local")
    here = what_is_there(written, "kfp-local")
    # What kfp.local cannot tell apart (`writer=` can): uses of one sub-pipeline replace each other.
    assert set(here["points"].pop("inner")) <= set(there["points"].pop("inner"))
    assert here == there


def test_a_pipeline_that_fails_on_a_cluster_closes_its_run(cluster, written):
    """Its exit task is told FAILED, and no reason: the backend knows none."""

    @dsl.pipeline(name="fails")
    def fails():
        with tracked_run(scenario="kfp-cluster-fails"):
            submit_metrics(metrics={"before": 1})
            parts.fail()

    assert cluster.run(fails) == "FAILED"
    run = written.run("kfp-cluster-fails")
    assert (run["status"], list(written.points(run))) == ("FAILED", ["before"])
    assert [event["name"] for event in written.events(run)] == ["pipeline_failed"]


def test_what_a_cached_step_made_was_used_and_not_produced(cluster, written):
    """The address of an artifact tells that another KFP run made it, and which task."""
    parts_of = f"mlpipeline/digits/{cluster.run_id}/train/{'0' * 8}-0000-4000-8000-{'0' * 12}/model"
    artifact = dsl.Model(uri=f"minio://{parts_of}")
    Path(artifact.path).parent.mkdir(parents=True)
    Path(artifact.path).write_text("weights")
    receipt = dsl.Artifact()
    call("track_artifact", "kfp-reused", run_id=cluster.run_id, uri="", artifact=artifact)
    made = {"kfp_run_id": cluster.run_id, "kfp_task": "train"}
    _, _, ident = call("track_artifact", "kfp-reused", uri="", artifact=artifact, checksum=True, receipt=receipt)
    assert (ident, receipt.metadata["used"]) == ("", True)
    assert receipt.metadata.items() >= made.items()
    first, second = sorted(written.runs(scenario="kfp-reused"), key=lambda run: bool(written.events(run)))
    (model,) = written.artifacts(first)
    assert written.artifacts(second) == []
    (event,) = written.events(second)
    assert (event["name"], event["metadata"]) == ("artifact_reused", {"path": "model", "uri": artifact.uri, **made})
    edges = written.get(f"/artifacts/{model['id']}/lineage")["items"]
    assert [(edge["relation"], edge["run"]["id"]) for edge in edges] == [
        ("produced", first["id"]),
        ("used", second["id"]),
    ]


def test_a_cleanup_on_a_cluster_plans_and_applies(cluster, written):
    """The condition on `dry_run` is the cluster's; the counts of the plan arrive as floating-point numbers."""
    for number in range(3):
        call("submit_metrics", "kfp-cluster-cleanup", run_id=f"cleanup {number}")
        call("finish_run", "kfp-cluster-cleanup", run_id=f"cleanup {number}")
    rules = {"scenario": "kfp-cluster-cleanup", "older_than": "0s", "keep_last": 1}
    assert cluster.run(cleanup_by_scenario.pipeline, **rules) == "COMPLETE", cluster.failures
    assert len(written.runs(scenario="kfp-cluster-cleanup")) == 3
    told = {"dry_run": False, "confirm": "kfp-cluster-cleanup"}
    assert cluster.run(cleanup_by_scenario.pipeline, **rules, **told) == "COMPLETE", cluster.failures
    assert len(written.runs(scenario="kfp-cluster-cleanup")) == 1
    assert [step["parameters"]["state"] for step in cluster.outputs["cleanup-runs"]] == [
        "PREVIEW", "PREVIEW", "TOMBSTONED",
    ]  # fmt: skip


def test_a_default_that_is_a_placeholder_is_refused_on_a_cluster(cluster):
    """A cluster leaves it as it stands, so the step says what to do instead of writing to a run of that name."""

    @dsl.pipeline(name="literal")
    def literal(name: str = dsl.PIPELINE_JOB_ID_PLACEHOLDER):
        log_event("a", scenario="kfp-literal", run_name=name)

    assert cluster.run(literal) == "FAILED"
    assert "'run_name' holds an unresolved placeholder" in str(cluster.failures[0])
    assert "pass it on its own, not inside other text and not as a default" in str(cluster.failures[0])


def test_ten_items_of_a_loop_are_ten_writers(cluster, play, written):
    """In a loop on a cluster and here, and what they put out can be collected."""

    @dsl.pipeline(name="ten")
    def ten(scenario: str):
        with dsl.ParallelFor([0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]) as item:
            logged = submit_metrics(metrics={"item": item}, scenario=scenario)
        total = parts.total(
            counts=dsl.Collected(logged.outputs["count"]), shown=dsl.Collected(logged.outputs["kfp_metrics"])
        )
        submit_metrics(metrics={"total": total.output}, scenario=scenario)

    assert cluster.run(ten, scenario="kfp-ten-cluster") == "COMPLETE", cluster.failures
    play(ten, scenario="kfp-ten-local")
    for scenario in ("kfp-ten-cluster", "kfp-ten-local"):
        points = written.points(written.run(scenario))
        assert sorted(value for _, value in points["item"]) == [float(n) for n in range(10)]
        assert points["total"] == [(0, 55.0)]


def test_a_users_own_step_knows_its_run_on_a_cluster(cluster, written):
    """What `with_tracking` puts in front of its command resolves there too; the items of a loop stay apart."""

    @dsl.pipeline(name="own")
    def own():
        with dsl.ParallelFor([0.5, 1.0]) as rate:
            with_tracking(parts.train(rate=rate, epochs=2), scenario="kfp-cluster-own")
        log_event("here", scenario="kfp-cluster-own")

    assert cluster.run(own) == "COMPLETE", cluster.failures
    run = written.run("kfp-cluster-own")
    assert (run["key"], run["pipeline"], len(written.events(run))) == (f"kfp/default/{cluster.run_id}", "own", 1)
    assert sorted(written.points(run)["curve"]) == [(0, 0.0), (0, 0.0), (1, 0.5), (1, 1.0)]


def test_a_pipeline_that_loads_the_yaml_needs_no_factory(cluster, written):
    """It gives the placeholders and a constant for each step itself, as the READMEs say."""
    folder = Path(mbox_kfp.__file__).parent
    submit, finish = (
        components.load_component_from_file(str(folder / name / "component.yaml"))
        for name in ("submit_metrics", "finish_run")
    )
    who = {"run_id": dsl.PIPELINE_JOB_ID_PLACEHOLDER, "parent_dag_id": dsl.PIPELINE_TASK_ID_PLACEHOLDER}

    @dsl.pipeline(name="by-file")
    def by_file(scenario: str):
        with dsl.ExitHandler(finish(**who, pipeline="by-file", task="finish", scenario=scenario)):
            for name in ("a", "b"):
                task = submit(**who, pipeline="by-file", task=name, scenario=scenario, metrics={name: 1.0})
                task.set_caching_options(False)

    assert cluster.run(by_file, scenario="kfp-by-file") == "COMPLETE", cluster.failures
    run = written.run("kfp-by-file")
    assert (run["status"], written.points(run)) == ("FINISHED", {"a": [(0, 1.0)], "b": [(0, 1.0)]})
