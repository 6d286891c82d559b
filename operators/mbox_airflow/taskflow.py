"""The DAG run's run inside any task, and for the processes and pods that a task starts."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from mbox_airflow.context import TaskIdentity, current, identity_of
from mbox_ops.errors import InvalidRequest
from mbox_ops.identity import format_writer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mbox_ops.client.run import Run


def current_run(
    *, scenario: str | None = None, run_collection_name: str | None = None, mbox_conn_id: str | None = None
) -> Run:
    """The run that the present DAG run is tracked as. Its tasks share it; each try replaces what the last wrote.

    What is logged is buffered, sent within a second, and durable before the task's end is reported to Airflow. The run
    is ended by `FinishRunOperator`, not by the task.

    Args:
        scenario: of the run; by default `mbox_scenario` of `dag_run.conf` or params, the connection's, `MBOX_SCENARIO`
            or the DAG's id.
        run_collection_name: of the run; by default the DAG's own collection.
        mbox_conn_id: the connection that names the service; `mbox_default` if it is not given.

    Raises:
        InvalidRequest: no task of Airflow runs here and no run is active, or the connection or the scenario cannot be
            used. (Outside Airflow, such as in a test of a task, the active run of `mbox_ops.tracking` is the run.)

    Example:
        >>> @task  # doctest: +SKIP
        ... def train():
        ...     run = current_run()
        ...     run.log_parameters({"alpha": 0.01})
        ...     run.log_metric("loss", 0.25, step=1)
    """
    if scenario is None and run_collection_name is None and mbox_conn_id is None:
        from mbox_ops import tracking

        return tracking.current_run()
    return _run_of(_here(None, mbox_conn_id).in_scenario(scenario), run_collection_name)


def mbox_env(
    context: Mapping[str, Any] | None = None,
    *,
    scenario: str | None = None,
    mbox_conn_id: str | None = None,
    token: bool = False,
) -> dict[str, str]:
    """What a child process or a pod of this task needs in its environment to write to the same run, as the same task.

    Args:
        context: Airflow's context; the present task's if it is not given.
        scenario: of the run, as in `current_run`.
        mbox_conn_id: the connection that names the service; `mbox_default` if it is not given.
        token: put the token in too. A pod's environment is there for all to read: better refer to a secret there.

    Raises:
        InvalidRequest: no task of Airflow runs here, or its connection or scenario cannot be used.

    Example:
        >>> subprocess.run(["python", "train.py"], env={**os.environ, **mbox_env(token=True)})  # doctest: +SKIP
    """
    identity = _here(context, mbox_conn_id).in_scenario(scenario)
    settings = identity.settings
    environment = {
        "MBOX_URL": settings.url,
        "MBOX_NAMESPACE": settings.namespace,
        "MBOX_SCENARIO": identity.scenario,
        "MBOX_RUN_KEY": identity.key,
    }
    if identity.origin is not None and identity.epoch is not None:
        environment["MBOX_WRITER"] = format_writer(identity.origin, identity.epoch)
    if token and settings.token:
        environment["MBOX_TOKEN"] = settings.token
    return environment


def _here(context: Mapping[str, Any] | None, mbox_conn_id: str | None) -> TaskIdentity:
    identity = current(mbox_conn_id) if context is None else identity_of(context, mbox_conn_id)
    if identity is None:
        raise InvalidRequest("This is not inside a task of Airflow, so there is no DAG run to track.", field="context")
    return identity


@lru_cache(maxsize=8)  # one run object for each try and scenario: asked again, it is the same one
def _run_of(identity: TaskIdentity, run_collection_name: str | None) -> Run:
    from mbox_ops.client.connection import connect
    from mbox_ops.client.run import Run
    from mbox_ops.client.starting import Address, Task, opening

    task = Task(
        settings=identity.settings,
        key=identity.key,
        origin=identity.origin,
        epoch=identity.epoch,
        scenario=identity.scenario,
        scenario_explicit=identity.scenario_explicit,
        pipeline=identity.pipeline,
        execution=identity.execution,
    )
    address = Address(identity.key, identity.origin, identity.epoch)
    return Run.opened(connect(identity.settings), address, opening(task, collection=run_collection_name))
