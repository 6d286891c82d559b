"""What operators write, and what becomes of failures: by `dag.test()` against a real server."""

from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from mbox_ops import Client
from mbox_ops.entities.artifacts import ArtifactMime
from mbox_ops.entities.instants import to_datetime
from mbox_ops.identity import epoch_of_uuid7
from mbox_ops.testing import live_server
from tests.airflow.conftest import Lab
from tests.proxy import proxy

pytestmark = pytest.mark.airflow


def test_each_operator_writes_to_the_dag_runs_one_run(lab: Lab) -> None:
    """Grouped without being told: pipeline, execution and scenario come from Airflow."""
    ran = lab.run_dag("every_operator")
    assert (ran["state"], {name: task["state"] for name, task in ran["tasks"].items()}) == (
        "success", dict.fromkeys(ran["tasks"], "success"),
    )  # fmt: skip
    run = lab.tracked("every_operator", ran)
    assert (run.pipeline, run.execution, run.scenario, run.status, run.name, run.run_collection) == (
        "every_operator", ran["run_id"], "every_operator", "FINISHED", "named templated", "nightly",
    )  # fmt: skip
    given = {name: value for name, value in run.parameters.items() if name not in ("start", "end")}
    assert given == {"alpha": "0.5", "run": ran["run_id"], "layers": "[1,2]"}
    assert (run.tags["dag"], run.labels) == ("every_operator", {"t/auc": {"format_string": "percentage"}})
    assert {name: summary.last for name, summary in run.metrics.items()} == {
        "t/auc": 0.75, "t/nan": "NaN", "auc": 0.75, "loss": 2.5, "count": 3.0,
    }  # fmt: skip
    assert lab.points(run, "t/auc") == [(42, 0.75)]
    assert lab.points(run, "count") == [(0, 3.0), (1, 3.0)]  # of two tasks, without steps: the service counted
    assert lab.metadata(run) == {"data": {"rows": 569}}


def test_events_and_artifacts_are_read_back_as_they_were_given(lab: Lab) -> None:
    """With templates filled in."""
    ran = lab.run_dag("every_operator")
    run = lab.tracked("every_operator", ran)
    (event,) = lab.events(run)
    assert (event.name, event.source, event.wallclock, event.metadata) == (
        "published", "event", 12_000_500_000, {"by": "every_operator"},
    )  # fmt: skip
    assert [(one.path, one.uri, one.mime_type, one.kind) for one in lab.artifacts(run)] == [
        ("/data/a.csv", "file:///data/a.csv", ArtifactMime.Text, "tracked"),
        ("s3://models/every_operator.joblib", "s3://models/every_operator.joblib", ArtifactMime.Model, "tracked"),
    ]


def test_an_operator_returns_a_receipt_and_links_to_the_run(lab: Lab) -> None:
    """Plain JSON, so that any task can read it; the link is there from the task's start."""
    ran = lab.run_dag("every_operator")
    run = lab.tracked("every_operator", ran)
    xcom = ran["tasks"]["templated"]["xcom"]
    receipt = xcom["return_value"]
    assert receipt == {
        "run_id": run.id, "run_key": run.key, "url": receipt["url"],
        "points": 2, "parameters": 3, "tags": 1, "labels": 1, "metadata": 1,
    }  # fmt: skip
    assert xcom["mbox_run_url"] == receipt["url"]
    assert receipt["url"].startswith(f"{lab.url}/runs?key=airflow/lab/every_operator/manual")
    assert receipt["url"].endswith(f"&namespace={lab.namespace}")
    assert ran["tasks"]["finish"]["xcom"]["return_value"]["state"] == "FINISHED"


def test_mapped_operators_add_up(lab: Lab) -> None:
    """Each instance is a writer of its own, though all log at one step of one series."""
    ran = lab.run_dag("mapped_operators")
    run = lab.tracked("mapped_operators", ran)
    assert sorted(lab.points(run, "m")) == [(7, 1.0), (7, 2.0), (7, 3.0)]
    assert run.number_of_writers == 3


