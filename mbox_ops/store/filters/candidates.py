"""How many runs an index says may meet a condition, counted and not guessed: few are read first, many are walked past.

Neither database knows which of two plans is right: to look at every run in the order that is asked for until a page is
full, or to collect the runs that meet the filter and sort them. The first is endless when few runs meet it, the second
when many do. So the indexes are asked, up to a limit, which costs about a millisecond.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Select, func, select

from mbox_ops.store.filters.conditions import AllOf, AnyOf, Candidates
from mbox_ops.store.tables import runs

FEW = 3_000  # as many are read in some 10 ms
_LAST = select(func.max(runs.c.subject_id))


def few(conn: Connection, candidates: Candidates | None, *, wanted: int) -> set[int] | None:
    """The ids of the subjects, if there are few; None if there are many, or nobody knows.

    Of N runs of which n are candidates, walking finds `wanted` ones after a look at wanted * N / n, and reading the
    candidates is a look at n: they are few while n * n is at most wanted * N.
    """
    if candidates is None:
        return None
    at_most_so_many_runs = conn.execute(_LAST).scalar() or 0
    most = min(FEW, math.isqrt(wanted * at_most_so_many_runs))
    short = _without_long(candidates, iter(_are_longer(conn, list(_selects(candidates)), most)))
    return None if short is None else _at_most(conn, short, most)


def _selects(candidates: Candidates) -> Iterator[Select[Any]]:
    if isinstance(candidates, Select):
        yield candidates
        return
    for part in candidates.parts:
        yield from _selects(part)


def _are_longer(conn: Connection, selects: Sequence[Select[Any]], most: int) -> Sequence[bool]:
    """Which of them find more: asked all at once, and before any is read."""
    if not selects:
        return []
    found = conn.execute(select(*(each.offset(most).limit(1).scalar_subquery() for each in selects))).one()
    return [value is not None for value in found]


def _without_long(candidates: Candidates, are_long: Iterator[bool]) -> Candidates | None:
    """What is left to read; None if it would be too much. `are_long` is in the order of `_selects`."""
    if isinstance(candidates, Select):
        return None if next(are_long) else candidates
    parts = [_without_long(part, are_long) for part in candidates.parts]
    short = tuple(part for part in parts if part is not None)
    if isinstance(candidates, AllOf):
        return AllOf(short) if short else None
    return AnyOf(short) if len(short) == len(parts) else None


def _at_most(conn: Connection, candidates: Candidates, most: int) -> set[int] | None:
    if isinstance(candidates, AllOf):
        return _intersection(conn, candidates, most)
    return _union(conn, list(_alternatives(candidates)), most)


def _alternatives(candidates: Candidates) -> Iterator[Select[Any] | AllOf]:
    if not isinstance(candidates, AnyOf):
        yield candidates
        return
    for part in candidates.parts:
        yield from _alternatives(part)


def _union(conn: Connection, parts: list[Select[Any] | AllOf], most: int) -> set[int] | None:
    found: set[int] = set()
    for part in parts:
        some = _intersection(conn, part, most) if isinstance(part, AllOf) else set(conn.execute(part).scalars())
        if some is None or len(found | some) > most:
            return None
        found |= some
    return found


def _intersection(conn: Connection, candidates: AllOf, most: int) -> set[int] | None:
    found: set[int] | None = None
    for part in candidates.parts:
        some = _at_most(conn, part, most)
        if some is not None:
            found = some if found is None else found & some
            most = min(most, len(some))
    return found
