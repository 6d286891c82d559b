"""How many runs an index says may meet a condition, counted and not guessed: few are read first, many are walked past.

Neither database knows which of two plans is right: to look at every run in the order that is asked for until a page is
full, or to collect the runs that meet the filter and sort them. The first is endless when few runs meet it, the second
when many do. So the indexes are asked, up to a limit, which costs about a millisecond.
"""

from sqlalchemy import Connection

from mbox_ops.store.filters.conditions import AllOf, AnyOf, Candidates

FEW = 3_000  # of 100,000 runs, walking fills a page of 50 after a look at as many when 1 in 60 meets the filter


def few(conn: Connection, candidates: Candidates | None) -> set[int] | None:
    """The ids of the subjects, if there are few; None if there are many, or nobody knows."""
    return None if candidates is None else _at_most(conn, candidates, FEW)


def _at_most(conn: Connection, candidates: Candidates, most: int) -> set[int] | None:
    if isinstance(candidates, AnyOf):
        return _union(conn, candidates, most)
    if isinstance(candidates, AllOf):
        return _intersection(conn, candidates, most)
    ids = candidates.limit(most + 1)
    if conn.execute(candidates.offset(most).limit(1)).first() is not None:
        return None
    return set(conn.execute(ids).scalars())


def _union(conn: Connection, candidates: AnyOf, most: int) -> set[int] | None:
    found: set[int] = set()
    for part in candidates.parts:
        some = _at_most(conn, part, most)
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
