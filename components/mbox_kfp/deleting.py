"""The task factories that delete runs."""

from typing import Any, Unpack

from mbox_kfp.cleanup_runs.component import COMPONENT as CLEANUP_RUNS
from mbox_kfp.delete_runs.component import COMPONENT as DELETE_RUNS
from mbox_kfp.options import ReachOptions, Value
from mbox_kfp.tasks import deleting_task


def delete_runs(
    *,
    scenario: Value = None,
    scenario_version: Value = None,
    pipeline: Value = None,
    execution: Value = None,
    notebook: Value = None,
    run: Value = None,
    filter: Value = None,
    dry_run: Value = False,
    purge: Value = False,
    force: Value = False,
    max_runs: Value = None,
    expected: Value = None,
    **options: Unpack[ReachOptions],
) -> Any:
    """A task that deletes the runs that all given selectors hold for; it can be undone for seven days.

    A selector that is empty when the step runs (a parameter of the pipeline that nobody gave) is refused: it never
    widens the choice. The scenario of an enclosing `tracked_run` is no selector. Retried, it deletes once.

    Args:
        scenario: a name or id, several parted by commas, or a list; several stand without other selectors. Naming a
            scenario takes its protected runs too.
        scenario_version: runs of this version.
        pipeline: runs of this pipeline.
        execution: runs of this execution of a pipeline.
        notebook: runs of this notebook; needs a scenario or a run beside it.
        run: the id of one run.
        filter: a condition in the filter language, such as `params.lr > 0.1 AND metrics.loss.min < 2`.
        dry_run: only count what would go.
        purge: give the undo window up.
        force: take runs that count as alive too; without it they make the step fail, with their list.
        max_runs: refuse when more runs than that would go.
        expected: the output `counts` of a dry run: refuse when something else would go now.
        options: see `ReachOptions`.

    Returns:
        The task; its outputs are `deletion_id`, `state`, `runs`, `counts` and `report`, a Markdown page.

    Raises:
        ValueError: there is no selector.

    Example:
        delete_runs(scenario="churn-experiments", max_runs=500, secret="mbox-ops-delete")
    """
    selectors = {
        "scenario": ",".join(map(str, scenario)) if isinstance(scenario, (list, tuple)) else scenario,
        "scenario_version": scenario_version,
        "pipeline": pipeline,
        "execution": execution,
        "notebook": notebook,
        "run": run,
        "filter": filter,
    }
    meant = [name for name, value in selectors.items() if value is not None]
    if empty := [name for name in meant if isinstance(selectors[name], str) and not selectors[name].strip(" ,")]:
        raise ValueError(f"delete_runs() is given an empty {empty[0]}; without it more would go than was meant.")
    if not meant:
        raise ValueError(f"delete_runs() needs at least one of {', '.join(selectors)}.")
    how = {"dry_run": dry_run, "purge": purge, "force": force, "max_runs": max_runs, "expected": expected}
    return deleting_task("delete_runs", DELETE_RUNS, {**selectors, **how, "selectors": ",".join(meant)}, options)


def cleanup_runs(
    *,
    scenario: Value = None,
    run_collection: Value = None,
    status: Value = None,
    filter: Value = None,
    older_than: Value = None,
    keep_last: Value = None,
    keep_best: Value = None,
    metric: Value = None,
    direction: Value = None,
    statistic: Value = None,
    max_runs: Value = None,
    dry_run: Value = True,
    confirm: Value = None,
    purge: Value = False,
    expected: Value = None,
    **options: Unpack[ReachOptions],
) -> Any:
    """A task that deletes the runs that rules of retention let go, or only reports, which is the default.

    Runs that count as alive and those with the tag `mbox.keep=true` always stay. What goes can be brought back for
    seven days. Retried, it deletes once.

    Args:
        scenario: only runs of these: a name or id, or several parted by commas; all if it is not given.
        run_collection: only runs of these, by name or id, parted by commas.
        status: only runs in one of these states, parted by commas.
        filter: only runs that this condition holds for.
        older_than: runs that something was written to since stay: seconds as text, or `12h`, `30d`, `4w`.
        keep_last: so many runs of each collection stay, those that were made last.
        keep_best: so many of each stay, the best by `metric`; all of a collection in which no run has it.
        metric: the metric's name.
        direction: `min` or `max`: which is best.
        statistic: of the metric's points; `last` if it is not given.
        max_runs: refuse when more runs than that would go (default 1,000).
        dry_run: only report; False deletes.
        confirm: to delete, the scenario again, as it was given; `all scenarios` where none was.
        purge: give the undo window up.
        expected: the output `counts` of a dry run: refuse when something else would go now.
        options: see `ReachOptions`.

    Returns:
        The task; its outputs are `deletion_id`, `state`, `runs`, `counts` and `report`, a Markdown page.

    Example:
        cleanup_runs(scenario="churn", older_than="30d", keep_last=10, keep_best=3, metric="loss", direction="min")
    """
    inputs = {
        "scenario": scenario,
        "run_collection": run_collection,
        "status": status,
        "filter": filter,
        "older_than": older_than,
        "keep_last": keep_last,
        "keep_best": keep_best,
        "metric": metric,
        "direction": direction,
        "statistic": statistic,
        "max_runs": max_runs,
        "dry_run": dry_run,
        "confirm": confirm,
        "purge": purge,
        "expected": expected,
    }
    return deleting_task("cleanup_runs", CLEANUP_RUNS, inputs, options)
