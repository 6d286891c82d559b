"""Metrics of a run, or of another object: summaries and histories."""

from typing import Literal

import msgspec

from mbox_ops.entities.metrics import HistoryQuery, MetricHistory, MetricSummary
from mbox_ops.entities.pages import Items
from mbox_ops.server.routes import Call, operation


class HistoryParameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which history to read.

    Attributes:
        name: the series, given once for each; all of them if none is given.
        limit: the most points of each series, the first ones in history order; `all` for all.
        after: go on after the `next` of an earlier answer; only with a single name.
        received: give the server's time of each point, too: a quarter of the answer, which few readers need.
    """

    name: list[str] | None = None
    limit: int | Literal["all"] = 1_000
    after: str | None = None
    received: bool = True


@operation("GET", "/api/v1/runs/{run_id}/metrics", scope="read")
def list_metrics(call: Call, run_id: str) -> Items[MetricSummary]:
    """The summaries of the series of a run, or of another object by its id, by name."""
    return Items(items=call.service.metrics.list(call.actor, run_id))


@operation("GET", "/api/v1/runs/{run_id}/metrics/history", scope="read")
def get_history(call: Call, run_id: str, query: HistoryParameters) -> Items[MetricHistory]:
    """The points of the series of a run, or of another object by its id, by step, then wallclock, then arrival.

    Columns are arrays in JSON (in which `"NaN"`, `"Infinity"` and `"-Infinity"` stand for what JSON lacks) and packed
    little-endian int64 and float64 in MessagePack.
    """
    limit = None if query.limit == "all" else query.limit
    wanted = HistoryQuery(names=query.name, limit=limit, after=query.after, received=query.received)
    return Items(items=call.service.metrics.history(call.actor, run_id, wanted))
