"""Pages of runs that meet a condition, in an order: which runs, and where each stands.

There are two ways to a page, and `candidates` tells which one is short. If few runs may meet the condition, those are
read and sorted. If many may, the order's index is walked until the page is full, and each run is tested on the way:
of an order by an attribute or a metric first the runs with a number there, then those with a text (the other way round
when descending), then those with neither. The statements are written so that no planner has a choice.
"""

import math
from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

from sqlalchemy import ColumnElement, Connection, Float, FromClause, Select, and_, case, func, literal, select

from mbox_ops.entities.search import RunGroup
from mbox_ops.search.tree import Filter, SortKey
from mbox_ops.store import orders
from mbox_ops.store.among import among
from mbox_ops.store.filters import lookups, trees
from mbox_ops.store.filters.candidates import FEW, few
from mbox_ops.store.filters.conditions import AllOf, Condition, every, is_never, so
from mbox_ops.store.filters.values import Expression
from mbox_ops.store.orders import Key, Position, Term, Value, beyond, order_by
from mbox_ops.store.tables import INDEXED_TEXT, runs, subjects

Phase = Literal["numbers", "texts", "nothing"]

_RUNS = runs.join(subjects, subjects.c.id == runs.c.subject_id)
_ALIVE = subjects.c.deletion_id.is_(None)
_HUGE = 1e290  # a sum of fewer than 10**18 smaller numbers is one of float64
_SMALLER = 2.0**64


class Listing(NamedTuple):
    """Which runs, in which order.

    Attributes:
        place: what all of them share and an index begins with: their namespace, scenario or collection.
        condition: what they meet, over `runs`.
        over_row: the same over the row of the order's first key, if it has one.
        keys: of the order, one at least.
    """

    place: ColumnElement[bool]
    condition: Condition
    over_row: Condition
    keys: Sequence[Key]


def listing(
    conn: Connection, *, namespace_id: int, scenario_id: int | None, collection_ids: Sequence[int] | None,
    tree: Filter | None, sort: Sequence[SortKey],
) -> Listing:  # fmt: skip
    """What a filter and an order ask for, in a namespace or parts of it."""
    place, others = runs.c.namespace_id == namespace_id, list[Condition]()
    if scenario_id is not None:
        place = runs.c.scenario_id == scenario_id
    if collection_ids is not None:
        others = [Condition(of_run=so(place))]
        place = _equal(runs.c.collection_id, collection_ids)
    names = lookups.of_search(conn, tree, [key.field for key in sort], namespace_id=namespace_id)
    keys, here = orders.keys(sort, names), trees.place_of(conn, namespace_id, names)

    def over(table: FromClause | None) -> Condition:
        if tree is None or table is None:
            return every(others)
        return every([*others, trees.condition(tree, here._replace(over=table))])

    return Listing(place, over(runs), over(keys[0].row), keys)


def page(conn: Connection, listing: Listing, *, after: Position | None, limit: int) -> list[Position]:
    """The first `limit` live runs after a position."""
    if is_never(listing.condition):
        return []
    ids = _few(conn, listing, limit if listing.keys[0].indexed else FEW)
    if ids is not None or not listing.keys[0].indexed:
        query = _over_runs(conn, listing, ids)
        return [] if ids == set() else _read(conn, query, listing, listing.keys, runs.c.subject_id, after, limit)
    found: list[Position] = []
    for phase in _phases(listing.keys[0], after):
        here = after if after is not None and not found and _phase_of(after) == phase else None
        found += _walk(conn, listing, phase, here, limit - len(found))
        if len(found) == limit:
            break
    return found


def count(conn: Connection, listing: Listing) -> int:
    """How many live runs there are in all."""
    if is_never(listing.condition):
        return 0
    ids = few(conn, listing.condition.candidates, wanted=FEW)
    query = select(func.count()).select_from(_RUNS).where(*_conditions(conn, listing, ids))
    return int(conn.execute(query).scalar_one())


