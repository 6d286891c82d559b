"""Round numbers and times along the axes of a plot."""

import math
from collections.abc import Iterator
from datetime import timedelta
from typing import NamedTuple

from mbox_ops.entities.instants import to_datetime
from mbox_ops.entities.search import Axis

SECOND = 1_000_000
DAY = 86_400 * SECOND
TIMES = [
    *(seconds * SECOND for seconds in (1, 2, 5, 10, 15, 30)),
    *(minutes * 60 * SECOND for minutes in (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)),
    *(days * DAY for days in (1, 2, 5, 10, 30, 90, 180, 365)),
]  # fmt: skip


class Span(NamedTuple):
    """From the least to the greatest of what is drawn; never empty."""

    low: float
    high: float

    def share(self, value: float, parts: int) -> int:
        """In which of so many equal parts a value lies."""
        share = (value - self.low) / (self.high - self.low)
        return min(max(int(share * parts), 0), parts - 1) if math.isfinite(share) else 0


def span_of(values: list[float]) -> Span:
    """The span of some values; one that would be empty is widened."""
    low, high = min(values), max(values)
    if high - low > 0:
        return Span(low, high)
    room = abs(low) / 10 or 0.5
    return Span(low - room, high + room)


def numbers(span: Span, most: int, *, whole: bool = False) -> Iterator[tuple[float, str]]:
    """Round numbers in a span, at most `most` + 1 of them, each with its text."""
    step = _round_step((span.high - span.low) / max(most, 1))
    step = max(step, 1) if whole else step
    digits = max(0, -math.floor(math.log10(step)))
    for place in range(math.ceil(span.low / step), math.floor(span.high / step) + 1):
        value = place * step
        shown = f"{value:.{digits}f}" if digits < 6 and abs(value) < 1e7 else f"{value:.4g}"
        yield value, shown


def powers(span: Span, most: int) -> Iterator[tuple[float, str]]:
    """Places along a span of logarithms, each with the number that it stands for: powers of ten where they fit."""
    if span.high - span.low < 1.5:
        for value, _ in numbers(span, most):
            yield value, f"{10**value:.3g}"
        return
    step = max(1, math.ceil((span.high - span.low) / most))
    for power in range(math.ceil(span.low), math.floor(span.high) + 1, step):
        yield power, f"1e{power}"


def places(span: Span, most: int, axis: Axis) -> Iterator[tuple[float, str]]:
    """Round steps, instants (UTC) or lengths of time in a span."""
    if axis == "step":
        yield from numbers(span, most, whole=True)
        return
    wanted = (span.high - span.low) / max(most, 1)
    step = next((step for step in TIMES if step >= wanted), None) or _round_step(wanted)
    for place in range(math.ceil(span.low / step), math.floor(span.high / step) + 1):
        at = int(place * step)
        yield at, _instant(at, step) if axis == "wallclock" else _length(at)


def _round_step(least: float) -> float:
    """1, 2, 2.5 or 5 times a power of ten: the least that is not below `least`."""
    power = 10.0 ** math.floor(math.log10(least)) if least > 0 else 1.0
    return next((factor * power for factor in (1, 2, 2.5, 5) if factor * power >= least), 10 * power)


def _instant(microseconds: int, step: float) -> str:
    instant = to_datetime(microseconds)
    return instant.strftime("%Y-%m-%d" if step >= DAY else "%m-%d %H:%M" if step >= 60 * SECOND else "%H:%M:%S")


def _length(microseconds: int) -> str:
    return str(timedelta(seconds=microseconds // SECOND))
