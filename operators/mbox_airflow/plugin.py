"""The plugin: what a task logged is durable before Airflow hears that the task has ended.

Airflow reports a task's state first and calls listeners afterwards, so a listener for the end comes too late: a task
downstream may be running by then. This one takes part at the beginning instead, and wraps the task's execution. Every
Airflow process imports this module, and each task passes through it: nothing heavy here.
"""

from __future__ import annotations

import functools
import logging
import sys
from collections.abc import Callable
from typing import Any

from airflow.listeners import hookimpl
from airflow.sdk.plugins_manager import AirflowPlugin

from mbox_airflow.listener import DagRunListener
from mbox_airflow.views import external_views

log = logging.getLogger(__name__)

CLIENT = "mbox_ops.client.recorder"
CONTEXT = "mbox_airflow.context"


class FlushBeforeTheEnd:
    """Flushes this process's recorders when a task's execution is over, however it ended."""

    @hookimpl
    def on_task_instance_running(self, previous_state: object, task_instance: Any) -> None:
        """Wrap the two ways into the task's code: its start, and its resumption after it was deferred."""
        task = getattr(task_instance, "task", None)
        if task is None or not getattr(task, "_lock_for_execution", False):
            return  # not Airflow's private copy of the task: nothing of ours may stay behind on the DAG
        for name in ("execute", "resume_execution"):
            object.__setattr__(task, name, _flushed(getattr(task, name)))

    @hookimpl
    def before_stopping(self, component: object) -> None:
        """Flush what the task's callbacks logged. Other components of Airflow stop too, and never logged."""
        if CONTEXT in sys.modules:
            sys.modules[CONTEXT].task_is_over()
        flush()


def _flushed(execute: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(execute)
    def execute_and_flush(*args: Any, **kwargs: Any) -> Any:
        from mbox_airflow.context import executing, task_executed

        token = executing.set(kwargs.get("context"))
        try:
            return execute(*args, **kwargs)
        finally:
            executing.reset(token)
            task_executed(kwargs.get("context"))
            flush()

    return execute_and_flush


def flush() -> None:
    """Send what this process has buffered, or leave it in the spool; a task that never logged pays nothing."""
    recorder = sys.modules.get(CLIENT)
    if recorder is None:
        return
    try:
        flushed = recorder.flush_all()
    except Exception:  # the outermost edge: a tracker in trouble must not change how the task ends
        log.exception("What this task logged to mbox-ops may not be durable yet.")
        return
    if flushed.where != "server":
        log.warning("The tracking service is away: what this task logged waits in its %s.", flushed.where)
    for refusal in flushed.refused:
        log.warning("The tracking service refused %d batches (%s): %s", refusal.batches, refusal.code, refusal.message)


class MboxPlugin(AirflowPlugin):
    """What mbox-ops adds to Airflow beside the provider."""

    name = "mbox"
    listeners = [FlushBeforeTheEnd(), DagRunListener()]  # noqa: RUF012  # Airflow's own way
    external_views = external_views()  # read once, as Airflow reads its plugins