def _equal(column: ColumnElement[int], values: Sequence[int]) -> ColumnElement[bool]:
    return column == values[0] if len(values) == 1 else column.in_(values)


def _few(conn: Connection, listing: Listing, wanted: int) -> set[int] | None:
    first, candidates = listing.keys[0], listing.condition.candidates
    if first.number is runs.c.started_at:  # the place's index is in this order: walking it costs no more
        return few(conn, candidates, wanted=wanted)
    within = select(runs.c.subject_id).where(listing.place)
    return few(conn, within if candidates is None else AllOf((within, candidates)), wanted=wanted)


def _over_runs(conn: Connection, listing: Listing, ids: set[int] | None) -> Select[Any]:
    source: FromClause = _RUNS
    for key in listing.keys:
        if key.row is not None:
            source = source.outerjoin(key.row, and_(key.row.c.subject_id == runs.c.subject_id, key.of_row))
    return select(runs.c.subject_id).select_from(source).where(*_conditions(conn, listing, ids))


def _conditions(conn: Connection, listing: Listing, ids: set[int] | None) -> list[ColumnElement[bool]]:
    if ids is None:
        return [listing.place, _ALIVE, listing.condition.holds]
    found = among(conn.dialect.name, runs.c.subject_id, "candidates", sorted(ids))
    return [found, so(listing.place), _ALIVE, listing.condition.holds]


def _walk(conn: Connection, listing: Listing, phase: Phase, after: Position | None, limit: int) -> list[Position]:
    """What comes after a position in a part of the first key's index."""
    first, *others = listing.keys
    if phase == "nothing":
        # What comes by its own number is read from the primary key until the page is full.
        here = listing if others else listing._replace(place=so(listing.place))
        query = _over_runs(conn, here, None).where(so(first.is_missing()))
        return _read(conn, query, listing, others, runs.c.subject_id, after, limit)
    assert first.row is not None
    own, query = first.row.c.subject_id, _over_rows(listing, phase)
    if phase == "numbers":
        return _read(conn, query, listing, [first._replace(text=None, nullable=False), *others], own, after, limit)
    key = first._replace(number=None, nullable=False)
    if not others and (after is None or _is_whole(after)):
        # The index has whole texts unless they are long, and its order is exact then.
        found = _read(conn, query, listing, [key._replace(text=first.start)], own, after, limit)
        if all(map(_is_whole, found)):
            return found
    return _read(conn, query, listing, [key._replace(lead=first.start), *others], own, after, limit)


def _over_rows(listing: Listing, phase: Phase) -> Select[Any]:
    """The rows of the first key's index whose runs meet the condition, one by one."""
    first, *others = listing.keys
    row = first.row
    assert row is not None
    source: FromClause = row
    if any(key.row is None for key in others):
        source = source.outerjoin(runs, runs.c.subject_id == row.c.subject_id)
        source = source.outerjoin(subjects, subjects.c.id == row.c.subject_id)
    for key in others:
        if key.row is not None:
            source = source.outerjoin(key.row, and_(key.row.c.subject_id == row.c.subject_id, key.of_row))
    run = select(runs.c.subject_id).select_from(_RUNS).where(runs.c.subject_id == row.c.subject_id)
    run = run.where(_ALIVE, so(listing.place), listing.over_row.of_run).correlate(row).offset(0)
    # What the row's own number tells comes first: most runs are out then.
    query = select(row.c.subject_id).select_from(source)
    query = query.where(first.of_row, listing.over_row.of_subject, run.exists())
    if phase == "numbers":
        assert first.number is not None
        return query.where(first.number.is_not(None))
    assert first.start is not None
    return query.where(first.start.is_not(None), *([] if first.number is None else [so(first.number.is_(None))]))


