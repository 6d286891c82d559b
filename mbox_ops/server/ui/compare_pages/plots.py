"""The drawings of a comparison, as shapes that a template writes down: they need no script, and they print. Pure."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mbox_ops.entities.search import Scatter
from mbox_ops.server.ui.compare_pages.asking import Compared
from mbox_ops.server.ui.compare_pages.scales import Place, Tick, scale_of, share_of
from mbox_ops.server.ui.metric_formats import metric_text

WIDTH, HEIGHT = 460.0, 280.0
LEFT, RIGHT, TOP, BOTTOM = 64.0, 14.0, 12.0, 42.0
_LONGEST = 16  # letters beside an axis
_LONGEST_TOLD = 200  # of a place
AXIS_GAP = 130.0  # between parallel axes
_TONES = 5


class Dot(NamedTuple):
    """A run in a scatter."""

    run: Compared
    x: float
    y: float
    at: Place
    value: float


class ScatterPlot(NamedTuple):
    """A metric over a field.

    Attributes:
        metric, field: as the filter language writes them.
        format: of the metric's values.
        missing: how many runs have no place in it.
    """

    metric: str
    field: str
    format: str
    dots: list[Dot]
    x_ticks: list[Tick]
    y_ticks: list[Tick]
    missing: int


class BarRow(NamedTuple):
    """A run along a metric: from where to where its bar goes, of 100; None: it has no number."""

    run: Compared
    value: float | str | None
    left: float | None
    width: float


class Coordinate(NamedTuple):
    """One of the parallel axes; `ends` are the numbers at its lower and its upper end, nothing on an axis of words."""

    name: str
    x: float
    ticks: list[Tick]
    ends: tuple[float, ...]


class Line(NamedTuple):
    """A run across the axes.

    Attributes:
        stretches: the points of a polyline for each stretch without a gap.
        tone: 1 to 5 by its place on the last axis, 0 without one: how it is coloured where there are many.
    """

    run: Compared
    tone: int
    stretches: list[str]
    values: list[Place | None]


class Parallel(NamedTuple):
    """Runs as lines across axes."""

    width: float
    coordinates: list[Coordinate]
    lines: list[Line]


def scatter_plot(scatter: Scatter, runs: Sequence[Compared], form: str, *, log_x: bool, log_y: bool) -> ScatterPlot:
    """Where the runs lie in a scatter."""
    by_id = {one.run.id: one for one in runs}
    places = [(by_id[point.run_id], _number(point.x), float(point.y)) for point in scatter.points]
    across = scale_of([at for _, at, _ in places], log=log_x)
    up = scale_of([value for _, _, value in places], log=log_y, write=lambda value: metric_text(value, form))
    dots = []
    for run, at, value in places:
        x, y = across.place(at), up.place(value)
        if x is not None and y is not None:
            told = shorten(at, _LONGEST_TOLD) if isinstance(at, str) else at
            dots.append(Dot(run, _right(x), _down(y), told, value))
    return ScatterPlot(
        scatter.y, scatter.x, form, dots,
        [Tick(_right(tick.at), shorten(tick.text)) for tick in across.ticks],
        [Tick(_down(tick.at), shorten(tick.text)) for tick in up.ticks],
        len(runs) - len(dots),
    )  # fmt: skip


def bars(values: Sequence[tuple[Compared, float | str | None]]) -> list[BarRow]:
    """Bars from zero to each run's value, on one scale."""
    numbers = [number for _, value in values if (number := _finite(value)) is not None]
    low, high = min([0.0, *numbers]), max([0.0, *numbers])
    zero = share_of(0.0, low, high)
    rows = []
    for run, value in values:
        number = _finite(value)
        if number is None:
            rows.append(BarRow(run, value, None, 0))
        else:
            end = share_of(number, low, high)
            rows.append(BarRow(run, value, round(100 * min(zero, end), 3), round(100 * abs(end - zero), 3)))
    return rows


def parallel(axes: Mapping[str, Sequence[Place | None]], runs: Sequence[Compared]) -> Parallel:
    """Runs across axes, each of which has a value or None for each run."""
    coordinates, places = [], []
    for number, (name, values) in enumerate(axes.items()):
        scale = scale_of([value for value in values if value is not None])
        x = LEFT + number * AXIS_GAP
        ticks = [Tick(_down(tick.at), shorten(tick.text)) for tick in scale.ticks]
        coordinates.append(Coordinate(name, x, ticks, scale.ends))
        places.append([None if value is None else scale.place(value) for value in values])
    lines = []
    for row, run in enumerate(runs):
        points = [
            None if column[row] is None else f"{axis.x:.1f},{_down(column[row] or 0.0):.1f}"
            for axis, column in zip(coordinates, places, strict=True)
        ]
        last = places[-1][row] if places else None
        tone = 0 if last is None else min(int(last * _TONES), _TONES - 1) + 1
        lines.append(Line(run, tone, _stretches(points), [values[row] for values in axes.values()]))
    return Parallel(LEFT * 2 + AXIS_GAP * max(len(coordinates) - 1, 0), coordinates, lines)


def shorten(text: str, most: int = _LONGEST) -> str:
    """A text that fits, by default beside an axis."""
    return text if len(text) <= most else text[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"


def _stretches(points: Sequence[str | None]) -> list[str]:
    """The lines between gaps; one point alone is no line."""
    stretches: list[list[str]] = [[]]
    for point in points:
        if point is None:
            stretches.append([])
        else:
            stretches[-1].append(point)
    return [" ".join(stretch) for stretch in stretches if len(stretch) > 1]


def _right(share: float) -> float:
    return round(LEFT + share * (WIDTH - LEFT - RIGHT), 2)


def _down(share: float) -> float:
    return round(TOP + (1 - share) * (HEIGHT - TOP - BOTTOM), 2)


def _number(value: Place) -> Place:
    return float(value) if value in ("Infinity", "-Infinity") else value


def _finite(value: float | str | None) -> float | None:
    return value if isinstance(value, int | float) and math.isfinite(value) else None
