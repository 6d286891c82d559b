"""Trains a classifier epoch by epoch and records all of it: deploy this file as it is, or take from it what you need.

The workers need `mbox-ops[airflow]` and scikit-learn; the connection `mbox_default` (or the variable `MBOX_URL`) says
where the tracking service is. Trigger it with `{"mbox_scenario": "churn"}` to file its runs under a scenario of yours;
without it they are filed under `train_and_track`.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import Param, dag, task

from mbox_airflow import current_run
from mbox_airflow.operators import (
    FinishRunOperator,
    LogEventOperator,
    SubmitMetricsOperator,
    TrackArtifactOperator,
)

PARAMS = {
    "epochs": Param(30, type="integer", minimum=1, maximum=10_000, description="passes over the training data"),
    "alpha": Param(0.001, type="number", exclusiveMinimum=0, description="strength of the regularisation"),
    "folder": Param("", type="string", description="where models are kept; empty: in the temporary folder"),
    "mbox_scenario": Param(None, type=["null", "string"], description="the scenario to file the run under"),
}


@task
def train(params: dict[str, Any], run_id: str) -> dict[str, Any]:
    """Tell tumours apart by thirty measurements of their cells: 569 cases, bundled with scikit-learn."""
    import joblib
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import SGDClassifier
    from sklearn.metrics import log_loss, roc_auc_score
    from sklearn.model_selection import train_test_split
    from sklearn.preprocessing import StandardScaler

    from mbox_ops import Event, EventSource

    source = EventSource("train")
    data = load_breast_cancer()
    split = train_test_split(data.data, data.target, test_size=0.25, random_state=0, stratify=data.target)
    train_data, test_data, train_target, test_target = split
    scaler = StandardScaler().fit(train_data)
    train_data, test_data = scaler.transform(train_data), scaler.transform(test_data)
    model = SGDClassifier(loss="log_loss", alpha=params["alpha"], learning_rate="optimal", random_state=0)

    run = current_run()
    run.log_parameters({"epochs": params["epochs"], "alpha": params["alpha"], "model": type(model).__name__})
    run.set_tags({"data": "breast_cancer", "framework": "scikit-learn"})
    run.set_labels({name: {"format_string": "percentage"} for name in ("train/accuracy", "test/accuracy")})
    run.report_metadata(
        {
            "data": {"name": "breast_cancer", "rows": len(data.target), "features": data.data.shape[1]},
            "split": {"train": len(train_target), "test": len(test_target)},
        }
    )

    run.log_event(Event("training_started", source, metadata={"rows": len(train_target)}))
    scores: dict[str, float] = {}
    for epoch in range(params["epochs"]):
        model.partial_fit(train_data, train_target, classes=[0, 1])
        scores = {
            "train/loss": log_loss(train_target, model.predict_proba(train_data)),
            "train/accuracy": model.score(train_data, train_target),
            "test/loss": log_loss(test_target, model.predict_proba(test_data)),
            "test/accuracy": model.score(test_data, test_target),
        }
        run.log_metrics(scores, step=epoch)
    run.log_event(Event("training_finished", source, metadata={"test/accuracy": scores["test/accuracy"]}))

    file = folder_for(params["folder"], run_id) / "model.joblib"
    joblib.dump({"scaler": scaler, "model": model}, file)
    area = roc_auc_score(test_target, model.decision_function(test_data))
    return {"file": str(file), "final": {"final/auc": float(area), "final/accuracy": float(scores["test/accuracy"])}}


def folder_for(folder: str, run_id: str) -> Any:
    """The folder for the files of one DAG run, made if it is not there."""
    import re
    import tempfile
    from pathlib import Path

    parent = Path(folder) if folder else Path(tempfile.gettempdir()) / "train_and_track"
    own = parent / re.sub(r"[^\w.+-]", "_", run_id)
    own.mkdir(parents=True, exist_ok=True)
    return own


@dag(
    schedule=None,
    params=PARAMS,
    default_args={"retries": 2, "retry_delay": timedelta(seconds=10)},
    tags=["mbox-ops"],
    doc_md=__doc__,
)
def train_and_track() -> None:
    """Train, keep the model, submit the final scores, and end the run with its true state."""
    trained = train()
    track = TrackArtifactOperator(task_id="track_model", files=trained["file"])
    submit = SubmitMetricsOperator(
        task_id="submit_scores",
        metrics=trained["final"],
        metadata={"published": {"file": trained["file"]}},
    )
    announce = LogEventOperator(
        task_id="announce",
        name="model_ready",
        metadata={"auc": "{{ ti.xcom_pull(task_ids='train', key='final')['final/auc'] }}"},
    )
    finish = FinishRunOperator(task_id="finish")
    trained >> [track, submit] >> announce >> finish


train_and_track()
