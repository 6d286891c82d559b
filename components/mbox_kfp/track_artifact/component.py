"""The component `track_artifact`, and the function that its steps run."""

from typing import NamedTuple

from kfp import dsl

from mbox_kfp.building import component
from mbox_kfp.inlined.files import mbox_file, mbox_producer, mbox_sha256, mbox_tracked
from mbox_kfp.inlined.sending import mbox_done, mbox_failed, mbox_step, mbox_write


def track_artifact(
    run_id: str,
    pipeline: str,
    task: str,
    parent_dag_id: str = "",
    loops: int = 0,
    loop_item_1: str = "",
    loop_item_2: str = "",
    loop_item_3: str = "",
    writer: str = "",
    artifact: dsl.Input[dsl.Artifact] = None,
    uri: str = "",
    path: str = "",
    checksum: bool = False,
    used: bool = False,
    scenario: str = "",
    run_collection_name: str = "",
    run_name: str = "",
    url: str = "",
    on_error: str = "fail",
    timeout_seconds: float = 60.0,
    receipt: dsl.Output[dsl.Artifact] = None,
) -> NamedTuple("Outputs", [("tracking_run_id", str), ("run_url", str), ("artifact_id", str)]):  # type: ignore[valid-type]
    """Records in the tracking run of this KFP run where a file lies; the file stays there.

    KFP downloads an input artifact in full before the step begins; for a large one, give its uri instead. An artifact
    that another KFP run made (it came from the cache, or was imported) is recorded as used by this run, with an event
    that names that run and its task. A retried step replaces what its earlier attempt recorded.

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
        artifact: Any KFP artifact; this or uri.
        uri: Where the file lies, without credentials; this or artifact.
        path: The label that the file is listed under; the last part of its uri if it is not given.
        checksum: Record the SHA-256 of the artifact's bytes.
        used: The run used the file, such as its data, and did not produce it.
        scenario: The scenario of the run; the pipeline's name if it is not given.
        run_collection_name: The collection of the run; the pipeline's default collection if it is not given.
        run_name: Names the run.
        url: The address of the tracking service; MBOX_URL if it is not given.
        on_error: fail or warn.
        timeout_seconds: How long to try while the service is away.

    Returns:
        tracking_run_id: The run's id in the tracking service; empty if the step only warned.
        run_url: Where the tracking service shows the run.
        artifact_id: The reference's id; empty where the run used the file.
        receipt: What was recorded, as metadata; the tracked artifact itself is left as it is.
    """
    import time

    given = dict(locals())
    try:
        if (artifact is None) == (not uri):
            raise ValueError("Give track_artifact an artifact or a uri, and not both.")
        tracked = mbox_step(given)
        record = mbox_file(uri or artifact.uri, "" if uri else artifact.path, path, checksum)
        if getattr(artifact, "schema_title", "") == "system.Model":
            record["mime_type"] = "Model"
        made_by = {} if uri else mbox_producer(artifact.uri)
        reused = made_by if made_by.get("kfp_run_id", run_id) != run_id else {}
        batch = mbox_tracked(record, reused, used, pipeline, time.time_ns() // 1_000)
        answer = mbox_write(tracked, [batch])
        ident = (answer.get("artifact_ids") or [""])[0]
        done = mbox_done(tracked, answer, f"recorded {record['uri']} as an artifact")
        receipt.metadata.update(record, artifact_id=ident, tracking_run_id=done[0], run_url=done[1], **made_by)
        receipt.metadata["used"] = bool(reused) or used
        return (*done, ident)
    except (RuntimeError, ValueError) as error:
        mbox_failed(error, on_error)
    return ("", "", "")


COMPONENT = component(track_artifact, mbox_file, mbox_producer, mbox_sha256, mbox_tracked)
