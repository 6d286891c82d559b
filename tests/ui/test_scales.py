"""Axes for whatever numbers runs have: every number has its place, and the marks lie where they say."""

import math

from hypothesis import example, given
from hypothesis import strategies as st

from mbox_ops.server.ui.compare_pages.scales import scale_of, share_of

NUMBERS = st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=6)


@given(NUMBERS, st.booleans())
@example([-1.7e308, 1.7e308], False)
@example([5e-324, 1e-323], False)
@example([5e-324, 1.7e308], True)
@example([1.0, 1.0000000000000002], False)
@example([-1.7e308], False)
def test_every_number_has_its_place_in_order(numbers: list[float], log: bool) -> None:
    """From the least double to the greatest; on a logarithmic axis those above zero."""
    scale = scale_of(numbers, log=log)
    places = [scale.place(number) for number in sorted(numbers)]
    placed = [place for place in places if place is not None]
    assert len(placed) == len([number for number in numbers if not log or number > 0])
    assert placed == sorted(placed)
    assert all(-1e-9 <= at <= 1 + 1e-9 for at in placed)
    marks = [tick.at for tick in scale.ticks]
    assert marks == sorted(marks)
    assert all(-1e-9 <= at <= 1 + 1e-9 for at in marks)


@given(st.floats(1e-200, 1e200), st.floats(0.001, 1e9))
def test_marks_lie_where_they_say(low: float, times: float) -> None:
    """Whatever the size of the numbers: a mark's text is the number of its place."""
    high = low * (1 + times)
    scale = scale_of([low, high], write=repr)
    assert 2 <= len(scale.ticks) <= 8
    for tick in scale.ticks:
        assert math.isclose(tick.at, share_of(float(tick.text), *scale.ends), rel_tol=1e-9, abs_tol=1e-9)
    assert len({tick.text for tick in scale.ticks}) == len(scale.ticks)
