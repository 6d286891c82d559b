"""Curves: series thinned out by the server, so that a chart of millions of points is drawn at once."""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mbox_ops.client.shown import Shown
from mbox_ops.entities.limits import DEFAULT
from mbox_ops.entities.pages import Items
from mbox_ops.entities.search import Axis, Curve, CurveQuery, SeriesRef
from mbox_ops.wire.encodings import unpack_floats, unpack_ints

if TYPE_CHECKING:
    import pandas

    from mbox_ops.client.connection import Connection


class MetricCurve:
    """A series thinned out so that nothing is hidden: of each bucket its first, least, greatest and last point.

    Attributes:
        run_id: the run.
        name: the metric.
        total: how many points there are in the range that was asked for.
        thinned: whether points were left out.
        xs: steps, or microseconds since 1970 UTC, or microseconds since the first point; as it was asked for.
        steps, values: of the same points.
        wallclocks: in microseconds since 1970 UTC.
        nan_starts: where NaN begins in each bucket that holds any, on the x axis.
        nan_count: how many NaN there are.
    """

    def __init__(self, stored: Curve) -> None:
        self.run_id = stored.run_id
        self.name = stored.name
        self.total = stored.total
        self.thinned = stored.thinned
        self.xs = unpack_ints(stored.xs)
        self.steps = unpack_ints(stored.steps)
        self.wallclocks = unpack_ints(stored.wallclocks)
        self.values = unpack_floats(stored.values)
        self.nan_starts = unpack_ints(stored.nan_starts)
        self.nan_count = sum(unpack_ints(stored.nan_counts))

    def to_pandas(self) -> "pandas.DataFrame":
        """The points as a table with `step`, `wallclock` (UTC) and `value`. It needs pandas."""
        from mbox_ops.client.tables import points_frame

        return points_frame(self.steps, self.wallclocks, self.values)

    def finite(self) -> Iterator[tuple[int, float]]:
        """The points that can be drawn: neither NaN nor infinite."""
        return ((x, value) for x, value in zip(self.xs, self.values, strict=True) if math.isfinite(value))

    def __len__(self) -> int:
        return len(self.values)

    def _repr_html_(self) -> str:
        from mbox_ops.client.html.views import items_page

        return items_page([self])

    def __repr__(self) -> str:
        return f"<MetricCurve {self.name!r} of {self.run_id!r}: {len(self)} of {self.total} points>"


def read_curves(
    connection: "Connection",
    series: Sequence[SeriesRef],
    *,
    x: Axis,
    max_points: int,
    first_step: int | None,
    last_step: int | None,
) -> list[MetricCurve]:
    """The curves of series, in their order, in as many requests as it takes."""
    at_once = max(1, min(DEFAULT.curves, DEFAULT.chart_points // max(max_points, 1)))
    found: Shown[MetricCurve] = Shown()
    for start in range(0, len(series), at_once):
        query = CurveQuery(
            series=list(series[start : start + at_once]), max_points=max_points, x=x, first_step=first_step,
            last_step=last_step,
        )  # fmt: skip
        found += [MetricCurve(curve) for curve in connection.ask("/curves", query, Items[Curve]).items]
    return found
