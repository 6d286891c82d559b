"""Clean up one scenario by rules: a plan with its report, then the deletion of exactly what was planned.

It is a dry run unless `dry_run` is false and `confirm` repeats the scenario. Run it on this machine, with a server at
`MBOX_URL`:

    python -m mbox_kfp.examples.cleanup_by_scenario churn

or compile it, or take the compiled file beside it, and make it a recurring run (docs/how-to/kubeflow-pipelines.md):

    kfp dsl compile --py mbox_kfp/examples/cleanup_by_scenario.py --output cleanup_by_scenario.yaml
"""

import sys
from typing import Any

from kfp import dsl, local

from mbox_kfp import cleanup_runs


@dsl.pipeline(
    name="cleanup-by-scenario", description="Lets old runs of a scenario go, and keeps the last and the best."
)
def pipeline(
    scenario: str,
    older_than: str = "30d",
    keep_last: int = 10,
    keep_best: int = -1,
    metric: str = "",
    direction: str = "",
    status: str = "",
    filter: str = "",
    max_runs: int = 1000,
    dry_run: bool = True,
    confirm: str = "",
) -> None:
    """Plans, and deletes what was planned where it is told to; each step files a report."""
    rules: dict[str, Any] = {
        "scenario": scenario,
        "older_than": older_than,
        "keep_last": keep_last,
        "keep_best": keep_best,
        "metric": metric,
        "direction": direction,
        "status": status,
        "filter": filter,
        "max_runs": max_runs,
    }
    plan = cleanup_runs(**rules)
    plan.set_display_name("plan")
    with dsl.If(dry_run == False, name="apply"):  # noqa: E712 - KFP compares when the pipeline runs
        applied = cleanup_runs(**rules, dry_run=False, confirm=confirm, expected=plan.outputs["counts"])
        applied.set_display_name("apply")


def main(**arguments: Any) -> None:
    """Run the pipeline on this machine, each step in a process of its own; the reports lie in `local_outputs`."""
    local.init(local.SubprocessRunner(use_venv=False), raise_on_error=True)
    pipeline(**arguments)


if __name__ == "__main__":
    main(scenario=sys.argv[1])
