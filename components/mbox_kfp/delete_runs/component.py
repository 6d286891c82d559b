"""The component `delete_runs`, and the function that its steps run."""

from typing import Any, NamedTuple

from kfp import dsl

from mbox_kfp.building import component
from mbox_kfp.inlined.deleting import (
    mbox_delete,
    mbox_names,
    mbox_report,
    mbox_selector,
    mbox_table,
    mbox_told,
)
from mbox_kfp.inlined.sending import mbox_caller, mbox_failed


def delete_runs(
    run_id: str,
    task: str,
    parent_dag_id: str = "",
    loops: int = 0,
    loop_item_1: str = "",
    loop_item_2: str = "",
    loop_item_3: str = "",
    writer: str = "",
    selectors: str = "",
    scenario: str = "",
    scenario_version: str = "",
    pipeline: str = "",
    execution: str = "",
    notebook: str = "",
    run: str = "",
    filter: str = "",
    dry_run: bool = False,
    purge: bool = False,
    force: bool = False,
    max_runs: int = -1,
    expected: dict[str, Any] = {},
    url: str = "",
    on_error: str = "fail",
    timeout_seconds: float = 60.0,
    report: dsl.Output[dsl.Markdown] = None,
) -> NamedTuple("Outputs", [("deletion_id", str), ("state", str), ("runs", int), ("counts", dict)]):  # type: ignore[valid-type]
    """Deletes the tracking runs that all given selectors hold for: whole scenarios, or fewer.

    It can be undone for seven days. Runs that count as alive make it refuse unless force is given. A step that is
    retried, or whose answer is lost, deletes once: the deletion's key is the step's identity.

    Args:
        run_id: KFP's run id; pass dsl.PIPELINE_JOB_ID_PLACEHOLDER. The task factory does.
        task: A constant that no other step of the pipeline has. The task factory fills it in.
        parent_dag_id: Pass dsl.PIPELINE_TASK_ID_PLACEHOLDER. The task factory does.
        loops: How many loops enclose the step, at most 3. The task factory fills it in.
        loop_item_1: The item of the outermost loop.
        loop_item_2: The item of the next loop.
        loop_item_3: The item of the innermost loop.
        writer: Tells steps apart whose loop items are equal.
        selectors: The names of the selectors that are meant, parted by commas; an empty one is refused. The task
            factory fills it in.
        scenario: A name or id, or several parted by commas; several stand without other selectors.
        scenario_version: Runs of this version of a scenario.
        pipeline: Runs of this pipeline.
        execution: Runs of this execution of a pipeline.
        notebook: Runs of this notebook; needs a scenario or a run beside it.
        run: The id of one run.
        filter: A condition in the filter language, such as params.lr > 0.1 AND metrics.loss.min < 2. With it runs with
            the tag mbox.keep=true stay.
        dry_run: Only count what would go.
        purge: Give the undo window up.
        force: Take runs that count as alive too.
        max_runs: Refuse when more runs than that would go; -1 is no limit.
        expected: The output counts of a dry run; refuse when something else would go now.
        url: The address of the tracking service; MBOX_URL if it is not given.
        on_error: fail or warn.
        timeout_seconds: How long to try while the service is away.

    Returns:
        deletion_id: The deletion's id, to undo it by; empty after a dry run.
        state: PREVIEW, TOMBSTONED, PURGING, PURGED or UNDONE; empty if the step only warned.
        runs: How many runs went, or would go.
        counts: How many runs, points, events, artifacts and bytes.
        report: What went of each scenario, for KFP's own pages.
    """
    given = dict(locals())
    try:
        what = {"selector": mbox_selector(given), "force": force}
        deletion = mbox_delete(mbox_caller(given), "/api/v1/deletions", given, what)
        return mbox_told(deletion, max_runs, report)
    except (RuntimeError, ValueError) as error:
        mbox_failed(error, on_error)
    return ("", "", 0, {})


COMPONENT = component(
    delete_runs, mbox_delete, mbox_names, mbox_report, mbox_selector, mbox_table, mbox_told, writes_to_a_run=False
)
