"""Components of a user's own, for the pipelines of the tests."""

from typing import Any, NamedTuple

from kfp import dsl

IMAGE = "python:3.11-slim"


def _make_outputs(
    metrics: dsl.Output[dsl.Metrics],
    classes: dsl.Output[dsl.ClassificationMetrics],
    points: dsl.Output[dsl.Dataset],
    model: dsl.Output[dsl.Model],
    count: int = 3,
) -> NamedTuple("Outputs", [("accuracy", float), ("epochs", int)]):  # type: ignore[valid-type]
    """Writes one output of every kind that is tracked."""
    import json
    from pathlib import Path

    metrics.log_metric("kfp/f1", 0.5)
    metrics.metadata["display_name"] = "not a metric"
    classes.log_confusion_matrix(["cat", "dog"], [[8, 2], [1, 9]])
    classes.log_roc_curve([0.0, 0.5, 1.0], [0.0, 0.9, 1.0], [1.0, 0.5, 0.0])
    lines = [{"name": "loss", "value": 1 / (step + 1), "step": step} for step in range(count)]
    lines.append({"name": "gap", "value": "NaN", "wallclock": "2026-11-21T05:00:00Z"})
    Path(points.path).write_text("\n".join(json.dumps(line) for line in lines))
    Path(model.path).write_text("weights")
    return (0.875, 3)


def _train(rate: float = 0.1, epochs: int = 3) -> float:
    """Logs a curve with the SDK."""
    from mbox_ops import tracking

    run = tracking.current_run()
    run.log_parameters({"rate": rate})
    for epoch in range(epochs):
        run.log_metric("curve", rate * epoch, step=epoch)
    run.persist_run()
    return rate


def _train_and_fail_once(mark: str) -> None:
    """Logs five points and fails; the second attempt logs three and is well."""
    from pathlib import Path

    from mbox_ops import tracking

    again = Path(mark).exists()
    Path(mark).touch()
    run = tracking.current_run()
    for epoch in range(3 if again else 5):
        run.log_metric("curve", 2.0 if again else 1.0, step=epoch)
    run.persist_run()
    if not again:
        raise SystemExit("the first attempt fails")


def _fail() -> None:
    """Fails."""
    raise SystemExit("this step fails")


def _show_environment() -> str:
    """Shows what with_tracking() handed over, from a child process."""
    import json
    import os
    import subprocess
    import sys

    code = "import json, os; print(json.dumps({k: v for k, v in os.environ.items() if k.startswith('MBOX_')}))"
    child = json.loads(subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout)
    assert child == {name: value for name, value in os.environ.items() if name.startswith("MBOX_")}
    sys.stdout.write(f"handed over: {json.dumps(child)}\n")
    return child.get("MBOX_RUN_KEY", "")


def _total(counts: list[int], shown: dsl.Input[list[dsl.Metrics]]) -> float:
    """Adds up what the steps of a loop put out: how many points, and the numbers that KFP shows."""
    return float(sum(counts) + sum(sum(each.metadata.values()) for each in shown))


def component(function: Any) -> Any:
    """A component of a user's own."""
    return dsl.component(function, base_image=IMAGE)


make_outputs = component(_make_outputs)
train = component(_train)
train_and_fail_once = component(_train_and_fail_once)
fail = component(_fail)
total = component(_total)
show_environment = component(_show_environment)
