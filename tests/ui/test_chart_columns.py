"""What charts make of curves before they draw them: pure functions, called in a browser."""

from typing import Any

import pytest

from mbox_ops.server.ui.static_files import static

CURVE = """({ xs, values, steps = xs, nanStarts = [], nanCounts = [] }) => ({
  run_id: "r", name: "n", kind: "float", total: xs.length, thinned: false, xs: Float64Array.from(xs),
  steps: Float64Array.from(steps), times: Float64Array.from(xs), values: Float64Array.from(values, Number),
  nanStarts: Float64Array.from(nanStarts), nanCounts: Float64Array.from(nanCounts),
})"""


@pytest.fixture
def call(tab: Any) -> Any:
    """Calls code with the functions of a module as `m` and what makes a curve as `curve`."""
    tab.goto("/sign-in")

    def evaluate(module: str, code: str) -> Any:
        path = static(f"js/charts/{module}.js")
        loaded = f"const m = await import('{path}'); const curve = {CURVE};"
        return tab.evaluate(f"async () => {{ {loaded} return {code}; }}")

    return evaluate


def test_points_without_a_place_become_marks(call: Any) -> None:
    """NaN and infinities are marked where they lie; what a logarithm cannot place is counted."""
    given = 'curve({ xs: [0, 1, 2, 3], values: [1, "Infinity", -2, "-Infinity"], nanStarts: [2.5], nanCounts: [7] })'
    placed = call("columns", f"m.place({given}, 4, {{ logX: false, logY: true }})")
    assert placed["trace"] == {"xs": [0], "ys": [1], "hidden": 1}
    assert placed["marks"] == [
        {"curve": 4, "x": 1, "kind": "above", "count": 1},
        {"curve": 4, "x": 3, "kind": "below", "count": 1},
        {"curve": 4, "x": 2.5, "kind": "nan", "count": 7},
    ]
    assert call("columns", f"m.place({given}, 0, {{ logX: true, logY: false }}).trace") == {
        "xs": [2], "ys": [-2], "hidden": 1,
    }  # fmt: skip


def test_a_step_that_was_logged_twice_keeps_both_values(call: Any) -> None:
    """Curves share one x; where one has two points at it, there is room for both."""
    traces = "[{ xs: [1, 1, 3], ys: [10, 99, 30] }, { xs: [1, 2], ys: [5, 6] }]"
    shared = call("columns", f"m.align({traces}).map((column) => Array.from(column, (value) => value ?? null))")
    assert shared == [[1, 1, 2, 3], [10, 99, None, 30], [5, None, 6, None]]


def test_the_marks_of_an_axis_can_be_told_apart(call: Any) -> None:
    """Close together they have more digits than the metric's format says; no more than that takes."""
    assert call("formats", "m.formatMarks([0, 50, 100], '%.1f %%')") == ["0.0 %", "50.0 %", "100.0 %"]
    assert call("formats", "m.formatMarks([57.9, 57.92, 57.94], '%.1f %%')") == ["57.90 %", "57.92 %", "57.94 %"]
    assert call("formats", "m.formatMarks([1, 1], '%d')") == ["1", "1"]


def test_a_band_holds_every_spike(call: Any) -> None:
    """However many points a stretch has, its least and its greatest are the band's edges."""
    xs, ys = list(range(1_000)), [0.0] * 1_000
    ys[777], ys[778] = 50.0, -50.0
    band = call("columns", f"m.envelope({{ xs: {xs}, ys: {ys} }}, 10)")
    assert (max(band["high"]["ys"]), min(band["low"]["ys"])) == (50, -50)
    assert len(band["middle"]["xs"]) <= 11


def test_smoothing_weighs_by_distance(call: Any) -> None:
    """A constant stays what it is, and points that lie closer together count for less."""
    assert call("columns", "m.smooth({ xs: [0, 1, 5], ys: [3, 3, 3] }, 0.9).ys") == pytest.approx([3, 3, 3])
    near, far = call(
        "columns", "[[0, 1, 1.1, 10], [0, 5, 9, 10]].map((xs) => m.smooth({ xs, ys: [0, 0, 1, 1] }, 0.9).ys[2])"
    )
    assert near < far


def test_a_part_of_time_is_asked_for_by_its_steps(call: Any) -> None:
    """Those of the points in it and of their neighbours, of all curves; nothing there, nothing asked."""
    curves = "[curve({ xs: [10, 20, 30, 40], steps: [1, 2, 3, 4], values: [0, 0, 0, 0] })]"
    assert call("curves", f"m.stepsBetween({curves}, 'relative', 15, 32)") == {"first": 1, "last": 4}
    assert call("curves", f"m.stepsBetween({curves}, 'relative', 21, 22)") == {"first": 2, "last": 3}
    assert call("curves", f"m.stepsBetween({curves}, 'step', 1.5, 2.5)") == {"first": 1, "last": 3}
    assert call("curves", f"m.stepsBetween({curves}, 'wallclock', 50, 60)") is None
