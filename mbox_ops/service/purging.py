"""Purging: what deletions took is dropped for good, by one worker, in small transactions that let writers go first.

It goes on where it was broken off, whatever broke it off: every transaction leaves the deletion such that the next one
finds what is left.
"""

import time
from collections.abc import Callable
from functools import partial

from mbox_ops.entities.deletions import DeletionState, Left
from mbox_ops.service.clock import Clock
from mbox_ops.store import audit, deletions, purging, space
from mbox_ops.store.database import Connection, Database, Dialect

# What a transaction takes once it has its turn, but for its commit; on SQLite it ends before that if writers wait.
_SLICE_SECONDS: dict[Dialect, float] = {"sqlite": 0.006, "postgresql": 0.05}
_KEPT_PAGES = 2_560  # 10 MiB
_SECONDS_FOR_SPACE = 2.0
_LONGEST_REST = 0.25  # seconds


class Purging:
    """The purging of a service's deletions."""

    def __init__(self, database: Database, *, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    def run(self, *, seconds: float) -> int:
        """Purge what was asked for and what is past its undo window; returns how many deletions that finished.

        Nothing is done while another server of the same database is at it.

        Args:
            seconds: about how long to work; what is left is for the next call.
        """
        ends = time.monotonic() + seconds
        with self._database.read() as conn:
            due = purging.due(conn, now=self._clock.now())
        if not due:
            return 0
        finished = 0
        with purging.alone(self._database) as is_mine:
            for row in due if is_mine else ():
                finished += self._purge(row, ends)
                if time.monotonic() >= ends:
                    break
        return finished

    def left(self) -> list[Left]:
        """How many deletions there are in each state, and how many runs of theirs are still there."""
        with self._database.read() as conn:
            return purging.left(conn)

    def give_space_back(self) -> int:
        """Give what purges left of an SQLite file back, but for some pages that are soon needed; returns how many."""
        return space.give_back(self._database, keep=_KEPT_PAGES, seconds=_SECONDS_FOR_SPACE)

    def _purge(self, row: int, ends: float) -> bool:
        is_first = True
        while True:
            state, began = self._slice(row, is_first=is_first)
            self._database.move_log()
            if state is not None:
                return state == "PURGED"
            is_first = False
            if time.monotonic() >= ends:
                return False
            # Writers go first, to the disk too: it rests the longer, the slower that is.
            time.sleep(min(2 * (time.monotonic() - began), _LONGEST_REST))

    def _slice(self, row: int, *, is_first: bool) -> tuple[DeletionState | None, float]:
        """One transaction.

        Returns:
            The state that the deletion is left in, None while there is more to drop; and when it had its turn.
        """
        with self._database.write(moves_log=False) as conn:
            began = time.monotonic()
            state = self._step(conn, row, self._is_over(began), is_first=is_first)
        return state, began

    def _is_over(self, began: float) -> Callable[[], bool]:
        ends = began + _SLICE_SECONDS[self._database.dialect]
        return lambda: self._database.is_awaited() or time.monotonic() >= ends

    def _step(self, conn: Connection, row: int, is_over: Callable[[], bool], *, is_first: bool) -> DeletionState | None:
        now = self._clock.now()
        state = purging.claim(conn, deletion_id=row)
        if state != "PURGING":
            return state or "PURGING"  # others hold it: the next call looks again
        noted = partial(audit.add, conn, deletion_id=row, by=audit.SERVICE, now=now)
        if is_first and not audit.has(conn, deletion_id=row, action="purge_started"):
            noted(action="purge_started", counts={})
        dropped = purging.purge_slice(conn, deletion_id=row, is_over=is_over)
        if dropped:
            noted(action="purge_step", counts={"runs": dropped})
        if dropped is not None:
            return None
        noted(action="purge_finished", counts={"runs": 0} | audit.steps(conn, deletion_id=row))
        deletions.set_state(conn, deletion_id=row, state="PURGED", finished_at=now)
        return "PURGED"
