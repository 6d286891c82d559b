"""The task factories that write to the run of the KFP run: what people call inside a pipeline."""

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Unpack

from kfp import dsl

from mbox_kfp.finish_run.component import COMPONENT as FINISH_RUN
from mbox_kfp.log_event.component import COMPONENT as LOG_EVENT
from mbox_kfp.options import StepOptions, Value
from mbox_kfp.submit_metrics.component import COMPONENT as SUBMIT_METRICS
from mbox_kfp.tasks import writing_task
from mbox_kfp.track_artifact.component import COMPONENT as TRACK_ARTIFACT
from mbox_kfp.update_metadata.component import COMPONENT as UPDATE_METADATA


def submit_metrics(
    metrics: Value = None,
    step: Value = None,
    parameters: Value = None,
    tags: Value = None,
    labels: Value = None,
    metadata: Value = None,
    *,
    metrics_artifact: Value = None,
    classification_artifact: Value = None,
    points_artifact: Value = None,
    **options: Unpack[StepOptions],
) -> Any:
    """A task that logs metrics, parameters, tags, labels and metadata to the run of this KFP run.

    Args:
        metrics: name to number. An output of another task may stand in the dict; KFP makes it text, and text that is a
            number counts as one. At most about 100 kB in all.
        step: of these metrics, 0 or more; without it, one more than the series' largest.
        parameters: name to any value but None.
        tags: text to text.
        labels: text to any value, for display.
        metadata: a document to merge into the run's metadata.
        metrics_artifact: a task's output of type `Metrics`.
        classification_artifact: a task's output of type `ClassificationMetrics`.
        points_artifact: a task's output, a file of points for long series: JSON lines, CSV, or Parquet where the
            step's image has pyarrow. `name` and `value` (maybe `step`, `wallclock`) in each row; CSV and Parquet may
            have a column for each metric instead, and maybe `step` and `wallclock`.
        options: see `StepOptions`.

    Returns:
        The task; its outputs are `tracking_run_id`, `run_url`, `count` and `kfp_metrics`.

    Example:
        submit_metrics(metrics={"accuracy": 0.93, "loss": 0.21}, step=3, parameters={"rate": 0.1}, tags={"team": "cv"})
    """
    inputs = {
        "metrics": _floats(metrics),
        "step": step,
        "parameters": parameters,
        "tags": tags,
        "labels": labels,
        "metadata": metadata,
        "metrics_artifact": metrics_artifact,
        "classification_artifact": classification_artifact,
        "points_artifact": points_artifact,
    }
    return writing_task("submit_metrics", SUBMIT_METRICS, inputs, options)


def log_event(
    name: Value,
    source: Value = None,
    wallclock_time: Value = None,
    metadata: Value = None,
    **options: Unpack[StepOptions],
) -> Any:
    """A task that logs that something happened to the run of this KFP run.

    Args:
        name: 1-256 characters. `x_started` and `x_finished` from one source are shown as a span.
        source: who says so, text or an `EventSource`; the pipeline's name if it is not given.
        wallclock_time: when it happened, in seconds since 1970, as a datetime or as RFC 3339 text; when the task runs
            if it is not given.
        metadata: any document.
        options: see `StepOptions`.

    Returns:
        The task; its outputs are `tracking_run_id` and `run_url`.

    Example:
        log_event("checkpoint_started", source="trainer", metadata={"chk_size": 2345})
    """
    inputs = {
        "name": name,
        "source": getattr(source, "name", source) if not isinstance(source, dsl.PipelineTask) else source,
        "wallclock_time": _instant(wallclock_time),
        "metadata": metadata,
    }
    return writing_task("log_event", LOG_EVENT, inputs, options)


def track_artifact(
    artifact: Value = None,
    *,
    uri: Value = None,
    path: Value = None,
    checksum: Value = False,
    used: Value = False,
    **options: Unpack[StepOptions],
) -> Any:
    """A task that records where a file lies; the file stays there.

    Args:
        artifact: a task's output, any artifact. KFP downloads it in full before the step begins.
        uri: where the file lies, without credentials: the cheap way for a large one. One of `artifact` and `uri`.
        path: the label that the file is listed under; the last part of its uri if it is not given.
        checksum: record the SHA-256 of the artifact's bytes.
        used: the run used the file, such as its data, and did not produce it. An artifact that came from KFP's cache,
            or from another KFP run, is known to be used.
        options: see `StepOptions`.

    Returns:
        The task; its outputs are `tracking_run_id`, `run_url`, `artifact_id` and `receipt`.

    Example:
        track_artifact(uri="s3://models/digits/model.onnx", path="model.onnx")
    """
    if (artifact is None) == (uri is None):
        raise ValueError("Give track_artifact() an artifact or a uri, and not both.")
    inputs = {"artifact": artifact, "uri": uri, "path": path, "checksum": checksum, "used": used}
    return writing_task("track_artifact", TRACK_ARTIFACT, inputs, options)


def update_metadata(
    metadata: Value = None,
    *,
    metadata_artifact: Value = None,
    **options: Unpack[StepOptions],
) -> Any:
    """A task that merges a document into the metadata of the run of this KFP run; other keys stay (RFC 7386).

    Args:
        metadata: the document, at most about 100 kB. KFP knows neither null nor whole numbers inside it.
        metadata_artifact: a task's output, a file with one JSON object: exact, and up to 1 MiB. It is merged first.
        options: see `StepOptions`.

    Returns:
        The task; its outputs are `tracking_run_id`, `run_url` and `num_keys_written`.

    Example:
        update_metadata({"data": {"name": "diabetes", "rows": 442}})
    """
    if metadata is None and metadata_artifact is None:
        raise ValueError("Give update_metadata() metadata, metadata_artifact, or both.")
    inputs = {"metadata": metadata, "metadata_artifact": metadata_artifact}
    return writing_task("update_metadata", UPDATE_METADATA, inputs, options)


def finish_run(**options: Unpack[StepOptions]) -> Any:
    """The exit task that closes the run with the state that the pipeline ended in. `tracked_run()` makes it for you.

    Args:
        options: see `StepOptions`; here `on_error` is `warn` if it is not given.

    Returns:
        The task, for `dsl.ExitHandler`; its outputs are `tracking_run_id`, `run_url` and `state`.

    Example:
        with dsl.ExitHandler(finish_run(scenario="digits")):
            submit_metrics(metrics={"accuracy": 0.93}, scenario="digits")
    """
    return writing_task("finish_run", FINISH_RUN, {}, options)


def _floats(metrics: Value) -> Value:
    """Metrics as KFP can carry them: its own numbers know neither NaN nor infinities."""
    if not isinstance(metrics, Mapping):
        return metrics
    texts = {math.inf: "Infinity", -math.inf: "-Infinity"}
    return {
        name: texts.get(value, "NaN") if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in metrics.items()
    }


def _instant(wallclock_time: Value) -> Value:
    if isinstance(wallclock_time, datetime):
        return wallclock_time.astimezone().isoformat()
    return repr(wallclock_time) if isinstance(wallclock_time, (int, float)) else wallclock_time
