"""Ends and forks of the process: what is buffered is flushed, and a run that nobody ended gets its state.

An exception that ends the script: FAILED. Ctrl-C, or SIGTERM where nobody else handles it: KILLED. Any other end: LOST.
"""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
import weakref
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

from mbox_ops.client.http import IMPORTING
from mbox_ops.client.outcome import Flushed, Refusal, Where
from mbox_ops.entities.writers import EndState

if TYPE_CHECKING:
    from mbox_ops.client.recorder import Recorder

_recorders: weakref.WeakSet[Recorder] = weakref.WeakSet()
_ending: list[EndState] = ["LOST"]
_minded: set[str] = set()
_previous_hook = sys.excepthook


def state() -> EndState:
    """The state of a run that was not ended when the process is."""
    return _ending[-1]


def watch(recorder: Recorder) -> None:
    """Flush this recorder at the end of the process, and make it anew in forked children."""
    _recorders.add(recorder)
    if "end" not in _minded:
        _minded.add("end")
        atexit.register(_at_exit)
        if sys.platform != "win32":
            os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_in_child)


def mind(recorder: Recorder) -> None:
    """Learn of an exception that ends the script, and of SIGTERM if nobody handles it."""
    global _previous_hook
    if "hook" not in _minded:
        _minded.add("hook")
        _previous_hook, sys.excepthook = sys.excepthook, _note_exception
    if threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _on_sigterm)


def mind_child(recorder: Recorder) -> None:
    """Flush a child of `multiprocessing` too: it ends without running atexit functions. Called once the child is up."""
    util = sys.modules.get("multiprocessing.util")
    process = sys.modules.get("multiprocessing.process")
    if util is not None and process is not None and process.parent_process() is not None:
        util.Finalize(None, _close, args=(weakref.ref(recorder),), exitpriority=1)


def flush_all(timeout: float | None = None) -> Flushed:
    """Flush every recorder of this process."""
    places: set[Where] = set()
    refused: list[Refusal] = []
    for recorder in list(_recorders):
        flushed = recorder.flush(timeout)
        places.add(flushed.where)
        refused += flushed.refused
    where: Where = "memory" if "memory" in places else "spool" if "spool" in places else "server"
    return Flushed(where=where, refused=refused)


def _at_exit() -> None:
    for recorder in list(_recorders):
        recorder.close()


def _close(reference: weakref.ref[Recorder]) -> None:
    if (recorder := reference()) is not None:
        recorder.close()


def _note_exception(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    _ending.append("KILLED" if issubclass(kind, KeyboardInterrupt) else "FAILED")
    _previous_hook(kind, error, trace)


def _on_sigterm(number: int, frame: FrameType | None) -> None:
    """Flush, then die of the signal after all; not in the middle of what holds a recorder's lock."""
    for recorder in list(_recorders):
        if recorder.turn.is_mine():
            recorder.turn.later = _raise_sigterm
            return
    _ending.append("KILLED")
    _at_exit()
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _raise_sigterm()


def _raise_sigterm() -> None:
    os.kill(os.getpid(), signal.SIGTERM)


def _before_fork() -> None:
    IMPORTING.acquire()
    for recorder in list(_recorders):
        recorder.before_fork()


def _after_fork() -> None:
    for recorder in list(_recorders):
        recorder.after_fork()
    IMPORTING.release()


def _in_child() -> None:
    for recorder in list(_recorders):
        recorder.forked()
    IMPORTING.release()
