"""The thread behind the listener: looks at DAG runs in Airflow's database, and tells the service what is new."""

from __future__ import annotations

import logging
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import requests  # noqa: F401  # HttpApi would import it at its first call
from airflow.sdk.observability import stats

import mbox_ops.settings  # noqa: F401  # the hook would, when it is asked
from mbox_airflow import dag_runs
from mbox_airflow.hooks import MboxHook
from mbox_airflow.watch import Watch
from mbox_ops.client.http import HttpApi
from mbox_ops.errors import Forbidden, InternalError, MboxError, Unauthenticated, Unavailable

if TYPE_CHECKING:
    from mbox_airflow.facts import DagRunKey
    from mbox_airflow.listener import Inbox, Options
    from mbox_ops.settings import ClientSettings

WATCHES = 10_000
SOON = 0.5  # seconds between looks in a hurry
FIRST_PAUSE = 0.5  # seconds, while the service is away; it doubles
LONGEST_PAUSE = 3  # intervals
SILENCE = 10.0  # seconds that the service may take for an answer
REMEMBERED = 60.0  # seconds that a connection is
DUTY = 20  # a look that takes a second is followed by so many without one
AWAY = (Unavailable, InternalError, Unauthenticated, Forbidden)  # people may mend a token, too

log = logging.getLogger(__name__)


class Watcher:
    """Follows the DAG runs that it hears of until they have ended and the service knows it.

    Args:
        inbox: where it hears of them.
        options: which ones it follows, how, and where to.

    Attributes:
        idle: set after each turn that leaves no DAG run in a hurry; who waits for it clears it first.
        lost: how many notes and DAG runs found no room. They are looked for afterwards.
    """

    def __init__(self, inbox: Inbox, options: Options) -> None:
        self._inbox, self._options = inbox, options
        self._watches: dict[DagRunKey, Watch] = {}
        self.idle = threading.Event()
        self.lost = self._dropped = 0
        self._behind, self._known_since = True, datetime.now(UTC)
        self._away_until = self._pause = 0.0
        self._longest = LONGEST_PAUSE * options.interval
        self._service: tuple[float, HttpApi, ClientSettings] | None = None

    def run(self) -> None:
        """For ever."""
        while True:
            self._inbox.wait(self._seconds_to_wait())
            try:
                self.turn()
            except Exception:  # the outermost edge of a thread, which goes on
                log.exception("The listener of mbox-ops has stumbled; it goes on in %g s.", self._longest)
                self._away_until = time.monotonic() + self._longest
            if not any(watch.hurried for watch in self._watches.values()):
                self.idle.set()

    def turn(self) -> None:
        """Take in what is new, and look at what is due, unless the service is away."""
        self._take_in()
        for key, watch in list(self._watches.items()):
            if time.monotonic() < self._away_until:
                return
            if watch.due_at <= time.monotonic():
                self._look(key, watch)

    def _take_in(self) -> None:
        noted = self._inbox.take()
        self._count(self._inbox.dropped - self._dropped)
        self._dropped = self._inbox.dropped
        for dag_run in self._wanted(noted):
            self._follow(dag_run)
        if self._behind and len(self._watches) < WATCHES:
            self._look_around()

    def _wanted(self, noted: list[DagRunKey]) -> list[DagRunKey]:
        dag_ids = dag_runs.tagged({dag_run.dag_id for dag_run in noted}, self._options.tag)
        return [dag_run for dag_run in noted if dag_run.dag_id in dag_ids]

    def _look_around(self) -> None:
        """Find what nobody told, in Airflow's database."""
        self._behind, since, self._known_since = False, self._known_since, datetime.now(UTC)
        for dag_run in dag_runs.open_or_ended_since(since, self._options.tag, WATCHES):
            self._follow(dag_run)
        if self._behind:
            self._known_since = since

    def _follow(self, dag_run: DagRunKey) -> None:
        known = self._watches.get(dag_run)
        if known is not None:
            known.hurry()
        elif len(self._watches) < WATCHES:
            self._watches[dag_run] = Watch()
        else:
            self._count(1)

    def _count(self, lost: int) -> None:
        if not lost:
            return
        self.lost += lost
        self._behind = True
        stats.incr("mbox.listener.dropped", lost)  # Airflow's own metrics, where they are configured
        log.warning(
            "The listener of mbox-ops had no room for %d notes (%d so far); it looks for their DAG runs later. "
            "[mbox] listener_queue sets how many may wait.", lost, self.lost,
        )  # fmt: skip

    def _look(self, key: DagRunKey, watch: Watch) -> None:
        began = time.monotonic()
        facts = dag_runs.read(key)
        try:
            done = facts is None or watch.tell(facts, *self._asked())
        except AWAY as error:
            self._is_away(error)
            return
        except MboxError as error:
            log.warning("The listener of mbox-ops gives up DAG run %s of %s: %s", key.run_id, key.dag_id, error)
            done = True
        else:
            if watch.answered:
                self._is_back()
        if done:
            del self._watches[key]
            return
        took = time.monotonic() - began
        pause = SOON if watch.hurried else max(self._options.interval, DUTY * took)
        watch.hurried = max(watch.hurried - 1, 0)
        watch.due_at = time.monotonic() + pause

    def _asked(self) -> tuple[HttpApi, ClientSettings]:
        """The service, as the connection names it: looked up once a minute."""
        if self._service is None or self._service[0] < time.monotonic():
            settings = MboxHook(self._options.conn_id).settings()
            if self._service is not None:
                self._service[1].close()
            api = HttpApi.of(settings, read_timeout=SILENCE, deadline=0.0)
            self._service = (time.monotonic() + REMEMBERED, api, settings)
        return self._service[1], self._service[2]

    def _is_away(self, error: MboxError) -> None:
        if not self._pause:
            log.warning("The listener of mbox-ops cannot write, and tries again until it can: %s", error)
        self._pause = min(self._pause * 2, self._longest) or FIRST_PAUSE
        self._away_until = time.monotonic() + self._pause

    def _is_back(self) -> None:
        if self._pause:
            log.warning("The listener of mbox-ops can write again.")
        self._pause = 0.0

    def _seconds_to_wait(self) -> float:
        due = min((watch.due_at for watch in self._watches.values()), default=float("inf"))
        return min(max(due, self._away_until) - time.monotonic(), self._options.interval)
