"""Moving SQLite's log (the WAL) into the database file, by ourselves.

SQLite would do so after a commit and tell nobody when the disk fails then. But once an fsync of the database file has
failed, a later success proves nothing: the system may have dropped pages that an earlier, partial move had written and
that SQLite takes for done. The log still has them, so this process ends at once and leaves it alone: the next one reads
the whole log anew. See https://www.sqlite.org/walformat.html for what is read here.
"""

import logging
import os
import sqlite3
import struct
from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

logger = logging.getLogger(__name__)

PAGES = 1_000  # in the log, before it is moved
EXIT_STATUS = 74  # what systems call EX_IOERR
_HEADER, _FRAME = struct.Struct(">8xI4x8s"), struct.Struct(">8x8s")
_HEADER_SIZE, _FRAME_SIZE = 32, 24
_IN_DOUBT = frozenset({sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC})


class Log:
    """The log of one database file."""

    def __init__(self, database: Path) -> None:
        self._path = database.with_name(f"{database.name}-wal")
        self._told = False

    def is_long(self) -> bool:
        """Whether it holds many pages that were not moved when it was begun anew last."""
        try:
            fd = os.open(self._path, os.O_RDONLY)
        except OSError:
            return False
        try:
            page_size, salt = _HEADER.unpack(os.pread(fd, _HEADER.size, 0))
            frame = os.pread(fd, _FRAME.size, _HEADER_SIZE + (PAGES - 1) * (_FRAME_SIZE + page_size))
            return bool(_FRAME.unpack(frame)[0] == salt)  # frames of an earlier round have another salt
        except (OSError, struct.error):
            return False
        finally:
            os.close(fd)

    def move(self, engine: Engine) -> None:
        """Move what no reader holds back. The caller keeps writers out, and does not depend on it."""
        try:
            pooled = engine.raw_connection()
            try:
                pooled.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)").fetchall()
            finally:
                pooled.close()
        except sqlite3.Error as error:
            if error.sqlite_errorcode in _IN_DOUBT:
                _end(error)
            self._tell(error)
        except SQLAlchemyError as error:
            self._tell(error)

    def _tell(self, error: Exception) -> None:
        if not self._told:
            self._told = True
            logger.warning("%s cannot be moved into the database now (%s); it grows meanwhile.", self._path, error)


def _end(error: Exception) -> None:
    """End the process without closing anything: a database that is closed would be taken for sound."""
    logger.critical("The disk failed under the database (%s). Nothing is lost if the server is started anew.", error)
    os._exit(EXIT_STATUS)
