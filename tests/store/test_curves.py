"""Curves of random series, sealed and folded at random moments, against a naive way of thinning them out."""

import math
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import groupby
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mbox_ops.entities.limits import DEFAULT
from mbox_ops.entities.metrics import Block
from mbox_ops.entities.search import Axis, Curve, CurveQuery, SeriesRef
from mbox_ops.service.curves import Curves
from mbox_ops.store import chunks, curves
from mbox_ops.store.database import Database
from mbox_ops.wire.encodings import pack_floats, pack_ints, unpack_floats, unpack_ints
from tests.store.metric_recorder import READER, Recorder, Written, as_float, bits

Row = tuple[int, int, int, int | str | bytes]  # x, step, wallclock, bits
STEPS = st.one_of(st.integers(0, 3), st.integers(-20, 20), st.integers(-(2**63), 2**63 - 1))
WALLCLOCKS = st.one_of(st.integers(0, 3), st.integers(-(10**6), 10**6), st.integers(-(2**63), 2**63 - 1))
VALUES = st.one_of(
    st.sampled_from([math.nan, math.inf, -math.inf, 0.0, -0.0, 1.0]), st.floats(allow_nan=True, allow_infinity=True)
)
INT64 = st.integers(-(2**63), 2**63 - 1)


@st.composite
def blocks(draw: st.DrawFn) -> Block:
    """Points of the series `a`, or of `a` and `b`."""
    names = draw(st.sampled_from([["a"], ["a"], ["a", "b"]]))
    rows = draw(st.integers(1, 12))
    columns = [draw(st.lists(some, min_size=rows, max_size=rows)) for some in (STEPS, WALLCLOCKS)]
    values = draw(st.lists(VALUES, min_size=rows * len(names), max_size=rows * len(names)))
    steps = pack_ints(sorted(columns[0]) if draw(st.booleans()) else columns[0])
    return Block(names=names, steps=steps, wallclocks=pack_ints(columns[1]), values=pack_floats(values))


WRITES = st.tuples(st.just("write"), blocks(), st.sampled_from("ab"), st.sampled_from([0, 0, 0, 1]))
PLANS = st.lists(WRITES | WRITES | WRITES | st.sampled_from([("fold",), ("seal",)]), min_size=1, max_size=12)
QUERIES = st.fixed_dictionaries(
    {"max_points": st.sampled_from([4, 7, 12, 40]), "x": st.sampled_from(["step", "wallclock", "relative"])},
    optional={"first_step": st.integers(-25, 5) | INT64, "last_step": st.integers(-5, 25) | INT64},
)


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A SQLite database."""
    folder: Path = tmp_path_factory.mktemp("curves")
    with Database(f"sqlite:///{folder / 'a.db'}") as database:
        database.upgrade()
        yield database


@pytest.fixture(scope="module")
def postgresql(postgres_url: Callable[[], str]) -> Iterator[Database]:
    """A PostgreSQL database."""
    with Database(postgres_url()) as database:
        database.upgrade()
        yield database


@pytest.fixture(scope="module", autouse=True)
def small() -> Iterator[None]:
    """Chunks of a few points, and stretches of a few chunks: what long series go through, with short ones."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(chunks, "CHUNK", 4)
        patch.setattr(curves, "_STRETCH", 9)
        yield


def read(recorder: Recorder, names: list[str], **query: object) -> list[Curve]:
    """Curves of a recorder's series."""
    series = [SeriesRef(run_id=recorder.uid, name=name) for name in names]
    return Curves(recorder.database, limits=DEFAULT).read(READER, CurveQuery(series=series, **query))


def rows_of(curve: Curve) -> list[Row]:
    """The points of a curve."""
    columns = [unpack_ints(column) for column in (curve.xs, curve.steps, curve.wallclocks)]
    return list(zip(*columns, map(bits, unpack_floats(curve.values)), strict=True))


def by_x(points: list[Written], query: dict[str, object]) -> list[Row]:
    """The points in range in the order of x; points of equal x in the order of history."""
    axis: Axis = query.get("x", "step")
    origin = min((point.wallclock for point in points), default=0)
    place = {
        "step": lambda point: point.step,
        "wallclock": lambda point: point.wallclock,
        "relative": lambda point: min(point.wallclock - origin, 2**63 - 1),
    }[axis]
    first, last = query.get("first_step", -(2**63)), query.get("last_step", 2**63 - 1)
    rows = [(place(p), p.step, p.wallclock, p.value) for p in points if first <= p.step <= last]
    return sorted(rows, key=lambda row: row[0])


def is_nan(row: Row) -> bool:
    """Whether a point is no number."""
    return math.isnan(as_float(row[3]))


