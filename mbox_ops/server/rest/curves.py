"""Curves: series thinned out for charts."""

from mbox_ops.entities.pages import Items
from mbox_ops.entities.search import Curve, CurveQuery
from mbox_ops.server.routes import Call, operation


@operation(
    "POST", "/api/v1/curves", scope="read", errors=("not_found",),
    example={"series": [{"run_id": "0192d1c5-7c2e-7000-8000-000000000000", "name": "loss"}], "max_points": 1000},
)  # fmt: skip
def read_curves(call: Call, body: CurveQuery) -> Items[Curve]:
    """Series of one or many runs, thinned out so that no spike, gap or NaN is hidden.

    Columns are arrays in JSON (in which `"NaN"`, `"Infinity"` and `"-Infinity"` stand for what JSON lacks) and packed
    little-endian int64 and float64 in MessagePack.
    """
    return Items(items=call.service.curves.read(call.actor, body))