def _read(
    conn: Connection, query: Select[Any], listing: Listing, keys: Sequence[Key], own: Expression,
    after: Position | None, limit: int,
) -> list[Position]:  # fmt: skip
    """The positions of the runs that a query selects, in the order of some of the listing's keys."""
    terms = [*(term for key in keys for term in key.terms()), Term(own, listing.keys[0].descending)]
    if after is not None:
        values = after.values[len(after.values) - len(keys) :]
        standing = [part for key, value in zip(keys, values, strict=True) for part in key.standing(value)]
        query = query.where(beyond(terms, [*standing, after.subject_id]))
    parts = [part for key in listing.keys for part in (key.number, key.text) if part is not None]
    query = query.add_columns(*parts).order_by(*order_by(terms)).limit(limit)
    return [Position(_values(listing.keys, row[1:]), row[0]) for row in conn.execute(query)]


def _values(keys: Sequence[Key], parts: Sequence[Any]) -> tuple[Value, ...]:
    """A run's values at the keys, of which each has read its number, its text or both."""
    found, at = [], iter(parts)
    for key in keys:
        number = None if key.number is None else next(at)
        text = None if key.text is None else next(at)
        found.append(text if number is None else number)
    return tuple(found)


def _phases(first: Key, after: Position | None) -> list[Phase]:
    kinds: list[Phase] = ["numbers"] if first.number is not None else []
    kinds += ["texts"] if first.text is not None else []
    if first.descending:
        kinds.reverse()
    kinds.append("nothing")
    return kinds if after is None else kinds[kinds.index(_phase_of(after)) :]


def _phase_of(position: Position) -> Phase:
    value = position.values[0]
    return "nothing" if value is None else "texts" if isinstance(value, str) else "numbers"


def _is_whole(position: Position) -> bool:
    return len(str(position.values[0])) < INDEXED_TEXT


def groups(conn: Connection, listing: Listing, *, limit: int) -> list[RunGroup]:
    """Live runs by their value at the first key, most runs first; with what the second key's numbers come to."""
    if is_never(listing.condition):
        return []
    ids = few(conn, listing.condition.candidates, wanted=FEW)
    by, *measured = listing.keys
    text = by.text if by.number is None or by.text is None else case((by.number.is_(None), by.text))
    value = [part for part in (by.number, text) if part is not None]
    of = next((key.number for key in measured if key.number is not None), None)
    figures = [] if of is None else [*_sums(of), func.min(of), func.max(of)]
    query = _over_runs(conn, listing, ids).with_only_columns(func.count(), *value, *figures, maintain_column_froms=True)
    query = query.group_by(*value).order_by(func.count().desc(), *value).limit(limit)
    found = []
    for count, *parts in conn.execute(query):
        here = next((part for part in parts[: len(value)] if part is not None), None)
        *sums, least, greatest = parts[len(value) :] or (None, 0, None, 0, None, None)
        found.append(RunGroup(value=here, runs=count, mean=_mean(*sums), min=least, max=greatest))
    return found


def _sums(of: Expression) -> list[Expression]:
    """The sum and the count of numbers, and both of those whose sum may overflow, made smaller before.

    PostgreSQL's `avg` sums squares, too, and fails where those do not fit.
    """
    is_huge = func.abs(of) >= _HUGE
    small = of.is_not(None) & ~is_huge
    return [
        func.sum(of).filter(small), func.count().filter(small),
        func.sum(of * literal(1 / _SMALLER, Float(53))).filter(is_huge), func.count().filter(is_huge),
    ]  # fmt: skip


def _mean(small: float | None, smalls: int, huge: float | None, huges: int) -> float | None:
    """The mean of all, of what `_sums` has found; None where there is none."""
    count = smalls + huges
    if not count or (huges and huge is None):  # SQLite's NULL for a sum of both infinities
        return None
    found = (small or 0.0) / count
    if huge is not None:
        found += huge / count * _SMALLER
    return None if math.isnan(found) else found
