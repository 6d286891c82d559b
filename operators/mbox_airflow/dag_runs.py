"""DAG runs as Airflow's own database knows them. Only for processes that have that database: never for tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.models.dag import DagTag
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.taskinstancehistory import TaskInstanceHistory
from airflow.utils.session import create_session

from mbox_airflow.facts import Attempt, DagRunFacts, DagRunKey

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime


def read(key: DagRunKey) -> DagRunFacts | None:
    """A DAG run as it is now; None if Airflow no longer has it."""
    with create_session() as session:
        columns = (
            DagRun._state, DagRun.run_type, DagRun.start_date, DagRun.end_date, DagRun.run_after, DagRun.logical_date,
            DagRun.triggering_user_name, DagRun.conf,
        )  # fmt: skip
        row = session.query(*columns).filter_by(dag_id=key.dag_id, run_id=key.run_id).one_or_none()
        if row is None:
            return None
        present = _attempts(session, TaskInstance, TaskInstance.id, key)
        earlier = _attempts(session, TaskInstanceHistory, TaskInstanceHistory.task_instance_id, key)
    state, run_type, began, ended, run_after, logical_date, user, conf = row
    return DagRunFacts(
        key, str(state), str(run_type), began, ended, run_after, logical_date, user, dict(conf or {}), present, earlier
    )


def _attempts(session: Any, model: Any, id_column: Any, key: DagRunKey) -> list[Attempt]:
    rows = session.query(
        id_column, model.task_id, model.map_index, model.try_number, model.state, model.start_date, model.end_date,
        model.duration, model.operator,
    ).filter_by(dag_id=key.dag_id, run_id=key.run_id)  # fmt: skip
    return [
        Attempt(str(id), task, index, number, str(state), began, ended, seconds, operator or "")
        for id, task, index, number, state, began, ended, seconds, operator in rows
    ]


def tagged(dag_ids: Iterable[str], tag: str) -> set[str]:
    """Those of the DAGs that have the tag; all of them if it is `*`."""
    wanted = set(dag_ids)
    if tag == "*" or not wanted:
        return wanted
    with create_session() as session:
        return {row[0] for row in session.query(DagTag.dag_id).filter(DagTag.name == tag, DagTag.dag_id.in_(wanted))}


def open_or_ended_since(instant: datetime, tag: str, most: int) -> list[DagRunKey]:
    """The DAG runs of DAGs with the tag that go on, or that have ended since then; the newest, at most so many."""
    with create_session() as session:
        query = session.query(DagRun.dag_id, DagRun.run_id)
        query = query.filter((DagRun._state == "running") | (DagRun.end_date >= instant))
        if tag != "*":
            query = query.filter(DagRun.dag_id.in_(session.query(DagTag.dag_id).filter(DagTag.name == tag)))
        return [DagRunKey(*row) for row in query.order_by(DagRun.id.desc()).limit(most)]
