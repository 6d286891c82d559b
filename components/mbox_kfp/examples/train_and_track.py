"""Train a model on the diabetes data set that scikit-learn brings along, and track it.

Run it on this machine, with a server at `MBOX_URL`:

    python -m mbox_kfp.examples.train_and_track

or compile it for a cluster:

    kfp dsl compile --py mbox_kfp/examples/train_and_track.py --output train_and_track.yaml

One source serves both: KFP installs `packages_to_install` in each step, and pip leaves alone what is there already.
"""

from typing import Any

from kfp import dsl, local

from mbox_kfp import log_event, submit_metrics, track_artifact, tracked_run, with_tracking


@dsl.component(base_image="python:3.11-slim", packages_to_install=["mbox-ops", "scikit-learn>=1.4"])
def train(rate: float, epochs: int, model: dsl.Output[dsl.Model], metrics: dsl.Output[dsl.Metrics]) -> float:
    """Fits a linear model by stochastic gradient descent; its curve goes to the tracking run as it trains."""
    import math
    import pickle
    from pathlib import Path

    from sklearn.datasets import load_diabetes
    from sklearn.linear_model import SGDRegressor
    from sklearn.metrics import mean_squared_error, r2_score
    from sklearn.model_selection import train_test_split

    from mbox_ops import tracking

    features, target = load_diabetes(return_X_y=True, scaled=False)
    features = (features - features.mean(axis=0)) / features.std(axis=0)
    seen, unseen, known, hidden = train_test_split(features, target, test_size=0.25, random_state=7)
    regressor = SGDRegressor(learning_rate="constant", eta0=rate, random_state=7)
    run = tracking.current_run()
    run.log_parameters({"rate": rate, "epochs": epochs, "model": "SGDRegressor"})
    for epoch in range(epochs):
        regressor.partial_fit(seen, known)
        losses = {
            "train/rmse": math.sqrt(mean_squared_error(known, regressor.predict(seen))),
            "validation/rmse": math.sqrt(mean_squared_error(hidden, regressor.predict(unseen))),
        }
        run.log_metrics(losses, step=epoch)
    run.persist_run()
    Path(model.path).write_bytes(pickle.dumps(regressor))
    metrics.log_metric("test/rmse", losses["validation/rmse"])
    return float(r2_score(hidden, regressor.predict(unseen)))


@dsl.pipeline(name="diabetes-regression", description="Predicts how diabetes progresses, and tracks how well.")
def pipeline(rate: float = 0.001, epochs: int = 40, scenario: str = "diabetes-progression") -> None:
    """Trains one model; its run is closed with its true state, whatever happens."""
    with tracked_run(scenario=scenario):
        started = log_event("training_started", source="pipeline")
        training = with_tracking(train(rate=rate, epochs=epochs)).after(started)
        submit_metrics(
            metrics={"test/r2": training.outputs["Output"]},
            metrics_artifact=training.outputs["metrics"],
            tags={"data": "diabetes"},
            labels={"test/r2": {"format_string": "percentage"}},
            metadata={"data": {"name": "diabetes", "rows": 442, "features": 10}},
        )
        track_artifact(training.outputs["model"], path="model.pkl", checksum=True)
        log_event("training_finished", source="pipeline").after(training)


def main(**arguments: Any) -> None:
    """Run the pipeline on this machine, each step in a process of its own; its outputs lie in `local_outputs`."""
    local.init(local.SubprocessRunner(use_venv=False), raise_on_error=True)
    pipeline(**arguments)


if __name__ == "__main__":
    main()
