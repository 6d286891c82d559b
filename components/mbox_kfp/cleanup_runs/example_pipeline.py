"""A pipeline that reports what rules of retention would let go; `examples/cleanup_by_scenario.py` also deletes it."""

from kfp import dsl

from mbox_kfp import cleanup_runs


@dsl.pipeline(name="cleanup-runs-example")
def pipeline(scenario: str) -> None:
    """What is older than a month goes, but for the last ten and the three best runs of each collection."""
    cleanup_runs(scenario=scenario, older_than="30d", keep_last=10, keep_best=3, metric="loss", direction="min")
