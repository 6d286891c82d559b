"""Metric points: kinds, order, steps, exactness, summaries."""

import math
import struct
from collections.abc import Callable
from typing import Any

import pytest

from mbox_ops.entities.metrics import Block
from mbox_ops.errors import InvalidRequest
from mbox_ops.wire.encodings import pack_floats, pack_ints, unpack_floats, unpack_ints
from tests.contract.doors import Door
from tests.contract.writing import Stream, block

pytestmark = pytest.mark.crosswise

StreamMaker = Callable[..., Stream]


def columns(door: Door, run_id: str | None, name: str, **query: Any) -> tuple[list[int], list[int], list[Any]]:
    """Steps, wallclocks and values of one series."""
    (history,) = door.history(run_id or "", names=[name], **query)
    values = list(unpack_floats(history.values)) if history.kind == "float" else list(history.values)
    return list(unpack_ints(history.steps)), list(unpack_ints(history.wallclocks)), values


def test_floats_come_back_bit_by_bit(door: Door, stream: StreamMaker) -> None:
    """NaN, infinities, negative zero, subnormals and the extremes survive."""
    odd = [math.nan, math.inf, -math.inf, -0.0, 5e-324, 1.7976931348623157e308, 2.2250738585072014e-308, 0.1]
    s = stream()
    s.open(points=[block({"odd": odd}, steps=list(range(len(odd))))])
    _, _, values = columns(door, s.run_id, "odd")
    assert [struct.pack("<d", v) for v in values] == [struct.pack("<d", v) for v in odd]
    summary = door.run(s.run_id or "").metrics["odd"]
    assert (summary.count, summary.nan_count, summary.first, summary.last) == (8, 1, "NaN", 0.1)
    assert (summary.min, summary.max) == ("-Infinity", "Infinity")


def test_strings_and_bytes_are_values_too(door: Door, stream: StreamMaker) -> None:
    """A series has one kind, and keeps it."""
    s = stream()
    s.open(
        points=[
            Block(names=["note"], kind="string", steps=pack_ints([0, 1]), values=["low", "high \N{SNOWMAN}"]),
            Block(names=["blob"], kind="bytes", steps=pack_ints([0]), values=[b"\x00\xff"]),
        ]
    )
    assert columns(door, s.run_id, "note")[2] == ["low", "high \N{SNOWMAN}"]
    assert columns(door, s.run_id, "blob")[2] == [b"\x00\xff"]
    with pytest.raises(InvalidRequest) as caught:
        s.write(points=[block({"note": [1.0]})])
    assert "note" in str(caught.value)


def test_history_is_ordered_by_step_then_wallclock_then_arrival(door: Door, stream: StreamMaker) -> None:
    """Any step order is taken; equal steps are separate points."""
    s = stream()
    s.open(points=[block({"x": [1.0, 2.0]}, steps=[5, -3], at=100)])
    s.write(points=[block({"x": [3.0]}, steps=[5], at=50), block({"x": [4.0]}, steps=[5], at=100)])
    steps, wallclocks, values = columns(door, s.run_id, "x")
    assert steps == [-3, 5, 5, 5]
    assert wallclocks == [101, 50, 100, 100]
    assert values == [2.0, 3.0, 1.0, 4.0]
    assert door.run(s.run_id or "").metrics["x"].last == 4.0


def test_a_missing_step_is_the_largest_so_far_and_one(door: Door, stream: StreamMaker) -> None:
    """From 0, for each series on its own; a replaced attempt's steps do not count."""
    s = stream()
    s.open(points=[block({"a": [1.0], "b": [1.0]})])
    s.write(points=[block({"b": [2.0]}, steps=[41])])
    s.write(points=[block({"a": [3.0, 4.0], "b": [3.0, 4.0]})])
    assert columns(door, s.run_id, "a")[0] == [0, 1, 2]
    assert columns(door, s.run_id, "b")[0] == [0, 41, 42, 43]
    retry = s.next_attempt()
    retry.write(points=[block({"b": [1.0]})])
    assert columns(door, s.run_id, "b")[0] == [0]


def test_the_first_thousand_points_by_default(door: Door, stream: StreamMaker) -> None:
    """`total` and `truncated` say what is missing, and pages go through all of it."""
    s = stream()
    count = 2_500
    s.open(points=[block({"x": [float(i) for i in range(count)]}, steps=list(range(count)))])
    (history,) = door.history(s.run_id or "")
    assert (len(unpack_ints(history.steps)), history.total, history.truncated) == (1000, count, True)
    assert columns(door, s.run_id, "x", limit=None)[2] == [float(i) for i in range(count)]
    seen: list[int] = []
    after: dict[str, Any] = {}
    while True:
        (page,) = door.history(s.run_id or "", names=["x"], limit=999, **after)
        seen += unpack_ints(page.steps)
        if page.next is None:
            break
        after = {"after": page.next}
    assert seen == list(range(count))


def test_summaries_skip_nan_and_count_it(door: Door, stream: StreamMaker) -> None:
    """min, max and mean are of the numbers; a series of nothing but NaN has none."""
    s = stream()
    s.open(points=[block({"x": [1.0, math.nan, 4.0], "y": [math.nan] * 3}, steps=[0, 1, 2])])
    x, y = (door.run(s.run_id or "").metrics[name] for name in ("x", "y"))
    assert (x.count, x.nan_count, x.min, x.max, x.mean, x.first, x.last) == (3, 1, 1.0, 4.0, 2.5, 1.0, 4.0)
    assert (y.count, y.nan_count, y.min, y.max, y.mean, y.last) == (3, 3, None, None, None, "NaN")
    assert [m.name for m in door.metrics(s.run_id or "")] == ["x", "y"]


def test_extreme_steps_and_wallclocks_survive(door: Door, stream: StreamMaker) -> None:
    """Any int64 is a step."""
    s = stream()
    extremes = [-(2**63), -1, 0, 2**63 - 1]
    four = {"wallclocks": pack_ints([5] * 4), "values": pack_floats([1.0] * 4)}
    s.open(points=[Block(names=["x"], steps=pack_ints(extremes), **four)])
    assert columns(door, s.run_id, "x")[:2] == (extremes, [5] * 4)


def test_no_wallclock_is_the_server_s_time(door: Door, stream: StreamMaker) -> None:
    """And `received_at` stands beside the caller's time."""
    s = stream()
    s.open(points=[Block(names=["x"], values=pack_floats([1.0])), block({"y": [1.0]}, at=7)])
    histories = {h.name: h for h in door.history(s.run_id or "")}
    received = unpack_ints(histories["y"].received_ats or b"")[0]
    assert list(unpack_ints(histories["x"].wallclocks)) == [received]
    assert list(unpack_ints(histories["y"].wallclocks)) == [7]


def test_ended_runs_keep_their_points_when_they_are_sealed(door: Door, stream: StreamMaker) -> None:
    """Writing after the end goes on, on top of what was sealed."""
    s = stream()
    s.open(points=[block({"x": [float(i) for i in range(3000)]}, steps=list(range(3000)))])
    s.write(state="FINISHED", points=[block({"x": [-1.0]}, steps=[-1])])
    s.write(points=[block({"x": [0.5]}, steps=[3000])])
    assert columns(door, s.run_id, "x", limit=None)[2] == [-1.0, *map(float, range(3000)), 0.5]
    assert door.run(s.run_id or "").metrics["x"].count == 3002
