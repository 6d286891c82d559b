"""What the service will never take: kept on this machine with the reason, for people to look at."""

import time
from pathlib import Path

from mbox_ops.errors import MboxError
from mbox_ops.wire.encodings import JSON, encode


class Refused:
    """A folder of refused batches: `<producer>-<seq>.batch` is the body, `.json` beside it says why.

    Args:
        folder: made at the first refusal.
        limit: bytes; beyond them a refused batch is only counted.
    """

    def __init__(self, folder: Path, limit: int = 100 << 20) -> None:
        self._folder = folder
        self._limit = limit

    def keep(self, producer: str, seq: int, body: bytes, error: MboxError) -> Path | None:
        """Keep a batch; None if the folder is full or cannot be written."""
        path = self._folder / f"{producer}-{seq:08d}.batch"
        reason = {"code": error.code, "message": str(error), "details": error.details, "refused_at": time.time()}
        try:
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._used() + len(body) > self._limit:
                return None
            path.write_bytes(body)
            path.with_suffix(".json").write_bytes(encode(reason, JSON))
        except OSError:
            return None
        return path

    def _used(self) -> int:
        return sum(entry.stat().st_size for entry in self._folder.iterdir())
