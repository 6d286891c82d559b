"""The server's clock: microseconds since 1970 UTC that never go back, over restarts too."""

import threading
import time

from mbox_ops.store import clock as row
from mbox_ops.store.database import Database

BEAT_SECONDS = 5
_GAP = 2 * BEAT_SECONDS * 1_000_000  # microseconds without a beat: the server was down, or held up


class Clock:
    """A clock that is read from the system and never goes back in this process."""

    def __init__(self) -> None:
        self._last = 0
        self._beats = 0
        self._lock = threading.Lock()

    def now(self) -> int:
        """The present instant in microseconds."""
        with self._lock:
            self._last = max(self._last, self.read())
            return self._last

    def read(self) -> int:
        """What the system's clock says; tests give their own."""
        return time.time_ns() // 1_000

    def beat(self, database: Database) -> None:
        """Keep the instant, so that a restarted server does not go back behind it, and note a time without beats.

        The server calls it when it starts and then every `BEAT_SECONDS`.
        """
        with database.write() as conn:
            kept = row.load(conn)
            with self._lock:
                self._last = max(self._last, 0 if kept is None else kept.now)
            now = self.now()
            # A SQLite file has one server, so its first beat begins anew; on PostgreSQL another replica may be up.
            alone = database.dialect == "sqlite" and self._beats == 0
            goes_on = kept is not None and not alone and now - kept.now <= _GAP
            row.save(conn, now=now, up_since=kept.up_since if kept is not None and goes_on else now)
            self._beats += 1
