"""The history of series: chunks and segments merged by (step, wallclock, arrival, position)."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection, Table, select

from mbox_ops.store.chunks import decode_axis, decode_values
from mbox_ops.store.names import hash_of
from mbox_ops.store.points import Columns, Ints, Values, matrices, objects, unpack
from mbox_ops.store.series import batched, load_segments
from mbox_ops.store.tables import axes, chunks, names, segments, series, subjects, writers

Place = tuple[int, int, int, int]
_PLACE = ("steps", "wallclocks", "arrivals", "positions")  # the columns that a place is made of


class Points(NamedTuple):
    """Points of one series in history order.

    Attributes:
        total: how many points the whole series has.
        truncated: whether more follow.
        end: the place of the last of these points, if more follow.
    """

    name: str
    kind: str
    total: int
    steps: Ints
    wallclocks: Ints
    received_ats: Ints
    values: Values
    truncated: bool
    end: Place | None


class _Series(NamedTuple):
    id: int
    name: str
    kind: str
    points: int


class _Part(NamedTuple):
    """Points of one series, expanded to rows, in any order."""

    steps: Ints
    wallclocks: Ints
    arrivals: Ints
    positions: Ints
    received_ats: Ints
    values: Values


class _Chunk(NamedTuple):
    id: int
    axis_id: int
    rows: int
    min_step: int
    max_step: int


def read(
    conn: Connection, *, subject_id: int, wanted: Sequence[str] | None, limit: int | None, after: Place | None = None
) -> list[Points]:
    """The first points of series, in history order; series without points are left out.

    Args:
        conn: a reading transaction that sees one moment.
        wanted: names; None for all.
        limit: the most points of each series; None for all.
        after: only points behind this place.
    """
    found = _series(conn, subject_id, wanted)
    unsealed, unfolded = _unsealed(conn, subject_id, {one.id for one in found})
    sealed = _sealed(conn, found, limit, after)
    answers = []
    for one in found:
        total = one.points + unfolded.get(one.id, 0)
        if total:
            parts = sealed.get(one.id, []) + unsealed.get(one.id, [])
            answers.append(_answer(one, total, parts, limit, after))
    return answers


def _series(conn: Connection, subject_id: int, wanted: Sequence[str] | None) -> list[_Series]:
    query = (
        select(series.c.id, names.c.name, series.c.kind, series.c.count)
        .join(names, names.c.id == series.c.name_id)
        .where(series.c.subject_id == subject_id)
        .order_by(names.c.name)
    )
    if wanted is None:
        return [_Series(*row) for row in conn.execute(query)]
    namespace_id = select(subjects.c.namespace_id).where(subjects.c.id == subject_id).scalar_subquery()
    query = query.where(names.c.namespace_id == namespace_id)
    hashes = batched({hash_of(name) for name in wanted})
    rows = [_Series(*row) for some in hashes for row in conn.execute(query.where(names.c.name_hash.in_(some)))]
    return sorted(rows, key=lambda row: row.name)


def _unsealed(conn: Connection, subject_id: int, ids: set[int]) -> tuple[dict[int, list[_Part]], dict[int, int]]:
    """By series: the points that are in segments still, and how many of them the summaries do not hold yet."""
    query = (
        select(segments.c.arrival)
        .join(writers, writers.c.id == segments.c.writer_id)
        .where(segments.c.subject_id == subject_id, writers.c.replaced.is_(False))
        .order_by(segments.c.arrival)
    )
    folded = conn.execute(select(subjects.c.folded).where(subjects.c.id == subject_id)).scalar_one()
    arrivals = conn.execute(query).scalars().all()
    parts: dict[int, list[_Part]] = {}
    unfolded: dict[int, int] = {}
    for some in batched(arrivals, 1_000):
        for matrix in matrices(unpack(load_segments(conn, subject_id, some))):
            rows: _Part | None = None
            for place, series_id in enumerate(matrix.series):
                if series_id in ids:
                    rows = rows or _rows(matrix.columns, matrix.columns.values)
                    parts.setdefault(series_id, []).append(rows._replace(values=matrix.columns.values[:, place]))
                    new = len(rows.arrivals) - int(np.searchsorted(rows.arrivals, folded, "right"))
                    unfolded[series_id] = unfolded.get(series_id, 0) + new
    return parts, unfolded


def _rows(columns: Columns, values: Values) -> _Part:
    return _Part(
        columns.steps, columns.wallclocks, columns.arrival_of_rows(), columns.position_of_rows(),
        columns.received_at_of_rows(), values,
    )  # fmt: skip


def _sealed(
    conn: Connection, found: Sequence[_Series], limit: int | None, after: Place | None
) -> dict[int, list[_Part]]:
    """By series: the points of those chunks that can hold one of the points asked for."""
    listed: dict[int, list[_Chunk]] = {}
    for some in batched(one.id for one in found):
        query = (
            select(chunks.c.series_id, chunks.c.id, axes.c.id, axes.c.count, axes.c.min_step, axes.c.max_step)
            .join(axes, axes.c.id == chunks.c.axis_id)
            .join(writers, writers.c.id == axes.c.writer_id)
            .where(chunks.c.series_id.in_(some), writers.c.replaced.is_(False))
            .order_by(axes.c.min_step, axes.c.id)
        )
        for series_id, *chunk in conn.execute(query):
            listed.setdefault(series_id, []).append(_Chunk(*chunk))
    needed = {key: list(_needed(several, limit, after)) for key, several in listed.items()}
    kinds = {one.id: one.kind for one in found}
    coded = dict(_bodies(conn, axes, {chunk.axis_id for several in needed.values() for chunk in several}))
    counts = {chunk.axis_id: chunk.rows for several in needed.values() for chunk in several}
    rows = {ident: _rows(decode_axis(body, counts[ident]), np.empty(0)) for ident, body in coded.items()}
    where = {chunk.id: (series_id, chunk.axis_id) for series_id, several in needed.items() for chunk in several}
    parts: dict[int, list[_Part]] = {}
    for ident, body in _bodies(conn, chunks, where):
        series_id, axis_id = where[ident]
        part = rows[axis_id]._replace(values=decode_values(body, kinds[series_id]))
        parts.setdefault(series_id, []).append(part)
    return parts


def _needed(listed: Sequence[_Chunk], limit: int | None, after: Place | None) -> Iterator[_Chunk]:
    """The chunks, by least step, up to where the chunks before hold enough points that surely come first."""
    listed = [chunk for chunk in listed if after is None or chunk.max_step >= after[0]]
    sure: list[tuple[int, int]] = []  # greatest step and count of chunks that lie wholly behind `after`
    for chunk in listed:
        if limit is not None and sum(count for step, count in sure if step < chunk.min_step) > limit:
            return
        if after is None or chunk.min_step > after[0]:
            sure.append((chunk.max_step, chunk.rows))
        yield chunk


def _bodies(conn: Connection, table: Table, ids: Iterable[int]) -> Iterator[tuple[int, bytes]]:
    for some in batched(sorted(ids), 1_000):
        query = select(table.c.id, table.c.body).where(table.c.id.in_(some)).order_by(table.c.id)
        yield from ((row.id, row.body) for row in conn.execute(query))


def _answer(one: _Series, total: int, parts: Sequence[_Part], limit: int | None, after: Place | None) -> Points:
    if not parts:
        none = np.empty(0, np.int64)
        values = objects([]) if one.kind != "float" else np.empty(0)
        return Points(one.name, one.kind, total, none, none, none, values, truncated=False, end=None)
    merged = _Merged(parts)
    start = 0 if after is None else merged.behind(after)
    stop = len(merged) if limit is None else min(start + limit, len(merged))
    steps, wallclocks, received_ats, values = (
        merged.column(name)[start:stop] for name in ("steps", "wallclocks", "received_ats", "values")
    )
    truncated = stop < len(merged)
    end = merged.place(stop - 1) if truncated and stop > start else None
    return Points(one.name, one.kind, total, steps, wallclocks, received_ats, values, truncated, end)


class _Merged:
    """The rows of several parts in the order of history; a column is put together when it is asked for."""

    def __init__(self, parts: Sequence[_Part]) -> None:
        self._parts = parts
        self._order: Ints | None = None
        steps = self.column("steps")
        if not (steps[1:] > steps[:-1]).all():
            self._order = np.lexsort([self.column(name) for name in reversed(_PLACE)])
        self._length = len(steps)

    def __len__(self) -> int:
        return self._length

    def column(self, name: str) -> Values:
        """One column of all rows."""
        columns = [getattr(part, name) for part in self._parts]
        whole = columns[0] if len(columns) == 1 else np.concatenate(columns)
        return whole if self._order is None else whole[self._order]

    def place(self, row: int) -> Place:
        """Where a row stands in the order of history."""
        step, wallclock, arrival, position = (int(self.column(name)[row]) for name in _PLACE)
        return step, wallclock, arrival, position

    def behind(self, place: Place) -> int:
        """The first row behind a place."""
        low, high = 0, len(self)
        for name, value in zip(_PLACE, place, strict=True):
            some = self.column(name)[low:high]
            low, high = (low + int(np.searchsorted(some, value, side)) for side in ("left", "right"))
        return high
