"""The history of series: chunks and segments merged by (step, wallclock, arrival, position)."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from sqlalchemy import Connection, select

from mbox_ops.store.chunks import decode_axis, decode_values
from mbox_ops.store.parts import Chunk, Merged, Place, Rows, SeriesRow, bodies, find_series, sealed, unsealed
from mbox_ops.store.points import Ints, Values, objects
from mbox_ops.store.tables import axes, chunks, subjects


class Points(NamedTuple):
    """Points of one series in history order.

    Attributes:
        total: how many points the whole series has.
        received_ats: None unless they were asked for.
        truncated: whether more follow.
        end: the place of the last of these points, if more follow.
    """

    name: str
    kind: str
    total: int
    steps: Ints
    wallclocks: Ints
    received_ats: Ints | None
    values: Values
    truncated: bool
    end: Place | None


class _Part(NamedTuple):
    """Points of one series, in any order."""

    rows: Rows
    values: Values


def read(
    conn: Connection, *, subject_id: int, wanted: Sequence[str] | None, limit: int | None, after: Place | None = None,
    received: bool = True,
) -> list[Points]:  # fmt: skip
    """The first points of series, in history order; series without points are left out.

    Args:
        conn: a reading transaction that sees one moment.
        wanted: names; None for all.
        limit: the most points of each series; None for all.
        after: only points behind this place.
    """
    found = find_series(conn, [subject_id], wanted)
    in_segments, unfolded = _in_segments(conn, subject_id, {one.id for one in found})
    in_chunks = _in_chunks(conn, found, limit, after)
    answers = []
    for one in found:
        total = one.points + unfolded.get(one.id, 0)
        if total:
            parts = in_chunks.get(one.id, []) + in_segments.get(one.id, [])
            answers.append(_answer(one, total, parts, limit, after, received=received))
    return answers


def _in_segments(conn: Connection, subject_id: int, ids: set[int]) -> tuple[dict[int, list[_Part]], dict[int, int]]:
    """By series: the points that are in segments still, and how many of them the summaries do not hold yet."""
    folded = conn.execute(select(subjects.c.folded).where(subjects.c.id == subject_id)).scalar_one()
    parts: dict[int, list[_Part]] = {}
    unfolded: dict[int, int] = {}
    for rows, matrix in unsealed(conn, subject_id, ids):
        new = len(rows) - int(np.searchsorted(rows.arrivals, folded, "right"))
        for place, series_id in enumerate(matrix.series):
            if series_id in ids:
                parts.setdefault(series_id, []).append(_Part(rows, matrix.columns.values[:, place]))
                unfolded[series_id] = unfolded.get(series_id, 0) + new
    return parts, unfolded


def _in_chunks(
    conn: Connection, found: Sequence[SeriesRow], limit: int | None, after: Place | None
) -> dict[int, list[_Part]]:
    """By series: the points of those chunks that can hold one of the points asked for."""
    listed = sealed(conn, (one.id for one in found))
    needed = {key: list(_needed(several, limit, after)) for key, several in listed.items()}
    kinds = {one.id: one.kind for one in found}
    counts = {chunk.axis_id: chunk.rows for several in needed.values() for chunk in several}
    rows = {ident: Rows(decode_axis(body, counts[ident])) for ident, body in bodies(conn, axes, counts)}
    where = {chunk.id: (series_id, chunk.axis_id) for series_id, several in needed.items() for chunk in several}
    parts: dict[int, list[_Part]] = {}
    for ident, body in bodies(conn, chunks, where):
        series_id, axis_id = where[ident]
        parts.setdefault(series_id, []).append(_Part(rows[axis_id], decode_values(body, kinds[series_id])))
    return parts


def _needed(listed: Sequence[Chunk], limit: int | None, after: Place | None) -> Iterator[Chunk]:
    """The chunks, by least step, up to where the chunks before hold enough points that surely come first."""
    listed = [chunk for chunk in listed if after is None or chunk.max_step >= after[0]]
    sure: list[tuple[int, int]] = []  # greatest step and count of chunks that lie wholly behind `after`
    for chunk in listed:
        if limit is not None and sum(count for step, count in sure if step < chunk.min_step) > limit:
            return
        if after is None or chunk.min_step > after[0]:
            sure.append((chunk.max_step, chunk.rows))
        yield chunk


def _answer(
    one: SeriesRow, total: int, parts: Sequence[_Part], limit: int | None, after: Place | None, *, received: bool
) -> Points:
    if not parts:
        none = np.empty(0, np.int64)
        values = objects([]) if one.kind != "float" else np.empty(0)
        return Points(one.name, one.kind, total, none, none, none, values, truncated=False, end=None)
    merged = Merged([part.rows for part in parts])
    start = 0 if after is None else merged.behind(after)
    stop = len(merged) if limit is None else min(start + limit, len(merged))
    steps, wallclocks = (merged.column(name)[start:stop] for name in ("steps", "wallclocks"))
    received_ats = merged.column("received_ats")[start:stop] if received else None
    values = merged.ordered([part.values for part in parts])[start:stop]
    truncated = stop < len(merged)
    end = merged.place(stop - 1) if truncated and stop > start else None
    return Points(one.name, one.kind, total, steps, wallclocks, received_ats, values, truncated, end)
