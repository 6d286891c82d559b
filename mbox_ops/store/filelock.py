"""A lock on a database file, so that it has one server; the system drops it when the process dies."""

import sys
from pathlib import Path

from mbox_ops.errors import Unavailable

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl


class FileLock:
    """A lock beside a file, held from here on.

    Raises:
        Unavailable: another process holds it.
    """

    def __init__(self, path: Path) -> None:
        beside = path.with_name(f"{path.name}.lock")
        self._file = beside.open("a+")
        try:
            if sys.platform == "win32":
                msvcrt.locking(self._file.fileno(), msvcrt.LK_NBLCK, 1)
            else:
                fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            self._file.close()
            raise Unavailable(
                f"Another server is using {path} (it holds {beside.name}). Stop it, or give this one another file with"
                " MBOX_DATABASE_URL; several servers need PostgreSQL.",
                path=str(path),
            ) from None

    def release(self) -> None:
        """Let others have it."""
        self._file.close()
