"""A pipeline that logs numbers, KFP's own metrics and a curve."""

from typing import NamedTuple

from kfp import dsl

from mbox_kfp import submit_metrics


@dsl.component(base_image="python:3.11-slim")
def evaluate(
    metrics: dsl.Output[dsl.Metrics], classes: dsl.Output[dsl.ClassificationMetrics], curve: dsl.Output[dsl.Dataset]
) -> NamedTuple("Outputs", [("accuracy", float)]):  # type: ignore[valid-type]  # KFP's own notation
    """Stands for a step that evaluates a model: a number, KFP's metrics, and a curve as CSV."""
    from pathlib import Path

    metrics.log_metric("f1", 0.875)
    classes.log_confusion_matrix(["cat", "dog"], [[8, 2], [1, 9]])
    classes.log_roc_curve([0.0, 0.1, 1.0], [0.0, 0.9, 1.0], [1.0, 0.5, 0.0])
    rows = [f"{step},{1 / (step + 1)}" for step in range(100)]
    Path(curve.path).write_text("\n".join(["step,loss", *rows]))
    return (0.85,)


@dsl.pipeline(name="submit-metrics-example")
def pipeline(scenario: str = "examples") -> None:
    """Evaluates, and logs all of it in one step."""
    evaluated = evaluate()
    submit_metrics(
        metrics={"accuracy": evaluated.outputs["accuracy"]},
        metrics_artifact=evaluated.outputs["metrics"],
        classification_artifact=evaluated.outputs["classes"],
        points_artifact=evaluated.outputs["curve"],
        parameters={"model": "svm"},
        scenario=scenario,
    )
