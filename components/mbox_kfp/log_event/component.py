"""The component `log_event`, and the function that its steps run."""

from typing import Any, NamedTuple

from mbox_kfp.building import component
from mbox_kfp.inlined.identity import mbox_plain
from mbox_kfp.inlined.sending import mbox_done, mbox_failed, mbox_step, mbox_write
from mbox_kfp.inlined.values import mbox_instant


def log_event(
    run_id: str,
    pipeline: str,
    task: str,
    name: str,
    parent_dag_id: str = "",
    loops: int = 0,
    loop_item_1: str = "",
    loop_item_2: str = "",
    loop_item_3: str = "",
    writer: str = "",
    source: str = "",
    wallclock_time: str = "",
    metadata: dict[str, Any] = {},
    scenario: str = "",
    run_collection_name: str = "",
    run_name: str = "",
    url: str = "",
    on_error: str = "fail",
    timeout_seconds: float = 60.0,
) -> NamedTuple("Outputs", [("tracking_run_id", str), ("run_url", str)]):  # type: ignore[valid-type]
    """Logs an event, something that happened at an instant, to the tracking run of this KFP run.

    A retried step replaces the event that its earlier attempt logged.

    Args:
        run_id: KFP's run id; pass dsl.PIPELINE_JOB_ID_PLACEHOLDER. The task factory does.
        pipeline: The pipeline's name. The task factory fills it in.
        task: A constant that no other step of the pipeline has. The task factory fills it in.
        name: The event's name, 1 to 256 characters. x_started and x_finished from one source are shown as a span.
        parent_dag_id: Pass dsl.PIPELINE_TASK_ID_PLACEHOLDER. The task factory does.
        loops: How many loops enclose the step, at most 3. The task factory fills it in.
        loop_item_1: The item of the outermost loop.
        loop_item_2: The item of the next loop.
        loop_item_3: The item of the innermost loop.
        writer: Tells steps apart whose loop items are equal.
        source: Who says so, 1 to 256 characters; the pipeline's name if it is not given.
        wallclock_time: When it happened, in seconds since 1970 or RFC 3339; now if it is not given.
        metadata: Any document.
        scenario: The scenario of the run; the pipeline's name if it is not given.
        run_collection_name: The collection of the run; the pipeline's default collection if it is not given.
        run_name: Names the run.
        url: The address of the tracking service; MBOX_URL if it is not given.
        on_error: fail or warn.
        timeout_seconds: How long to try while the service is away.

    Returns:
        tracking_run_id: The run's id in the tracking service; empty if the step only warned.
        run_url: Where the tracking service shows the run.
    """
    import time

    given = dict(locals())
    try:
        tracked = mbox_step(given)
        now = time.time_ns() // 1_000
        event = {
            "name": name,
            "source": source or pipeline,
            "wallclock": mbox_instant("wallclock_time", wallclock_time) if wallclock_time else now,
            "metadata": mbox_plain(metadata),
        }
        answer = mbox_write(tracked, [{"events": [event]}])
        return mbox_done(tracked, answer, f"wrote the event {name!r}")
    except (RuntimeError, ValueError) as error:
        mbox_failed(error, on_error)
    return ("", "")


COMPONENT = component(log_event, mbox_instant)
