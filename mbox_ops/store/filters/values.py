"""What a leaf asks of a value, whichever row the value is in."""

from collections.abc import Callable, Mapping
from operator import eq, ge, gt, le, lt
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, false, func, or_
from sqlalchemy.sql.elements import SQLCoreOperations

from mbox_ops.search.tree import Between, Compare, In, Instant, Like, Order, Value
from mbox_ops.store.database import Dialect
from mbox_ops.store.filters.texts import after_all, glob_of, like_of, literal_start
from mbox_ops.store.tables import INDEXED_TEXT

Asking = Compare | In | Between | Like
Expression = SQLCoreOperations[Any]

_OPERATORS: dict[Order, Callable[[Any, Any], Any]] = {"=": eq, "<": lt, "<=": le, ">": gt, ">=": ge}


class Typed(NamedTuple):
    """Where a row has its values of one type.

    Attributes:
        of_type: whether the row has one; None: the expression is NULL where it has not.
    """

    value: Expression
    of_type: ColumnElement[bool] | None = None


ByType = Mapping[type, Typed]  # by the type that a literal has: str, float, bool or Instant


def plain(value: Value) -> str | float | int:
    """A literal as it is bound: booleans are 0.0 and 1.0, instants microseconds."""
    if isinstance(value, Instant):
        return value.microseconds
    return value if isinstance(value, str) else float(value)


def test(leaf: Asking, by_type: ByType, dialect: Dialect) -> ColumnElement[bool]:
    """What a row with these values has to meet; it may be NULL."""
    if isinstance(leaf, Compare):
        return _guarded(by_type.get(type(leaf.value)), lambda value: _OPERATORS[leaf.op](value, plain(leaf.value)))
    if isinstance(leaf, Between):
        if type(leaf.low) is not type(leaf.high):
            return false()
        low, high = plain(leaf.low), plain(leaf.high)
        return _guarded(by_type.get(type(leaf.low)), lambda value: and_(value >= low, value <= high))
    if isinstance(leaf, Like):
        return _guarded(by_type.get(str), lambda value: _like(leaf, value, dialect))
    kinds = _by_type(leaf)
    return or_(false(), *(_guarded(by_type.get(kind), _member(some)) for kind, some in kinds.items()))


def ranges(leaf: Asking, indexed: Mapping[type, Expression]) -> list[ColumnElement[bool]] | None:
    """Ranges of indexes that hold all values which the leaf asks for; None where a type has no index.

    Args:
        indexed: the columns that lead an index, by type; that of text holds only its first characters.
    """
    if isinstance(leaf, In):
        parts = [(indexed.get(kind), some) for kind, some in _by_type(leaf).items()]
        return None if any(column is None for column, _ in parts) else [_start(c).in_(_cut(some)) for c, some in parts]
    kind = str if isinstance(leaf, Like) else type(leaf.low if isinstance(leaf, Between) else leaf.value)
    column = indexed.get(kind)
    return None if column is None else [_range(leaf, column)]


def _range(leaf: Compare | Between | Like, column: Expression) -> ColumnElement[bool]:
    if isinstance(leaf, Like):
        return starts_with(column, literal_start(leaf))
    if isinstance(leaf, Between):
        (low, high) = _cut([plain(leaf.low), plain(leaf.high)])
        return and_(column >= low, column <= high)
    (value,) = _cut([plain(leaf.value)])
    # What is beyond a text may begin with the same characters.
    widened: Order = leaf.op + "=" if isinstance(value, str) and leaf.op in "<>" else leaf.op  # type: ignore[assignment]
    found: ColumnElement[bool] = _OPERATORS[widened](column, value)
    return found


def starts_with(column: Expression, text: str) -> ColumnElement[bool]:
    """The range of a text's first characters that the texts which begin with `text` have, and maybe a few others."""
    start = text[:INDEXED_TEXT]
    if len(start) == INDEXED_TEXT:
        return column == start
    if not start:
        return column.is_not(None)
    end = after_all(start)
    return column >= start if end is None else and_(column >= start, column < end)


def _like(leaf: Like, value: Expression, dialect: Dialect) -> ColumnElement[bool]:
    if leaf.how == "matches":
        if dialect == "sqlite":
            return value.op("GLOB", is_comparison=True)(glob_of(leaf.text))
        return value.like(like_of(leaf.text), escape="\\")
    if leaf.how == "contains":
        place = func.instr(value, leaf.text) if dialect == "sqlite" else func.strpos(value, leaf.text)
        return place > 0
    return func.substr(value, 1, len(leaf.text)) == leaf.text


def _member(values: list[Any]) -> Callable[[Expression], Any]:
    return lambda value: value.in_(values)


def _guarded(typed: Typed | None, make: Callable[[Expression], Any]) -> ColumnElement[bool]:
    if typed is None:
        return false()
    found: ColumnElement[bool] = make(typed.value)
    return found if typed.of_type is None else and_(typed.of_type, found)


def _by_type(leaf: In) -> dict[type, list[str | float | int]]:
    found: dict[type, list[str | float | int]] = {}
    for value in leaf.values:
        found.setdefault(type(value), []).append(plain(value))
    return found


def _start(column: Expression | None) -> Expression:
    assert column is not None
    return column


def _cut(values: list[Any]) -> list[Any]:
    return [value[:INDEXED_TEXT] if isinstance(value, str) else value for value in values]