def test_a_run_ends_failed_when_a_task_of_the_dag_run_failed(lab: Lab) -> None:
    """Airflow calls such a DAG run a success, since its last task is one."""
    ran = lab.run_dag("failing")
    assert {name: task["state"] for name, task in ran["tasks"].items()} == {
        "broken": "failed", "never": "upstream_failed", "finish": "success",
    }  # fmt: skip
    assert lab.tracked("failing", ran).status == "FAILED"


@pytest.mark.parametrize("state", ["FINISHED", "FAILED", "KILLED"])
def test_a_state_that_is_given_is_taken(lab: Lab, state: str) -> None:
    """Whatever became of the tasks."""
    ran = lab.run_dag("one_submit", conf={"on_error": "fail", "state": state})
    assert lab.tracked("one_submit", ran).status == state


def test_the_scenario_of_a_dag_run_beats_that_of_the_connection(lab: Lab) -> None:
    """`mbox_scenario` in the configuration is a choice; the connection's stands where nobody chose."""
    lab.connection["extra"]["scenario"] = "of the connection"
    implied = lab.run_dag("one_submit", conf={"on_error": "fail"})
    chosen = lab.run_dag("one_submit", conf={"on_error": "fail", "mbox_scenario": "churn"})
    assert lab.tracked("one_submit", implied).scenario == "of the connection"
    assert lab.tracked("one_submit", chosen).scenario == "churn"


def test_a_scenario_that_is_no_name_fails_at_once(lab: Lab) -> None:
    """It says where it was found."""
    ran = lab.run_dag("one_submit", conf={"on_error": "fail", "mbox_scenario": 3})
    assert (ran["tasks"]["submit"]["state"], ran["tasks"]["submit"]["try_number"]) == ("failed", 1)
    assert "mbox_scenario in dag_run.conf must be the name of a scenario, not int: 3" in lab.airflow.log


@pytest.mark.slow
def test_a_service_that_is_away_lets_airflow_retry(lab: Lab, tmp_path: Path) -> None:
    """The first try found nobody, and failed; the second wrote."""
    back = tmp_path / "back"
    with proxy(lab.url, lambda *_: "pass" if back.exists() else "reset before") as line:
        lab.connection |= {"host": line.url}
        ran = lab.run_dag("submitting", {"MBOX_RETRY_SECONDS": "1"}, conf={"back": str(back)})
    assert (ran["tasks"]["submit"]["state"], ran["tasks"]["submit"]["try_number"]) == ("success", 2)
    assert lab.points(lab.tracked("submitting", ran), "m") == [(0, 2.0)]
    assert f"The service at {line.url} " in lab.airflow.log


def test_a_reply_that_is_lost_after_the_commit_writes_nothing_twice(lab: Lab) -> None:
    """The same batch is sent again, and the service knows it."""
    with proxy(lab.url) as line:
        line.fates += ["lose the reply", "lose the reply"]
        lab.connection |= {"host": line.url}
        ran = lab.run_dag("one_submit", conf={"on_error": "fail", "value": 5})
    assert (line.seen["lose the reply"], ran["tasks"]["submit"]["try_number"]) == (2, 1)
    run = lab.tracked("one_submit", ran)
    assert (lab.points(run, "m"), run.status, run.number_of_writers) == ([(0, 5.0)], "FINISHED", 2)


def test_bad_input_is_final(lab: Lab) -> None:
    """A retry would be refused too, so Airflow does not try."""
    ran = lab.run_dag("one_submit", conf={"on_error": "fail", "value": "much"})
    assert (ran["tasks"]["submit"]["state"], ran["tasks"]["submit"]["try_number"]) == ("failed", 1)
    assert "metric 'm' must be a number or text that is one, not 'much'" in lab.airflow.log


def test_a_wrong_token_is_final_and_names_the_connection(lab: Lab) -> None:
    """What the person who reads the log has to mend."""
    with live_server(tokens=True) as server:
        lab.connection |= {"host": server.url, "password": "wrong"}
        ran = lab.run_dag("one_submit", conf={"on_error": "fail"})
    assert (ran["tasks"]["submit"]["state"], ran["tasks"]["submit"]["try_number"]) == ("failed", 1)
    assert "The token is that of the connection 'mbox_default'." in lab.airflow.log


