"""What the screenshots show: trainings on the data sets of the demo, under its scenarios and pipelines."""

from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from mbox_ops import Client, Event, EventSource

EPOCHS = 60
ALPHAS = (0.0001, 0.001, 0.01, 0.1)
RATES = (0.0005, 0.002, 0.01)


class Shown(NamedTuple):
    """What was made.

    Attributes:
        runs: of the search for the best classifier, the best one last.
    """

    runs: list[str]
    model: str
    version: str
    deletion: str


def make(url: str) -> Shown:
    """Twelve trainings, a model with two versions, a saved file, deletions."""
    client = Client(url)
    found = sorted(_train(client, alpha, rate) for alpha in ALPHAS for rate in RATES)
    runs = [run_id for _, run_id in found]
    for number, state in enumerate(("FINISHED", "FAILED", "FINISHED")):
        run = client.runs.create(
            scenario="diabetes-progression", pipeline="diabetes-regression", run_name=f"regression {number + 1}",
            run_collection_name="gradient boosting",
        )  # fmt: skip
        for step in range(20):
            run.log_metrics({"rmse": 80 / (1 + step / 6) + 52 + number}, step=step)
        run.log_parameters({"trees": 50 * (number + 1), "depth": 2 + number})
        run.persist_run()
        client.runs.end(run.id, state)
    client.runs.create(scenario="diabetes-progression", pipeline="diabetes-regression", run_name="regression 4")
    model, version = _model(client, runs[-1])
    old = client.runs.create(scenario="tumour-diagnosis-old", pipeline="train_and_track", run_name="first try")
    client.runs.end(old.id)
    deletion = client.deletions.create(scenario="tumour-diagnosis-old")
    return Shown(runs, model, version, deletion.id)


def _train(client: Client, alpha: float, rate: float) -> tuple[float, str]:
    """Train a classifier of tumours, epoch by epoch; its accuracy and its run."""
    data = load_breast_cancer()
    train, test, train_target, test_target = train_test_split(data.data, data.target, random_state=0, test_size=0.3)
    scale = StandardScaler().fit(train)
    train, test = scale.transform(train), scale.transform(test)
    model = SGDClassifier(loss="log_loss", alpha=alpha, learning_rate="constant", eta0=rate, random_state=1)
    run = client.runs.create(
        scenario="tumour-diagnosis", pipeline="train_and_track", run_collection_name="search for alpha",
        run_name=f"alpha {alpha:g}, rate {rate:g}", tags={"data": "breast_cancer", "framework": "scikit-learn"},
    )  # fmt: skip
    run.log_parameters({"alpha": alpha, "rate": rate, "epochs": EPOCHS, "model": "SGDClassifier"})
    run.set_labels({name: {"format_string": "percentage"} for name in ("train/accuracy", "test/accuracy")})
    parts = {"train": len(train), "test": len(test)}
    run.report_metadata({"data": {"name": "breast_cancer", "rows": parts}, "hardware": {"cpus": 2, "gpu": None}})
    source = EventSource("train")
    run.log_event(Event("training_started", source, metadata={"alpha": alpha}))
    rows, scores = np.arange(len(train)), dict[str, float]()
    for epoch in range(EPOCHS):
        some = np.random.default_rng(epoch).choice(rows, 60)
        model.partial_fit(train[some], train_target[some], classes=[0, 1])
        scores = {
            "train/loss": log_loss(train_target, model.predict_proba(train)),
            "train/accuracy": float(model.score(train, train_target)),
            "test/loss": log_loss(test_target, model.predict_proba(test)),
            "test/accuracy": float(model.score(test, test_target)),
            "test/auc": float(roc_auc_score(test_target, model.predict_proba(test)[:, 1])),
            "system/cpu_percent": 40 + 30 * np.sin(epoch / 9) ** 2,
        }
        run.log_metrics({name: float(value) for name, value in scores.items()}, step=epoch)
    run.log_event(Event("training_finished", source, metadata={"epochs": EPOCHS}))
    run.persist_run()
    _file(client, run.id, scores)
    client.runs.end(run.id)
    return scores["test/accuracy"] - scores["test/loss"], run.id


def _file(client: Client, run_id: str, scores: dict[str, Any]) -> None:
    """The report of a run."""
    with TemporaryDirectory() as folder:
        report = Path(folder) / "report.txt"
        report.write_text("".join(f"{name:<20}{value:>10.4f}\n" for name, value in scores.items()), "utf-8")
        client.artifacts.upload(run_id, report)


def _model(client: Client, run_id: str) -> tuple[str, str]:
    """A model with two versions; the newer one came from a checkpoint."""
    model = client.models.create(
        "tumour-classifier", owner="ana@example.com", task="tabular classification",
        description="Tells malignant tumours from benign ones by thirty measures of cell nuclei.",
    )  # fmt: skip
    for epoch in range(9, EPOCHS, 10):
        metrics = {"test/loss": 0.5 / (1 + epoch / 9), "test/accuracy": 0.98 - 0.4 / (epoch + 1)}
        checkpoint = client.checkpoints.create(run_id, epoch, metrics, metadata={"kept": "every ten epochs"})
    client.model_versions.create(model, "2026-11-14", unique_tags=["production"], run=run_id, framework="OTHER")
    newest = client.model_versions.create(
        model, "2026-11-21", unique_tags=["candidate"], checkpoint=checkpoint, metadata={"reviewed": {"by": "bob"}}
    )  # fmt: skip
    return model.id, newest.id
