"""What a series comes to: a state that is exact, and can be merged with the state of other points.

A sum is kept as an error-free pair of floats, and values too large to be added safely in a second, scaled pair: the
mean is good to 1e-12 of the mean magnitude and never overflows. Everything else is exact to the bit; of the two zeros,
-0.0 is the lesser.
"""

import base64
import math
from collections.abc import Iterable
from math import isfinite
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from mbox_ops.entities.metrics import Kind, MetricSummary
from mbox_ops.store.points import Matrix
from mbox_ops.wire.encodings import to_wire

Floats = npt.NDArray[np.float64]

_LARGE = 2.0**512
_SCALE = 2.0**600


class Point(msgspec.Struct, array_like=True, frozen=True):
    """A point and its place in history order; `ordinal` parts points of one arrival; `value` is float, str or bytes."""

    step: int
    wallclock: int
    arrival: int
    ordinal: int
    value: Any

    @property
    def place(self) -> tuple[int, int, int, int]:
        """What history is ordered by."""
        return (self.step, self.wallclock, self.arrival, self.ordinal)


class State(msgspec.Struct, array_like=True, frozen=True):
    """The summary of some points of one series.

    Attributes:
        low, high: the least and greatest number; None where no number is.
        total: an error-free pair, the sum of the finite values below 2**512.
        large: the same of those above, divided by 2**600.
    """

    count: int
    nan_count: int
    first: Point
    last: Point
    low: float | None = None
    high: float | None = None
    total: tuple[float, float] = (0.0, 0.0)
    large: tuple[float, float] = (0.0, 0.0)

    def mean(self) -> float | None:
        """The mean of what is not NaN; of both infinities, NaN."""
        if self.low is None or self.high is None:
            return None
        if math.isinf(self.low) or math.isinf(self.high):
            return self.low + self.high if self.low != self.high else self.low
        count = self.count - self.nan_count
        mean = (self.large[0] + self.large[1]) / count * _SCALE + (self.total[0] + self.total[1]) / count
        return min(max(mean, self.low), self.high)


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(State)


def pack_state(state: State) -> bytes:
    """A state as MessagePack."""
    return _ENCODER.encode(state)


def unpack_state(packed: bytes) -> State:
    """The state that `pack_state` wrote."""
    return _DECODER.decode(packed)


def merge(one: State, other: State) -> State:
    """The state of the points of both."""
    return State(
        one.count + other.count,
        one.nan_count + other.nan_count,
        one.first if one.first.place <= other.first.place else other.first,
        one.last if one.last.place >= other.last.place else other.last,
        _extreme(one.low, other.low, -1.0),
        _extreme(one.high, other.high, 1.0),
        _add(one.total, other.total),
        _add(one.large, other.large),
    )


def merged(states: Iterable[State]) -> State | None:
    """The state of all; None of none."""
    found: State | None = None
    for state in states:
        found = state if found is None else merge(found, state)
    return found


def _extreme(one: float | None, other: float | None, sign: float) -> float | None:
    """The lesser of two numbers (`sign` -1) or the greater (1)."""
    if one is None or other is None:
        return other if one is None else one
    if one == other:
        return one if math.copysign(1.0, one) == sign else other
    return one if (one > other) == (sign > 0) else other


def _add(one: tuple[float, float], other: tuple[float, float]) -> tuple[float, float]:
    high, low = one[0] + other[0], one[1] + other[1]
    back = high - one[0]
    low += (one[0] - (high - back)) + (other[0] - back)
    return (high + low, low - ((high + low) - high))


def states_of(matrix: Matrix) -> list[State]:
    """The state of each series of a matrix, in order."""
    columns = matrix.columns
    first, last = _ends(columns.steps, columns.wallclocks)
    arrivals, positions = columns.arrival_of_rows(), columns.position_of_rows()
    places = [
        (int(columns.steps[row]), int(columns.wallclocks[row]), int(arrivals[row]), int(positions[row]))
        for row in (first, last)
    ]
    count, values = len(columns.steps), columns.values
    firsts = [Point(*places[0], value) for value in values[first].tolist()]
    lasts = [Point(*places[1], value) for value in values[last].tolist()]
    if matrix.kind != "float":
        return [State(count, 0, one, other) for one, other in zip(firsts, lasts, strict=True)]
    numbers = _numbers(values)
    return [State(count, *more) for more in zip(numbers[0], firsts, lasts, *numbers[1:], strict=True)]


