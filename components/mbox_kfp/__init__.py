"""Kubeflow Pipelines components of mbox-ops: track runs from the steps of a pipeline.

    from kfp import dsl
    from mbox_kfp import submit_metrics, tracked_run

    @dsl.pipeline(name="digits")
    def digits():
        with tracked_run(scenario="vision"):
            submit_metrics(metrics={"accuracy": 0.93})

The steps write to one run for each KFP run. They find the tracking service in the environment (`MBOX_URL`,
`MBOX_TOKEN`; on a cluster from the ConfigMap and the Secret `mbox-ops`), install nothing of ours, and replace what they
logged when KFP retries them.
"""

from mbox_kfp.deleting import cleanup_runs, delete_runs
from mbox_kfp.factories import finish_run, log_event, submit_metrics, track_artifact, update_metadata
from mbox_kfp.options import ReachOptions, StepOptions
from mbox_kfp.tracked import tracked_run, with_tracking

__all__ = [
    "ReachOptions",
    "StepOptions",
    "cleanup_runs",
    "delete_runs",
    "finish_run",
    "log_event",
    "submit_metrics",
    "track_artifact",
    "tracked_run",
    "update_metadata",
    "with_tracking",
]
