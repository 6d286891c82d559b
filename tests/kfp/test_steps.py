"""Pipelines that really run, through kfp.local, and what they leave in the service."""

import json
import re

import pytest

pytest.importorskip("kfp")

from kfp import dsl

from mbox_kfp import finish_run, log_event, submit_metrics, track_artifact, tracked_run, with_tracking
from tests.kfp import parts

pytestmark = [
    pytest.mark.kfp,
    pytest.mark.filterwarnings("ignore:.*have no effect in the current local runner:UserWarning"),
]


def test_a_pipeline_with_every_component_leaves_one_complete_run(play, written):
    """Grouped without being told but for the scenario, and closed with its true state."""

    @dsl.pipeline(name="whole")
    def whole(scenario: str):
        with tracked_run(scenario=scenario, run_name="the whole"):
            made = parts.make_outputs()
            trained = with_tracking(parts.train(rate=0.5))
            submit_metrics(
                metrics={"accuracy": made.outputs["accuracy"], "rate": trained.output, "lost": float("nan")},
                step=3,
                parameters={"epochs": 3, "rate": 0.1, "note": "3.0", "deep": {"a": [1, 2.5]}},
                tags={"team": "cv"},
                labels={"accuracy": {"format_string": "percentage"}},
                metadata={"data": {"rows": 442}, "seen": "2026-11-21"},
                metrics_artifact=made.outputs["metrics"],
                classification_artifact=made.outputs["classes"],
                points_artifact=made.outputs["points"],
            )
            log_event("checkpoint_started", "trainer", 12_345, {"chk_size": 2345})
            track_artifact(made.outputs["model"], path="best/model", checksum=True)

    log = play(whole, scenario="kfp-whole")
    run = written.run("kfp-whole")
    kfp_run_id = run["execution"]
    assert run["key"] == f"kfp/default/{kfp_run_id}"
    assert (run["pipeline"], run["run_collection"], run["run_collection_is_default"]) == ("whole", "whole", True)
    assert (run["name"], run["status"], run["lost"]) == ("the whole", "FINISHED", 0)
    parameters = {name: value for name, value in run["parameters"].items() if name not in ("start", "end")}
    assert parameters == {"epochs": "3", "rate": "0.1", "note": "3.0", "deep": '{"a":[1,2.5]}'}
    assert run["parameter_types"]["epochs"] == "integer"
    assert run["parameter_types"]["note"] == "string"
    assert run["tags"]["team"] == "cv"
    assert run["labels"] == {"accuracy": {"format_string": "percentage"}}
    assert written.metadata(run) == {"data": {"rows": 442}, "seen": "2026-11-21"}
    points = written.points(run)
    assert points.pop("curve") == [(0, 0.0), (1, 0.5), (2, 1.0)]
    assert points.pop("loss") == [(0, 1.0), (1, 0.5), (2, 1 / 3)]
    assert points.pop("gap") == [(0, "NaN")]
    assert points.pop("confusion/cat/dog") == [(0, 2.0)]
    assert [step for step, _ in points.pop("roc/tpr")] == [0, 1, 2]
    assert {name: each for name, each in points.items() if not name.startswith(("confusion", "roc"))} == {
        "accuracy": [(3, 0.875)], "rate": [(3, 0.5)], "lost": [(3, "NaN")], "kfp/f1": [(3, 0.5)],
    }  # fmt: skip
    (event,) = written.events(run)
    assert (event["name"], event["source"], event["wallclock"]) == ("checkpoint_started", "trainer", 12_345_000_000)
    assert event["metadata"] == {"chk_size": 2345}
    (artifact,) = written.artifacts(run)
    assert (artifact["path"], artifact["size"]) == ("best/model", len("weights"))
    assert re.fullmatch(r"sha256:[0-9a-f]{64}", artifact["checksum"])
    assert artifact["id"] in log  # it is an output of the step


def test_a_run_is_closed_as_failed_when_a_step_fails(play, written):
    """The exit task runs whatever happens; it says why, and the pipeline's own error stays the error."""

    @dsl.pipeline(name="fails")
    def fails():
        with tracked_run(scenario="kfp-fails"):
            before = submit_metrics(metrics={"before": 1})
            parts.fail().after(before)

    log = play(fails, fails=True)
    run = written.run("kfp-fails")
    assert run["status"] == "FAILED"
    assert list(written.points(run)) == ["before"]
    (event,) = written.events(run)
    assert (event["name"], event["source"]) == ("pipeline_failed", "fails")
    assert "exit-handler-1 failed" in event["metadata"]["error_message"]
    assert "this step fails" in log


