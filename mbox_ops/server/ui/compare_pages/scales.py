"""Where values lie on an axis, and which of them are written beside it. Pure."""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import NamedTuple

from mbox_ops.server.ui.formats import short_number

Place = str | float | bool
_TICKS = 5
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_MOST_WORDS = 12
_HAS_ROOM = (1e-290, 1e300)  # between these numbers have round ones beside them


class Tick(NamedTuple):
    """A place on an axis, 0 to 1, and what is written there."""

    at: float
    text: str


class Scale(NamedTuple):
    """An axis.

    Attributes:
        place: where a value lies, 0 to 1; None: it has no place here.
        ends: the numbers at 0 and at 1 of a linear axis.
    """

    place: Callable[[Place], float | None]
    ticks: list[Tick]
    ends: tuple[float, ...] = ()


def scale_of(values: Sequence[Place], *, log: bool = False, write: Callable[[float], str] = short_number) -> Scale:
    """The axis for values: of numbers if all are, else with a place for each different text."""
    found = [float(value) for value in values if not isinstance(value, str)]
    if len(found) < len(values):
        return _words(values)
    numbers = [number for number in found if math.isfinite(number) and (not log or number > 0)]
    if not numbers:
        return Scale(lambda value: None, [])
    return _logarithmic(numbers, write) if log else _linear(numbers, write)


def _words(values: Sequence[Place]) -> Scale:
    words = list(dict.fromkeys(_word(value) for value in values))
    at = {word: (number + 0.5) / len(words) for number, word in enumerate(words)}
    every = math.ceil(len(words) / _MOST_WORDS)
    return Scale(lambda value: at.get(_word(value)), [Tick(at[word], word) for word in words[::every]])


def _word(value: Place) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else short_number(value)


def share_of(value: float, low: float, high: float) -> float:
    """How far a number lies between two others, 0 to 1, however large or small all are; 0 where those are one."""
    if low == high:
        return 0.0
    if math.isinf(high - low):
        value, low, high = value / 2, low / 2, high / 2
    return (value - low) / (high - low)


def _linear(numbers: list[float], write: Callable[[float], str]) -> Scale:
    marks = _marks(*_widened(min(numbers), max(numbers)))
    low, high = marks[0], marks[-1]

    def place(value: Place) -> float | None:
        if isinstance(value, str) or not math.isfinite(value):
            return None
        return share_of(float(value), low, high)

    return Scale(place, [Tick(share_of(mark, low, high), write(mark)) for mark in marks], (low, high))


def _widened(low: float, high: float) -> tuple[float, float]:
    """The ends of an axis, which are two."""
    if low != high:
        return low, high
    room = abs(low) / 2 if low and _HAS_ROOM[0] < abs(low) < _HAS_ROOM[1] else 1.0
    return (low - room, high + room) if abs(low) < _HAS_ROOM[1] else (min(low, 0.0), max(low, 0.0))


def _marks(low: float, high: float) -> list[float]:
    """Round numbers from `low` or less to `high` or more; those two where doubles leave no room for round ones."""
    rough = (high / 2 - low / 2) / (_TICKS - 1) * 2
    if not _HAS_ROOM[0] < rough < _HAS_ROOM[1]:
        return [low, high]
    step = _step(rough)
    digits = 6 - math.floor(math.log10(step))
    marks = [round(number * step, digits) for number in range(math.floor(low / step), math.ceil(high / step) + 1)]
    return marks if all(one < other for one, other in pairwise(marks)) else [low, high]


def _step(rough: float) -> float:
    """The round number that is not less."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(step for step in _STEPS if step * power >= rough * 0.999) * power


def _logarithmic(numbers: list[float], write: Callable[[float], str]) -> Scale:
    low, high = math.floor(math.log10(min(numbers))), math.ceil(math.log10(max(numbers)))
    high = max(high, low + 1)

    def place(value: Place) -> float | None:
        if isinstance(value, str) or not math.isfinite(value) or value <= 0:
            return None
        return (math.log10(value) - low) / (high - low)

    every = math.ceil((high - low) / _TICKS)
    marks = [(power, float(f"1e{power}")) for power in range(low, high + 1, every)]
    return Scale(place, [Tick((at - low) / (high - low), write(mark)) for at, mark in marks if 0 < mark < math.inf])
