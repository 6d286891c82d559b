"""Twelve classifiers of tumours; with the best settings one is trained longer, with checkpoints, and made a model."""

import json
import os
import platform
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import numpy as np
import sklearn
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import classification_report, confusion_matrix, log_loss, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from mbox_ops import tracking
from mbox_ops.client.client import Client
from mbox_ops.client.run import Run
from mbox_ops.client.values import Event, EventSource
from mbox_ops.demo.pictures import confusion_picture
from mbox_ops.demo.recording import FIRST_TRIES, TUMOURS
from mbox_ops.entities.artifacts import ArtifactMime

MODEL = "tumour-classifier"
ALPHAS = (0.0001, 0.001, 0.01, 0.1)
RATES = (0.0005, 0.002, 0.01)
EPOCHS = 25  # of each classifier in the search
LONGER_EPOCHS = 120  # with the best settings
CHECKPOINT_EVERY = 20
SECONDS = 0.1  # between two readings of the machine
SHARES = {f"{part}/accuracy": {"format_string": "percentage"} for part in ("train", "test")}


class Data(NamedTuple):
    """Measurements of cell nuclei, and which tumours were malignant, to train with and to test with."""

    train: Any
    test: Any
    train_target: Any
    test_target: Any
    features: list[str]


def tumours(*, scaled: bool = True) -> Data:
    """The data set that comes with scikit-learn: thirty measurements of 569 tumours."""
    data = load_breast_cancer()
    train, test, known, hidden = train_test_split(data.data, data.target, random_state=0, test_size=0.3)
    if scaled:
        scale = StandardScaler().fit(train)
        train, test = scale.transform(train), scale.transform(test)
    return Data(train, test, known, hidden, [str(name) for name in data.feature_names])


class Tried(NamedTuple):
    """What came of a classifier of the search."""

    loss: float
    alpha: float
    rate: float
    file: str  # the id of the artifact that is the classifier


def search(folder: Path, epochs: int = EPOCHS) -> Tried:
    """Train a classifier for each strength of regularisation and each rate of learning; the best one."""
    data = tumours()
    return min(_try(data, alpha, rate, epochs, folder) for alpha in ALPHAS for rate in RATES)


def _try(data: Data, alpha: float, rate: float, epochs: int, folder: Path) -> Tried:
    model = SGDClassifier(loss="log_loss", alpha=alpha, learning_rate="constant", eta0=rate, random_state=1)
    with tracking.start_run(
        "search for alpha and rate", f"alpha {alpha:g}, rate {rate:g}", scenario=TUMOURS, pipeline="grid_search",
        tags={"data": "breast_cancer", "framework": "scikit-learn"},
    ) as run:  # fmt: skip
        run.log_system_metrics(SECONDS)
        _describe(run, data, {"alpha": alpha, "rate": rate, "epochs": epochs})
        scores = _train(run, model, data, range(epochs))
        (file,) = run.upload_artifact([_saved(model, folder)], mime_type=ArtifactMime.Model)
        return Tried(scores["test/loss"], alpha, rate, file.id)


def train_longer(best: Tried, folder: Path, epochs: int = LONGER_EPOCHS) -> Run:
    """Train with the best settings in smaller steps: with checkpoints, a report and a picture."""
    data, client, rate = tumours(), Client(), best.rate / 10
    model = SGDClassifier(loss="log_loss", alpha=best.alpha, learning_rate="constant", eta0=rate, random_state=1)
    with tracking.start_run(
        "the best of the search", "smaller steps", scenario=TUMOURS, pipeline="final_training",
        tags={"data": "breast_cancer", "framework": "scikit-learn", "stage": "final"},
    ) as run:  # fmt: skip
        run.log_system_metrics(SECONDS)
        _describe(run, data, {"alpha": best.alpha, "rate": rate, "epochs": epochs})
        for first in range(0, epochs, CHECKPOINT_EVERY):
            some = range(first, min(first + CHECKPOINT_EVERY, epochs))
            scores = _train(run, model, data, some)
            checkpoint = client.checkpoints.create(run, some[-1], scores, metadata={"weights": _heaviest(model, data)})
            checkpoint.upload_artifact([_saved(model, folder)], mime_type=ArtifactMime.Checkpoint)
        _judge(run, model, data, folder)
        run.use_artifact(best.file)
        before = joblib.load(client.artifacts.download(best.file, folder / "best of the search"))
        run.report_metadata({"result": {"best of the search": {"accuracy": before.score(data.test, data.test_target)}}})
    return run


