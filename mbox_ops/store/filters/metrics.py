"""Leaves about metrics: rows of `series`, whose summaries are as fresh as their last folding."""

from sqlalchemy import ColumnElement, Float, FromClause, and_, cast, false, select

from mbox_ops.entities.metrics import Statistic
from mbox_ops.search.tree import Exists, IsNan, IsNull
from mbox_ops.store.database import Dialect
from mbox_ops.store.filters.conditions import NEVER, Condition, no, so
from mbox_ops.store.filters.values import Asking, Expression, Typed, ranges, test
from mbox_ops.store.tables import series

_ROW = series.alias("metric")  # every leaf asks in a subquery of its own, so one alias does for all
INDEXED: frozenset[Statistic] = frozenset({"last", "min", "max"})


def number(row: FromClause, stat: Statistic) -> Expression:
    """A statistic of a series as a number; NULL where it has none, or where it is NaN."""
    c = row.c
    if stat == "count":
        return cast(c.count, Float(53))
    found: Expression = c[f"{stat}_num"]
    return found


def asking(over: FromClause, leaf: Asking, stat: Statistic, name_id: int | None, dialect: Dialect) -> Condition:
    """Whether a run, by its `subject_id` in a table, has a series that meets a leaf."""
    if name_id is None:
        return NEVER
    condition = and_(_ROW.c.count > 0, test(leaf, {float: Typed(number(_ROW, stat))}, dialect))
    some = ranges(leaf, {float: number(series, stat)}) if stat in INDEXED else None
    return _has(over, name_id, condition, *(some or ()))


def existing(over: FromClause, leaf: Exists | IsNull | IsNan, stat: Statistic, name_id: int | None) -> Condition:
    """Whether a run has the statistic, or has it and it is NaN."""
    if name_id is None:
        return NEVER if not isinstance(leaf, IsNull) else no(NEVER)
    if isinstance(leaf, IsNan):
        return _has(over, name_id, _is_nan(stat))
    found = _has(over, name_id, _is_there(stat))
    return found if isinstance(leaf, Exists) else no(found)


def _has(over: FromClause, name_id: int, condition: ColumnElement[bool], *indexed: ColumnElement[bool]) -> Condition:
    c = _ROW.c
    query = select(c.id).where(c.subject_id == over.c.subject_id, c.name_id == name_id, so(condition))
    candidates = select(series.c.subject_id).where(series.c.name_id == name_id, *indexed)
    return Condition(query.correlate(over).offset(0).exists(), candidates=candidates)


def _is_there(stat: Statistic) -> ColumnElement[bool]:
    c = _ROW.c
    if stat == "count":
        return c.count > 0
    if stat in ("last", "first"):
        return and_(c.count > 0, c.kind == "float")
    return c.min_num.is_not(None)  # of nothing but NaN there is neither least, greatest nor mean


def _is_nan(stat: Statistic) -> ColumnElement[bool]:
    if stat in ("last", "first", "mean"):
        return and_(_is_there(stat), number(_ROW, stat).is_(None))
    return false()
