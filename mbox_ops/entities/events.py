"""Events: something that happened at an instant."""

from datetime import datetime
from typing import Any

import msgspec


class EventRecord(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """An event as it is written.

    Attributes:
        name: 1-256 characters.
        source: who says so, 1-256 characters.
        wallclock: the caller's time in microseconds since 1970 UTC; the server's time if it is not given.
        metadata: any JSON document within the limits of metadata.
    """

    name: str
    source: str
    wallclock: int | None = None
    metadata: dict[str, Any] = {}


class StoredEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it is read back; `wallclock` is in microseconds since 1970 UTC, as the caller gave it."""

    id: str
    parent_id: str
    name: str
    source: str
    wallclock: int
    received_at: datetime
    metadata: dict[str, Any]


class EventQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events to read: ordered by wallclock, `since` (microseconds, inclusive) on."""

    since: int | None = None
    name: str | None = None
    source: str | None = None
    limit: int = 100
    cursor: str | None = None
