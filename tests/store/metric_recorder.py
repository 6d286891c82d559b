"""A subject whose batches are stored by the store's own functions, and a naive model of what must come back."""

import math
import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from uuid import uuid4

from sqlalchemy import insert, update

from mbox_ops.entities.limits import DEFAULT, Limits
from mbox_ops.entities.metrics import Block, HistoryQuery, MetricHistory, MetricSummary
from mbox_ops.service.access import Actor
from mbox_ops.service.blocks import check_block
from mbox_ops.service.metrics import Metrics
from mbox_ops.store import names, segments, series, subjects
from mbox_ops.store.database import Database
from mbox_ops.store.tables import writers
from mbox_ops.wire.encodings import unpack_floats, unpack_ints

READER = Actor(namespace="default", namespaces=None, scopes=frozenset({"read"}), name="test")
Value = float | str | bytes
NAN = struct.unpack("<d", struct.pack("<Q", 0x7FF8000000000000))[0]


KINDS = {int: "float", str: "string", bytes: "bytes"}


class RefusedError(Exception):
    """The model says that the store must refuse the batch."""


class RolledBackError(Exception):
    """What a batch fails with after its points were appended."""


@dataclass(frozen=True)
class Written:
    """A point as it was written; `value` of a float is its bits."""

    step: int
    wallclock: int
    arrival: int
    received_at: int
    value: int | str | bytes
    origin: str
    epoch: int


def bits(value: Value) -> int | str | bytes:
    """A float as its 64 bits, NaN as the one NaN; other values as they are."""
    if isinstance(value, float):
        return 0x7FF8000000000000 if math.isnan(value) else struct.unpack("<Q", struct.pack("<d", value))[0]
    return value


def as_float(pattern: int) -> float:
    """The float of 64 bits."""
    return struct.unpack("<d", struct.pack("<Q", pattern))[0]


