"""Moving SQLite's log (the WAL) into the database file, by ourselves.

SQLite would do so after a commit and tell nobody when the disk fails then. But once an fsync of the database file has
failed, a later success proves nothing: the system may have dropped pages that an earlier, partial move had written and
that SQLite takes for done. The log still has them, so this process ends at once and leaves it alone: the next one reads
the whole log anew. See https://www.sqlite.org/walformat.html for what is read here.

What that next process finds in the log may be in the system's memory only: the end of it may be what an fsync failed
for. If it went on behind that, a power cut would leave a gap in the log, and all behind the gap would be lost. So a
server begins by writing the log that it finds once more (`make_whole`).
"""

import logging
import math
import os
import sqlite3
import struct
import sys
import threading
import time
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from mbox_ops.errors import InternalError, Unavailable
from mbox_ops.store.failures import meaning_of

logger = logging.getLogger(__name__)

PAGES = 1_000  # in the log, before a writer moves it
TENDED_PAGES = 2_000  # before who tends it does: seldom, because writers' own syncs wait for that of the database file
_PATIENCE = 1_000  # milliseconds
_TENDED = 1.0  # seconds after which somebody who tended the log is taken to be done
EXIT_STATUS = 74  # what systems call EX_IOERR
_HEADER, _FRAME = struct.Struct(">8xI4x8s"), struct.Struct(">8x8s")
_HEADER_SIZE, _FRAME_SIZE = 32, 24
_IN_DOUBT = frozenset({sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC})


class Log:
    """The log of one database file."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}-wal")
        self._told = False
        self._moving = threading.Lock()
        self._tended_at = -math.inf

    def is_long(self, pages: int = PAGES) -> bool:
        """Whether it holds so many pages that were not moved when it was begun anew last."""
        try:
            with self._path.open("rb", buffering=0) as file:
                page_size, salt = _HEADER.unpack(file.read(_HEADER.size))
                file.seek(_HEADER_SIZE + (pages - 1) * (_FRAME_SIZE + page_size))
                return bool(_FRAME.unpack(file.read(_FRAME.size))[0] == salt)  # frames of an earlier round have another
        except (OSError, struct.error):  # it is not there, or shorter
            return False

    def is_too_long(self) -> bool:
        """Whether a writer has to move it, while others wait; as long as somebody tends it, that is for him to do."""
        is_tended = time.monotonic() - self._tended_at < _TENDED
        return self.is_long(4 * TENDED_PAGES if is_tended else PAGES)

    def tend(self, engine: Engine) -> None:
        """Move it beside writers when it is long; whoever changes many pages does so after each transaction."""
        self._tended_at = time.monotonic()
        if self.is_long(TENDED_PAGES):
            self.move(engine)

    def move(self, engine: Engine, *, cut: bool = False) -> None:
        """Move what no reader holds back, unless another thread is at it.

        If the caller keeps writers out, the log can be begun anew afterwards.

        Args:
            cut: take the log's space on the disk away too, if no reader needs it any more within a second.
        """
        if not self._moving.acquire(blocking=cut):
            return
        try:
            pooled = engine.raw_connection()
            try:
                cursor = pooled.cursor()
                cursor.execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
                if cut:
                    (patience,) = cursor.execute("PRAGMA busy_timeout").fetchone()
                    cursor.execute(f"PRAGMA busy_timeout = {_PATIENCE}")
                    try:
                        cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
                    finally:
                        cursor.execute(f"PRAGMA busy_timeout = {patience}")
            finally:
                pooled.close()
        except sqlite3.Error as error:
            if error.sqlite_errorcode in _IN_DOUBT:
                _end(error)
            self._tell(error)
        except SQLAlchemyError as error:
            self._tell(error)
        finally:
            self._moving.release()

    def _tell(self, error: Exception) -> None:
        if not self._told:
            self._told = True
            logger.warning("%s cannot be moved into the database now (%s); it grows meanwhile.", self._path, error)


def make_whole(database: Path) -> None:
    """Write the log that another process left once more, byte for byte, and move it into the database.

    Nothing is done where a third process has the database open: it has read the log already.

    Raises:
        InternalError: the file is damaged, or no database.
    """
    log = database.with_name(f"{database.name}-wal")
    if not log.exists() or not log.stat().st_size:
        return
    connection = sqlite3.connect(database, isolation_level=None)
    try:
        connection.execute("PRAGMA locking_mode = EXCLUSIVE")
        connection.execute("BEGIN IMMEDIATE")  # from here on nobody else writes
        _write_again(log)
        connection.execute("COMMIT")
    except sqlite3.DatabaseError as error:
        if isinstance(meant := meaning_of(error), InternalError):
            raise meant from error
        if not isinstance(error, sqlite3.OperationalError):
            raise
        logger.warning("%s is left as it is: %s. Is another program using the database?", log, error)
    finally:
        connection.close()  # the last one to close moves the log


def keep_names(folder: Path) -> None:
    """Have the names in a folder survive a power cut; SQLite tries so for its log, and goes on when it cannot.

    Raises:
        Unavailable: the disk failed.
    """
    if sys.platform == "win32":  # which has no such call
        return
    try:
        fd = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)
    except OSError as error:
        raise Unavailable(f"The folder {folder} cannot be synced to the disk: {error.strerror}.") from error


def _write_again(path: Path) -> None:
    try:
        with path.open("r+b", buffering=0) as file:
            at = 0
            while data := file.read(1 << 20):
                file.seek(at)
                at += file.write(data)
                file.seek(at)
            os.fsync(file.fileno())
    except OSError as error:
        _end(error)


def _end(error: Exception) -> None:
    """End the process without closing anything: a database that is closed would be taken for sound."""
    logger.critical("The disk failed under the database (%s). Nothing is lost if the server is started anew.", error)
    os._exit(EXIT_STATUS)
