"""From calls to columns: every value keeps its step, its time and its place in its series."""

from array import array
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbox_ops.client.buffer import PARTS, ROWS, Batches, Record
from mbox_ops.client.clock import microseconds
from mbox_ops.client.points import Series, check_step
from mbox_ops.entities.writers import Batch
from mbox_ops.errors import InvalidRequest
from mbox_ops.wire.encodings import unpack_floats, unpack_ints

NAMES = st.lists(st.sampled_from("abcd"), min_size=1, max_size=4, unique=True).map(tuple)
ROW = st.tuples(st.one_of(NAMES, st.sampled_from("abcd")), st.booleans(), st.integers(-5, 5))


def unpacked(batches: list[Batch]) -> dict[str, list[tuple[float, int | None, int]]]:
    """Value, step and wallclock of all points of each series, in order."""
    found: dict[str, list[tuple[float, int | None, int]]] = {}
    for batch in batches:
        for block in batch.points:
            walls = unpack_ints(block.wallclocks or b"")
            steps = [None] * len(walls) if block.steps is None else unpack_ints(block.steps)
            values = unpack_floats(block.values) if block.kind == "float" else block.values
            n = len(block.names)
            assert len(values) == n * len(walls) == n * len(steps)
            for i, name in enumerate(block.names):
                found.setdefault(name, []).extend(zip(values[i::n], steps, walls, strict=True))
    return found


def all_of(records: list[Record], full: int = 1_500_000) -> list[Batch]:
    """All batches that records become."""
    batches = Batches(full)
    return [*batches.add(records), *([rest] if (rest := batches.rest()) else [])]


@given(st.lists(ROW, max_size=40), st.integers(1, 2_000))
def test_the_points_of_each_series_stay_in_the_order_of_the_calls(
    rows: list[tuple[tuple[str, ...] | str, bool, int]], full: int
) -> None:
    """Whichever series are logged together, with steps or without, and however they are cut into batches."""
    records: list[Record] = []
    expected: dict[str, list[tuple[float, int | None, int]]] = {}
    for i, (names, stepped, step) in enumerate(rows):
        values = array("d", [i + k / 10 for k in range(len(names))])
        one = isinstance(names, str)  # a call with one float
        records.append((names, values[0] if one else values, step if stepped else None, i))
        for name, value in zip(names, values, strict=True):
            expected.setdefault(name, []).append((value, step if stepped else None, i))
    assert unpacked(all_of(records, full)) == expected


def test_calls_with_the_same_names_become_one_block() -> None:
    """A hundred series logged together cost one block, not a hundred."""
    names = tuple(f"m{i}" for i in range(100))
    records: list[Record] = [(names, array("d", [float(i)] * 100), i, i) for i in range(1_000)]
    (batch,) = all_of(records)
    (block,) = batch.points
    assert (len(block.names), len(block.values)) == (100, 800_000)


def test_series_that_are_logged_in_turn_become_a_block_each() -> None:
    """`loss`, `acc`, `loss`, `acc`, ... is two blocks."""
    records: list[Record] = [((name,), (1.0,), i, i) for i in range(100) for name in ("loss", "acc")]
    (batch,) = all_of(records)
    assert [(block.names, len(block.values)) for block in batch.points] == [(["loss"], 800), (["acc"], 800)]


def test_a_batch_is_cut_near_its_size_and_never_through_a_call() -> None:
    """One call is one atomic write."""
    row = ("many", "more")
    records: list[Record] = [(ROWS, [((name,), ("x" * 100,), i, i) for name in row]) for i in range(10)]
    batches = all_of(records, 500)
    assert len(batches) > 2
    for batch in batches:
        many, more = batch.points
        assert len(many.values) == len(more.values)


def test_settings_are_merged_in_order_and_an_end_closes_its_batch() -> None:
    """The last value of a name wins; what comes after the end is another write."""
    records: list[Record] = [
        (PARTS, Batch(tags={"a": "1", "b": "1"}, name="x")),
        (("loss",), (1.0,), 0, 0),
        (PARTS, Batch(tags={"a": "2"}, state="FINISHED", at=5)),
        (("loss",), (2.0,), 1, 1),
    ]
    first, second = all_of(records)
    assert (first.tags, first.name, first.state, first.at) == ({"a": "2", "b": "1"}, "x", "FINISHED", 5)
    assert unpacked([second]) == {"loss": [(2.0, 1, 1)]}


