"""Where values lie on an axis, and which of them are written beside it. Pure."""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

from mbox_ops.server.ui.formats import short_number

Place = str | float | bool
_TICKS = 5
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)
_MOST_WORDS = 12


class Tick(NamedTuple):
    """A place on an axis, 0 to 1, and what is written there."""

    at: float
    text: str


class Scale(NamedTuple):
    """An axis.

    Attributes:
        place: where a value lies, 0 to 1; None: it has no place here.
    """

    place: Callable[[Place], float | None]
    ticks: list[Tick]


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


def _linear(numbers: list[float], write: Callable[[float], str]) -> Scale:
    low, high = min(numbers), max(numbers)
    if low == high:
        low, high = low - (abs(low) or 1) / 2, high + (abs(high) or 1) / 2
    step = _step((high - low) / (_TICKS - 1))
    first, last = math.floor(low / step), math.ceil(high / step)
    low, high = first * step, last * step

    def place(value: Place) -> float | None:
        if isinstance(value, str) or not math.isfinite(value):
            return None
        return (float(value) - low) / (high - low)

    marks = [round(number * step, 12) for number in range(first, last + 1)]
    return Scale(place, [Tick((mark - low) / (high - low), write(mark)) for mark in marks])


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
    powers = range(low, high + 1, every)
    return Scale(place, [Tick((power - low) / (high - low), write(10.0**power)) for power in powers])
