"""A tour of the provider: each operator, the sensor, the gate and the decorator once. Deploy it and look at its run.

The workers need `mbox-ops[airflow]`; the connection `mbox_default` (or the variable `MBOX_URL`) says where the tracking
service is. The tour deletes only a run that it has made itself, so its token may need the scope `delete`; give that to
the connection `mbox_delete`.
"""

from datetime import timedelta
from typing import Any

from airflow.sdk import Asset, dag, task

from mbox_airflow import current_run
from mbox_airflow.operators import (
    CleanupRunsOperator,
    DeleteRunsOperator,
    FinishRunOperator,
    LogEventOperator,
    MetricGateOperator,
    SubmitMetricsOperator,
    TrackArtifactOperator,
    UpdateMetadataOperator,
)
from mbox_airflow.sensors import MetricSensor

SCRATCH = "scratch of {{ dag.dag_id }} {{ run_id }}"
"""A scenario that only this DAG run writes to."""


@task
def log_a_curve() -> dict[str, float]:
    """Inside any task, `current_run()` is the DAG run's run."""
    run = current_run()
    run.log_parameters({"learning_rate": 0.1})
    for step in range(10):
        run.log_metric("loss", 1 / (step + 1), step=step)
    return {"accuracy": 0.93}


@task.mbox(log_returned=True)
def evaluate(run: Any = None) -> dict[str, float]:
    """A task of its own kind: it is handed the run, and the numbers that it returns are logged."""
    run.set_tags({"tour": "yes"})
    return {"recall": 0.91, "precision": 0.95}


@task
def make_scratch(scenario: str) -> str:
    """A task may start runs of its own, in any scenario."""
    from mbox_ops import tracking

    with tracking.start_run(scenario=scenario) as run:
        run.log_metric("loss", 0.5)
        return run.id


@dag(
    schedule=None,
    default_args={"retries": 1, "retry_delay": timedelta(seconds=5)},
    tags=["mbox-ops"],
    doc_md=__doc__,
)
def operators_tour() -> None:
    """Log, wait, judge, preview, finish, and clean up after it whatever happened."""
    scores = log_a_curve()
    evaluated = evaluate()
    submit = SubmitMetricsOperator(
        task_id="submit_metrics",
        metrics=scores,
        labels={"accuracy": {"format_string": "percentage"}},
    )
    event = LogEventOperator(task_id="log_event", name="tour_began", metadata={"by": "{{ dag.dag_id }}"})
    metadata = UpdateMetadataOperator(
        task_id="update_metadata",
        metadata={"airflow": {"dag": "{{ dag.dag_id }}", "tasks": 13}},
    )
    source = TrackArtifactOperator(
        task_id="track_artifact",
        files=__file__,  # the DAG's own source, which every worker has
        upload=True,
        mime_type="Text",
        outlets=[Asset("operators_tour_source")],
    )
    wait = MetricSensor(
        task_id="metric_sensor",
        filter="metrics.loss.min <= 0.1 AND EXISTS metrics.accuracy",
        deferrable=True,
        poke_interval=2,
        timeout=300,
    )
    gate = MetricGateOperator(
        task_id="metric_gate",
        metric="accuracy",
        at_least=0.9,
        baseline="best",
        better="higher",
        tolerance=0.05,
        otherwise="warn",
    )
    old = CleanupRunsOperator(task_id="cleanup_runs", scenario="operators_tour", older_than="30d")  # it only counts
    finish = FinishRunOperator(task_id="finish_run")
    [scores, evaluated, event] >> wait
    scores >> submit >> wait >> gate >> [metadata, source, old] >> finish

    scratch = make_scratch(SCRATCH).as_setup()
    preview = DeleteRunsOperator(task_id="preview", scenario=SCRATCH, dry_run=True)
    delete = DeleteRunsOperator(task_id="delete_runs", scenario=SCRATCH, expected=preview.output)
    scratch >> preview >> finish
    preview >> delete.as_teardown(setups=scratch)
    finish >> delete


operators_tour()
