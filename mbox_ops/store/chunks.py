"""Chunks: points of one series by one writer, coded column by column, and how segments become chunks.

Sealing moves a prefix of a subject's segments as a whole, in one transaction: a crash anywhere leaves every point
exactly once. A series' last chunk, while it is small, is coded again together with what follows it.
"""

import zlib
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
import numpy.typing as npt
from pcodec import ChunkConfig, standalone
from sqlalchemy import Connection, delete, exists, insert, select

from mbox_ops.store.points import Columns, Ints, Matrix, Piece, Values, joined, matrices, objects, unpack
from mbox_ops.store.series import batched, load_segments, sliced
from mbox_ops.store.tables import axes, chunks, segments, subjects, writers

CHUNK = 4_096  # points: large enough that database pages are full, small enough to decode in microseconds
_GROWTH = 8  # a last chunk is coded again only while it holds fewer points than this many times the new ones
_SLICE = 300_000  # points that one transaction moves
_CONFIG = ChunkConfig(compression_level=4)  # within 2 % of level 8 in size, in a quarter of its time

Key = tuple[int, int]  # writer, series


class AxisBody(msgspec.Struct, array_like=True):
    """What a row of `axes` holds, coded; `steps` is the first step where they are consecutive."""

    steps: bytes | int
    wallclocks: bytes
    arrivals: bytes
    received_ats: bytes
    counts: bytes
    first_position: int


_AXIS = msgspec.msgpack.Decoder(AxisBody)
_OBJECTS = msgspec.msgpack.Decoder(list[Any])


def encode_axis(columns: Columns) -> bytes:
    """Everything but the values."""
    steps: bytes | int = _pack(columns.steps)
    if len(columns.steps) == 1 or (np.diff(columns.steps) == 1).all():
        steps = int(columns.steps[0])
    return msgspec.msgpack.encode(
        AxisBody(
            steps, _pack(columns.wallclocks), _pack(columns.arrivals), _pack(columns.received_ats),
            _pack(columns.counts), columns.first_position,
        )
    )  # fmt: skip


def decode_axis(body: bytes, count: int) -> Columns:
    """What `encode_axis` wrote of `count` rows, without values."""
    axis = _AXIS.decode(body)
    if isinstance(axis.steps, bytes):
        steps = _unpack(axis.steps)
    else:
        steps = np.int64(axis.steps) + np.arange(count, dtype=np.int64)
    return Columns(
        steps, _unpack(axis.wallclocks), _unpack(axis.arrivals), _unpack(axis.received_ats), _unpack(axis.counts),
        axis.first_position, np.empty((count, 0)),
    )  # fmt: skip


def encode_values(values: Values) -> bytes:
    """The values of one series: float64 by pcodec, texts and byte strings deflated."""
    if values.dtype == object:
        return zlib.compress(msgspec.msgpack.encode(values.tolist()), 6)
    return bytes(standalone.simple_compress(np.ascontiguousarray(values, np.float64), _CONFIG))


def decode_values(body: bytes, kind: str) -> Values:
    """What `encode_values` wrote."""
    if kind != "float":
        return objects(_OBJECTS.decode(zlib.decompress(body)))
    return np.asarray(standalone.simple_decompress(body), np.float64)


def decode_floats(body: bytes, into: npt.NDArray[np.float64]) -> None:
    """What `encode_values` wrote of a numeric series, into an array of the right length."""
    standalone.simple_decompress_into(body, into)


def _pack(column: Ints) -> bytes:
    return bytes(standalone.simple_compress(np.ascontiguousarray(column, np.int64), _CONFIG))


def _unpack(body: bytes) -> Ints:
    return np.asarray(standalone.simple_decompress(body), np.int64)


class Sealing(NamedTuple):
    """A move of a subject's first segments into chunks, worked out and not yet done.

    Attributes:
        axes: new rows; `chunks` are new rows of each of them.
        old_chunks, old_axes: ids of chunks that were coded again, and of their axes.
    """

    subject_id: int
    first_arrival: int
    last_arrival: int
    segments: int
    axes: list[dict[str, Any]]
    chunks: list[list[dict[str, Any]]]
    old_chunks: list[int]
    old_axes: list[int]


class Overtaken(Exception):
    """Another process has moved these segments meanwhile."""


def plan(conn: Connection, *, subject_id: int) -> Sealing | None:
    """Work out the next move, outside any writing transaction; None if there is nothing to seal.

    Only segments that the summaries hold already are taken (`series.fold`); points of replaced writers are left out.
    """
    query = (
        select(segments.c.arrival, segments.c.points, writers.c.replaced)
        .join(writers, writers.c.id == segments.c.writer_id)
        .join(subjects, subjects.c.id == segments.c.subject_id)
        .where(segments.c.subject_id == subject_id, segments.c.arrival <= subjects.c.folded)
        .order_by(segments.c.arrival)
        .limit(5_000)
    )
    rows = conn.execute(query).all()
    if not rows:
        return None
    replaced = {row.arrival for row in rows if row.replaced}
    arrivals = next(sliced([(row.arrival, row.points) for row in rows], _SLICE))
    present = [arrival for arrival in arrivals if arrival not in replaced]
    sealing = Sealing(subject_id, arrivals[0], arrivals[-1], len(arrivals), [], [], [], [])
    _work_out(conn, sealing, unpack(load_segments(conn, subject_id, present)))
    return sealing


