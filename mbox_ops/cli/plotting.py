"""Plots in the terminal: curves as lines of braille dots, between axes with round numbers."""

import math
from collections.abc import Iterator, Sequence
from itertools import groupby
from string import ascii_letters
from typing import NamedTuple

from rich.text import Text

from mbox_ops.cli.axes import Span, numbers, places, powers, span_of
from mbox_ops.cli.canvas import Canvas, Cell
from mbox_ops.client.curves import MetricCurve
from mbox_ops.entities.search import Axis

COLOURS = ("cyan", "yellow", "magenta", "green", "red", "blue", "bright_cyan", "bright_yellow", "bright_magenta")
GUTTER = 10  # characters of the numbers on the left
BETWEEN = 16  # characters from one number below to the next
MARKS = 3  # letters on a line, where colours do not tell lines apart


class Line(NamedTuple):
    """One line of a plot: points that can be drawn, in order, and where NaN begins."""

    label: str
    xs: Sequence[int]
    ys: Sequence[float]
    nans: Sequence[int] = ()


class Look(NamedTuple):
    """How a plot looks.

    Attributes:
        width, height: in characters, of all and of the drawing.
        x: what the xs are.
        logarithmic: whether the ys are shown on a logarithmic axis.
        colour: whether lines are told apart by colours; if not, they carry letters.
    """

    width: int
    height: int
    x: Axis = "step"
    logarithmic: bool = False
    colour: bool = True

    @property
    def inner(self) -> int:
        """The width of the drawing."""
        return max(self.width - GUTTER - 2, BETWEEN)


def line_of(curve: MetricCurve, label: str) -> Line:
    """A curve as a line."""
    points = list(curve.finite())
    return Line(label, [x for x, _ in points], [y for _, y in points], curve.nan_starts)


def plot(lines: Sequence[Line], look: Look) -> Iterator[Text]:
    """A plot with its legend, line of text by line of text; nothing where there is nothing to draw."""
    drawn = [_drawable(line, look) for line in lines]
    if not any(line.xs for line in drawn):
        return
    across = span_of([x for line in drawn for x in (*line.xs, *line.nans)])
    up = span_of([y for line in drawn for y in line.ys])
    canvas = _canvas(drawn, across, up, look)
    names = _beside(up, look)
    for row, cells in enumerate(canvas.rows()):
        yield Text(f"{names.get(row, ''):>{GUTTER}} {'┤' if row in names else '│'}").append_text(_shown(cells, look))
    yield Text(" " * GUTTER + " └" + "─" * look.inner)
    yield Text(" " * (GUTTER + 2) + _below(across, look))
    if any(line.nans for line in drawn):
        yield Text(f"{'NaN':>{GUTTER}}  ").append_text(_nans(drawn, across, look))
    yield from (_legend(number, line, look, alone=len(lines) == 1) for number, line in enumerate(lines))


def _drawable(line: Line, look: Look) -> Line:
    if not look.logarithmic:
        return line
    points = [(x, math.log10(y)) for x, y in zip(line.xs, line.ys, strict=True) if y > 0]
    return line._replace(xs=[x for x, _ in points], ys=[y for _, y in points])


def _canvas(lines: Sequence[Line], across: Span, up: Span, look: Look) -> Canvas:
    canvas = Canvas(look.inner, look.height)
    for number, line in enumerate(lines):
        xs = (across.share(x, canvas.width) for x in line.xs)
        dots = list(zip(xs, (up.share(y, canvas.height) for y in line.ys), strict=True))
        canvas.draw(dots, number)
        if len(lines) > 1 and not look.colour:
            for place in range(MARKS):  # at other places than those of the other lines
                at = int(len(dots) * (place + (number + 1) / (len(lines) + 1)) / MARKS)
                canvas.mark(dots[at], _letter(number), number)
    return canvas


def _beside(up: Span, look: Look) -> dict[int, str]:
    named = (powers if look.logarithmic else numbers)(up, max(look.height // 3, 2))
    return {look.height - 1 - up.share(value, look.height): text for value, text in named}


def _below(across: Span, look: Look) -> str:
    line = ""
    for place, text in places(across, max(look.inner // BETWEEN, 1), look.x):
        column = across.share(place, look.inner)
        if column >= len(line) and column + len(text) <= look.inner + 2:
            line = f"{line:<{column}}{text} "
    return line


def _nans(lines: Sequence[Line], across: Span, look: Look) -> Text:
    found = {across.share(x, look.inner): number for number, line in enumerate(lines) for x in line.nans}
    return _shown([Cell("x" if at in found else " ", found.get(at)) for at in range(look.inner)], look)


def _legend(number: int, line: Line, look: Look, *, alone: bool) -> Text:
    mark = Text("━━" if look.colour or alone else _letter(number), _style(number, look))
    facts = f"last {line.ys[-1]:.6g}, min {min(line.ys):.6g}, max {max(line.ys):.6g}" if line.ys else "no numbers"
    return Text(" " * (GUTTER + 2)).append_text(mark).append(f" {line.label}: {facts}")


def _shown(cells: Sequence[Cell], look: Look) -> Text:
    text = Text()
    for line, alike in groupby(cells, lambda cell: cell.line):
        text.append("".join(cell.character for cell in alike), None if line is None else _style(line, look))
    return text


def _style(line: int, look: Look) -> str:
    return COLOURS[line % len(COLOURS)] if look.colour else ""


def _letter(line: int) -> str:
    return ascii_letters[line % len(ascii_letters)]
