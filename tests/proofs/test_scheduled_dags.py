"""The DAGs that people deploy as they are, in a real scheduler: the service holds exactly what they logged."""

import json
import time
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from mbox_airflow.local import example_dag
from mbox_ops import Client
from mbox_ops.client.run import Run
from mbox_ops.entities.artifacts import ArtifactMime
from mbox_ops.identity import airflow_key
from mbox_ops.testing import LiveServer
from tests.airflow.conftest import OF_A_USER, ROOT, server
from tests.proofs.scheduled import SECONDS, Scheduled, scheduled

__all__ = ["server"]

pytestmark = [pytest.mark.proof, pytest.mark.airflow, pytest.mark.timeout(600)]

NAMESPACE = "deployed"
TRIALS = 20
RULES = [{"scenario": "old", "keep_last": 1}, {"scenario": "capped", "keep_last": 0, "max_runs": 1}]


# Tasks are forks of the scheduler here: what it has imported, twenty of them need not.
PRELOADED = """
import sys
if "scheduler" in sys.argv:
    import sklearn.datasets, sklearn.linear_model, sklearn.model_selection, sklearn.preprocessing
"""


class Deployment:
    """A whole Airflow with our DAGs, and the service that its connection names."""

    def __init__(self, airflow: Scheduled, server: LiveServer) -> None:
        self.airflow, self.client = airflow, Client(server.url, namespace=NAMESPACE)

    def succeeded(self, dag_id: str, run_id: str) -> Run:
        """The finished run of a DAG run of which all tasks have succeeded."""
        ran = self.airflow.wait(dag_id, run_id)
        states = {name: task["state"] for name, task in ran["tasks"].items()}
        assert set(states.values()) == {"success"}, (states, self.airflow.logs())
        return self.tracked(dag_id, run_id)

    def triggered(self, dag_id: str) -> str:
        """The one DAG run that an asset has triggered, as soon as it is there."""
        deadline = time.monotonic() + SECONDS
        while not (found := self.airflow.call("GET", f"/api/v2/dags/{dag_id}/dagRuns")["dag_runs"]):
            assert time.monotonic() < deadline, self.airflow.logs()
            time.sleep(0.3)
        return str(found[0]["dag_run_id"])

    def tracked(self, dag_id: str, run_id: str) -> Run:
        """The one run of a DAG run, in its own collection."""
        (run,) = self.client.runs.list(pipeline=dag_id, execution=run_id)
        told = (run.key, run.scenario, run.run_collection, run.run_collection_is_default, run.status, run.lost)
        assert told == (airflow_key("lab", dag_id, run_id), dag_id, dag_id, True, "FINISHED", 0)
        return run

    def xcom(self, dag_id: str, run_id: str, task_id: str, key: str = "return_value", map_index: int = -1) -> Any:
        """What a task has left."""
        path = f"/api/v2/dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/xcomEntries/{key}"
        found = self.airflow.call("GET", f"{path}?map_index={map_index}&deserialize=true")["value"]
        return json.loads(found) if isinstance(found, str) else found

    def points(self, run: Run) -> dict[str, list[tuple[int, float]]]:
        """All points of a run."""
        histories = self.client.runs.get(run.id).get_metrics_history(limit=None)
        return {one.name: [(point.step, point.value) for point in one.points] for one in histories}


@pytest.fixture(scope="module")
def deployment(tmp_path_factory: pytest.TempPathFactory, server: LiveServer) -> Iterator[Deployment]:
    """The DAGs as they are, and a Variable for the cleanup."""
    if find_spec("airflow") is None:
        pytest.skip("Airflow is not installed.")
    home = tmp_path_factory.mktemp("deployed")
    connection = {"conn_type": "mbox", "host": server.url, "extra": {"namespace": NAMESPACE, "instance": "lab"}}
    variables = {
        **dict.fromkeys(OF_A_USER, ""), "AIRFLOW_CONN_MBOX_DEFAULT": json.dumps(connection), "PYTHONPATH": str(ROOT),
        "AIRFLOW_VAR_MBOX_CLEANUP": json.dumps({"rules": RULES}), "MBOX_SPOOL_DIR": str(home / "spool"),
    }  # fmt: skip
    dags = [example_dag(name) for name in ("operators_tour", "scenario_cleanup", "train_and_track")]
    settings = home / "airflow" / "config" / "airflow_local_settings.py"
    settings.parent.mkdir(parents=True)
    settings.write_text(PRELOADED)
    with scheduled(home / "airflow", dags, variables) as airflow:
        yield Deployment(airflow, server)


