"""The record of what was done with deletions: who, what, when, how much."""

from datetime import datetime
from typing import Literal

import msgspec

AuditAction = Literal["created", "undone", "purge_requested", "purge_started", "purge_step", "purge_finished"]


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was done. Entries are added and never changed, also when the runs are long gone.

    Attributes:
        action: each transaction of a purge that drops runs for good is a `purge_step`.
        by: the name of the token; `service` is the service itself.
        counts: how much of what: a creation and an undo count runs, checkpoints, points, events, artifacts and bytes, a
            step and the end of a purge count runs.
    """

    at: datetime
    deletion_id: str
    action: AuditAction
    by: str
    counts: dict[str, int]


class AuditQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of entries, oldest first."""

    limit: int = 100
    cursor: str | None = None
