"""Values of metrics, written as the label `{metric: {"format_string": ...}}` of their run says.

`static/js/charts/formats.js` is its twin for what charts show.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from markupsafe import Markup

from mbox_ops.entities.instants import to_text
from mbox_ops.entities.runs import Run
from mbox_ops.server.ui.formats import duration, short_number, text

_PRINTF = re.compile(r"%([-+ 0]*)(\d{1,2})?(?:\.(\d{1,2}))?([dieEfFgG%])")
_LONGEST = 64
_WIDEST, _FINEST = 40, 20
_UNITS = ("B", "KiB", "MiB", "GiB", "TiB", "PiB")
_SYSTEM = (("_bytes", "bytes"), ("_bytes_per_second", "bytes"), ("_percent", "%.1f %%"))


def format_of(labels: Mapping[str, Any], metric: str) -> str:
    """The format string of a metric; empty where nothing says one."""
    label = labels.get(metric)
    given = label.get("format_string") if isinstance(label, dict) else None
    if isinstance(given, str):
        return given
    if metric.startswith("system/"):
        return next((form for ending, form in _SYSTEM if metric.endswith(ending)), "")
    return ""


def shared_format(metric: str, runs: Iterable[Run]) -> str:
    """The format that the first run which says one gives a metric."""
    return next((form for run in runs if (form := format_of(run.labels, metric))), "")


def metric_text(value: float | str | None, form: str = "") -> str:
    """A value as a person reads it; text as it is."""
    number = _number(value)
    if number is None:
        return "" if value is None else str(value)
    if number != number or number in (float("inf"), float("-inf")):
        return short_number(number)
    if form in _NAMED:
        return _NAMED[form](number)
    if "%" in form:
        return _PRINTF.sub(lambda found: _printed(found, number), form[:_LONGEST])
    return short_number(number)


def metric_value(value: float | str | None, form: str = "") -> Markup:
    """The same, with the exact value in the title; text is cut there where it is long."""
    if isinstance(value, str) and _number(value) is None:
        return text(value)
    shown = metric_text(value, form)
    if value is None or shown == str(value):
        return Markup("{}").format(shown)
    return Markup('<span title="{}">{}</span>').format(value, shown)


def _number(value: float | str | None) -> float | None:
    if value is None or (isinstance(value, str) and value not in ("NaN", "Infinity", "-Infinity")):
        return None
    return float(value)


def _printed(found: re.Match[str], number: float) -> str:
    flags, width, precision, kind = found.groups()
    if kind == "%":
        return "%"
    size = "" if precision is None else f".{min(int(precision), _FINEST)}"
    room = min(int(width or 0), _WIDEST) or ""
    return f"%{flags}{room}{'' if kind in 'di' else size}{kind}" % (int(number) if kind in "di" else number)


def _bytes(number: float) -> str:
    unit = 0
    while abs(number) >= 1024 and unit < len(_UNITS) - 1:
        number, unit = number / 1024, unit + 1
    return f"{number:.4g} {_UNITS[unit]}"


_NAMED: dict[str, Callable[[float], str]] = {
    "percentage": lambda number: f"{number * 100:.4g} %",
    "number": short_number,
    "scientific": lambda number: f"{number:.3e}",
    "duration": lambda number: f"-{duration(-number)}" if number < 0 else duration(number),
    "bytes": _bytes,
}


def moment(microseconds: int) -> Markup:
    """An instant to the millisecond, since events lie close together; the exact one in the title."""
    exact = to_text(microseconds)
    return Markup('<time datetime="{0}" title="{0}">{1} {2}</time>').format(exact, exact[:10], exact[11:23])


FILTERS = {"metric": metric_value, "moment": moment}