def test_a_retried_step_replaces_what_it_logged(play, written, tmp_path):
    """Both our own steps and a user's, by the SDK: the second attempt has the same origin and a newer epoch."""

    @dsl.pipeline(name="retried")
    def retried(mark: str):
        with_tracking(parts.train_and_fail_once(mark=mark), scenario="kfp-retried").set_retry(1, "0s")

    play(retried, mark=str(tmp_path / "mark"))
    run = written.run("kfp-retried")
    assert written.points(run) == {"curve": [(0, 2.0), (1, 2.0), (2, 2.0)]}
    assert (run["pipeline"], run["execution"]) == ("retried", run["key"].rpartition("/")[2])


def test_the_items_of_loops_are_told_apart(play, written):
    """Every iteration is a writer of its own, in a loop and in a loop inside a loop."""

    @dsl.pipeline(name="loops")
    def loops():
        with dsl.ParallelFor([0.1, 2.0]) as rate:
            submit_metrics(metrics={"rate": rate}, scenario="kfp-loops")
            with dsl.ParallelFor([{"kind": "a"}, {"kind": "b"}]) as model:
                log_event(model.kind, scenario="kfp-loops")

    play(loops)
    run = written.run("kfp-loops")
    points = written.points(run)["rate"]
    assert [step for step, _ in points] == [0, 1]
    assert sorted(value for _, value in points) == [0.1, 2.0]
    assert sorted(event["name"] for event in written.events(run)) == ["a", "a", "b", "b"]


def test_a_sub_pipeline_that_is_used_twice_needs_a_writer_here(play, written):
    """kfp.local shows a step nothing of where its pipeline was called from; `writer=` tells the two apart."""

    @dsl.pipeline(name="inner")
    def inner(value: float, writer: str):
        submit_metrics(metrics={"inner": value}, writer=writer, scenario="kfp-inner", pipeline="outer")

    @dsl.pipeline(name="outer")
    def outer():
        inner(value=1.0, writer="first")
        inner(value=2.0, writer="second")

    play(outer)
    run = written.run("kfp-inner")
    assert run["pipeline"] == "outer"
    assert sorted(value for _, value in written.points(run)["inner"]) == [1.0, 2.0]


def test_a_users_step_and_its_children_share_one_identity(play, written):
    """Key, origin and epoch are found out once and inherited; the scenario and the pipeline come along."""

    @dsl.pipeline(name="hands over")
    def hands_over():
        with dsl.ParallelFor(["x"]):
            with_tracking(parts.show_environment(), scenario="kfp-handed", writer="w")
        log_event("here", scenario="kfp-handed")

    log = play(hands_over)
    (line,) = re.findall(r"handed over: (\{.*\})", log)
    env = json.loads(line)
    run = written.run("kfp-handed")
    assert env["MBOX_RUN_KEY"] == run["key"]
    epoch, _, origin = env["MBOX_WRITER"].partition(":")
    assert origin == env["MBOX_ORIGIN"] == f"{run['key']}/hands-over.show-environment/item=x/writer=w"
    assert int(epoch) > 1_700_000_000_000
    assert (env["MBOX_PIPELINE"], env["MBOX_SCENARIO"], env["MBOX_URL"]) == ("hands-over", "kfp-handed", written.url)


def test_without_a_scenario_the_pipeline_is_the_scenario(play, written, monkeypatch):
    """MBOX_INSTANCE tells deployments apart; a large file goes by its uri and is not read."""
    monkeypatch.setenv("MBOX_INSTANCE", "staging/1")

    @dsl.pipeline(name="unnamed")
    def unnamed():
        with dsl.ExitHandler(finish_run()):
            track_artifact(uri="s3://models/digits/model.onnx")

    play(unnamed)
    run = written.run("unnamed")
    assert run["key"] == f"kfp/staging%2F1/{run['execution']}"
    assert (run["scenario"], run["status"]) == ("unnamed", "FINISHED")
    assert [(each["path"], each["uri"]) for each in written.artifacts(run)] == [
        ("model.onnx", "s3://models/digits/model.onnx")
    ]


@pytest.mark.slow
def test_the_example_pipeline_trains_and_is_tracked(play, written):
    """The pipeline of the demo: a real model on real data, its curve, its score, its file."""
    from mbox_kfp.examples.train_and_track import pipeline

    play(pipeline, scenario="kfp-example", epochs=15)
    run = written.run("kfp-example")
    points = written.points(run)
    assert (run["pipeline"], run["status"]) == ("diabetes-regression", "FINISHED")
    assert run["parameters"]["epochs"] == "15"
    assert [step for step, _ in points["validation/rmse"]] == list(range(15))
    assert points["validation/rmse"][-1][1] < points["validation/rmse"][0][1]
    assert 0.2 < points["test/r2"][0][1] < 0.7
    assert [event["name"] for event in written.events(run)] == ["training_started", "training_finished"]
    assert written.artifacts(run)[0]["path"] == "model.pkl"