def first_tries(epochs: int = 4) -> None:
    """What one did in the beginning, and does not need any more: the measurements as they come."""
    data = tumours(scaled=False)
    for seed in range(3):
        with tracking.start_run(
            run_name=f"seed {seed}", scenario=FIRST_TRIES, pipeline="first_tries", tags={"data": "breast_cancer"}
        ) as run:
            run.log_parameters({"seed": seed, "epochs": epochs})
            _train(run, SGDClassifier(loss="log_loss", random_state=seed), data, range(epochs))


def register(run: Run, folder: Path) -> None:
    """Make the classifier a model: the checkpoint half-way is in use, the last one could replace it."""
    client = Client()
    model = client.models.create(
        MODEL, owner="tumour team", task="tabular classification",
        description="Tells malignant tumours from benign ones by thirty measures of cell nuclei.",
    )  # fmt: skip
    saved = list(client.checkpoints.list(run))
    for number, name, tag, checkpoint in (
        ("1", "half of the training", "production", saved[len(saved) // 2 - 1]),
        ("2", "all of the training", "candidate", saved[-1]),
    ):
        version = client.model_versions.create(
            model, number, name, unique_tags=[tag], framework="SKLEARN", checkpoint=checkpoint,
            metadata={"reviewed": tag == "production"},
        )  # fmt: skip
        scores = {name: metric.last for name, metric in checkpoint.metrics.items()}
        version.log_metrics({name: score for name, score in scores.items() if score is not None})
        version.upload_artifact(checkpoint.download_artifacts(folder / f"version {number}"))


def _describe(run: Run, data: Data, parameters: dict[str, float]) -> None:
    """What is known before the training starts."""
    run.log_parameters({**parameters, "model": "SGDClassifier"})
    run.set_labels(SHARES)
    rows = {"train": len(data.train), "test": len(data.test)}
    hardware = {"machine": platform.machine(), "cpus": os.cpu_count()}
    software = {"python": platform.python_version(), "scikit-learn": sklearn.__version__}
    run.report_metadata({
        "data": {"name": "breast_cancer", "features": len(data.features), "rows": rows},
        "hardware": hardware, "software": software,
    })  # fmt: skip


def _train(run: Run, model: Any, data: Data, epochs: range) -> dict[str, float]:
    """Some epochs; the scores after the last one."""
    source, scores = EventSource("train"), dict[str, float]()
    run.log_event(Event("training_started", source, metadata={"epoch": epochs.start}))
    for epoch in epochs:
        model.partial_fit(data.train, data.train_target, classes=[0, 1])
        scores = {
            **_scores("train", data.train_target, model.predict_proba(data.train)),
            **_scores("test", data.test_target, model.predict_proba(data.test)),
            "test/auc": float(roc_auc_score(data.test_target, model.decision_function(data.test))),
        }
        run.log_metrics(scores, step=epoch)
    run.log_event(Event("training_finished", source, metadata={"test/loss": scores["test/loss"]}))
    return scores


def _scores(part: str, target: Any, chances: Any) -> dict[str, float]:
    return {
        f"{part}/loss": float(log_loss(target, chances)),
        f"{part}/accuracy": float(np.mean(chances.argmax(axis=1) == target)),
    }


def _judge(run: Run, model: Any, data: Data, folder: Path) -> None:
    """What the classifier is worth: a report, a picture, and what it goes by."""
    run.log_event(Event("evaluation_started", "evaluate"))
    predicted = model.predict(data.test)
    report, picture, weights = folder / "report.txt", folder / "confusion_matrix.png", folder / "weights.json"
    report.write_text(classification_report(data.test_target, predicted, target_names=("malignant", "benign")), "utf-8")
    picture.write_bytes(confusion_picture(confusion_matrix(data.test_target, predicted)))
    heaviest = _heaviest(model, data)
    weights.write_text(json.dumps(heaviest, indent=2), "utf-8")
    run.upload_artifact([_saved(model, folder), report, weights, picture])
    mistakes = int((predicted != data.test_target).sum())
    run.report_metadata({"result": {"heaviest weights": heaviest, "mistakes": mistakes}})
    run.log_event(Event("evaluation_finished", "evaluate"))


def _heaviest(model: Any, data: Data, most: int = 5) -> dict[str, float]:
    """The measurements that count most."""
    (weights,) = model.coef_
    return {data.features[at]: round(float(weights[at]), 4) for at in np.argsort(-np.abs(weights))[:most]}


def _saved(model: Any, folder: Path) -> Path:
    file = folder / "model.joblib"
    joblib.dump(model, file)
    return file
