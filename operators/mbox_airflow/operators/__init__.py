"""Operators that write to the DAG run's run in the tracking service."""

from mbox_airflow.operators.cleanup_runs import CleanupRunsOperator
from mbox_airflow.operators.delete_runs import DeleteRunsOperator
from mbox_airflow.operators.finish_run import FinishRunOperator
from mbox_airflow.operators.log_event import LogEventOperator
from mbox_airflow.operators.metric_gate import MetricGateOperator
from mbox_airflow.operators.submit_metrics import SubmitMetricsOperator
from mbox_airflow.operators.track_artifact import TrackArtifactOperator
from mbox_airflow.operators.update_metadata import UpdateMetadataOperator

__all__ = [
    "CleanupRunsOperator",
    "DeleteRunsOperator",
    "FinishRunOperator",
    "LogEventOperator",
    "MetricGateOperator",
    "SubmitMetricsOperator",
    "TrackArtifactOperator",
    "UpdateMetadataOperator",
]
