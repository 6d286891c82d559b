"""Segments: a batch's points as they came, in one insert-only row.

A steady batch costs one statement and no row but its own. Only series that are new, steps that have to be given, and a
subject that another process has written to meanwhile make it ask the database more.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from sqlalchemy import Connection, func, insert, select, update

from mbox_ops.entities.limits import Limits
from mbox_ops.entities.metrics import Block
from mbox_ops.errors import InvalidRequest
from mbox_ops.store import catalogue, points, series_cache
from mbox_ops.store.points import SegmentBlock
from mbox_ops.store.series import batched, fold
from mbox_ops.store.series_cache import Known, Subject
from mbox_ops.store.summaries import unpack_state
from mbox_ops.store.tables import runs, segments, series, subjects

FOLD_SEGMENTS = 1_000  # unfolded segments, at the most, before ingest folds them itself
FOLD_POINTS = 1_000_000
SEAL_SEGMENTS = 1_000  # of a subject that is still written to
SEAL_POINTS = 1_000_000
SEAL_SMALL = (4, 4_096)  # segments and points of an ended run that may stay as they are: chunks would not be smaller
_LAST_STEP = 2**63 - 1


def append(
    conn: Connection,
    *,
    subject_id: int,
    writer_id: int,
    arrival: int,
    received_at: int,
    blocks: Sequence[Block],
    name_ids: Mapping[str, int],
    limits: Limits,
) -> int:
    """Store a batch's points.

    Args:
        conn: the transaction of the batch, which holds the subject's row.
        arrival: the batch's own, one above that of the subject's last batch.
        received_at: the server's time; the wallclock of points without one.
        blocks: checked and packed (`service.blocks.check_block`).
        name_ids: the ids of the series' names.

    Returns:
        How many points were stored.

    Raises:
        InvalidRequest: a series has points of another kind; the subject has too many series; a step would be too large.
    """
    given = [block for block in blocks if block.values]
    if not given:
        return 0
    batch = _Batch(conn, subject_id, arrival, limits)
    batch.resolve({name_ids[name]: block.kind for block in given for name in block.names})
    batch.find_tops({name_ids[name] for block in given if block.steps is None for name in block.names})
    packed = [some for block in given for some in batch.packed(block, [name_ids[name] for name in block.names])]
    count = sum(len(block.values) // (8 if isinstance(block.values, bytes) else 1) for block in given)
    row = {
        "subject_id": subject_id, "writer_id": writer_id, "arrival": arrival, "received_at": received_at,
        "points": count, "body": points.pack(packed),
    }  # fmt: skip
    conn.execute(insert(segments).inline(), row)
    batch.remember(count)
    return count


def due(conn: Connection) -> list[int]:
    """The live subjects whose segments should be sealed."""
    count, held = func.count(), func.sum(segments.c.points)
    ended = runs.c.status.is_not(None) & (runs.c.status != "RUNNING")
    few, small = SEAL_SMALL
    query = (
        select(segments.c.subject_id)
        .join(subjects, subjects.c.id == segments.c.subject_id)
        .outerjoin(runs, runs.c.subject_id == segments.c.subject_id)
        .where(subjects.c.deletion_id.is_(None))
        .group_by(segments.c.subject_id, runs.c.status)
        .having((count >= SEAL_SEGMENTS) | (held >= SEAL_POINTS) | (ended & ((count > few) | (held > small))))
        .order_by(segments.c.subject_id)
    )
    return list(conn.execute(query).scalars())


class _Batch:
    """One batch on its way into the store, and what it changes of what is remembered of the subject."""

    def __init__(self, conn: Connection, subject_id: int, arrival: int, limits: Limits) -> None:
        self.conn, self.subject_id, self.limits = conn, subject_id, limits
        self.before = arrival - 1
        base = series_cache.at(conn, subject_id, self.before)
        if self.before == 0:  # the subject's first batch: there is nothing yet
            base = Subject(0, 0)
            base.total = 0
        if base is None:
            folded = conn.execute(select(subjects.c.folded).where(subjects.c.id == subject_id)).scalar_one()
            base = Subject(self.before, folded)
        self.base = base
        self.changed = Subject(arrival, base.folded)
        self.changed.points, self.changed.total = base.points, base.total
        self.stored: set[int] = set()  # names that this batch gives points

    def known(self, name_id: int) -> Known:
        return self.changed.series.get(name_id) or self.base.series[name_id]

    def resolve(self, wanted: Mapping[int, str]) -> None:
        """Find or make the series of these names (by id, with their kind)."""
        unknown = [name_id for name_id in wanted if name_id not in self.base.series]
        for some in batched(unknown) if self.before else ():
            query = select(series.c.id, series.c.name_id, series.c.kind)
            query = query.where(series.c.subject_id == self.subject_id, series.c.name_id.in_(some))
            for row in self.conn.execute(query):
                self.changed.series[row.name_id] = Known(row.id, row.kind, None)
        new = [name_id for name_id in unknown if name_id not in self.changed.series]
        if new:
            self._make([(name_id, wanted[name_id]) for name_id in new])

    def _make(self, new: list[tuple[int, str]]) -> None:
        self._check_total(len(new))
        rows = [
            {"subject_id": self.subject_id, "name_id": name_id, "kind": kind, "count": 0, "nan_count": 0}
            for name_id, kind in new
        ]  # fmt: skip
        made = self.conn.execute(insert(series).returning(series.c.id, series.c.name_id), rows)
        ids = {row.name_id: row.id for row in made}
        catalogue.note(self.conn, ((name_id, "metric", kind) for name_id, kind in new))
        for name_id, kind in new:
            self.changed.series[name_id] = Known(ids[name_id], kind, -1)

    def _check_total(self, more: int) -> None:
        """Refuse more series than the limit; those of which nothing is left do not count."""
        all_of_it = select(func.count()).select_from(series).where(series.c.subject_id == self.subject_id)
        if self.changed.total is None:
            self.changed.total = self.conn.execute(all_of_it).scalar_one()
        if self.changed.total + more > self.limits.series:
            self._fold()
            present = self.conn.execute(all_of_it.where(series.c.count > 0)).scalar_one()
            if present + more > self.limits.series:
                raise InvalidRequest(
                    f"This batch would give the run {present + more} series; the limit is {self.limits.series}.",
                    field="points.names", limit=self.limits.series, value=present + more,
                )  # fmt: skip
        self.changed.total += more

    def packed(self, block: Block, name_ids: list[int]) -> list[SegmentBlock]:
        """The block as the segment holds it: one, or several if its series need different steps."""
        found = [self._of_kind(*one, block.kind) for one in zip(block.names, name_ids, strict=True)]
        if block.steps is not None:
            assert isinstance(block.steps, bytes)
            self._raise_tops(name_ids, found, int(points.ints(block.steps).max()))
            ids = [known.id for known in found]
            return [SegmentBlock(ids, block.kind, block.steps, _column(block.wallclocks), block.values)]
        return self._with_steps(block, name_ids, found)

    def _of_kind(self, name: str, name_id: int, kind: str) -> Known:
        known = self.changed.series.get(name_id) or self.base.series[name_id]
        if known.kind != kind:
            if name_id in self.stored or not self._is_empty(known):
                raise InvalidRequest(
                    f"The metric {name!r} is a series of {known.kind} values and takes no {kind} values.",
                    field="points.kind", limit=known.kind, value=kind,
                )  # fmt: skip
            self.conn.execute(update(series).where(series.c.id == known.id).values(kind=kind))
            catalogue.note(self.conn, [(name_id, "metric", kind)])
            self.changed.series[name_id] = known = Known(known.id, kind, -1)
        self.stored.add(name_id)
        return known

    def _is_empty(self, known: Known) -> bool:
        """Whether nothing is left of a series: every writer it had was replaced."""
        self._fold()
        count = select(series.c.count).where(series.c.id == known.id)
        return bool(self.conn.execute(count).scalar_one() == 0)

    def _raise_tops(self, name_ids: Sequence[int], found: Sequence[Known], step: int) -> None:
        for name_id, known in zip(name_ids, found, strict=True):
            if known.top is not None and known.top < step:
                self.changed.series[name_id] = Known(known.id, known.kind, step)

    def _with_steps(self, block: Block, name_ids: list[int], found: list[Known]) -> list[SegmentBlock]:
        """Give each series its largest step + 1 and those that follow; series that agree stay together."""
        width = len(name_ids)
        values = points.floats(block.values) if isinstance(block.values, bytes) else points.objects(block.values)
        rows = len(values) // width
        starts: dict[int, list[int]] = {}
        for column, name_id in enumerate(name_ids):
            known = found[column]
            assert known.top is not None
            if known.top + rows > _LAST_STEP:
                raise InvalidRequest(
                    f"The metric {block.names[column]!r} has a step of {known.top}, and {rows} more do not fit into"
                    " int64; give the steps yourself.", field="points.steps", limit=_LAST_STEP, value=known.top,
                )  # fmt: skip
            starts.setdefault(known.top + 1, []).append(column)
            self.changed.series[name_id] = Known(known.id, known.kind, known.top + rows)
        made = []
        for start, chosen in starts.items():
            ids = [found[column].id for column in chosen]
            part = block.values if len(chosen) == width else _packed(values.reshape(rows, width)[:, chosen])
            made.append(SegmentBlock(ids, block.kind, start, _column(block.wallclocks), part))
        return made

    def find_tops(self, name_ids: Iterable[int]) -> None:
        """Learn the largest steps of series, where they are not remembered, from their summaries."""
        by_id = {self.known(name_id).id: name_id for name_id in name_ids if self.known(name_id).top is None}
        if not by_id:
            return
        self._fold()
        for some in batched(by_id):
            query = select(series.c.id, series.c.kind, series.c.summary).where(series.c.id.in_(some))
            for row in self.conn.execute(query):
                top = -1 if row.summary is None else max(-1, unpack_state(row.summary).last.step)
                self.changed.series[by_id[row.id]] = Known(row.id, row.kind, top)

    def _fold(self) -> None:
        if self.changed.folded < self.before:
            self.changed.folded = fold(self.conn, subject_id=self.subject_id, upto=self.before)
            self.changed.points = 0

    def remember(self, count: int) -> None:
        """Remember the subject as it is after this batch, and fold if much is unfolded."""
        if self.before - self.changed.folded >= FOLD_SEGMENTS or self.changed.points >= FOLD_POINTS:
            self._fold()
        self.changed.points += count
        series_cache.keep(self.conn, self.subject_id, self.base, self.changed)


def _column(packed: "bytes | list[int] | None") -> bytes | None:
    assert packed is None or isinstance(packed, bytes)
    return packed


def _packed(values: points.Values) -> "bytes | list[Any]":
    flat = np.ascontiguousarray(values).reshape(-1)
    return flat.astype("<f8", copy=False).tobytes() if flat.dtype != object else list(flat)
