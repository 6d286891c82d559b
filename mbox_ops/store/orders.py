"""Orders of runs, and where a page ended in one.

A run has a value at each key, a number, a text or nothing; runs are compared by (nothing, text or number, number, text)
of each key and then by their own number, in the direction of the first key. Nothing comes last in both directions.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, NamedTuple, TypeAlias

from sqlalchemy import ColumnElement, FromClause, Table, and_, case, false, func, or_, tuple_

from mbox_ops.search.tree import INSTANTS, NUMBERS, Field, Metadata, Metric, Parameter, RunColumn, SortKey, Tag
from mbox_ops.store.filters import columns, lookups, metrics
from mbox_ops.store.filters.lookups import Lookups
from mbox_ops.store.filters.values import Expression
from mbox_ops.store.tables import INDEXED_TEXT, attributes, series

Value: TypeAlias = int | float | str | None  # at a key: an instant, a number, a text, nothing


class Term(NamedTuple):
    """A part of what an ORDER BY lists; it is never NULL."""

    expression: Expression
    descending: bool


class Key(NamedTuple):
    """A key of an order, as it is found in the database.

    Attributes:
        number, text: the run's value; both NULL where it has none. A text beside a number does not count.
        nullable: whether runs may have none.
        row: the one row of `attributes` or `series` that holds it; None: the run's own columns do.
        of_row: which row of that table it is, but for its subject.
        indexed: an index has the rows in this order.
        start: the first characters of the text, where they are indexed.
        lead: the same, where the order is to be read from that index.
    """

    descending: bool
    number: Expression | None
    text: Expression | None
    nullable: bool
    row: FromClause | None = None
    of_row: ColumnElement[bool] = false()
    indexed: bool = False
    start: Expression | None = None
    lead: Expression | None = None

    def is_missing(self) -> ColumnElement[bool]:
        """Whether a run has no value here."""
        return and_(*(value.is_(None) for value in (self.number, self.text) if value is not None))

    def terms(self) -> list[Term]:
        """What orders by this key."""
        found = [Term(case((self.is_missing(), 1), else_=0), False)] if self.nullable else []
        number, text, down = self.number, self.text, self.descending
        if number is not None and text is not None:
            found.append(Term(case((number.is_(None), 1), else_=0), down))
            text = case((number.is_(None), func.coalesce(text, "")), else_="")
        elif text is not None and self.nullable:
            text = func.coalesce(text, "")
        if number is not None:
            found.append(Term(func.coalesce(number, 0) if self.nullable else number, down))
        if self.lead is not None:
            found.append(Term(self.lead, down))
        return found if text is None else [*found, Term(text, down)]

    def standing(self, value: Value) -> list[int | float | str]:
        """Where a value stands, in the order of `terms`."""
        found: list[int | float | str] = [int(value is None)] if self.nullable else []
        text = value if isinstance(value, str) else ""
        if self.number is not None:
            number = value if isinstance(value, (int, float)) else None
            found += [int(number is None)] if self.text is not None else []
            found.append(0 if number is None else number)
        if self.lead is not None:
            found.append(text[:INDEXED_TEXT])
        return found if self.text is None else [*found, text]


class Position(NamedTuple):
    """Where a run stands in an order: its values at the keys, and its own number."""

    values: tuple[Value, ...]
    subject_id: int


def uses_metrics(order: Sequence[SortKey]) -> bool:
    """Whether the order looks at summaries of series, which have to be fresh then."""
    return any(isinstance(key.field, Metric) for key in order)


def types_of(field: Field) -> tuple[type, ...]:
    """What a run's value at a field may be."""
    if isinstance(field, RunColumn):
        kind = int if field.name in INSTANTS else float if field.name in NUMBERS else str
        return (kind,) if columns.is_never_missing(field.name) else (kind, type(None))
    own = (str,) if isinstance(field, Tag) else (float,) if isinstance(field, Metric) else (float, str)
    return (*own, type(None))


def keys(order: Sequence[SortKey], names: Lookups) -> list[Key]:
    """The keys of an order whose names were looked up; a name that nothing has gives a key that no run has."""
    return [_key(key, names.exact, place) for place, key in enumerate(order)]


def beyond(terms: Sequence[Term], standing: Sequence[int | float | str]) -> ColumnElement[bool]:
    """Whether a row comes after a standing in the order of terms."""
    directions = {term.descending for term in terms}
    if len(directions) == 1:
        here, there = tuple_(*(term.expression for term in terms)), tuple_(*standing)
        return here < there if directions.pop() else here > there
    found: list[ColumnElement[bool]] = []
    equal: list[ColumnElement[bool]] = []
    for term, value in zip(terms, standing, strict=True):
        after = term.expression < value if term.descending else term.expression > value
        found.append(and_(*equal, after))
        equal.append(term.expression == value)
    first, value = terms[0], standing[0]
    # Said beside the rest, so that an index can begin there.
    bound = first.expression <= value if first.descending else first.expression >= value
    return and_(bound, or_(*found))


def order_by(terms: Sequence[Term]) -> list[ColumnElement[Any]]:
    """The ORDER BY of terms."""
    return [term.expression.desc() if term.descending else term.expression.asc() for term in terms]


def _key(key: SortKey, ids: dict[str, int], place: int) -> Key:
    field = key.field
    if isinstance(field, RunColumn):
        return _of_column(field, key.descending)
    name_id = ids.get(lookups.path_of(field.steps) if isinstance(field, Metadata) else field.name, 0)  # no row has 0
    if isinstance(field, Metric):
        row = _alias(series, place)
        number: Expression | None = metrics.number(row, field.stat)
        if field.stat == "count":
            number = case((row.c.count > 0, number))
        indexed = field.stat in metrics.INDEXED
        return Key(key.descending, number, None, True, row, row.c.name_id == name_id, indexed)
    row, kind = _alias(attributes, place), _KINDS[type(field)]
    of_row = and_(row.c.name_id == name_id, row.c.kind == kind)
    if isinstance(field, Metadata):
        of_row = and_(of_row, row.c.ordinal == 0)
    number = None if isinstance(field, Tag) else row.c.num
    return Key(key.descending, number, row.c.text, True, row, of_row, True, row.c.text_start)


_KINDS = {Parameter: "parameter", Tag: "tag", Metadata: "metadata"}


@cache
def _alias(table: Table, place: int) -> FromClause:
    return table.alias(f"key_{place}")


def _of_column(field: RunColumn, descending: bool) -> Key:
    value, nullable = columns.value_of(field.name), not columns.is_never_missing(field.name)
    if field.name in INSTANTS or field.name in NUMBERS:
        return Key(descending, value, None, nullable)
    return Key(descending, None, value, nullable)
