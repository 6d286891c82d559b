"""The listener, opt-in: runs open and close with DAG runs. It notes which DAG run moved, and a thread does the rest.

Airflow calls these hooks in the scheduler's loop, and in the api-server where a person marks a DAG run, and waits for
them. So they put two texts into a bounded queue and return. What is true is in Airflow's database, where the thread
reads it (`watcher.py`): a note that is dropped, or a task that was killed without a word, loses nothing in the end.
"""

from __future__ import annotations

import atexit
import logging
import os
import threading
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow.listeners import hookimpl

from mbox_airflow.facts import DagRunKey

if TYPE_CHECKING:
    from mbox_airflow.watcher import Watcher

SECTION = "mbox"
SECONDS_AT_EXIT = 1.0

log = logging.getLogger(__name__)


class Options(NamedTuple):
    """The section `[mbox]` of Airflow's configuration.

    Attributes:
        tag: DAGs that have this tag are recorded; `*`: all are.
        conn_id: the connection that names the service.
        interval: seconds between two looks at a DAG run that goes on.
        queue: how many notes wait at the most.
    """

    tag: str
    conn_id: str
    interval: float
    queue: int


class Inbox:
    """Notes of DAG runs that moved; bounded. Putting one in never waits for who takes them out.

    Args:
        most: how many different notes may wait.

    Attributes:
        dropped: how many notes found no room, since the process began.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._waiting: deque[DagRunKey] = deque()
        self._news = threading.Event()
        self.dropped = 0

    def put(self, key: DagRunKey) -> bool:
        """Whether there was room."""
        if len(self._waiting) >= self._most:
            self.dropped += 1
            return False
        self._waiting.append(key)
        self._news.set()
        return True

    def wait(self, seconds: float) -> None:
        """Until there is a note, at most so long."""
        self._news.wait(seconds)
        self._news.clear()

    def wake(self) -> None:
        """Let who waits look."""
        self._news.set()

    def take(self) -> list[DagRunKey]:
        """What waits, each DAG run once, in order."""
        found: dict[DagRunKey, None] = {}
        while self._waiting:
            found[self._waiting.popleft()] = None
        return list(found)


class DagRunListener:
    """What Airflow calls. Where `[mbox] listener` is off, as it is by default, each call costs one comparison."""

    @hookimpl
    def on_starting(self, component: object) -> None:
        """Import what the thread needs before the scheduler begins: later it would hold up its loop, and its forks."""
        if type(component).__name__ == "Job" and options() is not None:
            import mbox_airflow.watcher  # noqa: F401  # for what it brings along

    @hookimpl
    def on_dag_run_running(self, dag_run: Any, msg: str) -> None:
        """It began, or began again after it was cleared."""
        note(dag_run)

    @hookimpl
    def on_dag_run_success(self, dag_run: Any, msg: str) -> None:
        """It ended."""
        note(dag_run)

    @hookimpl
    def on_dag_run_failed(self, dag_run: Any, msg: str) -> None:
        """It ended."""
        note(dag_run)


class _Here(NamedTuple):
    """What there is in this process."""

    inbox: Inbox
    thread: threading.Thread


_UNREAD = object()
_options: object = _UNREAD
_here: _Here | None = None
_starting = threading.Lock()


def options() -> Options | None:
    """What Airflow's configuration says; None if the listener is off. Read once a process."""
    global _options
    if _options is _UNREAD:
        _options = _configured()
    return _options  # type: ignore[return-value]  # the sentinel is gone


def _configured() -> Options | None:
    from airflow.sdk.configuration import conf

    if not conf.getboolean(SECTION, "listener", fallback=False):
        return None
    return Options(
        tag=str(conf.get(SECTION, "listener_tag", fallback="mbox")),
        conn_id=str(conf.get(SECTION, "listener_conn_id", fallback="mbox_default")),
        interval=max(conf.getfloat(SECTION, "listener_interval", fallback=10.0), 0.5),
        queue=max(conf.getint(SECTION, "listener_queue", fallback=1_000), 1),
    )


def note(dag_run: Any) -> None:
    """Have the thread look at a DAG run; never waits, never raises."""
    try:
        chosen = options()
        if chosen is not None:
            _inbox(chosen).put(DagRunKey(dag_run.dag_id, dag_run.run_id))
    except Exception:  # the outermost edge: nothing of ours may stop a scheduler
        log.exception("mbox-ops could not take note of a DAG run; it will look for it.")


def _inbox(chosen: Options) -> Inbox:
    global _here
    here = _here
    if here is None or not here.thread.is_alive():
        with _starting:
            here = _here
            if here is None or not here.thread.is_alive():
                inbox = here.inbox if here is not None else Inbox(chosen.queue)
                thread = threading.Thread(target=_watch, args=(inbox, chosen), name="mbox-listener", daemon=True)
                here = _here = _Here(inbox, thread)
                thread.start()
                atexit.register(_leave, inbox)
    return here.inbox


_watcher: Watcher | None = None


def _watch(inbox: Inbox, chosen: Options) -> None:
    global _watcher
    from mbox_airflow.watcher import Watcher

    _watcher = Watcher(inbox, chosen)
    _watcher.run()


def _leave(inbox: Inbox) -> None:
    """What was noted last gets a second to be written; another process would find it, but later."""
    watcher = _watcher
    if watcher is not None:
        watcher.idle.clear()
        inbox.wake()
        watcher.idle.wait(SECONDS_AT_EXIT)


def _forget() -> None:
    """A forked child has no thread: it starts its own if it needs one."""
    global _here, _watcher, _starting
    _here, _watcher, _starting = None, None, threading.Lock()


os.register_at_fork(after_in_child=_forget)
