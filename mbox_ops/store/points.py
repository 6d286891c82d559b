"""Points as columns: what a segment's body holds, and points of several segments gathered by series.

Within one writer, series that are logged together form a *matrix*: one row per step, one column per series. Everything
the store does with points (summaries, chunks, history) it does with whole matrices.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Values = npt.NDArray[Any]  # float64, or objects (str, bytes)


class SegmentBlock(msgspec.Struct, array_like=True):
    """Points of series that share steps and wallclocks, as a segment holds them: no float is coded anew.

    Attributes:
        series: ids.
        kind: `float`, `string` or `bytes`.
        steps: packed int64, or the first of consecutive ones.
        wallclocks: packed int64, or None: the segment's `received_at`.
        values: row by row; packed float64, or texts, or byte strings.
    """

    series: list[int]
    kind: str
    steps: bytes | int
    wallclocks: bytes | None
    values: bytes | list[Any]


_ENCODER = msgspec.msgpack.Encoder()
_DECODER = msgspec.msgpack.Decoder(list[SegmentBlock])


class Segment(NamedTuple):
    """A row of `segments`."""

    writer_id: int
    arrival: int
    received_at: int
    body: bytes


class Piece(NamedTuple):
    """One block of one segment. `ordinal` is its place there; `values` has a row per step and a column per series."""

    writer_id: int
    arrival: int
    received_at: int
    ordinal: int
    series: tuple[int, ...]
    kind: str
    steps: Ints
    wallclocks: Ints
    values: Values


def pack(blocks: Sequence[SegmentBlock]) -> bytes:
    """The body of a segment."""
    return _ENCODER.encode(blocks)


def unpack(segments: Iterable[Segment]) -> list[Piece]:
    """The pieces of segments, in their order."""
    pieces = []
    for segment in segments:
        for ordinal, block in enumerate(_DECODER.decode(segment.body)):
            values = _matrix(block)
            rows = len(values)
            pieces.append(
                Piece(
                    segment.writer_id, segment.arrival, segment.received_at, ordinal, tuple(block.series), block.kind,
                    _steps(block.steps, rows), _wallclocks(block.wallclocks, segment.received_at, rows), values,
                )
            )  # fmt: skip
    return pieces


def ints(packed: bytes) -> Ints:
    """Packed little-endian int64 as an array."""
    return np.frombuffer(packed, "<i8").astype(np.int64, copy=False)


def floats(packed: bytes) -> npt.NDArray[np.float64]:
    """Packed little-endian float64 as an array."""
    return np.frombuffer(packed, "<f8").astype(np.float64, copy=False)


def objects(values: Sequence[Any]) -> Values:
    """Texts or byte strings as an array of objects."""
    column = np.empty(len(values), object)
    column[:] = values
    return column


def _matrix(block: SegmentBlock) -> Values:
    flat: Values = floats(block.values) if isinstance(block.values, bytes) else objects(block.values)
    return flat.reshape(-1, len(block.series))


def _steps(steps: bytes | int, rows: int) -> Ints:
    if isinstance(steps, bytes):
        return ints(steps)
    return np.int64(steps) + np.arange(rows, dtype=np.int64)


def _wallclocks(wallclocks: bytes | None, received_at: int, rows: int) -> Ints:
    return ints(wallclocks) if wallclocks is not None else np.full(rows, received_at, np.int64)


class Columns(NamedTuple):
    """Points of series of one writer that share steps and wallclocks, in order of arrival.

    Attributes:
        steps, wallclocks: of each row.
        arrivals, received_ats, counts: of each batch, and how many rows it gave.
        first_position: the place of the first row among the rows of its batch.
        values: a row per step and a column per series; float64 or objects.
    """

    steps: Ints
    wallclocks: Ints
    arrivals: Ints
    received_ats: Ints
    counts: Ints
    first_position: int
    values: Values

    def arrival_of_rows(self) -> Ints:
        """Each row's arrival."""
        return np.repeat(self.arrivals, self.counts)

    def received_at_of_rows(self) -> Ints:
        """Each row's received time."""
        return np.repeat(self.received_ats, self.counts)

    def position_of_rows(self) -> Ints:
        """Each row's place among the rows of its batch: what parts points of equal step, wallclock and arrival."""
        starts = np.cumsum(self.counts) - self.counts
        starts[0] -= self.first_position
        return np.arange(len(self.steps), dtype=np.int64) - np.repeat(starts, self.counts)

    def slice(self, start: int, stop: int) -> "Columns":
        """Rows `start` to `stop`."""
        ends = np.cumsum(self.counts)
        starts = ends - self.counts
        kept = np.minimum(ends, stop) - np.maximum(starts, start)
        batches = kept > 0
        first = int(np.argmax(batches))
        skipped = max(0, start - int(starts[first])) + (self.first_position if first == 0 else 0)
        return Columns(
            self.steps[start:stop], self.wallclocks[start:stop], self.arrivals[batches], self.received_ats[batches],
            kept[batches], skipped, self.values[start:stop],
        )  # fmt: skip


