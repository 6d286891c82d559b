"""Curves: series of one or many runs, thinned out so that nothing is hidden."""

import math
import struct
from collections.abc import Callable

import numpy as np
import pytest

from mbox_ops.entities.metrics import Block
from mbox_ops.entities.search import Curve, CurveQuery, SeriesRef
from mbox_ops.errors import InvalidRequest, NotFound
from mbox_ops.wire.encodings import pack_floats, pack_ints, unpack_floats, unpack_ints
from tests.contract.doors import Door
from tests.contract.writing import Stream, block

pytestmark = pytest.mark.no_rpc

StreamMaker = Callable[..., Stream]


def curve(door: Door, run_id: str | None, name: str, **query: object) -> Curve:
    """One curve."""
    (found,) = door.curves(CurveQuery(series=[SeriesRef(run_id=run_id or "", name=name)], **query))
    return found


def points(found: Curve) -> list[tuple[int, float]]:
    """The x and the values of a curve."""
    return list(zip(unpack_ints(found.xs), unpack_floats(found.values), strict=True))


def test_a_spike_among_a_million_points_is_shown(door: Door, stream: StreamMaker) -> None:
    """At its place; and the curve has no more points than were asked for."""
    count, spike = 1_000_000, 654_321
    values = np.sin(np.arange(count) / 1e5)
    values[spike] = 2.0
    s = stream()
    s.open()
    for start in range(0, count, 500_000):
        part = values[start : start + 500_000]
        steps = np.arange(start, start + len(part))
        s.write(points=[Block(names=["loss"], steps=steps.tobytes(), values=part.tobytes())])
    found = curve(door, s.run_id, "loss", max_points=200)
    assert (spike, 2.0) in points(found)
    assert (found.total, found.thinned) == (count, True)
    assert 100 < len(points(found)) <= 200
    assert points(found)[0] == (0, 0.0)
    assert points(found)[-1] == (count - 1, values[-1])


def test_a_series_without_more_points_is_given_whole(door: Door, stream: StreamMaker) -> None:
    """In history order, bit by bit, with steps and wallclocks; NaN are told beside it."""
    odd = [math.inf, -0.0, 0.0, math.nan, -math.inf, 5e-324]
    s = stream()
    s.open(points=[block({"x": odd}, steps=[5, 5, -3, 7, 8, 9], at=100)])
    found = curve(door, s.run_id, "x", max_points=6)
    assert list(unpack_ints(found.steps)) == [-3, 5, 5, 8, 9]
    assert list(unpack_ints(found.wallclocks)) == [102, 100, 101, 104, 105]
    values = [0.0, math.inf, -0.0, -math.inf, 5e-324]
    assert struct.pack("<5d", *unpack_floats(found.values)) == struct.pack("<5d", *values)
    assert (list(unpack_ints(found.nan_starts)), list(unpack_ints(found.nan_counts))) == ([7], [1])
    assert (found.total, found.thinned) == (6, False)


def test_nan_are_counted_where_they_are(door: Door, stream: StreamMaker) -> None:
    """In each bucket; a series of nothing but NaN has no points and says where they would be."""
    half = [1.0, math.nan] * 50
    s = stream()
    s.open(points=[block({"half": half, "all": [math.nan] * 100}, steps=list(range(100)))])
    found = curve(door, s.run_id, "half", max_points=8)
    assert (list(unpack_ints(found.nan_starts)), list(unpack_ints(found.nan_counts))) == ([1, 51], [25, 25])
    assert found.thinned
    found = curve(door, s.run_id, "all", max_points=8)
    assert (list(unpack_ints(found.nan_starts)), list(unpack_ints(found.nan_counts))) == ([0, 50], [50, 50])
    assert (points(found), found.total, found.thinned) == ([], 100, False)


