"""The component `submit_metrics`, and the function that its steps run."""

from typing import Any, NamedTuple

from kfp import dsl

from mbox_kfp.building import component
from mbox_kfp.inlined.identity import mbox_plain
from mbox_kfp.inlined.points import (
    mbox_cells,
    mbox_csv_rows,
    mbox_json_rows,
    mbox_parquet_rows,
    mbox_point,
    mbox_points,
    mbox_rows,
)
from mbox_kfp.inlined.sending import mbox_done, mbox_failed, mbox_step, mbox_write
from mbox_kfp.inlined.values import (
    mbox_batches,
    mbox_block,
    mbox_classification,
    mbox_instant,
    mbox_number,
    mbox_numbers,
    mbox_unwrapped,
)


def submit_metrics(
    run_id: str,
    pipeline: str,
    task: str,
    parent_dag_id: str = "",
    loops: int = 0,
    loop_item_1: str = "",
    loop_item_2: str = "",
    loop_item_3: str = "",
    writer: str = "",
    metrics: dict[str, Any] = {},
    step: int = -1,
    parameters: dict[str, Any] = {},
    tags: dict[str, Any] = {},
    labels: dict[str, Any] = {},
    metadata: dict[str, Any] = {},
    metrics_artifact: dsl.Input[dsl.Metrics] = None,
    classification_artifact: dsl.Input[dsl.ClassificationMetrics] = None,
    points_artifact: dsl.Input[dsl.Artifact] = None,
    scenario: str = "",
    run_collection_name: str = "",
    run_name: str = "",
    url: str = "",
    on_error: str = "fail",
    timeout_seconds: float = 60.0,
    kfp_metrics: dsl.Output[dsl.Metrics] = None,
) -> NamedTuple("Outputs", [("tracking_run_id", str), ("run_url", str), ("count", int)]):  # type: ignore[valid-type]
    """Logs metrics, parameters, tags, labels and metadata to the tracking run of this KFP run.

    All of it is one atomic write (a points file of more than 20,000 points: several). A retried step replaces what its
    earlier attempt logged. KFP hands every number in a dict over as a floating-point one, so whole numbers in
    parameters, labels and metadata are recorded as integers.

    Args:
        run_id: KFP's run id; pass dsl.PIPELINE_JOB_ID_PLACEHOLDER. The task factory does.
        pipeline: The pipeline's name. The task factory fills it in.
        task: A constant that no other step of the pipeline has. The task factory fills it in.
        parent_dag_id: Pass dsl.PIPELINE_TASK_ID_PLACEHOLDER. The task factory does.
        loops: How many loops enclose the step, at most 3. The task factory fills it in.
        loop_item_1: The item of the outermost loop.
        loop_item_2: The item of the next loop.
        loop_item_3: The item of the innermost loop.
        writer: Tells steps apart whose loop items are equal.
        metrics: Name to number, or to text that is one. At most about 100 kB in all; use points_artifact for more.
        step: The step of the metrics, 0 or more; -1: one more than the series' largest.
        parameters: Name to any value but null.
        tags: Text to text, searchable.
        labels: Text to any value, for display.
        metadata: A document to merge into the run's metadata (RFC 7386).
        metrics_artifact: KFP metrics; its numbers are logged like `metrics`.
        classification_artifact: KFP classification metrics, logged as confusion/... and roc/... series.
        points_artifact: A file of points, for curves of any length: JSON lines, CSV, or Parquet where the image has
            pyarrow, with name and value (maybe step, wallclock). CSV and Parquet may have a column for each metric.
        scenario: The scenario of the run; the pipeline's name if it is not given.
        run_collection_name: The collection of the run; the pipeline's default collection if it is not given.
        run_name: Names the run.
        url: The address of the tracking service; MBOX_URL if it is not given.
        on_error: fail or warn.
        timeout_seconds: How long to try while the service is away.

    Returns:
        tracking_run_id: The run's id in the tracking service; empty if the step only warned.
        run_url: Where the tracking service shows the run.
        count: How many points were logged.
        kfp_metrics: The numbers of metrics and metrics_artifact, for KFP's own pages.
    """
    import time

    given = dict(locals())
    try:
        now = time.time_ns() // 1_000
        blocks = [mbox_block(metrics, step, now)] if metrics else []
        if metrics_artifact is not None and (numbers := mbox_numbers(metrics_artifact.metadata)):
            blocks.append(mbox_block(numbers, step, now))
        for block in blocks:
            shown = zip(block["names"], block["values"], strict=True)
            kfp_metrics.metadata.update({name: value for name, value in shown if not isinstance(value, str)})
        if classification_artifact is not None:
            blocks += mbox_classification(classification_artifact.metadata)
        if points_artifact is not None:
            blocks += mbox_points(points_artifact.path)
        batches = mbox_batches(blocks)
        batches[0].update(parameters=mbox_plain(parameters), tags=tags, labels=mbox_plain(labels))
        if metadata:
            batches[0]["metadata"] = [{"op": "merge", "document": mbox_plain(metadata)}]
        tracked = mbox_step(given)
        answer = mbox_write(tracked, batches)
        count = sum(len(block["values"]) for block in blocks)
        return (*mbox_done(tracked, answer, f"wrote {count} metric points"), count)
    except (RuntimeError, ValueError) as error:
        mbox_failed(error, on_error)
    return ("", "", 0)


COMPONENT = component(
    submit_metrics,
    mbox_instant,
    mbox_number,
    mbox_numbers,
    mbox_block,
    mbox_classification,
    mbox_unwrapped,
    mbox_rows,
    mbox_json_rows,
    mbox_csv_rows,
    mbox_parquet_rows,
    mbox_cells,
    mbox_point,
    mbox_points,
    mbox_batches,
)
