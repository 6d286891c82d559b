"""All points of a subject, series by series and writer by writer, out of the database and into another one.

What is read follows from the points alone, not from how they lie in segments and chunks.
"""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping, Sequence
from itertools import chain
from typing import NamedTuple, cast

import numpy as np
from sqlalchemy import Connection, func, insert, select

from mbox_ops.entities.archives import PointBlock
from mbox_ops.entities.metrics import Kind
from mbox_ops.store.chunks import CHUNK, decode_axis, decode_values, encode_axis, encode_values
from mbox_ops.store.parts import Rows, SeriesRow, find_series, unsealed
from mbox_ops.store.points import Columns, Ints, Matrix, Values, floats, ints, objects
from mbox_ops.store.series import add_states, batched
from mbox_ops.store.summaries import State, merge, states_of
from mbox_ops.store.tables import axes, chunks, segments, writers

_VALUE_BYTES = 1 << 20  # of texts and byte strings in one block
_AXES = 256  # decoded ones that are kept: series that were logged together share them
_CHUNKS = 100  # read, or written, by one statement
_STATES = 1_000

_Key = tuple[int, int]  # series, writer
_Loose = dict[_Key, list["_Piece"]]


class _Piece(NamedTuple):
    """Points of one series by one writer, in order of arrival."""

    steps: Ints
    wallclocks: Ints
    arrivals: Ints
    received_ats: Ints
    values: Values


def read(conn: Connection, *, subject_id: int, places: Mapping[int, int]) -> Iterator[PointBlock]:
    """All points of present writers.

    Args:
        places: by writer's row, its place among the subject's writers.
    """
    found = find_series(conn, [subject_id], None)
    loose = _loose(conn, subject_id, found)
    decoded: OrderedDict[int, Rows] = OrderedDict()
    for one in found:
        listed = _axes_of(conn, one.id)
        for writer_id in sorted(listed.keys() | {writer for series, writer in loose if series == one.id}):
            sealed = _sealed(conn, one, listed.get(writer_id, []), decoded)
            for piece in _blocks(chain(sealed, loose.get((one.id, writer_id), []))):
                yield _block(one, places[writer_id], piece)


def unsealed_points(conn: Connection, *, subject_id: int) -> int:
    """How many points of a subject are in segments still."""
    query = select(func.coalesce(func.sum(segments.c.points), 0)).where(segments.c.subject_id == subject_id)
    return int(conn.execute(query).scalar_one())


def series_of(conn: Connection, *, subject_id: int) -> list[tuple[str, Kind]]:
    """Name and kind of the series that have points, in order of their names."""
    found = find_series(conn, [subject_id], None)
    loose = {series for series, _ in _loose(conn, subject_id, found)}
    return [(one.name, cast("Kind", one.kind)) for one in found if one.points or one.id in loose]


def _loose(conn: Connection, subject_id: int, found: Sequence[SeriesRow]) -> _Loose:
    """What is in segments still."""
    pieces: _Loose = {}
    for rows, matrix in unsealed(conn, subject_id, {one.id for one in found}):
        for place, series_id in enumerate(matrix.series):
            piece = _piece(rows, matrix.columns.values[:, place])
            pieces.setdefault((series_id, matrix.writer_id), []).append(piece)
    return pieces


def _axes_of(conn: Connection, series_id: int) -> dict[int, list[int]]:
    """By writer that is not replaced: the axes of a series' chunks, in order of arrival."""
    query = (
        select(axes.c.writer_id, axes.c.id)
        .join(chunks, chunks.c.axis_id == axes.c.id)
        .join(writers, writers.c.id == axes.c.writer_id)
        .where(chunks.c.series_id == series_id, writers.c.replaced.is_(False))
        .order_by(axes.c.id)
    )
    listed: dict[int, list[int]] = {}
    for writer_id, axis_id in conn.execute(query):
        listed.setdefault(writer_id, []).append(axis_id)
    return listed


def _sealed(
    conn: Connection, one: SeriesRow, axis_ids: Sequence[int], decoded: OrderedDict[int, Rows]
) -> Iterator[_Piece]:
    for some in batched(axis_ids, _CHUNKS):
        query = (
            select(axes.c.id, axes.c.count.label("rows"), axes.c.body.label("axis"), chunks.c.body)
            .join(chunks, chunks.c.axis_id == axes.c.id)
            .where(chunks.c.series_id == one.id, axes.c.id.in_(some))
            .order_by(axes.c.id)
        )
        for row in conn.execute(query):
            if row.id not in decoded:
                decoded[row.id] = Rows(decode_axis(row.axis, row.rows))
                if len(decoded) > _AXES:
                    decoded.popitem(last=False)
            yield _piece(decoded[row.id], decode_values(row.body, one.kind))


def _piece(rows: Rows, values: Values) -> _Piece:
    return _Piece(rows.steps, rows.wallclocks, rows.arrivals, rows.received_ats, values)