def test_the_tour_records_what_each_operator_logged(deployment: Deployment) -> None:
    """And takes away the run that it made only to delete it."""
    run_id = deployment.airflow.trigger("operators_tour")
    run = deployment.succeeded("operators_tour", run_id)
    assert deployment.points(run) == {
        "loss": [(step, 1 / (step + 1)) for step in range(10)],
        "accuracy": [(0, 0.93)], "recall": [(0, 0.91)], "precision": [(0, 0.95)],
    }  # fmt: skip
    assert (run.parameters["learning_rate"], run.tags["tour"]) == ("0.1", "yes")
    assert run.labels == {"accuracy": {"format_string": "percentage"}}
    assert run.get_metadata() == {"airflow": {"dag": "operators_tour", "tasks": 13}}
    events = {event.name: event.metadata for event in run.events()}
    assert (set(events), events["metric_gate"]["passed"]) == ({"tour_began", "metric_gate"}, True)
    (source,) = run.artifacts()
    assert (source.path, source.mime_type, source.kind) == ("operators_tour.py", ArtifactMime.Text, "uploaded")
    assert source.size == example_dag("operators_tour").stat().st_size
    (deletion,) = deployment.client.deletions.list()
    assert (deletion.counts.runs, list(deletion.by_scenario)) == (1, [f"scratch of operators_tour {run_id}"])
    assert deployment.xcom("operators_tour", run_id, "delete_runs")["deletion_id"] == deletion.id


def test_a_search_of_twenty_tasks_at_once_makes_one_run_and_its_model_an_asset(
    deployment: Deployment, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """All of them write first; the DAG that the model triggers knows, and says, whose model it used."""
    airflow = deployment.airflow
    airflow.call("PATCH", "/api/v2/dags/use_model", {"is_paused": False})
    conf = {"trials": TRIALS, "epochs": 8, "folder": str(tmp_path_factory.mktemp("models")), "mbox_scenario": None}
    run_id = airflow.trigger("train_and_track", conf)
    run = deployment.succeeded("train_and_track", run_id)
    points = deployment.points(run)
    middle = (TRIALS - 1) / 2
    assert points["search/alpha"] == [(n, 0.001 * 10 ** (n - middle)) for n in range(TRIALS)]
    assert [step for step, _ in points["search/accuracy"]] == list(range(TRIALS))
    curves = ("train/loss", "train/accuracy", "test/loss", "test/accuracy")
    assert {name: len(points[name]) for name in curves} == dict.fromkeys(curves, 8)
    assert set(points) == {*curves, "search/alpha", "search/accuracy", "final/auc", "final/accuracy"}
    names = sorted(event.name for event in run.events())
    assert names == ["metric_gate", "model_ready", "training_finished", "training_started"]
    (model,) = run.artifacts()
    assert (model.path, model.kind, model.mime_type) == ("model.joblib", "uploaded", ArtifactMime.Model)

    user = deployment.succeeded("use_model", deployment.triggered("use_model"))
    assert user.tags["model_of_run"] == run.id
    assert deployment.points(user)["accuracy"] == [(0, points["final/accuracy"][0][1])]
    (edge,) = user.lineage()
    assert (edge.relation, edge.by, edge.target, edge.run.id) == ("used", "id", model.id, user.id)


def make(client: Client, scenario: str, runs: int) -> None:
    """Finished runs of a scenario."""
    for number in range(runs):
        client.runs.end(client.runs.create(scenario=scenario, run_name=f"{scenario} {number}", pipeline="nightly"))


def test_the_cleanup_counts_until_it_is_told_to_delete_and_once_each_time(deployment: Deployment) -> None:
    """The rules come from the Variable; one that its cap refuses takes nothing, and the others go on."""
    airflow, client = deployment.airflow, deployment.client
    make(client, "old", 3)
    make(client, "capped", 2)
    counted = airflow.run_dag("scenario_cleanup")
    assert counted["state"] == "success", airflow.logs()
    told = deployment.xcom("scenario_cleanup", counted["run_id"], "report")
    assert (told["applied"], told["runs"], told["deletions"], told["refused"]) == (False, 4, [], 0)
    assert len(list(client.runs.list(pipeline="nightly"))) == 5

    applied = airflow.run_dag("scenario_cleanup", {"apply": True})
    assert {name: task["state"] for name, task in applied["tasks"].items()} == {
        "plan": "success", "clean_up[0]": "success", "clean_up[1]": "failed", "report": "failed",
    }  # fmt: skip
    told = deployment.xcom("scenario_cleanup", applied["run_id"], "report", key="report")
    (first,) = told["deletions"]
    assert (told["applied"], told["runs"], told["refused"]) == (True, 2, 1)
    assert sorted(run.name for run in client.runs.list(pipeline="nightly")) == ["capped 0", "capped 1", "old 2"]

    make(client, "old", 2)
    airflow.clear("scenario_cleanup", applied["run_id"], "clean_up")
    airflow.wait("scenario_cleanup", applied["run_id"])
    again = deployment.xcom("scenario_cleanup", applied["run_id"], "clean_up", map_index=0)
    assert (again["counts"]["runs"], again["deletion_id"] != first) == (2, True)
    assert sorted(run.name for run in client.runs.list(scenario="old")) == ["old 1"]