def columns(pieces: Sequence[Piece], values: Values) -> Columns:
    """Pieces in order of arrival as columns; several pieces of one arrival count as one batch."""
    lengths = np.array([len(piece.steps) for piece in pieces], np.int64)
    arrivals = np.array([piece.arrival for piece in pieces], np.int64)
    received_ats = np.array([piece.received_at for piece in pieces], np.int64)
    firsts = np.flatnonzero(np.concatenate(([True], arrivals[1:] != arrivals[:-1])))
    return Columns(
        np.concatenate([piece.steps for piece in pieces]), np.concatenate([piece.wallclocks for piece in pieces]),
        arrivals[firsts], received_ats[firsts], np.add.reduceat(lengths, firsts), 0, values,
    )  # fmt: skip


def joined(first: Columns, second: Columns) -> Columns:
    """`second` behind `first`; all its batches arrived later."""
    parts = [np.concatenate(pair) for pair in zip(first[:5], second[:5], strict=True)]
    return Columns(
        parts[0], parts[1], parts[2], parts[3], parts[4], first.first_position,
        np.concatenate((first.values, second.values)),
    )  # fmt: skip


class Matrix(NamedTuple):
    """All rows of some series of one writer: the pieces that hold them, and their values."""

    writer_id: int
    series: tuple[int, ...]
    kind: str
    columns: Columns


def matrices(pieces: Sequence[Piece], part: "dict[tuple[int, int], int] | None" = None) -> list[Matrix]:
    """Pieces gathered so that each (writer, series) is in exactly one matrix.

    Args:
        pieces: in order of arrival and ordinal.
        part: a number for some (writer, series): series with different numbers never share a matrix.
    """
    tables: dict[tuple[int, tuple[int, ...]], list[Piece]] = {}
    for piece in pieces:
        if len(piece.steps):
            tables.setdefault((piece.writer_id, piece.series), []).append(piece)
    places: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for number, (writer_id, series) in enumerate(tables):
        for column, series_id in enumerate(series):
            places.setdefault((writer_id, series_id), []).append((number, column))
    groups: dict[tuple[Any, ...], list[tuple[int, int]]] = {}
    for key, found in places.items():
        group = (key[0], tuple(number for number, _ in found), part.get(key) if part else None)
        groups.setdefault(group, []).append(key)
    listed = list(tables.values())
    return [
        _gathered([listed[number] for number in numbers], keys, places) for (_, numbers, _), keys in groups.items()
    ]  # fmt: skip


def _gathered(
    tables: list[list[Piece]], keys: list[tuple[int, int]], places: dict[tuple[int, int], list[tuple[int, int]]]
) -> Matrix:
    """The matrix of series `keys`, whose points lie in the same tables."""
    taken: list[tuple[Piece, Values]] = []
    for index, table in enumerate(tables):
        chosen = [places[key][index][1] for key in keys]
        whole = chosen == list(range(len(table[0].series)))
        taken.extend((piece, piece.values if whole else piece.values[:, chosen]) for piece in table)
    if len(tables) > 1:
        taken.sort(key=lambda pair: (pair[0].arrival, pair[0].ordinal))
    pieces = [piece for piece, _ in taken]
    values = np.concatenate([part for _, part in taken]) if len(taken) > 1 else taken[0][1]
    return Matrix(pieces[0].writer_id, tuple(key[1] for key in keys), pieces[0].kind, columns(pieces, values))
