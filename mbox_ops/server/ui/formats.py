"""How values look on pages: short in sight, exact in the title. Each gives HTML that is escaped."""

import math
from datetime import UTC, datetime
from typing import Any

from markupsafe import Markup, escape

from mbox_ops.search.showing import text_literal

_UNITS = ((86_400 * 365, "year"), (86_400 * 30, "month"), (86_400, "day"), (3_600, "hour"), (60, "minute"))
_STATES = {
    "RUNNING": ("running", "\N{BLACK RIGHT-POINTING SMALL TRIANGLE}"),
    "FINISHED": ("finished", "\N{CHECK MARK}"),
    "FAILED": ("failed", "\N{MULTIPLICATION X}"),
    "KILLED": ("killed", "\N{BLACK SQUARE}"),
    "LOST": ("lost", "?"),
}
# Adding to these escapes what is no HTML yet; `Markup.format` would take four times as long for a thousand cells.
_CUT, _END = Markup('<bdi class="cut" title="'), Markup("</bdi>")
_TITLED, _TITLE, _SHOWN, _SPAN_END = Markup('<span title="'), Markup('" title="'), Markup('">'), Markup("</span>")
_TIME, _TIME_END = Markup('<time datetime="'), Markup("</time>")
_DIGITS = 5
_WIDEST_INTEGER = 1e9
_ROOM = 1_000_000  # characters in all cells of a page together
_LEAST_ROOM = 120  # more than can be seen of a cell


def time(value: datetime | None, *, now: datetime | None = None) -> Markup:
    """An instant: how long ago, with the exact one in the title."""
    if value is None:
        return Markup("")
    exact = value.astimezone(UTC)
    iso = exact.isoformat().replace("+00:00", "Z")
    title = exact.strftime("%Y-%m-%d %H:%M:%S.%f UTC")
    return _TIME + iso + _TITLE + title + _SHOWN + ago(exact, now or datetime.now(UTC)) + _TIME_END


def ago(value: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that is full; within a minute `just now`."""
    seconds = (now - value).total_seconds()
    for size, unit in _UNITS:
        count = int(abs(seconds) // size)
        if count:
            text = f"{count} {unit}{'s' if count > 1 else ''}"
            return f"{text} ago" if seconds > 0 else f"in {text}"
    return "just now"


def duration(seconds: float | None) -> str:
    """A length of time in at most two units."""
    if seconds is None:
        return ""
    if seconds < 1:
        return f"{seconds * 1_000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.3g} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    days, hours = divmod(hours, 24)
    return f"{days} d {hours} h" if hours else f"{days} d"


def short_number(value: float | str | None) -> str:
    """A number in five significant digits; `NaN` and the infinities as signs; whole numbers whole."""
    if value is None:
        return ""
    number = float(value)
    if math.isnan(number):
        return "NaN"
    if math.isinf(number):
        return "\N{INFINITY}" if number > 0 else "\N{MINUS SIGN}\N{INFINITY}"
    if number == int(number) and abs(number) < _WIDEST_INTEGER:
        return f"{int(number)}"
    return f"{number:.{_DIGITS}g}"


def number(value: float | str | None) -> Markup:
    """The same, with all digits in the title where some are not shown."""
    short = short_number(value)
    exact = "" if value is None else str(value)
    if exact in (short, f"{short}.0"):
        return escape(short)
    return _TITLED + escape(exact) + _SHOWN + escape(short) + _SPAN_END


def count(value: int) -> str:
    """A whole number with its thousands parted by thin blanks."""
    return f"{value:,}".replace(",", "\N{NARROW NO-BREAK SPACE}")


def size(value: int) -> str:
    """Bytes in the unit that leaves one to three digits before the point."""
    amount = float(value)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if amount < 999.5 or unit == "TB":
            break
        amount /= 1_000
    digits = f"{amount:.0f}" if amount >= 100 else f"{amount:.3g}"
    return f"{digits}\N{NARROW NO-BREAK SPACE}{unit}"


def state(status: str) -> Markup:
    """A state: a sign, a word and a colour."""
    kind, sign = _STATES.get(status, ("other", ""))
    return Markup('<span class="state state-{}"><span aria-hidden="true">{}</span> {}</span>').format(
        kind, sign, status.capitalize()
    )


def text(value: Any, most: int | None = None) -> Markup:
    """A user's text, isolated so that its direction and its controls stay its own; cut by the stylesheet, whole in the
    title. Where there is room for no more than `most` characters of it, it ends with an ellipsis."""
    whole = str(value)
    shown = escape(whole if most is None or len(whole) <= most else f"{whole[: most - 1]}\N{HORIZONTAL ELLIPSIS}")
    return _CUT + shown + _SHOWN + shown + _END


def room(cells: int) -> int:
    """How many characters of a text each of so many cells has room for: no page grows beyond a few megabytes."""
    return max(_LEAST_ROOM, _ROOM // max(cells, 1))


FILTERS = {
    "literal": text_literal, "time": time, "duration": duration, "number": number, "count_of": count, "size": size,
    "state": state, "text": text,
}  # fmt: skip
