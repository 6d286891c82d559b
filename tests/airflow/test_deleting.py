"""Deleting in bulk and by rules from Airflow: once whatever is retried, capped, previewed, reported."""

from typing import Any

import pytest

from mbox_ops import Client
from mbox_ops.testing import live_server
from tests.airflow.conftest import Lab

pytestmark = pytest.mark.airflow


@pytest.fixture
def client(lab: Lab) -> Client:
    """A client of the test's namespace."""
    return Client(lab.url, namespace=lab.namespace)


def make(client: Client, scenario: str, runs: int = 1, *, metric: float = 0.5, alive: bool = False) -> list[str]:
    """Finished runs with a point each; their ids."""
    made = []
    for number in range(runs):
        run = client.runs.create(scenario=scenario, run_name=f"{scenario} {number}", pipeline="nightly")
        run.log_metric("m", metric + number)
        run.persist_run()
        if not alive:
            client.runs.end(run)
        made.append(run.id)
    return made


def left(client: Client) -> dict[str, int]:
    """How many live runs each scenario has."""
    return {scenario.name: scenario.runs for scenario in client.scenarios.list()}


def delete(lab: Lab, *given: dict[str, Any], dag_id: str = "deleting", **options: Any) -> list[dict[str, Any]]:
    """Run an operator for each of `given`; its tasks in order."""
    ran = lab.run_dag(dag_id, conf={"given": list(given)}, **options)
    name = {"deleting": "delete", "cleaning": "clean"}[dag_id]
    return [ran["tasks"][f"{name}[{number}]"] for number in range(len(given))]


def report(task: dict[str, Any]) -> dict[str, Any]:
    """What a task left in XCom."""
    assert task["state"] == "success"
    return task["xcom"]["return_value"]


def test_scenarios_are_deleted_in_bulk_and_reported(lab: Lab, client: Client) -> None:
    """By a list, with counts for each scenario and those that are not there; to XCom and to the log."""
    make(client, "churn", 2)
    make(client, "fraud", 3)
    make(client, "other")
    (task,) = delete(lab, {"scenario": ["churn", "fraud, gone"], "max_runs": 5})
    told = report(task)
    (deletion,) = client.deletions.list()
    assert told == {
        "deletion_id": deletion.id, "dry_run": False, "state": "TOMBSTONED", "scenarios": 2,
        "counts": {"runs": 5, "checkpoints": 0, "points": 5, "events": 0, "artifacts": 0, "bytes": 0},
        "by_scenario": told["by_scenario"], "kept": {}, "scenarios_not_found": ["gone"], "running": [], "protected": 0,
        "purge_after": told["purge_after"],
    }  # fmt: skip
    assert [(name, counts["runs"]) for name, counts in told["by_scenario"].items()] == [("fraud", 3), ("churn", 2)]
    assert left(client) == {"other": 1}
    for line in ("scenario  go  points", "churn      2       2", "There is no scenario 'gone' with live runs."):
        assert line in lab.airflow.log
    client.deletions.undo(deletion)
    assert left(client) == {"churn": 2, "fraud": 3, "other": 1}


def test_a_retry_deletes_once_and_answers_the_same(lab: Lab, client: Client) -> None:
    """Runs that come between the tries stay: the deletion was over."""
    make(client, "churn", 2)
    ran = lab.run_dag("deleting_twice")
    task = ran["tasks"]["delete"]
    (deletion,) = client.deletions.list()
    assert (task["try_number"], report(task)["deletion_id"], report(task)["counts"]["runs"]) == (2, deletion.id, 2)


def test_a_dry_run_counts_the_same_and_changes_nothing(lab: Lab, client: Client) -> None:
    """Also where the deletion would be refused; it says so."""
    make(client, "churn", 2, alive=True)
    (task,) = delete(lab, {"scenario": "churn", "dry_run": True, "max_runs": 1})
    told = report(task)
    assert (told["dry_run"], told["deletion_id"], told["counts"]["runs"], len(told["running"])) == (True, None, 2, 2)
    assert left(client) == {"churn": 2}
    assert "2 of the runs are alive: the deletion would be refused without force." in lab.airflow.log
    assert "The deletion would be refused: max_runs is 1." in lab.airflow.log


