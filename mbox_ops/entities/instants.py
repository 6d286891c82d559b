"""Instants: int64 microseconds since 1970 UTC inside, aware datetimes and RFC 3339 text outside."""

import re
from datetime import UTC, datetime, timedelta

from mbox_ops.errors import InvalidRequest

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EARLIEST = -62_135_596_800_000_000  # 0001-01-01T00:00:00Z
LATEST = 253_402_300_799_999_999  # 9999-12-31T23:59:59.999999Z
INT64 = 2**63

_RFC_3339 = re.compile(
    r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)?)?", re.ASCII
)  # fmt: skip


def to_datetime(microseconds: int) -> datetime:
    """The instant as an aware datetime in UTC, exactly."""
    return EPOCH + timedelta(microseconds=microseconds)


def to_text(microseconds: int) -> str:
    """The instant as RFC 3339 text in UTC, such as `2026-01-31T12:00:00.000001Z`."""
    return to_datetime(microseconds).isoformat(timespec="microseconds").replace("+00:00", "Z")


def to_microseconds(instant: datetime) -> int:
    """The microseconds of an aware datetime, exactly."""
    since = datetime.__sub__(instant, EPOCH)  # pendulum, which Airflow gives, makes something else of `-`
    return since // timedelta(microseconds=1)


def from_text(text: str) -> int | None:
    """The instant of a date or time of RFC 3339, in microseconds; None if the text is none.

    A date is its midnight; the time may lack its seconds, and its zone, which is UTC then; digits after the sixth of a
    fraction are dropped.

    >>> from_text("2026-11-21T10:00") == from_text("2026-11-21 12:00:00.0+02:00")
    True
    """
    if text[4:5] != "-" or not _RFC_3339.fullmatch(text):
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:  # no day of the calendar
        return None
    microseconds = to_microseconds(found if found.tzinfo else found.replace(tzinfo=UTC))
    return microseconds if EARLIEST <= microseconds <= LATEST else None


def check_instant(field: str, microseconds: int) -> int:
    """`microseconds`, if a datetime can stand for it.

    Raises:
        InvalidRequest: it lies outside the years 1 to 9999.
    """
    if EARLIEST <= microseconds <= LATEST:
        return microseconds
    raise InvalidRequest(
        f"{field} is {microseconds}; it takes microseconds since 1970 UTC in the years 1 to 9999.",
        field=field, limit=[EARLIEST, LATEST], value=str(microseconds),
    )  # fmt: skip