def _blocks(pieces: Iterator[_Piece]) -> Iterator[_Piece]:
    """The same points, a chunk's worth at a time, however they came."""
    held: list[_Piece] = []
    count = 0
    for piece in pieces:
        held.append(piece)
        count += len(piece.steps)
        if count >= CHUNK:
            whole = _Piece(*(np.concatenate(column) for column in zip(*held, strict=True)))
            full = count - count % CHUNK
            for start in range(0, full, CHUNK):
                yield from _light(_cut(whole, start, start + CHUNK))
            held, count = [_cut(whole, full, count)], count - full
    if count:
        yield from _light(_Piece(*(np.concatenate(column) for column in zip(*held, strict=True))))


def _light(piece: _Piece) -> Iterator[_Piece]:
    """The same points; texts and byte strings not too many bytes at a time."""
    start = held = 0
    for place, value in enumerate(piece.values if piece.values.dtype == object else ()):
        held += len(value)
        if held >= _VALUE_BYTES:
            yield _cut(piece, start, place + 1)
            start, held = place + 1, 0
    if start < len(piece.steps):
        yield _cut(piece, start, len(piece.steps))


def _cut(piece: _Piece, start: int, stop: int) -> _Piece:
    return _Piece(*(column[start:stop] for column in piece))


def _block(one: SeriesRow, writer: int, piece: _Piece) -> PointBlock:
    values = piece.values
    return PointBlock(
        series=one.name, kind=cast("Kind", one.kind), writer=writer, steps=_packed(piece.steps),
        wallclocks=_packed(piece.wallclocks), arrivals=_packed(piece.arrivals),
        received_ats=_packed(piece.received_ats),
        values=values.astype("<f8", copy=False).tobytes() if one.kind == "float" else values.tolist(),
    )  # fmt: skip


def _packed(column: Ints) -> bytes:
    return np.diff(column, prepend=np.int64(0)).astype("<i8", copy=False).tobytes()


def _unpacked(packed: bytes) -> Ints:
    return np.cumsum(ints(packed), dtype=np.int64)


class PointsWriter:
    """Writes the points of a subject that has none yet, sealed and summarised, in one transaction.

    Args:
        series: by name, the row of each series.
        writer_ids: the rows of the subject's writers, by their places.
    """

    def __init__(self, conn: Connection, series: Mapping[str, int], writer_ids: Sequence[int]) -> None:
        self._conn, self._series, self._writer_ids = conn, series, writer_ids
        self._axes: dict[bytes, int] = {}
        self._chunks: list[dict[str, object]] = []
        self._states: dict[_Key, State] = {}
        self._ends: dict[_Key, tuple[int, int]] = {}  # the last arrival, and how many points of it there were

    def add(self, block: PointBlock) -> None:
        """Write a block; those of a series and a writer come in order of arrival."""
        series_id, writer_id = self._series[block.series], self._writer_ids[block.writer]
        columns = self._columns(block, (series_id, writer_id))
        body = encode_values(columns.values[:, 0])
        self._chunks.append({"series_id": series_id, "axis_id": self._axis(writer_id, columns), "body": body})
        (state,) = states_of(Matrix(writer_id, (series_id,), block.kind, columns))
        known = self._states.get((series_id, writer_id))
        self._states[series_id, writer_id] = state if known is None else merge(known, state)
        if len(self._chunks) >= _CHUNKS or len(self._states) >= _STATES:
            self.finish()

    def finish(self) -> None:
        """Write what is held back."""
        if self._chunks:
            self._conn.execute(insert(chunks), self._chunks)
        add_states(self._conn, self._states)
        self._chunks, self._states = [], {}

    def _columns(self, block: PointBlock, key: _Key) -> Columns:
        arrivals, received_ats = _unpacked(block.arrivals), _unpacked(block.received_ats)
        firsts = np.flatnonzero(np.concatenate(([True], arrivals[1:] != arrivals[:-1])))
        counts = np.diff(np.append(firsts, len(arrivals)))
        end, before = self._ends.get(key, (0, 0))
        skipped = before if end == arrivals[0] else 0
        self._ends[key] = int(arrivals[-1]), int(counts[-1]) + (skipped if len(firsts) == 1 else 0)
        values: Values = floats(block.values) if block.kind == "float" else objects(block.values)
        return Columns(
            _unpacked(block.steps), _unpacked(block.wallclocks), arrivals[firsts], received_ats[firsts], counts,
            skipped, values.reshape(-1, 1),
        )  # fmt: skip

    def _axis(self, writer_id: int, columns: Columns) -> int:
        """The row of an axis; series that were logged together share it."""
        raw = b"".join(column.tobytes() for column in columns[:5])
        known = hashlib.sha256(b"%d %d " % (writer_id, columns.first_position) + raw).digest()
        if known not in self._axes:
            steps, wallclocks = columns.steps, columns.wallclocks
            row = {
                "writer_id": writer_id, "count": len(steps), "body": encode_axis(columns),
                "min_step": int(steps.min()), "max_step": int(steps.max()),
                "min_wallclock": int(wallclocks.min()), "max_wallclock": int(wallclocks.max()),
            }  # fmt: skip
            self._axes[known] = self._conn.execute(insert(axes).returning(axes.c.id), row).scalar_one()
        return self._axes[known]
