"""Leaves about parameters, tags and metadata: rows of `attributes`."""

import re
from collections.abc import Sequence
from functools import cache

from sqlalchemy import ColumnElement, FromClause, Select, and_, or_, select, true

from mbox_ops.search.tree import Compare, Exists, Instant, IsNull
from mbox_ops.store.among import among
from mbox_ops.store.attributes import Kind
from mbox_ops.store.database import Dialect
from mbox_ops.store.filters.conditions import NEVER, AnyOf, Candidates, Condition, no, so
from mbox_ops.store.filters.values import Asking, ByType, Typed, ranges, test
from mbox_ops.store.tables import INDEXED_TEXT, attributes

_ROW = attributes.alias("attribute")  # every leaf asks in a subquery of its own, so one alias does for all
_DIGITS = re.compile(r"-?\d+")
_MANY = 20  # numbers of names: as many seeks in an index cost more than a look at the run's rows


def asking(over: FromClause, leaf: Asking, kind: Kind, name_ids: Sequence[int], dialect: Dialect) -> Condition:
    """Whether a run, by its `subject_id` in a table, has a row that meets a leaf."""
    if not name_ids:
        return NEVER
    condition = so(test(leaf, _by_type(kind), dialect))
    if isinstance(leaf, Compare) and leaf.op == "=" and isinstance(leaf.value, str):
        condition = _is_text(leaf.value, kind, condition)
    return Condition(_has(over, kind, name_ids, condition, dialect), candidates=_found(leaf, kind, name_ids))


def existing(
    over: FromClause, leaf: Exists | IsNull, kind: Kind, name_ids: Sequence[int], null_ids: Sequence[int],
    dialect: Dialect,
) -> Condition:  # fmt: skip
    """Whether a run, by its `subject_id` in a table, has a row at all, or none but JSON nulls.

    Args:
        name_ids: of the place and of what lies below it.
        null_ids: of the place alone: a null there is one of those that count as nothing.
    """
    if not name_ids:
        return NEVER if isinstance(leaf, Exists) else no(NEVER)
    if isinstance(leaf, Exists):
        return Condition(_has(over, kind, name_ids, true(), dialect), candidates=_all_texts(kind, name_ids))
    anything = true() if kind != "metadata" else so(or_(_ROW.c.type != "null", _ROW.c.name_id.not_in(null_ids)))
    return no(Condition(_has(over, kind, name_ids, anything, dialect)))


def _is_text(text: str, kind: Kind, condition: ColumnElement[bool]) -> ColumnElement[bool]:
    """Told how the text begins, the index of texts says no without a look at the row, as it does to most runs.

    Of a short text it says yes by itself too, unless it might be the digits of a number that float64 cannot hold.
    """
    starts = _ROW.c.text_start == text[:INDEXED_TEXT]
    is_whole = len(text) < INDEXED_TEXT and (kind != "metadata" or not _DIGITS.fullmatch(text))
    return starts if is_whole else and_(starts, condition)


def _has(
    over: FromClause, kind: Kind, name_ids: Sequence[int], condition: ColumnElement[bool], dialect: Dialect
) -> ColumnElement[bool]:
    c = _ROW.c
    named = c.name_id == name_ids[0] if len(name_ids) == 1 else c.name_id.in_(name_ids)
    if len(name_ids) > _MANY:
        named = among(dialect, c.name_id, "names", name_ids)
    query = select(c.subject_id).where(c.subject_id == over.c.subject_id, c.kind == kind)
    query = query.where(so(named) if len(name_ids) > _MANY else named, condition)
    # With an offset PostgreSQL looks at each run by itself, as this is meant, and joins nothing.
    return query.correlate(over).offset(0).exists()


@cache  # the same for every leaf, and dear to build
def _by_type(kind: Kind) -> ByType:
    c = _ROW.c
    found = {str: Typed(c.text), Instant: Typed(c.instant)}
    if kind == "parameter":
        found |= {float: Typed(c.num, c.type != "boolean"), bool: Typed(c.num, c.type == "boolean")}
    elif kind == "metadata":
        found |= {
            str: Typed(c.text, c.type == "string"), float: Typed(c.num, c.type == "number"),
            bool: Typed(c.num, c.type == "boolean"),
        }  # fmt: skip
    return found


def _found(leaf: Asking, kind: Kind, name_ids: Sequence[int]) -> Candidates | None:
    if len(name_ids) > _MANY:
        return None
    c = attributes.c
    some = ranges(leaf, {str: c.text_start, float: c.num, bool: c.num, Instant: c.instant})
    return None if some is None else AnyOf(tuple(_subjects(kind, name_ids, one) for one in some))


def _all_texts(kind: Kind, name_ids: Sequence[int]) -> Candidates | None:
    return None if kind == "metadata" else _subjects(kind, name_ids, attributes.c.text_start.is_not(None))


def _subjects(kind: Kind, name_ids: Sequence[int], condition: ColumnElement[bool]) -> Select[tuple[int]]:
    c = attributes.c
    return select(c.subject_id).where(c.name_id.in_(name_ids), c.kind == kind, condition)
