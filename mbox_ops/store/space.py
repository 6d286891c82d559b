"""Space that purged rows leave: given back to the file system in steps small enough to hold up no writer.

SQLite keeps pages that were freed for rows to come, and its file never gets smaller by itself. PostgreSQL's autovacuum
does what is done here.
"""

import time
from collections.abc import Callable

from sqlalchemy import Connection

from mbox_ops.errors import InvalidRequest
from mbox_ops.store.database import Database

Progress = Callable[[int, int], None]

PAGES_A_STEP = 256  # a megabyte; a few milliseconds
_INCREMENTAL = 2  # what `PRAGMA auto_vacuum` answers
_LONGEST_PAUSE = 0.05  # seconds


def free_pages(database: Database) -> int:
    """How many pages of an SQLite file hold nothing; 0 on PostgreSQL, which looks after itself."""
    if database.dialect == "postgresql":
        return 0
    with database.read() as conn:
        return int(conn.exec_driver_sql("PRAGMA freelist_count").scalar_one())


def give_back(database: Database, *, keep: int, seconds: float, progress: Progress | None = None) -> int:
    """Give free pages of an SQLite file back until `keep` are left or the time is up; returns how many went.

    None do of a file that was begun without `auto_vacuum = INCREMENTAL`, by another program.
    """
    first = left = free_pages(database)
    ends = time.monotonic() + seconds
    while left > keep and time.monotonic() < ends:
        began = time.monotonic()
        with database.write() as conn:
            if not _vacuum(conn, min(PAGES_A_STEP, left - keep)):
                break
        database.move_log()
        left = free_pages(database)
        if progress is not None:
            progress(first - left, first - keep)
        time.sleep(min(time.monotonic() - began, _LONGEST_PAUSE))  # writers go first
    return first - left


def compact(database: Database, *, progress: Progress | None = None) -> None:
    """Give all free space back, while the service goes on.

    On PostgreSQL this is `VACUUM (ANALYZE)`, which needs no lock that writers would wait for.

    Args:
        progress: called with (done, total) pages; SQLite only.

    Raises:
        InvalidRequest: another program made the SQLite file, such that it never gets smaller in steps.
    """
    if database.dialect == "postgresql":
        database.vacuum()
        return
    give_back(database, keep=0, seconds=float("inf"), progress=progress)
    database.cut_log()
    with database.read() as conn:
        is_ours = conn.exec_driver_sql("PRAGMA auto_vacuum").scalar_one() == _INCREMENTAL
    if not is_ours:
        raise InvalidRequest(
            "The SQLite file was not made by mbox-ops, so it never gets smaller in steps. Stop the server, and run"
            " `PRAGMA auto_vacuum = INCREMENTAL; VACUUM;` on it once with SQLite's own program.",
            field="database_url",
        )


def _vacuum(conn: Connection, pages: int) -> bool:
    """Give pages back; whether any went."""
    before = conn.exec_driver_sql("PRAGMA freelist_count").scalar_one()
    # Each page that goes is a row of the statement's result, and the driver fetches no row of one without columns.
    for _ in range(pages):
        conn.exec_driver_sql("PRAGMA incremental_vacuum(1)")
    return bool(conn.exec_driver_sql("PRAGMA freelist_count").scalar_one() < before)
