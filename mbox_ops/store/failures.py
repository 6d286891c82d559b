"""What a driver's failure means, by its code and never by its text."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from mbox_ops.errors import MboxError, StorageFull, Unavailable

_SQLITE_AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM,
    }
)  # fmt: skip
# Classes of SQLSTATE: connection, operator intervention, system error, rollback (deadlock), insufficient resources.
_POSTGRESQL_AWAY = ("08", "57", "58", "40", "53")
_DISK_FULL = "53100"


@contextmanager
def translated() -> Iterator[None]:
    """Raise `Unavailable` for a database that is away, and `StorageFull` for a full disk; the rest goes through."""
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable("Every connection to the database is in use; try again.") from error
    except DBAPIError as error:
        meant = _meaning(error)
        if meant is None:
            raise
        raise meant from error


def _meaning(error: DBAPIError) -> MboxError | None:
    driver = error.orig
    if isinstance(driver, sqlite3.Error):
        code = getattr(driver, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            return _full()
        return _away() if code in _SQLITE_AWAY else None
    state = getattr(driver, "sqlstate", None)
    if state == _DISK_FULL:
        return _full()
    lost = error.connection_invalidated or (state is None and type(driver).__name__ == "OperationalError")
    return _away() if lost or str(state)[:2] in _POSTGRESQL_AWAY else None


def _full() -> StorageFull:
    return StorageFull("The server's disk is full; it takes writes again when there is room.")


def _away() -> Unavailable:
    return Unavailable("The database is away or busy; try again.")
