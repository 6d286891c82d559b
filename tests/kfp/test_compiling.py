"""What is compiled from pipelines that use the task factories."""

import pytest

pytest.importorskip("kfp")

from kfp import dsl

from mbox_kfp import (
    cleanup_runs,
    delete_runs,
    log_event,
    submit_metrics,
    track_artifact,
    tracked_run,
    with_tracking,
)
from mbox_kfp.examples import train_and_track
from tests.kfp import parts
from tests.kfp.compiled import PLACEHOLDERS, compiled, tasks_in

pytestmark = pytest.mark.kfp


@dsl.pipeline(name="everything")
def everything(scenario: str = "s"):
    """Every factory, in a loop in a loop, and outside."""
    with tracked_run(scenario=scenario, config_map="own-config", secret="own-secret"):
        made = parts.make_outputs()
        with dsl.ParallelFor([0.1, 0.2]) as rate:
            trained = with_tracking(parts.train(rate=rate))
            with dsl.ParallelFor([{"a": 1}, {"a": 2}]), dsl.If(made.outputs["accuracy"] > 0.5):
                submit_metrics(metrics={"rate": trained.output, "lost": float("nan")})
        submit_metrics(metrics_artifact=made.outputs["metrics"], points_artifact=made.outputs["points"])
        track_artifact(made.outputs["model"])
    log_event("done")


def test_only_exact_placeholders_that_work_everywhere_are_used(tmp_path):
    """A cluster fills in a placeholder only where it is the whole value."""
    constants = [
        value["runtimeValue"]["constant"]
        for task in tasks_in(compiled(everything, tmp_path)[0]).values()
        for value in task.get("inputs", {}).get("parameters", {}).values()
        if isinstance(value.get("runtimeValue", {}).get("constant"), str)
    ]
    assert {value for value in constants if "{{$" in value} == PLACEHOLDERS


def test_our_steps_are_never_cached_and_are_retried(tmp_path):
    """They write, so a result from the cache would be a write that never happened."""
    tasks = tasks_in(compiled(everything, tmp_path)[0])
    ours = {name: task for name, task in tasks.items() if name.startswith(("submit", "log", "track", "finish"))}
    assert len(ours) == 5
    for task in ours.values():
        assert task["cachingOptions"] == {}
        assert task["retryPolicy"]["maxRetryCount"] == 2
    assert tasks["train"]["cachingOptions"] == {}
    assert tasks["make-outputs"]["cachingOptions"] == {"enableCache": True}


def test_every_step_knows_who_it_is(tmp_path):
    """A name that is fixed when the pipeline is compiled, different for each step, and the items of all its loops."""
    tasks = tasks_in(compiled(everything, tmp_path)[0])
    names = {name: task["inputs"]["parameters"].get("task") for name, task in tasks.items() if "inputs" in task}
    fixed = {name: value["runtimeValue"]["constant"] for name, value in names.items() if value}
    assert fixed == {name: f"everything.{name}" for name in fixed}
    assert set(fixed) == {"submit-metrics", "submit-metrics-2", "track-artifact", "log-event", "finish-run"}
    looped = tasks["submit-metrics"]["inputs"]["parameters"]
    assert looped["loops"]["runtimeValue"]["constant"] == 2
    assert looped["loop_item_1"] == tasks["train"]["inputs"]["parameters"]["mbox_loop_item_1"]
    assert looped["loop_item_1"] != looped["loop_item_2"]
    assert "componentInputParameter" in looped["loop_item_2"]


