"""Comparisons of runs."""

from mbox_ops.entities.search import CompareQuery, Comparison
from mbox_ops.server.routes import Call, operation


@operation(
    "POST", "/api/v1/runs/compare", scope="read", errors=("not_found",),
    example={"run_ids": ["0192d1c5-7c2e-7000-8000-000000000000", "0192d1c5-7c2e-7000-8000-000000000001"],
             "x": "params.lr", "y": ["metrics.loss.min"]},
)  # fmt: skip
def compare_runs(call: Call, body: CompareQuery) -> Comparison:
    """Runs side by side: what differs between their columns, parameters, tags, metadata and metrics.

    With `x` their metrics are set over a field, a point for each run that has both.
    """
    return call.service.comparisons.make(call.actor, body)
