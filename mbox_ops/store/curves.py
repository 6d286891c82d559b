"""Series thinned out for charts: read stretch by stretch of x, so that memory stays small however long they are.

Series that were logged together share their steps and wallclocks, which are decoded, ordered and cut once for all of
them; of each series only the values are left to decode.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection, select

from mbox_ops.entities.search import Axis
from mbox_ops.store.chunks import decode_axis, decode_floats
from mbox_ops.store.parts import Chunk, Merged, Rows, SeriesRow, bodies, chunks_along, find_series, sealed, unsealed
from mbox_ops.store.points import Ints, Matrix
from mbox_ops.store.tables import axes, segments
from mbox_ops.store.thinning import KEPT, NOTHING, Columns, Floats, Missing, edges, thin, together

_STRETCH = 250_000  # rows that are looked at together, or as many as overlap
_LAST = 2**63 - 1


class Cut(NamedTuple):
    """Which points, and how fine: see `entities.search.CurveQuery`."""

    axis: Axis
    most: int
    first_step: int
    last_step: int


class Thinned(NamedTuple):
    """What is shown of a series; `total` points are in the range."""

    series: SeriesRow
    total: int
    points: Columns
    missing: Missing


class _Source(NamedTuple):
    """Rows that lie together: along an axis, or (`number`) in a matrix of segments; and where those in range lie on x.

    Attributes:
        rows: all there are; `inside` so many of them are in range.
    """

    axis_id: int | None
    number: int
    rows: int
    inside: int
    low: int
    high: int


def read(conn: Connection, wanted: Mapping[int, Collection[str]], cut: Cut) -> Iterator[Thinned]:
    """Those of the wanted series, by subject and name, that are there; `conn` sees one moment."""
    found = find_series(conn, list(wanted), {name for some in wanted.values() for name in some})
    found = [one for one in found if one.name in wanted[one.subject_id]]
    listed = sealed(conn, (one.id for one in found))
    written_to = select(segments.c.subject_id).where(segments.c.subject_id.in_(wanted)).distinct()
    with_segments = set(conn.execute(written_to).scalars())
    by_subject: dict[int, list[SeriesRow]] = {}
    for one in found:
        by_subject.setdefault(one.subject_id, []).append(one)
    for subject_id, several in by_subject.items():
        ids = {one.id for one in several}
        matrices = list(unsealed(conn, subject_id, ids)) if subject_id in with_segments else []
        groups: dict[tuple[object, ...], list[SeriesRow]] = {}
        for one in several:
            axis_ids = (chunk.axis_id for chunk in listed.get(one.id, []))
            numbers = (-1 - number for number, (_, matrix) in enumerate(matrices) if one.id in matrix.series)
            groups.setdefault((*axis_ids, *numbers), []).append(one)
        for together_logged in groups.values():
            yield from _Group(conn, cut, together_logged, listed, matrices).curves()


class _Group:
    """Series that share all their rows."""

    def __init__(
        self,
        conn: Connection,
        cut: Cut,
        members: Sequence[SeriesRow],
        listed: Mapping[int, Sequence[Chunk]],
        matrices: Sequence[tuple[Rows, Matrix]],
    ) -> None:
        self.conn, self.cut, self.members, self.matrices = conn, cut, members, matrices
        self.chunks = {chunk.axis_id: chunk for chunk in listed.get(members[0].id, ())}
        self.numbers = [number for number, (_, matrix) in enumerate(matrices) if members[0].id in matrix.series]
        self.origin = self._origin()
        self.sources = sorted(self._sources(), key=lambda source: source.low)

    def curves(self) -> Iterator[Thinned]:
        """What is shown of each."""
        total = sum(source.inside for source in self.sources)
        inner: Ints | None = None
        if total > self.cut.most:
            first, last = self.sources[0].low, max(source.high for source in self.sources)
            inner = edges(first, last, self.cut.most // KEPT)
        numeric = [one for one in self.members if one.kind == "float"]
        parts: dict[int, list[tuple[Columns, Missing]]] = {one.id: [] for one in self.members}
        for sources in _stretches(self.sources) if numeric else ():
            frame = _Frame(self, sources)
            for one in numeric:
                parts[one.id].append(thin(frame.points(one.id), inner))
        for one in self.members:
            yield Thinned(one, total, *together(parts[one.id] or [NOTHING], inner))

    def _origin(self) -> int:
        sealed_ones = [chunk.min_wallclock for chunk in self.chunks.values()]
        return min(sealed_ones + [int(self.matrices[number][0].wallclocks.min()) for number in self.numbers], default=0)

    def _sources(self) -> Iterator[_Source]:
        first, last = self.cut.first_step, self.cut.last_step
        near = [chunk for chunk in self.chunks.values() if chunk.min_step <= last and chunk.max_step >= first]
        cut_through = []
        for chunk in near:
            if chunk.min_step >= first and chunk.max_step <= last:
                ends = (chunk.min_step, chunk.max_step, chunk.min_wallclock, chunk.max_wallclock)
                yield self._source(chunk.axis_id, 0, chunk.rows, chunk.rows, ends)
            else:
                cut_through.append(chunk.axis_id)
        for axis_id, rows in self.rows_of(cut_through):
            yield from self._partly(axis_id, 0, rows)
        for number in self.numbers:
            yield from self._partly(None, number, self.matrices[number][0])

    def rows_of(self, axis_ids: Iterable[int]) -> Iterator[tuple[int, Rows]]:
        """The decoded rows of axes, by id."""
        for axis_id, body in bodies(self.conn, axes, axis_ids):
            yield axis_id, Rows(decode_axis(body, self.chunks[axis_id].rows))

    def _partly(self, axis_id: int | None, number: int, rows: Rows) -> Iterator[_Source]:
        inside = (rows.steps >= self.cut.first_step) & (rows.steps <= self.cut.last_step)
        if inside.any():
            steps, wallclocks = rows.steps[inside], rows.wallclocks[inside]
            ends = (int(steps.min()), int(steps.max()), int(wallclocks.min()), int(wallclocks.max()))
            yield self._source(axis_id, number, len(rows), len(steps), ends)

    def _source(self, axis_id: int | None, number: int, rows: int, inside: int, ends: tuple[int, ...]) -> _Source:
        low, high = ends[:2] if self.cut.axis == "step" else ends[2:]
        if self.cut.axis == "relative":
            low, high = (min(end - self.origin, _LAST) for end in (low, high))
        return _Source(axis_id, number, rows, inside, low, high)


def _stretches(sources: Sequence[_Source]) -> Iterator[list[_Source]]:
    """The sources, by x, in lists that do not overlap."""
    some: list[_Source] = []
    rows, end = 0, 0
    for source in sources:
        if some and source.low > end and rows + source.rows > _STRETCH:
            yield some
            some, rows = [], 0
        end = max(end, source.high) if some else source.high
        some.append(source)
        rows += source.rows
    if some:
        yield some


class _Frame:
    """The rows of some sources that are in range, by x, for all series of a group."""

    def __init__(self, group: _Group, sources: Sequence[_Source]) -> None:
        self._group, self._sources = group, sources
        decoded = dict(group.rows_of(source.axis_id for source in sources if source.axis_id is not None))
        rows = [
            decoded[source.axis_id] if source.axis_id is not None else group.matrices[source.number][0]
            for source in sources
        ]
        merged = Merged(rows)
        steps = merged.column("steps")
        low = int(np.searchsorted(steps, group.cut.first_step, "left"))
        high = int(np.searchsorted(steps, group.cut.last_step, "right"))
        self._shown: slice | Ints = slice(low, high) if merged.order is None else merged.order[low:high]
        self._steps, self._wallclocks = steps[low:high], merged.column("wallclocks")[low:high]
        self._xs = self._on_axis()
        if (self._xs[1:] < self._xs[:-1]).any():
            self._sort()
        self._buffer = np.empty(sum(map(len, rows)))

    def points(self, series_id: int) -> Columns:
        """The points of a series; the arrays are good until the next call."""
        at, where = 0, dict[int, Floats]()
        for source in self._sources:
            room = self._buffer[at : at + source.rows]
            if source.axis_id is None:
                matrix = self._group.matrices[source.number][1]
                room[:] = matrix.columns.values[:, matrix.series.index(series_id)]
            else:
                where[source.axis_id] = room
            at += source.rows
        for axis_id, body in chunks_along(self._group.conn, series_id, where):
            decode_floats(body, where[axis_id])
        return Columns(self._xs, self._steps, self._wallclocks, self._buffer[self._shown])

    def _on_axis(self) -> Ints:
        if self._group.cut.axis == "step":
            return self._steps
        if self._group.cut.axis == "wallclock":
            return self._wallclocks
        xs = self._wallclocks - np.int64(self._group.origin)
        return np.where(xs < 0, _LAST, xs)  # no wallclock is before the origin: those would be beyond int64

    def _sort(self) -> None:
        by_x = np.argsort(self._xs, kind="stable")
        shown = self._shown
        self._shown = by_x + shown.start if isinstance(shown, slice) else shown[by_x]
        self._xs, self._steps, self._wallclocks = (column[by_x] for column in (self._xs, self._steps, self._wallclocks))