def test_x_is_the_step_the_wallclock_or_the_time_since_the_first_point(door: Door, stream: StreamMaker) -> None:
    """Points are in its order, those at the same place in the order of history."""
    s = stream()
    wallclocks = pack_ints([1_000, 3_000, 2_000, 2_000])
    s.open(points=[Block(names=["x"], steps=pack_ints(range(4)), wallclocks=wallclocks, values=pack_floats(range(4)))])
    assert points(curve(door, s.run_id, "x")) == [(0, 0.0), (1, 1.0), (2, 2.0), (3, 3.0)]
    by_wallclock = [(1_000, 0.0), (2_000, 2.0), (2_000, 3.0), (3_000, 1.0)]
    assert points(curve(door, s.run_id, "x", x="wallclock")) == by_wallclock
    relative = [(0, 0.0), (1_000, 2.0), (1_000, 3.0), (2_000, 1.0)]
    assert points(curve(door, s.run_id, "x", x="relative")) == relative
    narrow = curve(door, s.run_id, "x", x="relative", first_step=1, last_step=2)
    assert (points(narrow), narrow.total) == ([(1_000, 2.0), (2_000, 1.0)], 2)


def test_curves_of_several_runs_come_in_the_order_of_the_request(door: Door, stream: StreamMaker) -> None:
    """A name that is not there has an empty curve, one that is asked for twice comes twice."""
    one, other = stream(), stream()
    one.open(points=[block({"a": [1.0], "b": [2.0]})])
    other.open(points=[block({"a": [3.0]})])
    asked = [(other, "a"), (one, "b"), (other, "b"), (one, "a"), (one, "b"), (one, "\x00")]
    found = door.curves(CurveQuery(series=[SeriesRef(run_id=s.run_id or "", name=name) for s, name in asked]))
    assert [(c.run_id, c.name) for c in found] == [(s.run_id, name) for s, name in asked]
    assert [list(unpack_floats(c.values)) for c in found] == [[3.0], [2.0], [], [1.0], [2.0], []]


def test_a_newer_attempt_takes_the_place_of_an_older_one(door: Door, stream: StreamMaker) -> None:
    """As in the history."""
    s = stream()
    s.open(points=[block({"x": [1.0, 2.0]}, steps=[0, 1])])
    s.next_attempt().write(points=[block({"x": [5.0]}, steps=[7])])
    assert points(curve(door, s.run_id, "x")) == [(7, 5.0)]


def test_a_series_that_is_not_numeric_has_no_points(door: Door, stream: StreamMaker) -> None:
    """Its kind and its total say why."""
    s = stream()
    s.open(points=[Block(names=["note"], kind="string", steps=pack_ints([0, 1]), values=["low", "high"])])
    found = curve(door, s.run_id, "note")
    assert (found.kind, found.total, found.thinned, points(found)) == ("string", 2, True, [])


def test_a_run_that_is_not_there_is_named(door: Door, stream: StreamMaker) -> None:
    """One unknown or deleted run among others is an error, not a gap."""
    s = stream()
    s.open(points=[block({"x": [1.0]})])
    with pytest.raises(NotFound) as caught:
        door.curves(CurveQuery(series=[SeriesRef(run_id=s.run_id or "", name="x"), SeriesRef(run_id="gone", name="x")]))
    assert caught.value.details["id"] == "gone"


@pytest.mark.parametrize(
    ("query", "field", "limit"),
    [
        ({"count": 0}, "series", 200), ({"count": 201}, "series", 200),
        ({"max_points": 3}, "max_points", 100_000), ({"max_points": 100_001}, "max_points", 100_000),
        ({"max_points": 20_000, "count": 101}, "max_points", 2_000_000),
        ({"first_step": 2**63}, "first_step", None), ({"last_step": 2**63}, "last_step", None),
    ],
)  # fmt: skip
def test_too_much_at_once_is_refused_by_name(door: Door, query: dict[str, int], field: str, limit: int | None) -> None:
    """With the limit and the value."""
    series = [SeriesRef(run_id="r", name=str(number)) for number in range(query.get("count", 1))]
    with pytest.raises(InvalidRequest) as caught:
        door.curves(CurveQuery(series=series, **{name: n for name, n in query.items() if name != "count"}))
    assert caught.value.details["field"] == field
    assert limit is None or caught.value.details["limit"] == limit
