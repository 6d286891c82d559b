"""Who this task is: its run, its origin and its epoch, from Airflow's context alone; no server is asked."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from mbox_ops.errors import InvalidRequest
from mbox_ops.identity import airflow_key, airflow_origin, epoch_of_uuid7, parse_writer

if TYPE_CHECKING:
    from airflow.sdk import Context

    from mbox_ops.settings import ClientSettings

SCENARIO = "mbox_scenario"
"""Where `dag_run.conf` and params name the scenario. Plain `scenario` would be taken for what it is not."""

executing: ContextVar[Mapping[str, Any] | None] = ContextVar("mbox_airflow_executing", default=None)
"""The context of the task that executes here. Airflow's own list of contexts is shared by all threads."""

log = logging.getLogger(__name__)

_executed: tuple[int, Mapping[str, Any] | None] | None = None  # by this process: its id and the last task's context


class TaskIdentity(NamedTuple):
    """What a task knows of itself and of the run that its DAG run is tracked as.

    Attributes:
        settings: where to write: the connection's, else the environment's.
        key: the key of the DAG run's run.
        origin: the logical writer that this task is in every try. None in a child process that was not told
            (`mbox_env`): it is then a writer of its own, and a retry adds to what it wrote.
        epoch: when this try began, in milliseconds since 1970 UTC. None where the origin is.
        scenario: of the run.
        scenario_explicit: somebody chose it for this DAG run; else it is implied, and gives way to a choice.
        pipeline: the DAG's id.
        execution: the DAG run's id.
        task: for people: the task's id, map index and try.
    """

    settings: ClientSettings
    key: str
    origin: str | None
    epoch: int | None
    scenario: str
    scenario_explicit: bool
    pipeline: str
    execution: str
    task: str

    def in_scenario(self, scenario: str | None) -> TaskIdentity:
        """The same task with a scenario that was given as an argument; None or empty: none was."""
        return self._replace(scenario=scenario, scenario_explicit=True) if scenario else self


def current(mbox_conn_id: str | None = None) -> TaskIdentity | None:
    """The task that this process executes, or is a child of; None outside Airflow's tasks.

    Args:
        mbox_conn_id: the connection that names the service; `mbox_default` if it is not given.

    Raises:
        InvalidRequest: the connection or the scenario of the DAG run cannot be used.
    """
    context = executing.get() or _airflow_context()
    if context is None and _executed is not None and _executed[0] == os.getpid():
        context = _executed[1]
        if context is None:
            return None  # Airflow's variables are still there, as they are after `dag.test()`, but the task is over
    return identity_of_environment(os.environ) if context is None else identity_of(context, mbox_conn_id)


def task_executed(context: Mapping[str, Any] | None) -> None:
    """Remember the task whose code has just ended: its callbacks still belong to it, and Airflow has forgotten it."""
    global _executed
    _executed = (os.getpid(), context)


def task_is_over() -> None:
    """Forget the task whose callbacks have ended too."""
    global _executed
    if _executed is not None:
        _executed = (os.getpid(), None)


def identity_of(context: Mapping[str, Any] | Context, mbox_conn_id: str | None = None) -> TaskIdentity:
    """The task that Airflow gave this context to.

    Raises:
        InvalidRequest: the connection or the scenario of the DAG run cannot be used.
    """
    from mbox_airflow.hooks import DEFAULT_CONN_ID

    ti = context["ti"]
    settings = _settings(str(ti.id), mbox_conn_id or DEFAULT_CONN_ID)
    key = airflow_key(settings.instance, ti.dag_id, ti.run_id)
    index = -1 if ti.map_index is None else ti.map_index
    chosen = chosen_scenario(context)
    return TaskIdentity(
        settings=settings,
        key=key,
        origin=airflow_origin(key, ti.task_id, index),
        epoch=epoch_of_uuid7(str(ti.id)),
        scenario=chosen or settings.scenario or ti.dag_id,
        scenario_explicit=chosen is not None,
        pipeline=ti.dag_id,
        execution=ti.run_id,
        task=f"{ti.task_id}{f'[{index}]' if index >= 0 else ''}, try {ti.try_number}",
    )


def identity_of_environment(environment: Mapping[str, str]) -> TaskIdentity | None:
    """The task that a process was started by, as far as Airflow's variables tell it; None without them.

    They lack the map index and the try's id, so that two children could be taken for one. A process that was not told
    who it is (`mbox_env`) therefore writes as itself.

    Raises:
        InvalidRequest: `MBOX_WRITER` is damaged.
    """
    from mbox_ops.settings import client_settings

    dag_id, run_id = environment.get("AIRFLOW_CTX_DAG_ID"), environment.get("AIRFLOW_CTX_DAG_RUN_ID")
    if not dag_id or not run_id:
        return None
    settings = client_settings(environment)
    origin, epoch = _handed_down(settings.writer)
    return TaskIdentity(
        settings=settings,
        key=settings.run_key or airflow_key(settings.instance, dag_id, run_id),
        origin=origin,
        epoch=epoch,
        scenario=settings.scenario or dag_id,
        scenario_explicit=False,
        pipeline=dag_id,
        execution=run_id,
        task=f"a child of {environment.get('AIRFLOW_CTX_TASK_ID', 'a task')}",
    )


def _handed_down(writer: str | None) -> tuple[str | None, int | None]:
    if writer is None:
        log.warning(
            "This process is a child of an Airflow task, but does not know of which try: what it logs will be there "
            "twice after a retry. Start it with the variables of mbox_airflow.mbox_env()."
        )
        return None, None
    try:
        return parse_writer(writer)
    except ValueError as error:
        raise InvalidRequest(str(error), field="MBOX_WRITER", value=writer) from None


def _airflow_context() -> Mapping[str, Any] | None:
    if "airflow.sdk" not in sys.modules:  # importing it takes a second, and what it would say is known
        return None
    from airflow.sdk import get_current_context

    try:
        return get_current_context()
    except RuntimeError:
        return None


@lru_cache(maxsize=8)
def _settings(_ti_id: str, mbox_conn_id: str) -> ClientSettings:
    """Looked up once for each try of a task: it may cost a request to Airflow's API."""
    from mbox_airflow.hooks import MboxHook

    return MboxHook(mbox_conn_id).settings()


def chosen_scenario(context: Mapping[str, Any] | Context) -> str | None:
    """The scenario that somebody chose for the DAG run, by its conf or params.

    Raises:
        InvalidRequest: what was given is no name.
    """
    conf = getattr(context.get("dag_run"), "conf", None) or {}
    for where, given in (("dag_run.conf", conf), ("params", context.get("params") or {})):
        value = given.get(SCENARIO)
        if value is None or value == "":
            continue
        if not isinstance(value, str):
            raise InvalidRequest(
                f"{SCENARIO} in {where} must be the name of a scenario, not {type(value).__name__}: {value!r:.80}",
                field=SCENARIO, value=value,
            )  # fmt: skip
        return value
    return None
