"""The component `cleanup_runs`, and the function that its steps run."""

from typing import Any, NamedTuple

from kfp import dsl

from mbox_kfp.building import component
from mbox_kfp.inlined.deleting import (
    mbox_confirmed,
    mbox_delete,
    mbox_names,
    mbox_report,
    mbox_rules,
    mbox_seconds,
    mbox_table,
    mbox_told,
)
from mbox_kfp.inlined.sending import mbox_caller, mbox_failed


def cleanup_runs(
    run_id: str,
    task: str,
    parent_dag_id: str = "",
    loops: int = 0,
    loop_item_1: str = "",
    loop_item_2: str = "",
    loop_item_3: str = "",
    writer: str = "",
    scenario: str = "",
    run_collection: str = "",
    status: str = "",
    filter: str = "",
    older_than: str = "",
    keep_last: int = -1,
    keep_best: int = -1,
    metric: str = "",
    direction: str = "",
    statistic: str = "last",
    max_runs: int = 1000,
    dry_run: bool = True,
    confirm: str = "",
    purge: bool = False,
    expected: dict[str, Any] = {},
    url: str = "",
    on_error: str = "fail",
    timeout_seconds: float = 60.0,
    report: dsl.Output[dsl.Markdown] = None,
) -> NamedTuple("Outputs", [("deletion_id", str), ("state", str), ("runs", int), ("counts", dict)]):  # type: ignore[valid-type]
    """Deletes the tracking runs that rules of retention let go, or only reports, which is the default.

    Runs that count as alive and those with the tag mbox.keep=true always stay. At least one of status, filter,
    older_than, keep_last and keep_best has to be given. What goes can be brought back for seven days. A step that is
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
        scenario: Only runs of these scenarios, names or ids parted by commas; all scenarios if it is not given.
        run_collection: Only runs of these collections, names or ids parted by commas.
        status: Only runs in one of these states, parted by commas, such as FAILED,KILLED.
        filter: Only runs that this condition holds for, such as params.lr > 0.1 AND metrics.loss.min < 2.
        older_than: Runs that something was written to since stay; seconds, or text such as 12h, 30d, 4w.
        keep_last: So many runs of each collection stay, those that were made last; -1 is no such rule.
        keep_best: So many runs of each collection stay, the best ones by metric; -1 is no such rule.
        metric: The metric of keep_best. Where no run of a collection has it, all of that collection stay.
        direction: min or max, which is best.
        statistic: Of the metric's points, such as last, min or max.
        max_runs: Refuse when more runs than that would go; -1 stands for the service's own limit, 1000.
        dry_run: Only report.
        confirm: Has to repeat scenario (or say 'all scenarios' where none is given) when dry_run is false.
        purge: Give the undo window up.
        expected: The output counts of a dry run; refuse when something else would go now.
        url: The address of the tracking service; MBOX_URL if it is not given.
        on_error: fail or warn.
        timeout_seconds: How long to try while the service is away.

    Returns:
        deletion_id: The deletion's id, to undo it by; empty after a dry run.
        state: PREVIEW, TOMBSTONED, PURGING, PURGED or UNDONE; empty if the step only warned.
        runs: How many runs went, or would go.
        counts: How many runs, points, events, artifacts and bytes.
        report: What goes of each scenario, and why the others stay, for KFP's own pages.
    """
    given = dict(locals())
    try:
        mbox_confirmed(given)
        deletion = mbox_delete(mbox_caller(given), "/api/v1/cleanup", given, {"rules": mbox_rules(given)})
        return mbox_told(deletion, max_runs, report)
    except (RuntimeError, ValueError) as error:
        mbox_failed(error, on_error)
    return ("", "", 0, {})


COMPONENT = component(
    cleanup_runs,
    mbox_confirmed,
    mbox_delete,
    mbox_names,
    mbox_report,
    mbox_rules,
    mbox_seconds,
    mbox_table,
    mbox_told,
    writes_to_a_run=False,
)
