"""Time as the client needs it: the wall clock, a clock that also counts sleep, and what users give as a wallclock."""

import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from mbox_ops.entities.instants import check_instant, to_microseconds
from mbox_ops.errors import InvalidRequest


class Clock:
    """The clocks of this host; a test or a simulation passes its own.

    Attributes:
        wall: seconds since 1970 UTC. It may jump.
        monotonic: seconds of a clock that never jumps, for pauses and deadlines.
        sleep: lets so many seconds pass.
        boot: names this boot of the host: ages are comparable within it.
    """

    wall: Callable[[], float] = staticmethod(time.time)
    monotonic: Callable[[], float] = staticmethod(time.monotonic)
    sleep: Callable[[float], None] = staticmethod(time.sleep)

    def __init__(self) -> None:
        self.boot = _boot_id()

    def age(self) -> int:
        """Microseconds since the host booted, suspended time included: the age of an attempt is a difference of two."""
        clock = getattr(time, "CLOCK_BOOTTIME", None)
        return (time.monotonic_ns() if clock is None else time.clock_gettime_ns(clock)) // 1_000


def _boot_id() -> str:
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


def microseconds(wallclock: object, field: str = "wallclock") -> int:
    """An instant that a user gave, in microseconds since 1970 UTC.

    Args:
        wallclock: seconds since 1970 UTC (an int is exact, a float to the microsecond), a datetime (without a zone it
            is local time, as everywhere in Python), or RFC 3339 text (with its offset, as the RFC wants it).
        field: what to call it in the error.

    Raises:
        InvalidRequest: it is none of these, or lies outside the years 1 to 9999.

    >>> microseconds(12345), microseconds("1970-01-01T01:00:00.000001+01:00")
    (12345000000, 1)
    """
    if isinstance(wallclock, str):
        return check_instant(field, to_microseconds(_from_text(wallclock, field)))
    if isinstance(wallclock, datetime):
        return check_instant(field, to_microseconds(wallclock.astimezone() if wallclock.tzinfo is None else wallclock))
    try:
        return check_instant(field, _from_seconds(wallclock))
    except (TypeError, ValueError, OverflowError, AttributeError):
        raise InvalidRequest(
            f"{field} takes seconds since 1970 UTC, a datetime or RFC 3339 text, not {wallclock!r:.80}.",
            field=field, value=wallclock,
        ) from None  # fmt: skip


def _from_seconds(given: Any) -> int:
    if type(given).__name__ in ("bool", "bool_") or given is None:
        raise TypeError
    if hasattr(type(given), "__index__"):
        return int(given.__index__()) * 1_000_000
    return round(float(given) * 1_000_000)


def _from_text(text: str, field: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text.strip().upper())
    except ValueError:
        instant = None
    if instant is None or instant.tzinfo is None:
        raise InvalidRequest(
            f"{field} as text must be RFC 3339 with its offset, such as 2026-01-31T12:00:00Z, not {text[:80]!r}.",
            field=field, value=text,
        )  # fmt: skip
    return instant
