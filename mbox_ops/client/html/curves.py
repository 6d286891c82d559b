"""Curves as inline SVG: one line, the range of both axes, gaps where a value is no number."""

import math
from collections.abc import Iterator, Sequence

from mbox_ops.client.html.markup import Html, element, escaped

WIDTH, HEIGHT = 260, 80
_LEFT, _RIGHT, _TOP, _BOTTOM = 4, 4, 14, 14  # room for what is written around the line
_INK = "#4c8bf5"  # legible on white and on black

Point = tuple[float, float]


def curve(name: str, xs: Sequence[float], values: Sequence[float], *, label: str = "") -> Html:
    """A picture of a series: its name and last value above, its first and last x below, its range beside the line.

    Args:
        name: what the series is called.
        xs: in growing order.
        values: of the same points; NaN and infinities leave gaps.
        label: instead of the last value.
    """
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return element("span", f"{name}: no number to draw")
    low, high = min(finite), max(finite)
    shapes = [_shape(part) for part in _placed(_thinned(xs, values), (xs[0], xs[-1]), (low, high))]
    marks = [
        _mark(name, 0, 10, "start"), _mark(label or f"{values[-1]:.6g}", WIDTH, 10, "end"),
        _mark(f"{xs[0]:g}", 0, HEIGHT - 2, "start"), _mark(f"{xs[-1]:g}", WIDTH, HEIGHT - 2, "end"),
        _mark(f"{low:.4g} to {high:.4g}", WIDTH / 2, HEIGHT - 2, "middle"),
    ]  # fmt: skip
    return element(
        "svg", *shapes, *marks, xmlns="http://www.w3.org/2000/svg", viewBox=f"0 0 {WIDTH} {HEIGHT}", width=WIDTH,
        height=HEIGHT, role="img", aria_label=f"{name}: {low:.4g} to {high:.4g}", style="margin:4px 12px 4px 0",
    )  # fmt: skip


def _mark(words: str, x: float, y: float, anchor: str) -> Html:
    shown = words if len(words) <= 28 else f"{words[:27]}…"
    return element(
        "text", Html(escaped(shown)), x=x, y=y, text_anchor=anchor, font_size=9, fill="currentColor", opacity=0.8
    )


def _thinned(xs: Sequence[float], values: Sequence[float]) -> list[Point]:
    """At most four points of each pixel column: its first, least, greatest and last."""
    if len(xs) <= 4 * WIDTH:
        return list(zip(xs, values, strict=True))
    size = math.ceil(len(xs) / WIDTH)
    kept: list[Point] = []
    for start in range(0, len(xs), size):
        here = range(start, min(start + size, len(xs)))
        finite = [at for at in here if math.isfinite(values[at])]
        ends = {here[0], here[-1]}
        if finite:
            ends |= {min(finite, key=values.__getitem__), max(finite, key=values.__getitem__)}
        kept += [(xs[at], values[at]) for at in sorted(ends)]
    return kept


def _placed(points: Sequence[Point], across: Point, up: Point) -> Iterator[list[Point]]:
    """The points' places in the picture, in parts that are parted where a value is no number."""
    part: list[Point] = []
    for x, value in points:
        if math.isfinite(value):
            right = _share(x, across) * (WIDTH - _LEFT - _RIGHT)
            down = (1 - _share(value, up)) * (HEIGHT - _TOP - _BOTTOM)
            part.append((round(_LEFT + right, 1), round(_TOP + down, 1)))
        elif part:
            yield part
            part = []
    if part:
        yield part


def _share(value: float, span: Point) -> float:
    """How far along a span a value lies; in the middle where it has no length."""
    low, high = (end / 2 for end in span)  # halves: the span itself may be beyond float64
    return (value / 2 - low) / (high - low) if high > low else 0.5


def _shape(part: Sequence[Point]) -> Html:
    if len(part) == 1:
        (x, y), *_ = part
        return element("circle", cx=x, cy=y, r=2, fill=_INK)
    points = " ".join(f"{x:g},{y:g}" for x, y in part)
    return element("polyline", points=points, fill="none", stroke=_INK, stroke_width=1.5)