def test_what_tracked_run_is_about_is_not_what_is_deleted(tmp_path):
    """A step that deletes takes the names of ConfigMap and Secret from it, never its scenario."""

    @dsl.pipeline(name="housekeeping")
    def housekeeping():
        with tracked_run(scenario="keep me", secret="own-secret", url="http://here:1"):
            delete_runs(pipeline="nightly")
            cleanup_runs(keep_last=3, secret="mbox-ops-delete")

    pipeline, kubernetes = compiled(housekeeping, tmp_path)
    tasks = tasks_in(pipeline)
    for name, selectors in (("delete-runs", "pipeline"), ("cleanup-runs", None)):
        given = {key: each["runtimeValue"]["constant"] for key, each in tasks[name]["inputs"]["parameters"].items()}
        assert (given["scenario"], given["url"], given.get("selectors")) == ("", "http://here:1", selectors)
        assert (tasks[name]["cachingOptions"], tasks[name]["retryPolicy"]["maxRetryCount"]) == ({}, 2)
    executors = kubernetes["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    assert executors["exec-delete-runs"]["secretAsEnv"][0]["secretName"] == "own-secret"
    assert executors["exec-cleanup-runs"]["secretAsEnv"][0]["secretName"] == "mbox-ops-delete"


def test_what_tracked_run_is_given_holds_inside(tmp_path):
    """The scenario and the names of ConfigMap and Secret; a step outside, or with its own, is left alone."""
    pipeline, kubernetes = compiled(everything, tmp_path)
    tasks = tasks_in(pipeline)
    assert "componentInputParameter" in tasks["submit-metrics"]["inputs"]["parameters"]["scenario"]
    assert tasks["log-event"]["inputs"]["parameters"]["scenario"]["runtimeValue"]["constant"] == ""
    executors = kubernetes["platforms"]["kubernetes"]["deploymentSpec"]["executors"]
    told = {
        name: (c["configMapAsEnv"][0]["configMapName"], c["secretAsEnv"][0]["secretName"])
        for name, c in executors.items()
    }
    assert told == {
        "exec-finish-run": ("own-config", "own-secret"),
        "exec-log-event": ("mbox-ops", "mbox-ops"),
        "exec-submit-metrics": ("own-config", "own-secret"),
        "exec-submit-metrics-2": ("own-config", "own-secret"),
        "exec-track-artifact": ("own-config", "own-secret"),
        "exec-train": ("own-config", "own-secret"),
    }


def test_the_token_is_never_an_input_and_config_may_be_missing(tmp_path):
    """KFP logs inputs in clear, so the token comes as environment from a Secret; both are optional."""
    pipeline, kubernetes = compiled(everything, tmp_path)
    assert "MBOX_TOKEN" not in str(pipeline["root"])
    assert all("token" not in name.lower() for task in tasks_in(pipeline).values() for name in task.get("inputs", {}))
    for executor in kubernetes["platforms"]["kubernetes"]["deploymentSpec"]["executors"].values():
        (config,), (secret,) = executor["configMapAsEnv"], executor["secretAsEnv"]
        assert config["optional"]
        assert secret["optional"]
        assert {key["configMapKey"]: key["envVar"] for key in config["keyToEnv"]} == {
            "url": "MBOX_URL", "namespace": "MBOX_NAMESPACE", "scenario": "MBOX_SCENARIO", "instance": "MBOX_INSTANCE",
        }  # fmt: skip
        assert secret["keyToEnv"] == [{"envVar": "MBOX_TOKEN", "secretKey": "token"}]


def test_with_tracking_leaves_the_component_as_it_is(tmp_path):
    """Only the one task gets inputs and a preamble; the next task of the same component has neither."""

    @dsl.pipeline(name="two")
    def two():
        with_tracking(parts.train())
        parts.train()

    executors = compiled(two, tmp_path)[0]["deploymentSpec"]["executors"]
    assert executors["exec-train"]["container"]["command"][0] == "python3"
    assert executors["exec-train-2"]["container"]["command"][0] == "sh"
    assert not [name for name in parts.train.component_spec.inputs if name.startswith("mbox_")]


def test_with_tracking_needs_a_command(tmp_path):
    """An importer has none, so nothing can be handed over."""

    @dsl.pipeline(name="imports")
    def imports():
        with pytest.raises(ValueError, match="needs a task with a command of its own, and 'importer' has none"):
            with_tracking(dsl.importer("s3://x/y", dsl.Dataset))

    compiled(imports, tmp_path)


def test_four_loops_are_too_many(tmp_path):
    """The message says what to do."""

    def four():
        with dsl.ParallelFor([1]), dsl.ParallelFor([1]), dsl.ParallelFor([1]), dsl.ParallelFor([1]):
            submit_metrics(metrics={"a": 1})

    with pytest.raises(ValueError, match="4 nested loops; mbox_kfp tells the items of at most 3 apart"):
        dsl.pipeline(four, name="four")


def test_a_factory_outside_a_pipeline_says_so():
    """It makes a task, and a task needs a pipeline."""
    with pytest.raises(RuntimeError, match=r"submit_metrics\(\) makes a task of a pipeline"):
        submit_metrics(metrics={"a": 1})


def test_a_mistake_is_found_when_the_pipeline_is_built():
    """on_error, the choice between artifact and uri, more than a command line takes, placeholders inside text."""

    def wrong_policy():
        log_event("a", on_error="ignore")

    def nothing_to_track():
        track_artifact()

    def too_much():
        submit_metrics(metrics={f"metric/{i}": 0.5 for i in range(10_000)})

    def half_a_placeholder():
        log_event(f"ended-{dsl.PIPELINE_JOB_ID_PLACEHOLDER}")

    def placeholder_in_a_dict():
        submit_metrics(parameters={"run": dsl.PIPELINE_JOB_ID_PLACEHOLDER})

    for wrong in (half_a_placeholder, placeholder_in_a_dict):
        with pytest.raises(ValueError, match=r"a placeholder of KFP's inside something else.* pass it on its own"):
            dsl.pipeline(wrong, name="a")
    with pytest.raises(ValueError, match="on_error must be 'fail' or 'warn', not 'ignore'"):
        dsl.pipeline(wrong_policy, name="a")
    with pytest.raises(ValueError, match="an artifact or a uri, and not both"):
        dsl.pipeline(nothing_to_track, name="a")
    with pytest.raises(
        ValueError, match=r"bytes; KFP starts a step with at most about 120,000. Give .* points_artifact="
    ):
        dsl.pipeline(too_much, name="a")


def test_the_example_pipeline_compiles_for_a_cluster(tmp_path):
    """The same source that the demo runs here installs what it needs there."""
    pipeline, _ = compiled(train_and_track.pipeline, tmp_path)
    command = " ".join(pipeline["deploymentSpec"]["executors"]["exec-train"]["container"]["command"])
    assert "pip install" in command
    assert "'scikit-learn>=1.4'" in command
