"""A limit on how long a reading transaction looks for something: whatever is asked, it ends."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

_STEPS = 20_000  # of SQLite's machine, between two looks at the clock: about a millisecond
_CANCELLED = "57014"


class OutOfTimeError(Exception):
    """A statement took too long and was stopped."""


@contextmanager
def limited(conn: Connection, seconds: float) -> Iterator[None]:
    """Stop what is read meanwhile when it takes too long: all of it together on SQLite, one statement on PostgreSQL.

    Raises:
        OutOfTimeError: it was stopped; the transaction is over.
    """
    driver: Any = conn.connection.driver_connection
    if conn.dialect.name == "sqlite":
        ends = time.monotonic() + seconds
        driver.set_progress_handler(lambda: time.monotonic() > ends, _STEPS)
    else:
        conn.exec_driver_sql(f"SET LOCAL statement_timeout = {max(1, int(seconds * 1_000))}")
    try:
        yield
    except DBAPIError as error:
        if _was_stopped(error.orig):
            raise OutOfTimeError from error
        raise
    finally:
        if conn.dialect.name == "sqlite":
            driver.set_progress_handler(None, 0)


def _was_stopped(error: BaseException | None) -> bool:
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT
    return getattr(error, "sqlstate", None) == _CANCELLED
