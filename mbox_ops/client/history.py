"""What is read of metrics: the points of a series, and what they come to."""

import base64
from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING, Any, NamedTuple

from mbox_ops.entities import metrics as wire
from mbox_ops.wire.encodings import from_wire, unpack_floats, unpack_ints

if TYPE_CHECKING:
    import numpy
    import pandas

    from mbox_ops.client.values import MetricScalar


class MetricPoint(NamedTuple):
    """One value of a metric; `wallclock` is in seconds since 1970 UTC, as `datetime.timestamp()`."""

    step: int
    wallclock: float
    value: "MetricScalar"


class MetricSummary:
    """What a series comes to: `str()` shows its last value, `float()` is its last value.

    Attributes:
        name: the metric.
        kind: `float`, `string` or `bytes`.
        count: how many points there are, NaN included.
        nan_count: how many of them are NaN.
        last: the value that is greatest by step, wallclock and arrival.
        first: the value that is least by them.
        min, max, mean: of a float series, skipping NaN; None where no number is.
        last_step: the step of `last`.
        last_wallclock: its time in seconds since 1970 UTC.
    """

    __slots__ = (
        "count", "first", "kind", "last", "last_step", "last_wallclock", "max", "mean", "min", "name", "nan_count",
    )  # fmt: skip

    def __init__(self, stored: wire.MetricSummary) -> None:
        self.name = stored.name
        self.kind = stored.kind
        self.count = stored.count
        self.nan_count = stored.nan_count
        self.last = _value(stored.kind, stored.last)
        self.first = _value(stored.kind, stored.first)
        self.min = _number(stored.min)
        self.max = _number(stored.max)
        self.mean = _number(stored.mean)
        self.last_step = stored.last_step
        self.last_wallclock = stored.last_wallclock / 1_000_000

    def __str__(self) -> str:
        return str(self.last)

    def __float__(self) -> float:
        return float(self.last)  # type: ignore[arg-type]  # text that is no number raises ValueError, as float() does

    def __repr__(self) -> str:
        return f"<{self.name} last={self.last!r} count={self.count}>"


class MetricHistory:
    """The points of one series in history order: by step, then wallclock, then arrival.

    Attributes:
        name: the metric.
        kind: `float`, `string` or `bytes`.
        total: how many points the series has.
        truncated: whether it has more than are here.
    """

    def __init__(self, parts: Sequence[wire.MetricHistory]) -> None:
        first, last = parts[0], parts[-1]
        self.name = first.name
        self.kind = first.kind
        self.total = first.total
        self.truncated = last.truncated
        self._parts = parts
        self._points: list[MetricPoint] | None = None

    @property
    def points(self) -> list[MetricPoint]:
        """The points: each has `step`, `wallclock` and `value`."""
        if self._points is None:
            self._points = [point for part in self._parts for point in _points(part)]
        return self._points

    def to_numpy(self) -> "numpy.ndarray[Any, Any]":
        """The points as a structured array with the fields `step`, `wallclock` (UTC) and `value`.

        It needs NumPy, and makes no object per point: right for long series.

        Example:
            >>> history.to_numpy()["value"].mean()  # doctest: +SKIP
            0.25
        """
        import numpy

        kind = "<f8" if self.kind == "float" else "O"
        steps = [_array(part.steps, "<i8") for part in self._parts]
        array = numpy.empty(sum(map(len, steps)), [("step", "<i8"), ("wallclock", "<M8[us]"), ("value", kind)])
        at = 0
        for part, here in zip(self._parts, steps, strict=True):
            rows = array[at : at + len(here)]
            rows["step"] = here
            rows["wallclock"] = _array(part.wallclocks, "<i8").view("<M8[us]")
            rows["value"] = _array(part.values, "<f8") if isinstance(part.values, bytes) else _values(part)
            at += len(here)
        return array

    def to_pandas(self) -> "pandas.DataFrame":
        """The points as a table with `step`, `wallclock` (UTC) and `value`. It needs pandas."""
        from mbox_ops.client.tables import points_frame

        steps, wallclocks, values = self.columns()
        return points_frame(steps, wallclocks, values)

    def columns(self) -> "tuple[Sequence[int], Sequence[int], Sequence[MetricScalar]]":
        """The points as three columns: steps, wallclocks in microseconds since 1970 UTC, and values."""
        if len(self._parts) == 1:
            return _columns(self._parts[0])
        steps, wallclocks, values = zip(*map(_columns, self._parts), strict=True)
        return [*chain(*steps)], [*chain(*wallclocks)], [*chain(*values)]

    def __len__(self) -> int:
        return len(self.points)

    def _repr_html_(self) -> str:
        from mbox_ops.client.html.views import items_page

        return items_page([self])

    def __repr__(self) -> str:
        shown = sum(len(unpack_ints(part.steps)) for part in self._parts)
        return f"<MetricHistory {self.name!r}: {shown} of {self.total} points>"


def _array(column: "bytes | Sequence[Any]", kind: str) -> "numpy.ndarray[Any, Any]":
    import numpy

    return numpy.frombuffer(column, kind) if isinstance(column, bytes) else numpy.array(column, kind)


def _points(part: wire.MetricHistory) -> list[MetricPoint]:
    wallclocks = (microseconds / 1_000_000 for microseconds in unpack_ints(part.wallclocks))
    return [MetricPoint(*row) for row in zip(unpack_ints(part.steps), wallclocks, _values(part), strict=True)]


def _columns(part: wire.MetricHistory) -> tuple[Sequence[int], Sequence[int], Sequence[Any]]:
    return unpack_ints(part.steps), unpack_ints(part.wallclocks), _values(part)


def _values(part: wire.MetricHistory) -> Sequence[Any]:
    if part.kind == "float":
        return unpack_floats(part.values)
    return [_value(part.kind, value) for value in part.values]


def _value(kind: str, value: "MetricScalar | None") -> "MetricScalar | None":
    if value is None or isinstance(value, bytes):
        return value
    if kind == "float":
        return from_wire(value)
    return base64.b64decode(value) if kind == "bytes" and isinstance(value, str) else value


def _number(value: float | str | None) -> float | None:
    return None if value is None else from_wire(value)
