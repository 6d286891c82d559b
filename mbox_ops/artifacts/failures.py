"""What a failure of the file system behind the blob store means."""

import errno
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from mbox_ops.errors import StorageFull, Unavailable

log = structlog.get_logger("mbox_ops.artifacts")

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def translated(url: str) -> Iterator[None]:
    """Raise `StorageFull` where there is no room, and `Unavailable` for a store that is away or lacks a file."""
    try:
        yield
    except OSError as error:  # file systems of fsspec raise these; a timeout is one too
        if error.errno in _FULL:
            raise StorageFull("The artifact store is full; it takes uploads again when there is room.") from error
        raise _away(url, error) from error
    except Exception as error:
        if not _is_of_boto(error):
            raise
        raise _away(url, error) from error


def _is_of_boto(error: Exception) -> bool:
    """Whether s3fs let an error of the library below it through."""
    return any(cls.__module__.startswith(("botocore.", "aiobotocore.", "aiohttp.")) for cls in type(error).__mro__)


def _away(url: str, error: Exception) -> Unavailable:
    """What a caller is told: no path, address or key of the store, which are for the log."""
    log.warning("artifact store failed", url=url, error=f"{type(error).__name__}: {error}")
    return Unavailable(f"The artifact store is away or refuses ({type(error).__name__}); the server's log says more.")
