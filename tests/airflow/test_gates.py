"""Gates, sensors, metadata and `@task.mbox`: by `dag.test()` against a real server."""

from typing import Any

import pytest

from mbox_ops.entities.events import StoredEvent
from tests.airflow.conftest import Lab

pytestmark = pytest.mark.airflow


def states(ran: dict[str, Any]) -> dict[str, str]:
    """The state of each task."""
    return {name: task["state"] for name, task in ran["tasks"].items()}


def outcome(lab: Lab, dag_id: str, ran: dict[str, Any]) -> StoredEvent:
    """The event that the gate logged."""
    (event,) = lab.events(lab.tracked(dag_id, ran))
    assert event.name == "metric_gate"
    return event


def test_a_gate_lets_a_good_metric_pass(lab: Lab) -> None:
    """And says so in XCom and in an event of the run."""
    ran = lab.run_dag("gated", conf={"auc": 0.9, "at_least": 0.5, "at_most": 1})
    assert states(ran) == dict.fromkeys(("submit", "gate", "after", "finish"), "success")
    receipt = ran["tasks"]["gate"]["xcom"]["return_value"]
    assert (receipt["passed"], receipt["value"], receipt["reasons"]) == (True, 0.9, [])
    assert outcome(lab, "gated", ran).metadata == {
        "metric": "auc.max", "value": 0.9, "passed": True, "reasons": [], "baseline_run_id": None,
        "baseline_value": None,
    }  # fmt: skip


def test_a_closed_gate_fails_the_task_for_good_and_keeps_the_evidence(lab: Lab) -> None:
    """The receipt and the event are there, though the task has failed."""
    ran = lab.run_dag("gated", conf={"auc": 0.3, "at_least": 0.5})
    assert states(ran) == {"submit": "success", "gate": "failed", "after": "upstream_failed", "finish": "success"}
    receipt = ran["tasks"]["gate"]["xcom"]["return_value"]
    assert (receipt["passed"], receipt["reasons"]) == (False, ["auc.max is 0.3, below 0.5."])
    assert outcome(lab, "gated", ran).metadata["passed"] is False
    assert lab.tracked("gated", ran).status == "FAILED"


@pytest.mark.parametrize(("otherwise", "state"), [("skip", "skipped"), ("warn", "success")])
def test_a_closed_gate_may_skip_or_warn(lab: Lab, otherwise: str, state: str) -> None:
    """As it was told to; what follows shares its fate."""
    ran = lab.run_dag("gated", conf={"auc": 0.3, "at_least": 0.5, "otherwise": otherwise})
    assert (states(ran)["gate"], states(ran)["after"]) == (state, state)


def test_a_gate_may_branch(lab: Lab) -> None:
    """Into one task or the other."""
    good, bad = lab.run_dag("branching", conf={"auc": 0.9}), lab.run_dag("branching", conf={"auc": 0.3})
    assert (states(good)["publish"], states(good)["again"]) == ("success", "skipped")
    assert (states(bad)["publish"], states(bad)["again"]) == ("skipped", "success")


def test_a_gate_compares_with_the_best_and_the_last_run_of_the_collection(lab: Lab) -> None:
    """Without a run to compare with it passes; the tolerance is allowed for."""
    best = {"baseline": "best", "better": "higher"}
    first = lab.run_dag("gated", conf={"auc": 0.9, **best})
    assert states(first)["gate"] == "success"
    worse = lab.run_dag("gated", conf={"auc": 0.7, "otherwise": "warn", **best})
    assert outcome(lab, "gated", worse).metadata["baseline_run_id"] == lab.tracked("gated", first).id
    assert worse["tasks"]["gate"]["xcom"]["return_value"]["passed"] is False
    near = lab.run_dag("gated", conf={"auc": 0.7, "tolerance": 0.25, **best})
    assert near["tasks"]["gate"]["xcom"]["return_value"]["passed"] is True
    last = lab.run_dag("gated", conf={"auc": 0.8, "baseline": "last", "better": "higher"})
    assert outcome(lab, "gated", last).metadata["baseline_run_id"] == lab.tracked("gated", near).id


@pytest.mark.parametrize(
    ("conf", "said"),
    [
        ({}, "Give at least one of at_least, at_most and baseline."),
        ({"at_least": "much"}, "at_least must be a number or text that is one, not 'much'"),
        ({"baseline": "best"}, "A baseline needs better='higher' or better='lower', not ''."),
        ({"at_least": 1, "otherwise": "go"}, "otherwise must be one of fail, skip, branch, warn, not 'go'."),
        ({"baseline": "nobody", "better": "lower"}, "No run 'nobody'"),
    ],
)
def test_a_gate_checks_its_arguments_after_templating(lab: Lab, conf: dict[str, Any], said: str) -> None:
    """Each is refused once, with what is wrong."""
    ran = lab.run_dag("gated", conf={"auc": 0.3, **conf})
    assert (states(ran)["gate"], ran["tasks"]["gate"]["try_number"]) == ("failed", 1)
    assert said in lab.airflow.log


def test_a_sensor_waits_for_a_filter_to_hold(lab: Lab) -> None:
    """In a worker, and in the triggerer; a wrong filter is final."""
    ran = lab.run_dag("waiting")
    run = lab.tracked("waiting", ran)
    assert (states(ran)["poked"], states(ran)["deferred"], states(ran)["other"]) == ("success",) * 3
    assert ran["tasks"]["poked"]["xcom"]["return_value"] == ran["tasks"]["deferred"]["xcom"]["return_value"] == run.id
    assert (states(ran)["wrong"], ran["tasks"]["wrong"]["try_number"]) == ("failed", 1)
    assert "there is no field `metric.auc`. Did you mean `metrics.auc`?" in lab.airflow.log


def test_metadata_is_merged_by_an_operator(lab: Lab) -> None:
    """Null deletes, as RFC 7386 has it; nothing to merge is refused."""
    ran = lab.run_dag("described")
    assert lab.metadata(lab.tracked("described", ran)) == {"data": {"rows": "3"}, "more": [1, 2]}
    assert states(ran)["empty"] == "failed"
    assert "metadata is empty: there is nothing to merge." in lab.airflow.log


def test_a_decorated_task_logs_to_the_dag_runs_run_and_what_it_returns(lab: Lab) -> None:
    """The function is given the run; what it returns goes to XCom, too."""
    ran = lab.run_dag("decorated")
    run = lab.tracked("decorated", ran)
    assert run.parameters["alpha"] == "0.1"
    assert {name: summary.last for name, summary in run.metrics.items()} == {"loss": 0.25, "auc": 0.75, "n": 3.0}
    assert ran["tasks"]["train"]["xcom"]["return_value"] == {"auc": 0.75, "n": 3}
    assert states(ran)["nothing"] == "failed"
    assert "log_returned=True takes a dict of names to numbers, and the task returned None." in lab.airflow.log


def test_a_gate_may_ask_how_many_points_a_series_has(lab: Lab) -> None:
    """The count is a statistic as the others are."""
    ran = lab.run_dag("counting")
    assert ran["tasks"]["gate"]["xcom"]["return_value"]["value"] == 2.0
    assert states(ran)["gate"] == "success"


def test_a_decorated_task_logs_what_its_machine_does(lab: Lab) -> None:
    """Under the task's name, since other tasks of the run work on other machines."""
    run = lab.tracked("sampled", lab.run_dag("sampled"))
    assert run.metrics["system/train/process/memory_bytes"].last > 10_000_000
    assert {name.partition("/train/")[0] for name in run.metrics} == {"system"}
