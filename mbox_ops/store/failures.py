"""What a driver's failure means, by its code and never by its text."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from mbox_ops.errors import InternalError, MboxError, StorageFull, Unavailable

_SQLITE_AWAY = frozenset(
    {
        sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM,
    }
)  # fmt: skip
_SQLITE_DAMAGED = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB})
# Classes of SQLSTATE: connection, operator intervention, system error, rollback (deadlock), insufficient resources.
_POSTGRESQL_AWAY = ("08", "57", "58", "40", "53")
_DISK_FULL = "53100"
_POSTGRESQL_DAMAGED = frozenset({"XX001", "XX002"})


@contextmanager
def translated() -> Iterator[None]:
    """Raise what a failure of the database means, as `meaning_of` says; the rest goes through."""
    try:
        yield
    except PoolTimeout as error:
        raise Unavailable("Every connection to the database is in use; try again.") from error
    except DBAPIError as error:
        meant = meaning_of(error.orig)
        if meant is None and error.connection_invalidated:
            meant = _away()
        if meant is None:
            raise
        raise meant from error
    except sqlite3.Error as error:  # of a connection of the driver's own
        meant = meaning_of(error)
        if meant is None:
            raise
        raise meant from error


def meaning_of(driver: BaseException | None) -> MboxError | None:
    """What a driver's error means: the database is away, damaged, or has no room; None: something else."""
    if isinstance(driver, sqlite3.Error):
        code = getattr(driver, "sqlite_errorcode", 0) & 0xFF
        if code == sqlite3.SQLITE_FULL:
            return _full()
        if code in _SQLITE_DAMAGED:
            return _damaged(driver)
        return _away() if code in _SQLITE_AWAY else None
    state = getattr(driver, "sqlstate", None)
    if state == _DISK_FULL:
        return _full()
    if state in _POSTGRESQL_DAMAGED:
        return _damaged(driver)
    lost = state is None and type(driver).__name__ == "OperationalError"
    return _away() if lost or str(state)[:2] in _POSTGRESQL_AWAY else None


def _full() -> StorageFull:
    return StorageFull("The server's disk is full; it takes writes again when there is room.")


def _damaged(error: BaseException | None) -> InternalError:
    return InternalError(
        f"The database is damaged ({error}). Stop the service, keep a copy of the database, and restore a backup;"
        " `mbox doctor` says what is wrong.",
        reason=str(error),
    )


def _away() -> Unavailable:
    return Unavailable("The database is away or busy; try again.")