def _work_out(conn: Connection, sealing: Sealing, pieces: list[Piece]) -> None:
    rows: dict[Key, int] = {}
    for piece in pieces:
        for series_id in piece.series:
            key = (piece.writer_id, series_id)
            rows[key] = rows.get(key, 0) + len(piece.steps)
    tails = _tails(conn, rows)
    for matrix in matrices(pieces, {key: tail.axis_id for key, tail in tails.items()}):
        columns = matrix.columns
        own = [tails[key] for series_id in matrix.series if (key := (matrix.writer_id, series_id)) in tails]
        if own:
            columns = joined(_decoded(own, matrix.kind), columns)
            sealing.old_chunks.extend(tail.id for tail in own)
            sealing.old_axes.append(own[0].axis_id)
        for start in range(0, len(columns.steps), CHUNK):
            _add(sealing, matrix, columns.slice(start, min(start + CHUNK, len(columns.steps))))


def _add(sealing: Sealing, matrix: Matrix, columns: Columns) -> None:
    sealing.axes.append(
        {
            "writer_id": matrix.writer_id, "count": len(columns.steps), "body": encode_axis(columns),
            "min_step": int(columns.steps.min()), "max_step": int(columns.steps.max()),
            "min_wallclock": int(columns.wallclocks.min()), "max_wallclock": int(columns.wallclocks.max()),
        }
    )  # fmt: skip
    sealing.chunks.append(
        [
            {"series_id": series_id, "body": encode_values(columns.values[:, place])}
            for place, series_id in enumerate(matrix.series)
        ]
    )


class _Tail(NamedTuple):
    """The last chunk of a series by a writer, small enough to be coded again."""

    id: int
    axis_id: int
    rows: int
    axis: bytes
    body: bytes


def _tails(conn: Connection, rows: dict[Key, int]) -> dict[Key, _Tail]:
    found: dict[Key, _Tail] = {}
    for some in batched({series_id for _, series_id in rows}):
        query = (
            select(
                axes.c.writer_id, chunks.c.series_id,
                chunks.c.id, chunks.c.axis_id, axes.c.count, axes.c.body.label("axis"), chunks.c.body,
            )
            .join(axes, axes.c.id == chunks.c.axis_id)
            .where(chunks.c.series_id.in_(some), axes.c.writer_id.in_({writer_id for writer_id, _ in rows}))
            .where(axes.c.count < CHUNK)
            .order_by(axes.c.id)
        )  # fmt: skip
        for writer_id, series_id, *tail in conn.execute(query):
            found[writer_id, series_id] = _Tail(*tail)
    return {key: tail for key, tail in found.items() if tail.rows < _GROWTH * rows.get(key, 0)}


def _decoded(tails: Sequence[_Tail], kind: str) -> Columns:
    axis = decode_axis(tails[0].axis, tails[0].rows)
    return axis._replace(values=np.stack([decode_values(tail.body, kind) for tail in tails], 1))


def move(conn: Connection, sealing: Sealing) -> None:
    """Do a planned move.

    Raises:
        Overtaken: the segments or chunks are not those of the plan any more; roll back and plan again.
    """
    taken = delete(segments).where(
        segments.c.subject_id == sealing.subject_id,
        segments.c.arrival.between(sealing.first_arrival, sealing.last_arrival),
    )
    if conn.execute(taken).rowcount != sealing.segments:
        raise Overtaken
    for some in batched(sealing.old_chunks):
        if conn.execute(delete(chunks).where(chunks.c.id.in_(some))).rowcount != len(some):
            raise Overtaken
    if sealing.axes:
        inserted = insert(axes).returning(axes.c.id, sort_by_parameter_order=True)
        ids = conn.execute(inserted, sealing.axes).scalars().all()
        rows = [row | {"axis_id": ident} for ident, some in zip(ids, sealing.chunks, strict=True) for row in some]
        conn.execute(insert(chunks), rows)
    for some in batched(sealing.old_axes):
        unused = ~exists().where(chunks.c.axis_id == axes.c.id)
        conn.execute(delete(axes).where(axes.c.id.in_(some), unused))


def drop_replaced(conn: Connection, *, subject_id: int, most: int = 100) -> int:
    """Drop chunks that replaced writers left, along at most so many axes; returns along how many."""
    gone = (
        select(axes.c.id)
        .join(writers, writers.c.id == axes.c.writer_id)
        .where(writers.c.subject_id == subject_id, writers.c.replaced.is_(True))
        .limit(most)
    )
    ids = conn.execute(gone).scalars().all()
    if ids:
        conn.execute(delete(axes).where(axes.c.id.in_(ids)))
    return len(ids)
