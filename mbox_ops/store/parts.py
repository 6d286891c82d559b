"""Where the points of series lie, sealed or not, and how rows from several places come into the order of history."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection, Table, bindparam, select

from mbox_ops.store.names import hash_of
from mbox_ops.store.points import Columns, Ints, Matrix, Values, matrices, unpack
from mbox_ops.store.series import batched, load_segments
from mbox_ops.store.tables import axes, chunks, names, segments, series, subjects, writers

Place = tuple[int, int, int, int]
_PLACE = ("steps", "wallclocks", "arrivals", "positions")  # the columns that a place is made of

_GAP = 16  # axes that one statement passes over rather than leaving them to the next statement
_ALONG = select(chunks.c.axis_id, chunks.c.body).where(
    chunks.c.series_id == bindparam("series_id"), chunks.c.axis_id.between(bindparam("first"), bindparam("last"))
)


class SeriesRow(NamedTuple):
    """A series; `points` is how many of its points the summaries hold."""

    id: int
    subject_id: int
    name: str
    kind: str
    points: int


class Chunk(NamedTuple):
    """Where a chunk lies: along which axis, between which steps and wallclocks."""

    id: int
    axis_id: int
    rows: int
    min_step: int
    max_step: int
    min_wallclock: int
    max_wallclock: int


class Rows:
    """All but the values of points that lie together: along an axis, or in a matrix of segments.

    What only few readers ask for is worked out when it is asked for, once for all series that share the rows.
    """

    def __init__(self, columns: Columns) -> None:
        self._columns = columns
        self.steps = columns.steps
        self.wallclocks = columns.wallclocks

    @cached_property
    def arrivals(self) -> Ints:
        """Each row's arrival."""
        return self._columns.arrival_of_rows()

    @cached_property
    def positions(self) -> Ints:
        """Each row's place among the rows of its batch."""
        return self._columns.position_of_rows()

    @cached_property
    def received_ats(self) -> Ints:
        """Each row's received time."""
        return self._columns.received_at_of_rows()

    def __len__(self) -> int:
        return len(self.steps)


class Merged:
    """Rows of several places in the order of history; a column is put together when it is asked for.

    Attributes:
        order: the rows, as they lie one place behind the other, in their order; None if they lie in it already.
    """

    def __init__(self, rows: Sequence[Rows]) -> None:
        self._rows = rows
        self.order: Ints | None = None
        if not self._are_in_order():
            self.order = np.lexsort([self.column(name) for name in reversed(_PLACE)])
        self._length = sum(map(len, rows))

    def __len__(self) -> int:
        return self._length

    def column(self, name: str) -> Ints:
        """One column of all rows."""
        return self.ordered([getattr(rows, name) for rows in self._rows])

    def ordered(self, columns: Sequence[Values]) -> Values:
        """What belongs to the rows, place by place, as one column in their order."""
        whole = columns[0] if len(columns) == 1 else np.concatenate(columns)
        return whole if self.order is None else whole[self.order]

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

    def _are_in_order(self) -> bool:
        steps = self.column("steps")
        if (steps[1:] > steps[:-1]).all():
            return True
        ties = np.arange(len(steps) - 1)
        for name in _PLACE:
            column = self.column(name)
            before, after = column[ties], column[ties + 1]
            if (before > after).any():
                return False
            ties = ties[before == after]
        return True


def find_series(conn: Connection, subject_ids: Collection[int], wanted: Iterable[str] | None) -> list[SeriesRow]:
    """The series of subjects, those with these names or all, in order of subject and name."""
    query = (
        select(series.c.id, series.c.subject_id, names.c.name, series.c.kind, series.c.count)
        .join(names, names.c.id == series.c.name_id)
        .where(series.c.subject_id.in_(subject_ids))
    )
    if wanted is None:
        rows = [SeriesRow(*row) for row in conn.execute(query)]
    else:
        of_subjects = select(subjects.c.namespace_id).where(subjects.c.id.in_(subject_ids))
        query = query.where(names.c.namespace_id.in_(of_subjects))
        hashes = batched({hash_of(name) for name in wanted})
        rows = [SeriesRow(*row) for some in hashes for row in conn.execute(query.where(names.c.name_hash.in_(some)))]
    return sorted(rows, key=lambda row: (row.subject_id, row.name))


def unsealed(conn: Connection, subject_id: int, wanted: Collection[int]) -> Iterator[tuple[Rows, Matrix]]:
    """The points of these series that are in segments still, a thousand segments at a time."""
    query = (
        select(segments.c.arrival)
        .join(writers, writers.c.id == segments.c.writer_id)
        .where(segments.c.subject_id == subject_id, writers.c.replaced.is_(False))
        .order_by(segments.c.arrival)
    )
    wanted_ids = frozenset(wanted)
    for some in batched(conn.execute(query).scalars(), 1_000):
        for matrix in matrices(unpack(load_segments(conn, subject_id, some))):
            if not wanted_ids.isdisjoint(matrix.series):
                yield Rows(matrix.columns), matrix


def sealed(conn: Connection, series_ids: Iterable[int]) -> dict[int, list[Chunk]]:
    """By series: its chunks, by their least step."""
    listed: dict[int, list[Chunk]] = {}
    for some in batched(series_ids):
        query = (
            select(
                chunks.c.series_id, chunks.c.id, axes.c.id, axes.c.count, axes.c.min_step, axes.c.max_step,
                axes.c.min_wallclock, axes.c.max_wallclock,
            )
            .join(axes, axes.c.id == chunks.c.axis_id)
            .join(writers, writers.c.id == axes.c.writer_id)
            .where(chunks.c.series_id.in_(some), writers.c.replaced.is_(False))
            .order_by(axes.c.min_step, axes.c.id)
        )  # fmt: skip
        for series_id, *chunk in conn.execute(query).all():
            listed.setdefault(series_id, []).append(Chunk(*chunk))
    return listed


def bodies(conn: Connection, table: Table, ids: Iterable[int]) -> Iterator[tuple[int, bytes]]:
    """The bodies of these chunks or axes, by id."""
    for some in batched(sorted(ids), 1_000):
        query = select(table.c.id, table.c.body).where(table.c.id.in_(some)).order_by(table.c.id)
        yield from ((row.id, row.body) for row in conn.execute(query))


def chunks_along(conn: Connection, series_id: int, axis_ids: Collection[int]) -> Iterator[tuple[int, bytes]]:
    """The bodies of a series' chunks along these axes, by the axis' id.

    Axes that belong together mostly follow one another, and asking for all between two is quickest; what lies between
    and was not asked for is passed over.
    """
    ids = sorted(axis_ids)
    first = 0
    for place in range(1, len(ids) + 1):
        if place == len(ids) or ids[place] - ids[place - 1] > _GAP:
            between = {"series_id": series_id, "first": ids[first], "last": ids[place - 1]}
            yield from ((axis_id, body) for axis_id, body in conn.execute(_ALONG, between) if axis_id in axis_ids)
            first = place
