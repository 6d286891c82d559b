"""Regressions of how diabetes progresses: one that succeeds, one that fails, and one in a notebook left open."""

import math
from contextlib import suppress
from typing import Any

import numpy as np
from sklearn.datasets import load_diabetes
from sklearn.linear_model import SGDRegressor
from sklearn.metrics import mean_squared_error
from sklearn.model_selection import train_test_split
from sklearn.preprocessing import StandardScaler

from mbox_ops import tracking
from mbox_ops.client.client import Client
from mbox_ops.client.values import Event
from mbox_ops.demo.recording import DIABETES

EPOCHS = 30
PATIENCE = 3  # epochs


def compare_scaling(epochs: int = EPOCHS) -> None:
    """Train with standardised measurements, and with the measurements as they come, which does not work."""
    _train("standardised", True, epochs)
    with suppress(ArithmeticError):  # the run has it, and has FAILED
        _train("as they come", False, epochs)


def _train(name: str, scaled: bool, epochs: int, rate: float = 0.001) -> None:
    train, test, known, hidden = _patients(scaled)
    model = SGDRegressor(learning_rate="constant", eta0=rate, random_state=1)
    with tracking.start_run("scaled or not", name, scenario=DIABETES, pipeline="scaling") as run:
        run.log_parameters({"scaled": scaled, "rate": rate, "epochs": epochs})
        run.log_event(Event("training_started", "train"))
        for epoch in range(epochs):
            model.partial_fit(train, known)
            error = _error(model, train, known)
            run.log_metrics({"train/rmse": error, "test/rmse": _error(model, test, hidden)}, step=epoch)
            if epoch >= PATIENCE and error > float(np.std(known)):
                problem = f"The training diverges: after epoch {epoch} the mean would predict better."
                run.log_event(Event("training_finished", "train", metadata={"error": problem}))
                raise ArithmeticError(problem)
        run.log_event(Event("training_finished", "train"))


def explore(epochs: int = 8) -> None:
    """A notebook that somebody has left open: its run has points, and has not ended."""
    train, test, known, hidden = _patients(True)
    run = Client().runs.create(
        scenario=DIABETES, notebook="exploring.ipynb", run_name="fewer measurements", tags={"purpose": "exploration"}
    )
    run.log_parameters({"measurements": 3, "rate": 0.001})
    model = SGDRegressor(learning_rate="constant", eta0=0.001, random_state=1)
    for epoch in range(epochs):
        model.partial_fit(train[:, :3], known)
        run.log_metric("test/rmse", _error(model, test[:, :3], hidden), epoch)


def _patients(scaled: bool) -> tuple[Any, Any, Any, Any]:
    """Ten measurements of each patient, and how the disease had progressed a year later."""
    features, target = load_diabetes(return_X_y=True, scaled=False)
    train, test, known, hidden = train_test_split(features, target, random_state=0, test_size=0.25)
    scale = StandardScaler().fit(train).transform if scaled else np.asarray
    return scale(train), scale(test), known, hidden


def _error(model: Any, features: Any, target: Any) -> float:
    return math.sqrt(mean_squared_error(target, model.predict(features)))
