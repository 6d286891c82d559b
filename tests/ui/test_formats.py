"""Values of metrics, as tables and charts write them."""

from typing import Any

import pytest

from mbox_ops.server.ui.metric_formats import format_of, metric_text
from mbox_ops.server.ui.static_files import static

FORMATS = [
    "", "number", "percentage", "scientific", "duration", "bytes", "nothing known", "%.3f", "%d", "%+.2e", "%8.3f|",
    "%-8.2f|", "%08.2f", "% d", "%g", "%.10G", "%.1f %% of all", "%d of %d", "%", "%99.99f", "%s",
]  # fmt: skip
VALUES = [
    0.0, 1.0, -1.0, 0.1, 0.123456789, 1234.5678, 98765.4321, 123456.789, 1e-5, -2.3456e-7, 4.2e9, 1_048_576.0, 3e12,
    59.9, 61.2, 3_600.0, 100_000.0, 900_000.0, -90.0, float("nan"), float("inf"), float("-inf"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("value", "form", "text"),
    [
        (0.9312, "percentage", "93.12 %"),
        (1234.5678, "scientific", "1.235e+03"),
        (93.0, "duration", "1 min 33 s"),
        (-93.0, "duration", "-1 min 33 s"),
        (1536.0, "bytes", "1.5 KiB"),
        (0.5, "%.3f of it", "0.500 of it"),
        (7.9, "%03d", "007"),
        (1.0, "%999f", "%999f"),
        ("NaN", "%.2f", "NaN"),
        ("Infinity", "bytes", "\N{INFINITY}"),
        ("good", "%.2f", "good"),
        (None, "", ""),
    ],
)
def test_a_label_says_how_values_are_written(value: float | str | None, form: str, text: str) -> None:
    """By name, or as C's printf would; text and what is no number stay what they are."""
    assert metric_text(value, form) == text


def test_charts_write_values_as_tables_do(tab: Any, namespace: str) -> None:
    """The two ways agree, so that no number changes its look between a table and the cursor of its chart."""
    tab.goto(f"/sign-in?namespace={namespace}")
    script = """async ([path, formats, values]) => {
      const { formatNumber } = await import(path);
      return formats.map((format) => values.map((value) => formatNumber(Number(value), format)));
    }"""
    shown = tab.evaluate(script, [static("js/charts/formats.js"), FORMATS, list(map(repr_js, VALUES))])
    assert shown == [[metric_text(value, form) for value in VALUES] for form in FORMATS]


def repr_js(value: float) -> str:
    """A number as JavaScript reads it from text."""
    return {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}.get(repr(value), repr(value))


def test_system_metrics_have_formats_by_themselves() -> None:
    """By the end of their names; a label wins."""
    assert format_of({}, "system/memory_bytes") == "bytes"
    assert format_of({"system/memory_bytes": {"format_string": "number"}}, "system/memory_bytes") == "number"
    assert format_of({"loss": {"format_string": 7}}, "loss") == ""