def test_on_error_warn_lets_the_task_go_on(lab: Lab) -> None:
    """The receipt says what went wrong; nothing was written."""
    ran = lab.run_dag("one_submit", conf={"on_error": "warn", "value": "much"})
    submit = ran["tasks"]["submit"]
    assert (submit["state"], submit["try_number"]) == ("success", 1)
    receipt = submit["xcom"]["return_value"]
    assert (receipt["run_id"], receipt["error"]) == (None, "invalid_request")
    assert lab.tracked("one_submit", ran).metrics == {}


def test_on_error_is_checked_after_templating(lab: Lab) -> None:
    """A word that is neither of the two fails the task."""
    ran = lab.run_dag("one_submit", conf={"on_error": "ignore"})
    assert ran["tasks"]["submit"]["state"] == "failed"
    assert "on_error must be 'fail' or 'warn', not 'ignore'" in lab.airflow.log


def test_files_and_folders_are_uploaded_once_whatever_is_retried(lab: Lab, tmp_path: Path) -> None:
    """With their bytes, of the kind that was given; the outlets are told which run they are of."""
    (tmp_path / "out" / "plots").mkdir(parents=True)
    (tmp_path / "out" / "model.onnx").write_bytes(b"weights")
    (tmp_path / "out" / "plots" / "roc.png").write_bytes(b"a picture")
    conf = {"files": [str(tmp_path / "out")], "upload": True, "mime_type": "Model", "under": "best"}
    ran = lab.run_dag("uploading", conf=conf)
    task, run = ran["tasks"]["artifact"], lab.tracked("uploading", ran)
    assert (task["state"], task["try_number"], task["xcom"]["return_value"]["artifacts"]) == ("success", 2, 2)
    found = lab.artifacts(run)
    assert [(one.path, one.kind, one.mime_type, one.size) for one in found] == [
        ("best/out/model.onnx", "uploaded", ArtifactMime.Model, 7),
        ("best/out/plots/roc.png", "uploaded", ArtifactMime.Model, 9),
    ]
    assert task["xcom"]["return_value"]["artifact_ids"] == [one.id for one in found]
    client = Client(lab.url, namespace=lab.namespace)
    assert client.artifacts.download(found[0].id, tmp_path / "back").read_bytes() == b"weights"

    events = lab.airflow.call("tests.airflow.inside:asset_events", run_id=ran["run_id"])
    named = f"mbox://{urlsplit(lab.url).netloc}/{lab.namespace}/uploading/best/out"
    assert set(events) == {"s3://models/a", f"{named}/model.onnx", f"{named}/plots/roc.png"}
    for told in events.values():
        assert (told["run_id"], told["run_key"], told["namespace"]) == (run.id, run.key, lab.namespace)
        assert [one["id"] for one in told["artifacts"]] == [one.id for one in found]


def test_files_that_are_tracked_become_assets_under_their_own_uris(lab: Lab) -> None:
    """An alias among the outlets is for files whose names only templates know."""
    ran = lab.run_dag("uploading", conf={"files": "s3://bucket/a.csv", "upload": False})
    events = lab.airflow.call("tests.airflow.inside:asset_events", run_id=ran["run_id"])
    assert set(events) == {"s3://models/a", "s3://bucket/a.csv"}


def test_the_run_began_when_the_dag_run_did(lab: Lab) -> None:
    """Not when the first of its tasks happened to write."""
    ran = lab.run_dag("one_submit", conf={"on_error": "fail"})
    run = lab.tracked("one_submit", ran)
    assert run.ended_at is not None
    assert timedelta(0) <= run.ended_at - run.started_at < timedelta(minutes=5)
    made_at = to_datetime(epoch_of_uuid7(ran["tasks"]["submit"]["id"]) * 1_000)
    assert run.started_at <= made_at + timedelta(milliseconds=1)