TAKEN = [
    (1, 1.0), (2.5, 2.5), (float("inf"), float("inf")), (np.float32(0.5), 0.5), (np.float64(0.1), 0.1),
    (np.int64(3), 3.0), (np.array(1.5), 1.5), (np.array([1.5]), 1.5), (Decimal("0.5"), 0.5), (Fraction(1, 2), 0.5),
    ("text", "text"), (np.str_("text"), "text"), (b"\x00\xff", b"\x00\xff"), (bytearray(b"x"), b"x"), ("", ""),
]  # fmt: skip
REFUSED = [
    (True, "a bool"), (None, "None"), (np.bool_(True), "a bool"), (np.array([1, 2]), "several values"),
    (10**400, "float64's range"), (1j, "complex"), ([1], "list"), (object(), "object"), ("x" * 5_001, "5000"),
    (b"x" * 65_537, "65536"), ("\x00", "U.0000"), ("\ud800", "surrogate"),
]  # fmt: skip


@pytest.mark.parametrize(("given_value", "sent"), TAKEN, ids=repr)
def test_numbers_of_any_kind_text_and_bytes_are_taken(given_value: Any, sent: Any) -> None:
    """Ints and NumPy's scalars become floats."""
    found = Series().check("m", given_value)
    assert (type(found), found) == (type(sent), sent)


@pytest.mark.parametrize(("value", "reason"), REFUSED, ids=lambda v: repr(v)[:20])
def test_what_is_no_value_is_refused_by_name(value: Any, reason: str) -> None:
    """The error names the metric and what is wrong with the value."""
    with pytest.raises(InvalidRequest, match=reason) as caught:
        Series().check("m", value)
    assert "'m'" in str(caught.value)


@pytest.mark.parametrize("name", ["", "x" * 257, "tab\t", 7, None])
def test_what_is_no_name_is_refused(name: Any) -> None:
    """1 to 256 printable characters."""
    with pytest.raises(InvalidRequest, match="metric name"):
        Series().check(name, 1.0)


def test_a_series_has_one_kind() -> None:
    """A second kind is refused where it is logged."""
    series = Series()
    series.check("m", 1.0)
    with pytest.raises(InvalidRequest, match="holds float values; this one is string"):
        series.check("m", "text")


@pytest.mark.parametrize("step", [True, 1.0, "1", 2**63, np.bool_(True)])
def test_what_is_no_step_is_refused(step: Any) -> None:
    """An int64, NumPy's too, or None."""
    with pytest.raises(InvalidRequest, match="step takes"):
        check_step(step)
    assert [check_step(good) for good in (0, -(2**63), np.int32(7), None)] == [0, -(2**63), 7, None]


INSTANTS = [
    (12345, 12_345_000_000), (0.000001, 1), (np.float64(1.5), 1_500_000), (np.int64(2), 2_000_000),
    (datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC), 1_000_000),
    (datetime(1970, 1, 1, 2, tzinfo=timezone(timedelta(hours=2))), 0),
    (datetime.fromtimestamp(5), 5_000_000),  # noqa: DTZ006  a naive one is local time
    ("1970-01-01T00:00:00.000001Z", 1), ("1970-01-01t01:00:00+01:00", 0), (-1, -1_000_000),
]  # fmt: skip


@pytest.mark.parametrize(("wallclock", "expected"), INSTANTS, ids=repr)
def test_a_wallclock_is_kept_to_the_microsecond(wallclock: Any, expected: int) -> None:
    """Seconds, datetimes and RFC 3339 text."""
    assert microseconds(wallclock) == expected


@pytest.mark.parametrize("wallclock", [True, None, "yesterday", "2026-01-01T00:00:00", float("nan"), 10**15, [1]])
def test_what_is_no_wallclock_is_refused(wallclock: Any) -> None:
    """Text without its offset could mean any zone."""
    with pytest.raises(InvalidRequest, match="wallclock"):
        microseconds(wallclock)
