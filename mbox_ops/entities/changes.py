"""Changes of a namespace, as a feed that is read from a cursor."""

from datetime import datetime
from typing import Literal

import msgspec

Action = Literal["created", "updated", "deleted"]
SubjectKind = Literal["run", "model", "model_version", "checkpoint"]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What one committed write did to one object.

    Attributes:
        cursor: goes on behind this change.
        action: `created` also when a deletion is undone.
        kind: of the object: `run`, `model`, `model_version` or `checkpoint`.
        id: of the object.
        at: the server's time of the write.
        parts: what was written: `metrics`, `parameters`, `tags`, `labels`, `metadata`, `events`, `artifacts`, `uses`,
            `name`, `collection`, `state`, `unique_tags`; `attempt` when a newer attempt has replaced what an older one
            wrote; `undo` and `import` of what has come back or in. A later version may know more of them.
        scenario: the name of the run's scenario after the change; None of what is in none.
        scenario_id: its id.
        name: of the object, as it is when the change is read; None once it is purged, and of what has no name.
        status: of the run, likewise.
    """

    cursor: str
    action: Action
    kind: str
    id: str
    at: datetime
    parts: list[str] = []
    scenario: str | None = None
    scenario_id: str | None = None
    name: str | None = None
    status: str | None = None


class ChangePage(msgspec.Struct, frozen=True, kw_only=True):
    """Some changes, in order.

    Attributes:
        next: the cursor to go on from, whether or not there are changes.
        more: there are further changes already.
    """

    items: list[Change]
    next: str
    more: bool = False


class WatchQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which changes to follow.

    Attributes:
        cursor: behind which change to begin. Without it and without `since`: with what changes from now on.
        since: only changes at that time or later, in microseconds since 1970 UTC.
        kind: only objects of these kinds; repeat it for several.
        scenario: only runs, and their checkpoints, that are in this scenario after the change: its name or id.
        subject: only the object with this id.
    """

    cursor: str | None = None
    since: int | None = None
    kind: list[SubjectKind] | None = None
    scenario: str | None = None
    subject: str | None = None


class ChangeQuery(WatchQuery, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of changes.

    Attributes:
        limit: the most changes that are looked at for the page.
        wait: seconds to wait for a change if there is none yet, 0 to 60.
    """

    limit: int = 100
    wait: int = 0
