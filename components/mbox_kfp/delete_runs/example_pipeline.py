"""A pipeline that deletes a scenario: counted first, then exactly what was counted."""

from kfp import dsl

from mbox_kfp import delete_runs


@dsl.pipeline(name="delete-runs-example")
def pipeline(scenario: str) -> None:
    """If something comes or goes between the two steps, nothing is deleted."""
    counted = delete_runs(scenario=scenario, dry_run=True)
    delete_runs(scenario=scenario, expected=counted.outputs["counts"], max_runs=500)
