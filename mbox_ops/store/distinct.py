"""The different values of a column, found by going from one to the next in an index: however many rows share a value,
it costs one step."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, ScalarSelect, Select, Table, literal, select

from mbox_ops.store.filters.values import Expression
from mbox_ops.store.tables import subjects


def is_live_run(subject_id: Expression) -> ScalarSelect[bool]:
    """Whether a row's subject is a run that was not deleted: asked for each row, so that no planner begins with it."""
    live = subjects.c.deletion_id.is_(None) & (subjects.c.type == "run")
    return select(live).where(subjects.c.id == subject_id).scalar_subquery()


def any_row(where: Sequence[ColumnElement[bool]], order: Expression, outer: Table) -> ColumnElement[bool]:
    """Whether there is a row, for each row of another table: the first one in an index's order is enough.

    `EXISTS` would leave it to the planner to read all of them and join.
    """
    first = select(literal(True)).where(*where).order_by(order).limit(1).correlate(outer).scalar_subquery()
    return first.is_not(None)


def values(
    conn: Connection, column: Expression, where: Sequence[ColumnElement[bool]], *, after: Any, limit: int
) -> list[Any]:
    """The first different values of a column, in their order, of rows that meet the conditions.

    Args:
        column: one that an index has behind what the conditions compare with a constant.
        after: only values above; None for all.
        limit: at most so many.
    """
    if limit < 1:
        return []
    first = _next(column, where if after is None else [*where, column > after])
    walk = select(first.label("value"), literal(1).label("place")).cte("walk", recursive=True)
    following = _next(column, [*where, column > walk.c.value], walk)
    walk = walk.union_all(
        select(following, walk.c.place + 1).where(walk.c.value.is_not(None), walk.c.place < limit)
    )  # fmt: skip
    return list(conn.execute(select(walk.c.value).where(walk.c.value.is_not(None))).scalars())


def _next(column: Expression, where: Sequence[ColumnElement[bool]], *outer: Any) -> ScalarSelect[Any]:
    query: Select[Any] = select(column).where(column.is_not(None), *where).order_by(column).limit(1)
    return query.correlate(*outer).scalar_subquery() if outer else query.scalar_subquery()
