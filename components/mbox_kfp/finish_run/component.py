"""The component `finish_run`, and the function that its step runs."""

from typing import Any, NamedTuple

from kfp import dsl

from mbox_kfp.building import component
from mbox_kfp.inlined.sending import mbox_done, mbox_failed, mbox_step, mbox_write


def mbox_state(spelling: str) -> str:
    """The state that ends a run, from any spelling of KFP, Argo and Vertex AI; empty where it is no end."""
    states = {
        "FINISHED": ("SUCCEEDED", "SUCCESS", "COMPLETE", "COMPLETED", "CACHED", "SKIPPED", "OMITTED"),
        "FAILED": ("FAILED", "FAILURE", "ERROR", "SYSTEM_ERROR"),
        "KILLED": ("CANCELED", "CANCELLED", "CANCELING", "CANCELLING", "TERMINATED", "TERMINATING"),
    }
    word = str(spelling).strip().upper().rpartition(".")[2].removeprefix("PIPELINE_STATE_")
    return next((state for state, words in states.items() if word in words), "")


def mbox_ending(status: Any, source: str, now: int) -> dict[str, Any]:
    """What to write when the pipeline has ended: its state, and an event where there is more to say."""
    state = mbox_state(status.state)
    batch: dict[str, Any] = {"state": state, "at": now} if state else {}
    message = str(status.error_message or "")
    if state in ("FAILED", "KILLED") or not state:
        details = {
            "state": str(status.state),
            "task": status.pipeline_task_name or "",
            "error_code": status.error_code,
            "error_message": message if len(message) <= 2_000 else message[:2_000] + " ...",
        }
        name = f"pipeline_{state.lower()}" if state else "pipeline_state_unknown"
        batch["events"] = [{"name": name, "source": source, "wallclock": now, "metadata": details}]
    return batch


def finish_run(
    run_id: str,
    pipeline: str,
    task: str,
    status: dsl.PipelineTaskFinalStatus,
    parent_dag_id: str = "",
    loops: int = 0,
    loop_item_1: str = "",
    loop_item_2: str = "",
    loop_item_3: str = "",
    writer: str = "",
    scenario: str = "",
    run_collection_name: str = "",
    run_name: str = "",
    url: str = "",
    on_error: str = "warn",
    timeout_seconds: float = 60.0,
) -> NamedTuple("Outputs", [("tracking_run_id", str), ("run_url", str), ("state", str)]):  # type: ignore[valid-type]
    """Closes the tracking run of this KFP run with the state that the pipeline ended in; the task of an exit handler.

    SUCCEEDED, COMPLETE and the like give FINISHED; FAILED and ERROR give FAILED; CANCELED, however spelled, gives
    KILLED. Any other state leaves the run as it is and logs an event that says which it was.

    Args:
        run_id: KFP's run id; pass dsl.PIPELINE_JOB_ID_PLACEHOLDER. The task factory does.
        pipeline: The pipeline's name. The task factory fills it in.
        task: A constant that no other step of the pipeline has. The task factory fills it in.
        status: How the tasks ended. KFP fills it in.
        parent_dag_id: Pass dsl.PIPELINE_TASK_ID_PLACEHOLDER. The task factory does.
        loops: How many loops enclose the step, at most 3. The task factory fills it in.
        loop_item_1: The item of the outermost loop.
        loop_item_2: The item of the next loop.
        loop_item_3: The item of the innermost loop.
        writer: Tells steps apart whose loop items are equal.
        scenario: The scenario of the run; the pipeline's name if it is not given.
        run_collection_name: The collection of the run; the pipeline's default collection if it is not given.
        run_name: Names the run.
        url: The address of the tracking service; MBOX_URL if it is not given.
        on_error: fail or warn.
        timeout_seconds: How long to try while the service is away.

    Returns:
        tracking_run_id: The run's id in the tracking service; empty if the step only warned.
        run_url: Where the tracking service shows the run.
        state: FINISHED, FAILED or KILLED; empty if the run was left as it is.
    """
    import time

    given = {name: value for name, value in locals().items() if name != "status"}
    try:
        tracked = mbox_step(given)
        batch = mbox_ending(status, pipeline, time.time_ns() // 1_000)
        answer = mbox_write(tracked, [batch])
        state = batch.get("state", "")
        done = mbox_done(tracked, answer, f"set the state {state}" if state else f"left the state ({status.state})")
        return (*done, state)
    except (RuntimeError, ValueError) as error:
        mbox_failed(error, on_error)
    return ("", "", "")


COMPONENT = component(finish_run, mbox_state, mbox_ending)