def _ends(steps: npt.NDArray[np.int64], wallclocks: npt.NDArray[np.int64]) -> tuple[int, int]:
    """The rows that come first and last by (step, wallclock, row)."""
    rows = np.flatnonzero(steps == steps.min())
    first = rows[np.argmin(wallclocks[rows])]
    rows = np.flatnonzero(steps == steps.max())[::-1]
    return int(first), int(rows[np.argmax(wallclocks[rows])])


def _numbers(values: Floats) -> tuple[list[Any], ...]:
    """Of each column: how many NaN, the least, the greatest, the two sums."""
    nan = np.isnan(values)
    nans = nan.sum(0)
    order = sortable(values)
    span = np.iinfo(np.int64)
    low = _unordered(np.where(nan, span.max, order).min(0))
    high = _unordered(np.where(nan, span.min, order).max(0))
    none = nans == len(values)
    small = np.where(np.isfinite(values), values, 0.0)
    large = np.abs(small) >= _LARGE
    zero = np.zeros(values.shape[1])
    extra = (zero, zero)
    if large.any():
        extra = _sum(np.where(large, small / _SCALE, 0.0))
        small = np.where(large, 0.0, small)
    pairs = [list(zip(high.tolist(), low.tolist(), strict=True)) for high, low in (_sum(small), extra)]
    lows, highs = (
        [None if empty else number for empty, number in zip(none.tolist(), column.tolist(), strict=True)]
        for column in (low, high)
    )
    return nans.tolist(), lows, highs, pairs[0], pairs[1]


def sortable(values: Floats) -> npt.NDArray[np.int64]:
    """Integers that sort as the floats do, -0.0 below 0.0; NaN lie at the ends."""
    bits = np.ascontiguousarray(values).view(np.int64)
    order = bits >> 63
    order &= np.int64(2**63 - 1)
    order ^= bits
    return order


def _unordered(order: npt.NDArray[np.int64]) -> Floats:
    return (order ^ ((order >> 63) & np.int64(2**63 - 1))).view(np.float64)


def _sum(values: Floats) -> tuple[Floats, Floats]:
    """The sums of the columns as error-free pairs: halves are added to halves, and what rounding took is kept."""
    low = np.zeros(values.shape[1])
    while len(values) > 1:
        half = len(values) // 2
        one, other, odd = values[:half], values[half : 2 * half], values[2 * half :]
        total = one + other
        back = total - one
        low = low + ((one - (total - back)) + (other - back)).sum(0)
        values = np.concatenate((total, odd)) if len(odd) else total
    high = values[0] + low
    return high, low - (high - values[0])


def shown(name: str, kind: Kind, state: State) -> MetricSummary:
    """A state as readers get it."""
    end, mean = state.last, state.mean()
    last, first = end.value, state.first.value
    low: Any = state.low
    high: Any = state.high
    shown_mean: Any = mean
    if kind != "float" or low is None or high is None or mean is None or not isfinite(last + first + low + high + mean):
        last, first, low, high, shown_mean = _shown(last), _shown(first), _number(low), _number(high), _number(mean)
    return MetricSummary(
        name=name, kind=kind, count=state.count, nan_count=state.nan_count, last=last, first=first, min=low, max=high,
        mean=shown_mean, last_step=end.step, last_wallclock=end.wallclock,
    )  # fmt: skip


def _shown(value: float | str | bytes) -> float | str:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode("ascii")
    return value if isinstance(value, str) else to_wire(value)


def _number(value: float | None) -> float | str | None:
    return None if value is None else to_wire(value)
