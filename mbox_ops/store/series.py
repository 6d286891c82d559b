"""Series and their summaries.

Summaries follow the segments at a distance: `subjects.folded` says up to which arrival they hold, and `fold` brings
them up to date. They are kept twice: per (series, writer), so that replacing an attempt never looks at points, and
merged in the series' row, where search finds them.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any, TypeVar

from sqlalchemy import Connection, Select, bindparam, delete, insert, select, update

from mbox_ops.entities.metrics import MetricSummary
from mbox_ops.store import series_cache
from mbox_ops.store.among import among, listed
from mbox_ops.store.points import Segment, matrices, unpack
from mbox_ops.store.summaries import State, merge, merged, pack_state, shown, states_of, unpack_state
from mbox_ops.store.tables import names, segments, series, series_writers, subjects, writers

T = TypeVar("T")
Key = tuple[int, int]  # series, writer

_IN = 5_000  # how many ids go into one statement; SQLite takes 32,766
_SLICE = 500_000  # points that are summarised at once


def fold(conn: Connection, *, subject_id: int, upto: int | None = None) -> int:
    """Bring the summaries of a subject's series up to date.

    Args:
        conn: a writing transaction; it holds the subject's row afterwards.
        upto: the last arrival to take in; the subject's last one if not given.

    Returns:
        The arrival up to which the summaries hold now; 0 for a subject that was deleted: a purge may be at it.
    """
    query = select(subjects.c.arrival, subjects.c.folded)
    query = query.where(subjects.c.id == subject_id, subjects.c.deletion_id.is_(None)).with_for_update(key_share=True)
    subject = conn.execute(query).one_or_none()
    if subject is None:
        return 0
    target = subject.arrival if upto is None else min(upto, subject.arrival)
    if subject.folded >= target:
        return int(subject.folded)
    for some in _unfolded(conn, subject_id, subject.folded, target):
        found = {}
        for matrix in matrices(unpack(some)):
            for series_id, state in zip(matrix.series, states_of(matrix), strict=True):
                found[series_id, matrix.writer_id] = state
        add_states(conn, found)
    conn.execute(update(subjects).where(subjects.c.id == subject_id).values(folded=target))
    return int(target)


def _unfolded(conn: Connection, subject_id: int, after: int, upto: int) -> Iterator[list[Segment]]:
    """The segments of present writers, so many at a time that memory stays small."""
    present = (
        select(segments.c.arrival, segments.c.points)
        .join(writers, writers.c.id == segments.c.writer_id)
        .where(segments.c.subject_id == subject_id, segments.c.arrival > after, segments.c.arrival <= upto)
        .where(writers.c.replaced.is_(False))
        .order_by(segments.c.arrival)
    )
    for arrivals in sliced([(row.arrival, row.points) for row in conn.execute(present)], _SLICE):
        yield load_segments(conn, subject_id, arrivals)


def sliced(sizes: Iterable[tuple[int, int]], most: int) -> Iterator[list[int]]:
    """The first of each pair, in lists whose second ones add up to about `most`."""
    some: list[int] = []
    held = 0
    for arrival, points in sizes:
        some.append(arrival)
        held += points
        if held >= most or len(some) >= _IN:
            yield some
            some, held = [], 0
    if some:
        yield some


def load_segments(conn: Connection, subject_id: int, arrivals: Sequence[int]) -> list[Segment]:
    """These segments of a subject, in order of arrival; those of replaced writers too."""
    query = (
        select(segments.c.writer_id, segments.c.arrival, segments.c.received_at, segments.c.body)
        .where(segments.c.subject_id == subject_id, segments.c.arrival.in_(arrivals))
        .order_by(segments.c.arrival)
    )
    return [Segment(*row) for row in conn.execute(query)]


def batched(items: Iterable[T], size: int = _IN) -> Iterator[list[T]]:
    """The items in lists short enough for one statement."""
    listed = list(items)
    for start in range(0, len(listed), size):
        yield listed[start : start + size]


def add_states(conn: Connection, found: dict[Key, State]) -> None:
    """Add new states to those of their writers and to those of their series."""
    by_writer: dict[int, list[int]] = {}
    by_series: dict[int, list[State]] = {}
    for (series_id, writer_id), state in found.items():
        by_writer.setdefault(writer_id, []).append(series_id)
        by_series.setdefault(series_id, []).append(state)
    known: dict[Key, bytes] = {}
    for writer_id, ids in by_writer.items():
        for some in batched(ids):
            query = select(series_writers.c.series_id, series_writers.c.summary)
            query = query.where(series_writers.c.series_id.in_(some), series_writers.c.writer_id == writer_id)
            known |= {(row.series_id, writer_id): row.summary for row in conn.execute(query)}
    new = [
        {"series_id": key[0], "writer_id": key[1], "summary": pack_state(state)}
        for key, state in found.items() if key not in known
    ]  # fmt: skip
    changed = [
        {"of_series": key[0], "of_writer": key[1], "summary": pack_state(_added(known[key], state))}
        for key, state in found.items() if key in known
    ]  # fmt: skip
    if new:
        conn.execute(insert(series_writers), new)
    if changed:
        statement = update(series_writers).where(
            series_writers.c.series_id == bindparam("of_series"), series_writers.c.writer_id == bindparam("of_writer")
        )
        conn.execute(statement, changed)
    _add_to_series(conn, by_series)


def _added(known: bytes, state: State) -> State:
    return merge(unpack_state(known), state)


def _add_to_series(conn: Connection, by_series: dict[int, list[State]]) -> None:
    rows = []
    for some in batched(by_series):
        query = select(series.c.id, series.c.summary).where(series.c.id.in_(some))
        for row in conn.execute(query):
            old = [] if row.summary is None else [unpack_state(row.summary)]
            rows.append(_columns(row.id, merged(old + by_series[row.id])))
    _update_series(conn, rows)


def _update_series(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    if rows:
        conn.execute(update(series).where(series.c.id == bindparam("of_series")), rows)


def _columns(series_id: int, state: State | None) -> dict[str, Any]:
    """The row of a series: the exact summary, and beside it what search and sort need."""
    if state is None:
        empty = dict.fromkeys(("last_num", "first_num", "min_num", "max_num", "mean_num", "summary"))
        return {"of_series": series_id, "count": 0, "nan_count": 0, **empty}
    return {
        "of_series": series_id, "count": state.count, "nan_count": state.nan_count,
        "last_num": _sortable(state.last.value), "first_num": _sortable(state.first.value),
        "min_num": state.low, "max_num": state.high, "mean_num": _sortable(state.mean()),
        "summary": pack_state(state),
    }  # fmt: skip


def _sortable(value: float | str | bytes | None) -> float | None:
    return value if isinstance(value, float) and not math.isnan(value) else None


def rebuild(conn: Connection, *, subject_id: int) -> None:
    """Take what replaced writers wrote out of the summaries.

    The transaction holds the subject's row. A series that nothing is left of keeps its row, with count 0: its name may
    come back, with another kind too.
    """
    series_cache.forget(conn, subject_id)
    gone = select(writers.c.id).where(writers.c.subject_id == subject_id, writers.c.replaced.is_(True))
    removed = delete(series_writers).where(series_writers.c.writer_id.in_(gone)).returning(series_writers.c.series_id)
    touched = sorted(set(conn.execute(removed).scalars()))
    for some in batched(touched):
        left: dict[int, list[State]] = {series_id: [] for series_id in some}
        query = select(series_writers.c.series_id, series_writers.c.summary)
        for row in conn.execute(query.where(series_writers.c.series_id.in_(some))):
            left[row.series_id].append(unpack_state(row.summary))
        _update_series(conn, [_columns(key, merged(found)) for key, found in left.items()])


def summaries(conn: Connection, *, subject_ids: Iterable[int]) -> dict[int, dict[str, MetricSummary]]:
    """The summaries of subjects' series by subject and name, names in order; as fresh as the last `fold`."""
    found: dict[int, dict[str, MetricSummary]] = {subject_id: {} for subject_id in subject_ids}
    dialect = conn.dialect.name
    rows = conn.execute(_summaries(dialect), {"subject_ids": listed(dialect, found)})
    for subject_id, name, kind, summary in rows.all():  # one by one would cost as much again
        found[subject_id][name] = shown(name, kind, unpack_state(summary))
    return found


@cache
def _summaries(dialect: str) -> Select[Any]:
    return (
        select(series.c.subject_id, names.c.name, series.c.kind, series.c.summary)
        .join(names, names.c.id == series.c.name_id)
        .where(among(dialect, series.c.subject_id, "subject_ids"), series.c.count > 0)
        .order_by(series.c.subject_id, names.c.name)
    )
