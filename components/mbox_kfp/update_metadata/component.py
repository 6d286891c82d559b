"""The component `update_metadata`, and the function that its steps run."""

from typing import Any, NamedTuple

from kfp import dsl

from mbox_kfp.building import component
from mbox_kfp.inlined.documents import mbox_document, mbox_keys_written
from mbox_kfp.inlined.identity import mbox_plain
from mbox_kfp.inlined.sending import mbox_done, mbox_failed, mbox_step, mbox_write


def update_metadata(
    run_id: str,
    pipeline: str,
    task: str,
    parent_dag_id: str = "",
    loops: int = 0,
    loop_item_1: str = "",
    loop_item_2: str = "",
    loop_item_3: str = "",
    writer: str = "",
    metadata: dict[str, Any] = {},
    metadata_artifact: dsl.Input[dsl.Artifact] = None,
    scenario: str = "",
    run_collection_name: str = "",
    run_name: str = "",
    url: str = "",
    on_error: str = "fail",
    timeout_seconds: float = 60.0,
) -> NamedTuple("Outputs", [("tracking_run_id", str), ("run_url", str), ("num_keys_written", int)]):  # type: ignore[valid-type]
    """Merges a document into the metadata of the tracking run of this KFP run; other keys stay (RFC 7386).

    A retried step replaces what its earlier attempt merged. KFP hands every number in a dict over as a floating-point
    one and knows no null in it: whole numbers are recorded as integers, and a document with nulls, which delete keys,
    comes as a file.

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
        metadata: The document; at most about 100 kB.
        metadata_artifact: A file with one JSON object, merged before metadata; it is taken as it stands.
        scenario: The scenario of the run; the pipeline's name if it is not given.
        run_collection_name: The collection of the run; the pipeline's default collection if it is not given.
        run_name: Names the run.
        url: The address of the tracking service; MBOX_URL if it is not given.
        on_error: fail or warn.
        timeout_seconds: How long to try while the service is away.

    Returns:
        tracking_run_id: The run's id in the tracking service; empty if the step only warned.
        run_url: Where the tracking service shows the run.
        num_keys_written: How many top-level keys were given a value.
    """
    given = dict(locals())
    try:
        documents = [] if metadata_artifact is None else [mbox_document(metadata_artifact.path)]
        documents += [mbox_plain(metadata)] if metadata else []
        if not any(documents):
            raise ValueError("metadata is empty: there is nothing to merge.")
        tracked = mbox_step(given)
        batch = {"metadata": [{"op": "merge", "document": document} for document in documents]}
        answer = mbox_write(tracked, [batch])
        count = mbox_keys_written(documents)
        return (*mbox_done(tracked, answer, f"wrote {count} keys of the metadata"), count)
    except (RuntimeError, ValueError) as error:
        mbox_failed(error, on_error)
    return ("", "", 0)


COMPONENT = component(update_metadata, mbox_document, mbox_keys_written)