def test_a_deletion_takes_what_its_preview_counted_or_nothing(lab: Lab, client: Client) -> None:
    """The report of the dry run is handed on as it is."""
    make(client, "churn", 2)
    stale = lab.run_dag("previewed", conf={"scenario": "churn", "write_to": "churn"})
    assert (stale["tasks"]["delete"]["state"], left(client)) == ("failed", {"churn": 3})
    assert "What would be deleted has changed since it was counted: 3 runs instead of 2" in lab.airflow.log
    fresh = lab.run_dag("previewed", conf={"scenario": "churn"})
    assert report(fresh["tasks"]["delete"])["counts"]["runs"] == report(fresh["tasks"]["preview"])["counts"]["runs"]
    assert left(client) == {"previewed": 1}


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({"scenario": "churn", "max_runs": 1}, "2 runs would be deleted, and max_runs is 1: nothing was."),
        ({"scenario": "churn", "expected": {"runs": 1}}, "2 runs instead of 1. Nothing was"),
        ({"scenario": "alive"}, "1 of the runs still count as alive"),
        ({"run": "no-such-run"}, "No run 'no-such-run' in namespace"),
        ({"force": True}, "an empty selector deletes nothing"),
    ],
)
def test_a_deletion_that_is_refused_is_final_and_takes_nothing(
    lab: Lab, client: Client, given: dict[str, Any], reason: str
) -> None:
    """A retry would be refused too."""
    make(client, "churn", 2)
    make(client, "alive", alive=True)
    (task,) = delete(lab, given)
    assert (task["state"], task["try_number"], left(client)) == ("failed", 1, {"alive": 1, "churn": 2})
    assert reason in lab.airflow.log


def test_runs_are_deleted_by_what_names_them(lab: Lab, client: Client) -> None:
    """By run, filter and pipeline; mapped tasks are deletions of their own. One that lost its condition is refused."""
    first, *_ = make(client, "churn", 4)
    (kept,) = make(client, "fraud")
    given = {"run": first}, {"filter": "metrics.m > 3", "pipeline": "nightly"}, {"scenario": []}
    *tasks, unsaid = delete(lab, *given, {"scenario": None, "pipeline": "nightly"})
    assert [report(task)["counts"]["runs"] for task in tasks] == [1, 1, 0]
    assert (unsaid["state"], unsaid["try_number"]) == ("failed", 1), "what an upstream task left out widens nothing"
    assert "scenario is empty now that the task runs." in lab.airflow.log
    assert (left(client), client.runs.get(kept).id) == ({"churn": 2, "fraud": 1}, kept)


def test_rules_let_runs_go_and_say_why_others_stay(lab: Lab, client: Client) -> None:
    """Counted by default, deleted when it is told so; each task has its own rules."""
    make(client, "churn", 4)
    rules = {"scenario": "churn", "keep_last": 1, "keep_best": "1", "metric": "m", "direction": "min"}
    (counted,) = delete(lab, rules, dag_id="cleaning")
    assert (report(counted)["dry_run"], report(counted)["counts"]["runs"], left(client)) == (True, 2, {"churn": 4})
    done, old = delete(
        lab, {**rules, "dry_run": False}, {"older_than": "3600", "status": ["FINISHED"], "dry_run": "False"},
        dag_id="cleaning",
    )  # fmt: skip
    assert report(done)["kept"] == {"churn": {"best": 1, "last": 1}}
    assert (report(done)["counts"]["runs"], report(old)["counts"]["runs"], left(client)) == (2, 0, {"churn": 2})
    assert "kept: last  kept: best" in lab.airflow.log


def test_a_cleanup_has_a_cap_of_its_own(lab: Lab, client: Client) -> None:
    """A rule that was written wrong stops there."""
    make(client, "churn", 3)
    capped = {"keep_last": 0, "dry_run": False, "max_runs": 2}
    unsaid = {"keep_last": 0, "dry_run": False, "scenario": None}
    tasks = delete(lab, capped, unsaid, dag_id="cleaning")
    assert [(task["state"], task["try_number"]) for task in tasks] == [("failed", 1)] * 2
    assert left(client) == {"churn": 3}


def test_the_right_to_delete_has_a_connection_of_its_own(lab: Lab) -> None:
    """`mbox_delete`, where it is defined; the token of `mbox_default` need not be able to delete."""
    with live_server(tokens=True) as server:
        client = Client(server.url, token=server.token)
        make(client, "churn", 2)
        writer = client.tokens.create("tasks", scopes=["read", "write"]).token
        lab.connection = {"conn_type": "mbox", "host": server.url, "password": writer}
        (refused,) = delete(lab, {"scenario": "churn"})
        assert (refused["state"], refused["try_number"], left(client)) == ("failed", 1, {"churn": 2})
        assert "The token is that of the connection 'mbox_delete'." in lab.airflow.log
        may = f'{{"conn_type": "mbox", "host": "{server.url}", "password": "{server.token}"}}'
        (task,) = delete(lab, {"scenario": "churn"}, environment={"AIRFLOW_CONN_MBOX_DELETE": may})
        assert (report(task)["counts"]["runs"], left(client)) == (2, {})


def test_a_report_stays_small(lab: Lab) -> None:
    """XCom lies in Airflow's database: of very many scenarios the largest are listed, and all are counted."""
    told = lab.airflow.call("tests.airflow.inside:report_of_a_deletion", scenarios=500)
    assert (told["scenarios"], len(told["by_scenario"]), len(told["kept"])) == (500, 100, 100)
    assert next(iter(told["by_scenario"])) == "s499"
