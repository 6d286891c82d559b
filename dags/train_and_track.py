"""Searches for the best settings of a classifier, trains it, keeps it if it is good enough, and records all of it.

Deploy this file as it is, or take from it what you need. The workers need `mbox-ops[airflow]` and scikit-learn; the
connection `mbox_default` (or the variable `MBOX_URL`) says where the tracking service is. Where workers are several
machines, `folder` must be one that all of them see.

Trigger it with `{"mbox_scenario": "churn"}` to file its runs under a scenario of yours; without it they are filed under
`train_and_track`. The second DAG, `use_model`, runs by itself whenever a new model is there; its run knows which one.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, Param, dag, task

from mbox_airflow import MboxHook, current_run
from mbox_airflow.operators import (
    FinishRunOperator,
    LogEventOperator,
    MetricGateOperator,
    SubmitMetricsOperator,
    TrackArtifactOperator,
)

PARAMS = {
    "epochs": Param(30, type="integer", minimum=1, maximum=10_000, description="passes over the training data"),
    "alpha": Param(0.001, type="number", exclusiveMinimum=0, description="the middle of the strengths to try"),
    "trials": Param(4, type="integer", minimum=1, maximum=1_000, description="how many strengths to try, in parallel"),
    "least": Param(0.9, type="number", description="the accuracy below which a model is not kept"),
    "folder": Param("", type="string", description="where models are kept; empty: in the temporary folder"),
    "mbox_scenario": Param(None, type=["null", "string"], description="the scenario to file the run under"),
}
MODEL = Asset(name="tumour_model", uri="mbox-models://tumours")
DEFAULTS = {"retries": 2, "retry_delay": timedelta(seconds=10)}


@task
def candidates(params: dict[str, Any]) -> list[float]:
    """Strengths of the regularisation, spread evenly on a logarithmic scale around the given one."""
    trials = params["trials"]
    return [params["alpha"] * 10 ** (number - (trials - 1) / 2) for number in range(trials)]


@task
def try_out(alpha: float, ti: Any = None) -> dict[str, float]:
    """One trial: five passes. All trials log to the DAG run's one run, each at a step of its own."""
    model, data = classifier(alpha), tumours()
    for _ in range(5):
        model.partial_fit(data["train"], data["train_target"], classes=[0, 1])
    accuracy = float(model.score(data["valid"], data["valid_target"]))
    current_run().log_metrics({"search/alpha": alpha, "search/accuracy": accuracy}, step=ti.map_index)
    return {"alpha": alpha, "accuracy": accuracy}


@task
def train(found: list[dict[str, float]], params: dict[str, Any], run_id: str) -> dict[str, Any]:
    """Train with the best strength, epoch by epoch."""
    import joblib
    from sklearn.metrics import log_loss, roc_auc_score

    from mbox_ops import Event, EventSource

    source = EventSource("train")
    best = max(found, key=lambda trial: trial["accuracy"])
    model, data = classifier(best["alpha"]), tumours()

    run = current_run()
    run.log_parameters({"epochs": params["epochs"], "alpha": best["alpha"], "model": type(model).__name__})
    run.set_tags({"data": "breast_cancer", "framework": "scikit-learn"})
    run.set_labels({name: {"format_string": "percentage"} for name in ("train/accuracy", "test/accuracy")})
    run.report_metadata({"data": {"name": "breast_cancer", **{part: len(data[part]) for part in ("train", "test")}}})

    run.log_event(Event("training_started", source, metadata={"trials": len(found)}))
    scores: dict[str, float] = {}
    for epoch in range(params["epochs"]):
        model.partial_fit(data["train"], data["train_target"], classes=[0, 1])
        scores = {
            "train/loss": log_loss(data["train_target"], model.predict_proba(data["train"])),
            "train/accuracy": model.score(data["train"], data["train_target"]),
            "test/loss": log_loss(data["test_target"], model.predict_proba(data["test"])),
            "test/accuracy": model.score(data["test"], data["test_target"]),
        }
        run.log_metrics(scores, step=epoch)
    run.log_event(Event("training_finished", source, metadata={"test/accuracy": scores["test/accuracy"]}))

    file = folder_for(params["folder"], run_id) / "model.joblib"
    joblib.dump(model, file)
    area = roc_auc_score(data["test_target"], model.decision_function(data["test"]))
    return {"file": str(file), "final": {"final/auc": float(area), "final/accuracy": float(scores["test/accuracy"])}}


def tumours() -> dict[str, Any]:
    """Thirty measurements of the cells of 569 tumours, bundled with scikit-learn: train, validate, test."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    data = load_breast_cancer()
    rest, test, rest_target, test_target = train_test_split(
        data.data, data.target, test_size=0.25, random_state=0, stratify=data.target
    )
    train, valid, train_target, valid_target = train_test_split(
        rest, rest_target, test_size=0.2, random_state=0, stratify=rest_target
    )
    scale = StandardScaler().fit(train).transform
    parts = {"train": scale(train), "valid": scale(valid), "test": scale(test)}
    return {**parts, "train_target": train_target, "valid_target": valid_target, "test_target": test_target}


def classifier(alpha: float) -> Any:
    """An untrained model."""
    from sklearn.linear_model import SGDClassifier

    return SGDClassifier(loss="log_loss", alpha=alpha, learning_rate="optimal", random_state=0)


def folder_for(folder: str, run_id: str) -> Any:
    """The folder for the files of one DAG run, made if it is not there."""
    import re
    import tempfile
    from pathlib import Path

    parent = Path(folder) if folder else Path(tempfile.gettempdir()) / "train_and_track"
    own = parent / re.sub(r"[^\w.+-]", "_", run_id)
    own.mkdir(parents=True, exist_ok=True)
    return own


@dag(schedule=None, params=PARAMS, default_args=DEFAULTS, tags=["mbox-ops"], doc_md=__doc__)
def train_and_track() -> None:
    """Search, train, judge, keep the model, and end the run with its true state."""
    trained = train(try_out.expand(alpha=candidates()))
    submit = SubmitMetricsOperator(task_id="submit_scores", metrics=trained["final"])
    gate = MetricGateOperator(
        task_id="gate",
        metric="final/accuracy",
        at_least="{{ params.least }}",
        otherwise="skip",
    )
    keep = TrackArtifactOperator(
        task_id="keep_model",
        files=trained["file"],
        upload=True,
        mime_type="Model",
        outlets=[MODEL],
    )
    announce = LogEventOperator(
        task_id="announce",
        name="model_ready",
        metadata={"auc": "{{ ti.xcom_pull(task_ids='train', key='final')['final/auc'] }}"},
    )
    trained >> submit >> gate >> keep >> announce >> FinishRunOperator(task_id="finish")


@task
def score(triggering_asset_events: Any) -> None:
    """Fetch the model that the DAG run was triggered by, and see how it does on the data of today."""
    import tempfile

    import joblib

    told = triggering_asset_events[MODEL][-1].extra
    with tempfile.TemporaryDirectory() as folder:
        file = MboxHook().get_conn().artifacts.download(told["artifacts"][0]["id"], folder)
        model = joblib.load(file)
    data = tumours()
    run = current_run()
    run.set_tags({"model_of_run": told["run_id"]})
    run.log_metric("accuracy", float(model.score(data["test"], data["test_target"])))


@dag(schedule=[MODEL], default_args=DEFAULTS, tags=["mbox-ops"], doc_md=__doc__)
def use_model() -> None:
    """Use a model; that this run used it is recorded by itself."""
    score() >> FinishRunOperator(task_id="finish")


train_and_track()
use_model()
