"""Operators that write to the DAG run's run in the tracking service."""

from mbox_airflow.operators.finish_run import FinishRunOperator
from mbox_airflow.operators.log_event import LogEventOperator
from mbox_airflow.operators.submit_metrics import SubmitMetricsOperator
from mbox_airflow.operators.track_artifact import TrackArtifactOperator

__all__ = ["FinishRunOperator", "LogEventOperator", "SubmitMetricsOperator", "TrackArtifactOperator"]
