"""A lock on a file that the system drops when its owner dies."""

import os
import sys
from pathlib import Path

if sys.platform != "win32":
    import fcntl


def take_lock(path: Path) -> int | None:
    """Lock the file at `path`, made if it is not there; the open descriptor holds the lock, None: another holds it.

    Raises:
        OSError: the folder cannot be written, or its file system has no locks, or this is Windows.
    """
    if sys.platform == "win32":
        raise OSError("there is no spool on Windows")
    while True:
        fd = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except (BlockingIOError, PermissionError):
            os.close(fd)
            return None
        except OSError:
            os.close(fd)
            raise
        try:
            if os.path.samestat(os.fstat(fd), path.stat()):
                return fd
        except FileNotFoundError:
            pass
        os.close(fd)  # its owner removed it while we waited for the lock: look again