@dataclass
class Recorder:
    """Writes batches to one new subject and remembers what should be there."""

    database: Database
    limits: Limits = DEFAULT
    now: int = 1_700_000_000_000_000
    uid: str = field(default_factory=lambda: str(uuid4()))
    points: dict[str, list[Written]] = field(default_factory=dict)
    writer_ids: dict[tuple[str, int], int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        with self.database.write() as conn:
            namespace = subjects.namespace_id(conn, name="default", now=self.now)
            made = subjects.insert(conn, uid=self.uid, namespace_id=namespace, type="run", key=None, now=self.now)
        assert made is not None
        self.id = made
        self.metrics = Metrics(self.database)

    def write(self, *blocks: Block, origin: str = "a", epoch: int = 1, fails: bool = False) -> int:
        """Store a batch as ingest does; returns how many points it had."""
        checked = [check_block(block, self.limits) for block in blocks]
        self.now += 1_000
        with self.database.write() as conn:
            subject = subjects.hold(conn, subject_id=self.id)
            assert subject is not None
            writer, replaces = self._writer(conn, origin, epoch)
            if replaces:
                series.rebuild(conn, subject_id=self.id)
            ids = names.number(conn, self.database, subject.namespace_id, [n for block in checked for n in block.names])
            stored = segments.append(
                conn, subject_id=self.id, writer_id=writer, arrival=subject.arrival + 1, received_at=self.now,
                blocks=checked, name_ids=ids, limits=self.limits,
            )  # fmt: skip
            subjects.arrive(conn, subject=subject, arrival=subject.arrival + 1, now=self.now, pointless=not stored)
            if fails:
                raise RolledBackError
        self.writer_ids[origin, epoch] = writer
        self.points = self.after(checked, subject.arrival + 1, origin, epoch)
        return stored

    def touch(self) -> None:
        """A batch without points."""
        with self.database.write() as conn:
            subject = subjects.hold(conn, subject_id=self.id)
            assert subject is not None
            subjects.arrive(conn, subject=subject, arrival=subject.arrival + 1, now=self.now, pointless=True)

    def _writer(self, conn, origin: str, epoch: int) -> tuple[int, bool]:
        if known := self.writer_ids.get((origin, epoch)):
            return known, False
        older = [ident for (name, number), ident in self.writer_ids.items() if name == origin and number < epoch]
        conn.execute(update(writers).where(writers.c.id.in_(older)).values(replaced=True))
        row = {
            "subject_id": self.id, "origin": origin, "origin_hash": b"", "epoch": epoch, "producer": uuid4().hex,
            "seq": 1, "lost": 0, "replaced": False, "created_at": self.now, "updated_at": self.now,
        }  # fmt: skip
        return conn.execute(insert(writers).values(row).returning(writers.c.id)).scalar_one(), bool(older)

    def after(self, blocks: Sequence[Block], arrival: int, origin: str, epoch: int) -> dict[str, list[Written]]:
        """The model's points after a checked batch; raises `RefusedError` where the store must refuse it."""
        points = {
            name: [point for point in present if point.origin != origin or point.epoch >= epoch]
            for name, present in self.points.items()
        }
        for block in blocks:
            flat = unpack_floats(block.values) if isinstance(block.values, bytes) else block.values
            rows = len(flat) // len(block.names)
            for column, name in enumerate(block.names):
                here = points.setdefault(name, [])
                if rows and here and KINDS[type(here[0].value)] != block.kind:
                    raise RefusedError
                if block.steps is None:
                    first = max([-1, *(point.step for point in here)]) + 1
                    if rows and first + rows > 2**63:
                        raise RefusedError
                    steps = range(first, first + rows)
                else:
                    steps = unpack_ints(block.steps)
                walls = [self.now] * rows if block.wallclocks is None else unpack_ints(block.wallclocks)
                for row in range(rows):
                    value = bits(flat[row * len(block.names) + column])
                    here.append(Written(steps[row], walls[row], arrival, self.now, value, origin, epoch))
        return points

    def fold(self) -> None:
        """Bring the summaries up to date."""
        with self.database.write() as conn:
            series.fold(conn, subject_id=self.id)

    def seal(self) -> int:
        """Seal everything."""
        return self.metrics.seal(self.uid)

    def history(self, **query: object) -> list[MetricHistory]:
        """What a reader gets."""
        return self.metrics.history(READER, self.uid, HistoryQuery(**query))

    def summaries(self) -> list[MetricSummary]:
        """What a reader gets."""
        return self.metrics.list(READER, self.uid)

    def expected(self, name: str) -> list[Written]:
        """The points of a series in history order."""
        return sorted(self.points.get(name, []), key=lambda point: (point.step, point.wallclock, point.arrival))

    def check(self) -> None:
        """History, totals and summaries are those of the model."""
        shown = {name for name, points in self.points.items() if points}
        found = self.history(limit=None)
        assert [answer.name for answer in found] == sorted(shown)
        for answer in found:
            expected = self.expected(answer.name)
            assert answer.total == len(expected)
            assert not answer.truncated
            assert rows_of(answer) == [(p.step, p.wallclock, p.received_at, p.value) for p in expected]
        found = self.summaries()
        assert [summary.name for summary in found] == sorted(shown)
        for summary in found:
            check_summary(summary, self.expected(summary.name))

    def check_pages(self, name: str, limit: int) -> None:
        """The pages of a series are its history."""
        rows, after = [], None
        while True:
            (answer,) = self.history(names=[name], limit=limit, after=after)
            rows += rows_of(answer)
            assert answer.truncated == (answer.next is not None)
            if answer.next is None:
                break
            assert len(answer.steps) == 8 * limit
            after = answer.next
        assert rows == [(p.step, p.wallclock, p.received_at, p.value) for p in self.expected(name)]


def rows_of(answer: MetricHistory) -> list[tuple[int, int, int, int | str | bytes]]:
    """An answer's points."""
    values = unpack_ints(answer.values) if answer.kind == "float" else answer.values
    if answer.kind == "float":
        values = [value & (2**64 - 1) for value in values]
    columns = (unpack_ints(column) for column in (answer.steps, answer.wallclocks, answer.received_ats or b""))
    return list(zip(*columns, values, strict=True))


def check_summary(summary: MetricSummary, points: list[Written]) -> None:
    """A summary is that of the points: exact, and the mean within 1e-12 of the mean magnitude."""
    first, last = points[0], points[-1]
    assert (summary.count, summary.last_step, summary.last_wallclock) == (len(points), last.step, last.wallclock)
    if summary.kind != "float":
        assert (summary.min, summary.max, summary.mean, summary.nan_count) == (None, None, None, 0)
        return
    values = [as_float(point.value) for point in points]
    numbers = [value for value in values if not math.isnan(value)]
    assert summary.nan_count == len(values) - len(numbers)
    assert [bits(float(value)) for value in (summary.first, summary.last)] == [first.value, last.value]
    if not numbers:
        assert (summary.min, summary.max, summary.mean) == (None, None, None)
        return
    by_order = sorted(numbers, key=lambda value: (value, math.copysign(1, value)))
    assert [bits(float(value)) for value in (summary.min, summary.max)] == [bits(by_order[0]), bits(by_order[-1])]
    check_mean(float(summary.mean), numbers)


def check_mean(mean: float, numbers: list[float]) -> None:
    """A mean is right as DESIGN says; of infinities it is what IEEE 754 says."""
    infinite = {value for value in numbers if math.isinf(value)}
    if infinite:
        expected = infinite.pop() if len(infinite) == 1 else math.nan
        assert bits(mean) == bits(expected)
        return
    exact = sum(map(Fraction, numbers)) / len(numbers)
    magnitude = sum(abs(Fraction(value)) for value in numbers) / len(numbers)
    assert abs(Fraction(mean) - exact) <= magnitude * Fraction(1, 10**12) + Fraction(5e-324)
