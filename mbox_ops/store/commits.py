"""What goes with a transaction: process-local memory may only learn what the database really holds."""

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection

_KEY = "mbox_after_commit"
_NOTES = "mbox_notes"


def collect(conn: Connection) -> list[Callable[[], None]]:
    """Begin to collect what this transaction wants done after its commit; the caller commits, then calls each."""
    waiting: list[Callable[[], None]] = []
    conn.info[_KEY] = waiting
    conn.info[_NOTES] = {}
    return waiting


def after(conn: Connection, call: Callable[[], None]) -> None:
    """Have `call` called after the commit; never, if the transaction fails or nobody collects."""
    conn.info.setdefault(_KEY, []).append(call)


def notes(conn: Connection) -> dict[str, Any]:
    """What this transaction keeps for its own end; empty when it begins."""
    found: dict[str, Any] = conn.info.setdefault(_NOTES, {})
    return found
