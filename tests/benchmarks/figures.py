"""What a benchmark finds: figures, each with the raw limit of the same run and the goal that it is held to."""

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Literal

import msgspec

Bound = Literal["at most", "at least"]


class Goal(msgspec.Struct, frozen=True):
    """What is promised, of the ratio to the raw limit or of the measured value itself."""

    bound: Bound
    value: float
    of: Literal["ratio", "measured"] = "measured"

    def holds(self, value: float) -> bool:
        """Whether a value keeps the promise."""
        return value <= self.value if self.bound == "at most" else value >= self.value


class Figure(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the table.

    Attributes:
        name: what was measured, with its size.
        measured: in `unit`; a median of several repetitions unless the name says otherwise.
        limit: the raw limit in the same unit, None where there is none.
        against: what the raw limit is.
        goals: what is promised; none for a figure that only informs.
    """

    name: str
    measured: float
    unit: str
    limit: float | None = None
    against: str = ""
    goals: tuple[Goal, ...] = ()

    @property
    def ratio(self) -> float | None:
        """Measured by the raw limit."""
        return None if not self.limit else self.measured / self.limit

    @property
    def ok(self) -> bool | None:
        """Whether every goal is reached; None without one."""
        return all(self._reached(goal) for goal in self.goals) if self.goals else None

    def _reached(self, goal: Goal) -> bool:
        value = self.measured if goal.of == "measured" else self.ratio
        return value is not None and goal.holds(value)


class Scale(msgspec.Struct, frozen=True):
    """How much to measure: `quick` is for finding out whether the benchmarks still run."""

    quick: bool = False

    def times(self, count: int) -> int:
        """So many repetitions, or few."""
        return max(2, count // 5) if self.quick else count

    def size(self, count: int) -> int:
        """So many things, or a tenth."""
        return max(1, count // 10) if self.quick else count


Benchmark = Callable[[Scale], Iterator[Figure]]


def at_most(value: float) -> Goal:
    """The measured value is to be at most this."""
    return Goal("at most", value)


def at_least(value: float) -> Goal:
    """The measured value is to be at least this."""
    return Goal("at least", value)


def at_most_times(value: float) -> Goal:
    """The measured value is to be at most so many times the raw limit."""
    return Goal("at most", value, "ratio")


def at_least_times(value: float) -> Goal:
    """The measured value is to be at least so many times the raw limit."""
    return Goal("at least", value, "ratio")


def medians(repetitions: int, *subjects: Callable[[], float]) -> list[float]:
    """The median of what each subject returns, called in turns so that noise of the machine hits all alike."""
    found: list[list[float]] = [[] for _ in subjects]
    for _ in range(repetitions):
        for subject, values in zip(subjects, found, strict=True):
            values.append(subject())
    return [statistics.median(values) for values in found]


def seconds(call: Callable[[], object]) -> float:
    """How long a call takes."""
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
