"""What waits for a commit: process-local memory may only learn what the database really holds."""

from collections.abc import Callable

from sqlalchemy import Connection

_KEY = "mbox_after_commit"


def collect(conn: Connection) -> list[Callable[[], None]]:
    """Begin to collect what this transaction wants done after its commit; the caller commits, then calls each."""
    waiting: list[Callable[[], None]] = []
    conn.info[_KEY] = waiting
    return waiting


def after(conn: Connection, call: Callable[[], None]) -> None:
    """Have `call` called after the commit; never, if the transaction fails or nobody collects."""
    conn.info.setdefault(_KEY, []).append(call)