def bucket_of(rows: list[Row], most: int) -> Callable[[Row], int]:
    """Which bucket a point lies in; each x is one of its own where all points are shown."""
    if len(rows) <= most:
        return lambda row: row[0]
    low, width, count = rows[0][0], rows[-1][0] - rows[0][0] + 1, most // 4
    begins = [low + part * width // count for part in range(count)]
    return lambda row: sum(begin <= row[0] for begin in begins)


def check(curve: Curve, points: list[Written], query: dict[str, object]) -> None:
    """A curve keeps what the naive way keeps, and no more than four points of a bucket."""
    rows = by_x(points, query)
    most = query["max_points"]
    bucket = bucket_of(rows, most)
    shown = rows_of(curve)
    numbers = [row for row in rows if not is_nan(row)]
    everything = iter(numbers)
    assert all(row in everything for row in shown), "in the order of x and history"
    kept: Counter[Row] = Counter()
    for _, some in groupby(numbers, bucket):
        several = list(some)
        if len(rows) > most and len(several) > 4:
            by_value = sorted(several, key=lambda row: (as_float(row[3]), math.copysign(1, as_float(row[3]))))
            ends = (several[0], several[-1], by_value[0], next(r for r in several if r[3] == by_value[-1][3]))
            several = list(dict.fromkeys(ends))
        kept.update(several)
    assert kept <= Counter(shown)
    assert len(rows) <= most or max(Counter(map(bucket, shown)).values(), default=0) <= 4
    assert len(shown) <= most
    missing = [list(some) for _, some in groupby((row for row in rows if is_nan(row)), bucket)]
    assert list(unpack_ints(curve.nan_starts)) == [some[0][0] for some in missing]
    assert list(unpack_ints(curve.nan_counts)) == [len(some) for some in missing]
    assert curve.total == len(rows)
    assert curve.thinned == (len(shown) < len(numbers))


def play(database: Database, plan: list[tuple], query: dict[str, object]) -> None:
    """Write what the plan says, and compare the curves."""
    recorder = Recorder(database)
    for action, *arguments in plan:
        if action == "write":
            block, origin, retried = arguments
            newest = max((epoch for name, epoch in recorder.writer_ids if name == origin), default=1)
            recorder.write(block, origin=origin, epoch=newest + retried)
        elif action == "fold":
            recorder.fold()
        else:
            recorder.seal()
    for curve in read(recorder, ["a", "b", "none"], **query):
        check(curve, recorder.expected(curve.name), query)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(plan=PLANS, query=QUERIES)
def test_curves_keep_ends_and_extremes_of_random_series(
    sqlite: Database, plan: list[tuple], query: dict[str, object]
) -> None:
    """Any steps, wallclocks and values, by several writers and attempts, sealed or not, over any x and range."""
    play(sqlite, plan, query)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(plan=PLANS, query=QUERIES)
def test_curves_are_the_same_on_postgresql(postgresql: Database, plan: list[tuple], query: dict[str, object]) -> None:
    """A few of the same."""
    play(postgresql, plan, query)


def test_a_spike_in_a_long_sealed_series_is_shown(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """One point of 300,000, and the one NaN, whatever x is, and in a narrow range of steps too."""
    monkeypatch.setattr(chunks, "CHUNK", 4_096)
    monkeypatch.setattr(curves, "_STRETCH", 50_000)
    recorder = Recorder(sqlite)
    count, spike, gap = 300_000, 123_456, 222_222
    values = np.zeros(count)
    values[spike], values[gap] = -1e-9, math.nan
    steps = np.arange(count)
    block = Block(names=["a"], steps=steps.tobytes(), wallclocks=(7 * steps).tobytes(), values=values.tobytes())
    recorder.write(block)
    recorder.seal()
    for query in ({}, {"x": "wallclock"}, {"x": "relative"}, {"first_step": 123_000, "last_step": 223_000}):
        (curve,) = read(recorder, ["a"], max_points=400, **query)
        assert (spike, 7 * spike, bits(-1e-9)) in [row[1:] for row in rows_of(curve)]
        assert list(unpack_ints(curve.nan_starts)) == [gap * (7 if "x" in query else 1)]
        assert list(unpack_ints(curve.nan_counts)) == [1]
        assert len(curve.xs) <= 8 * 400


def test_a_narrow_range_decodes_few_chunks(sqlite: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lies beside the range is not even read."""
    recorder = Recorder(sqlite)
    recorder.write(Block(names=["a"], steps=pack_ints(range(400)), values=pack_floats([0.0] * 400)))
    recorder.seal()
    decoded: list[bytes] = []
    real = curves.decode_floats
    monkeypatch.setattr(curves, "decode_floats", lambda body, into: (decoded.append(body), real(body, into)))
    (curve,) = read(recorder, ["a"], first_step=200, last_step=210)
    assert list(unpack_ints(curve.steps)) == list(range(200, 211))
    assert len(decoded) == 3


def test_a_pattern_of_bits_survives(sqlite: Database) -> None:
    """Infinities, subnormals and both zeros are values like others."""
    odd = [-0.0, 0.0, math.inf, -math.inf, 5e-324, 1.7976931348623157e308]
    recorder = Recorder(sqlite)
    recorder.write(Block(names=["a"], steps=pack_ints(range(6)), values=pack_floats(odd)))
    (curve,) = read(recorder, ["a"])
    assert curve.values == struct.pack("<6d", *odd)
