"""Undoing a deletion, also where runs that live now have taken the keys of those that come back."""

from typing import TYPE_CHECKING

from mbox_ops.entities.deletions import Deletion, UndoDeletion
from mbox_ops.entities.limits import Limits, check_text
from mbox_ops.errors import Conflict, InvalidRequest
from mbox_ops.service.choosing import LISTED
from mbox_ops.store import deletions

if TYPE_CHECKING:
    from sqlalchemy import Connection


def check(request: UndoDeletion, limits: Limits) -> None:
    """Check what was asked for.

    Raises:
        InvalidRequest: the suffix is none that a key may end in.
    """
    if request.key_suffix is not None:
        check_text("key_suffix", request.key_suffix, most=limits.key)


def undo(conn: "Connection", row: int, deletion: Deletion, request: UndoDeletion, limits: Limits, *, now: int) -> None:
    """Bring the runs of a deletion back.

    Raises:
        Conflict: it is undone or purged, or keys of its runs have been taken.
        InvalidRequest: a key would be too long.
    """
    if deletion.state != "TOMBSTONED":
        raise Conflict(
            f"Deletion {deletion.id!r} is {deletion.state}; only one that is TOMBSTONED can be undone.",
            state=deletion.state,
        )
    deletions.hold(conn, deletion_id=row)
    deletions.announce(conn, deletion_id=row, action="created", now=now, parts=["undo"])
    if request.key_suffix is not None:
        _rename(conn, row, request.key_suffix, limits)
    if not deletions.restore(conn, deletion_id=row):
        raise _taken(conn, row, deletion, request.key_suffix)
    deletions.set_state(conn, deletion_id=row, state="UNDONE", finished_at=now)


def _rename(conn: "Connection", row: int, suffix: str, limits: Limits) -> None:
    longest = max((len(twin.key) for twin in deletions.twins(conn, deletion_id=row, limit=None)), default=0)
    if longest and longest + len(suffix) > limits.key:
        raise InvalidRequest(
            f"key_suffix is {len(suffix)} characters long, and with it a key would have {longest + len(suffix)}; the "
            f"limit is {limits.key}.",
            field="key_suffix", limit=limits.key - longest, value=suffix,
        )  # fmt: skip
    deletions.rename_twins(conn, deletion_id=row, suffix=suffix)


def _taken(conn: "Connection", row: int, deletion: Deletion, suffix: str | None) -> Conflict:
    twins = deletions.twins(conn, deletion_id=row, limit=LISTED)
    live = [twin.live for twin in twins]
    if not twins:
        return Conflict(
            f"Deletion {deletion.id!r} cannot be undone: with the suffix {suffix!r} two of its runs get one key. "
            "Give another suffix."
        )
    way_out = (
        "Delete those first, or give a key_suffix: the runs come back under their keys with it behind them."
        if suffix is None
        else f"So it is with the suffix {suffix!r}: give another one."
    )
    return Conflict(
        f"Deletion {deletion.id!r} cannot be undone: runs that live now have taken the keys of its runs: "
        f"{', '.join(live[:5])}{', ...' if len(live) > 5 else ''}. {way_out}",
        twins=live,
        taken=[{"key": twin.key, "run_id": twin.gone, "twin": twin.live} for twin in twins],
    )
