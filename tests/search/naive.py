"""What filters and orders mean, said as plainly as Python can: the oracle that the real search is held against.

Written from the docstrings of `mbox_ops.search.tree` alone; slow, and never clever.
"""

import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from mbox_ops.entities.instants import from_text
from mbox_ops.search.tree import (
    INSTANTS,
    And,
    Between,
    Compare,
    Exists,
    Field,
    Filter,
    In,
    Instant,
    IsNan,
    IsNull,
    Like,
    Metadata,
    Metric,
    Not,
    Or,
    Parameter,
    RunColumn,
    SortKey,
    Step,
    Tag,
)


@dataclass(frozen=True)
class Record:
    """A run.

    Attributes:
        columns: text, microseconds, seconds, or None; a column that is not given is None.
        parameters: name to (text, type), the type one of string, integer, float, boolean, json.
        metrics: name to the points in history order, all numbers or all text.
    """

    columns: dict[str, str | int | float | None] = field(default_factory=dict)
    parameters: dict[str, tuple[str, str]] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    metadata: dict[str, Any] = field(default_factory=dict)
    metrics: dict[str, list[float] | list[str]] = field(default_factory=dict)


class _Something:
    """An object, or an empty array: it is there, and equals nothing."""


_SOMETHING = _Something()
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def holds(tree: Filter, record: Record) -> bool:
    """Whether a run meets a filter."""
    match tree:
        case Not(part):
            return not holds(part, record)
        case And(parts):
            return all(holds(part, record) for part in parts)
        case Or(parts):
            return any(holds(part, record) for part in parts)
        case Exists(of):
            return bool(found(of, record))
        case IsNull(of):
            return all(value is None for value in found(of, record))
        case IsNan(of):
            return any(isinstance(value, float) and math.isnan(value) for value in found(of, record))
        case _:
            return any(_meets(tree, value) for value in found(tree.field, record))


def ordered(records: Sequence[Record], keys: Sequence[SortKey]) -> list[Record]:
    """The runs in order; those that are equal keep the order they came in."""
    result = list(records)
    for key in reversed(keys):
        places = [(place(key.field, record), record) for record in result]
        there = [(at, record) for at, record in places if at is not None]
        there.sort(key=lambda pair: pair[0], reverse=key.descending)
        result = [record for _, record in there] + [record for at, record in places if at is None]
    return result


def place(of: Field, record: Record) -> tuple[int, float | str] | None:
    """Where a run stands in the order of a field: numbers before text; None if it comes last."""
    match of:
        case Metadata(steps):
            values = [value for value in _exactly(record.metadata, steps) if not _holds_more(value)][:1]
        case RunColumn(name):
            values = [record.columns.get(name)]
        case _:
            values = found(of, record)
    for value in values:
        if isinstance(value, (bool, int, float)) and not math.isnan(value):
            return (0, float(value))
    for value in values:
        if isinstance(value, str):
            return (1, value)
    return None


def found(of: Field, record: Record) -> list[Any]:
    """The values of a field. A text that is a date or time is there as an instant, too; None is a JSON null."""
    match of:
        case Parameter(name):
            return _of_parameter(*record.parameters[name]) if name in record.parameters else []
        case Tag(name):
            return _of_text(record.tags[name]) if name in record.tags else []
        case Metadata(steps):
            return [inner for value in _through(record.metadata, steps) for inner in _of_leaf(value)]
        case Metric(name, stat):
            return _of_series(record.metrics.get(name, []), stat)
        case RunColumn(name):
            value = record.columns.get(name)
            return [] if value is None else [Instant(int(value)) if name in INSTANTS else value]


def _of_parameter(text: str, type: str) -> list[Any]:
    values = _of_text(text)
    if type == "boolean":
        values.append(text == "true")
    elif _NUMBER.fullmatch(text) and math.isfinite(float(text)):
        values.append(float(text))
    return values


def _of_text(text: str) -> list[Any]:
    instant = from_text(text)
    return [text] if instant is None else [text, Instant(instant)]


def _of_leaf(value: Any) -> list[Any]:
    if isinstance(value, (dict, list)):
        return [_SOMETHING]
    if isinstance(value, str):
        return _of_text(value)
    return [value if value is None or isinstance(value, bool) else float(value)]


def _of_series(points: Sequence[float | str], stat: str) -> list[Any]:
    if not points:
        return []
    if stat == "count":
        return [float(len(points))]
    if isinstance(points[0], str):
        return []
    if stat in ("first", "last"):
        return [points[0 if stat == "first" else -1]]
    numbers = [float(point) for point in points if not math.isnan(float(point))]
    if not numbers:
        return []
    return [{"min": min, "max": max, "mean": _mean}[stat](numbers)]


def _mean(numbers: list[float]) -> float:
    return sum(numbers) / len(numbers)  # of both infinities, NaN


def _through(value: Any, steps: Sequence[Step]) -> Iterator[Any]:
    """What a path leads to, through at least as many arrays as are written."""
    if not steps:
        yield value
    elif isinstance(value, dict) and steps[0].key in value:
        for inner in _spread(value[steps[0].key], steps[0].arrays):
            yield from _through(inner, steps[1:])


def _spread(value: Any, at_least: int) -> Iterator[Any]:
    if isinstance(value, list) and value:
        for inner in value:
            yield from _spread(inner, at_least - 1)
    elif at_least <= 0:
        yield value


def _exactly(value: Any, steps: Sequence[Step]) -> list[Any]:
    """What a path leads to, through exactly as many arrays as are written."""
    if not steps:
        return [value]
    if not isinstance(value, dict) or steps[0].key not in value:
        return []
    inside = [value[steps[0].key]]
    for _ in range(steps[0].arrays):
        inside = [inner for one in inside if isinstance(one, list) for inner in one]
    return [leaf for one in inside for leaf in _exactly(one, steps[1:])]


def _holds_more(value: Any) -> bool:
    return isinstance(value, (dict, list)) and bool(value)


def _meets(leaf: Compare | In | Between | Like, value: Any) -> bool:
    match leaf:
        case Compare(_, op, other):
            return _stands(value, op, other)
        case In(_, values):
            return any(_stands(value, "=", other) for other in values)
        case Between(_, low, high):
            return _stands(value, ">=", low) and _stands(value, "<=", high)
        case Like(_, how, text):
            return isinstance(value, str) and _fits(value, how, text)


def _stands(value: Any, op: str, other: Any) -> bool:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        value = float(value)
    if type(value) is not type(other):
        return False
    compared = {"=": value == other}
    if not isinstance(value, bool):
        compared |= {"<": value < other, "<=": value <= other, ">": value > other, ">=": value >= other}
    return compared[op]


def _fits(value: str, how: str, text: str) -> bool:
    if how == "contains":
        return text in value
    if how == "startswith":
        return value.startswith(text)
    return re.fullmatch(_regex(text), value, re.DOTALL) is not None


def _regex(pattern: str) -> str:
    parts = re.findall(r"\\.|.", pattern, re.DOTALL)
    wild = {"*": ".*", "?": "."}
    return "".join(wild.get(part) or re.escape(part[-1]) for part in parts)
