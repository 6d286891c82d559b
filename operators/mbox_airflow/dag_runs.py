"""DAG runs as Airflow's own database knows them. Only for processes that have that database: never for tasks."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from airflow.models.dag import DagTag
from airflow.models.dagrun import DagRun
from airflow.models.taskinstance import TaskInstance
from airflow.models.taskinstancehistory import TaskInstanceHistory
from airflow.utils.session import create_session

from mbox_airflow.listener import DagRunKey

if TYPE_CHECKING:
    from collections.abc import Iterable

ENDED = ("success", "failed")
BEGUN = ("running", *ENDED)
_AT_WORK = frozenset({"running", "deferred", "success", "failed", "skipped", "upstream_failed", "restarting"})
_OVER = frozenset({"success", "failed", "skipped", "upstream_failed"})


class Attempt(NamedTuple):
    """One try of a task instance.

    Attributes:
        id: Airflow's id of this try, a UUIDv7.
        number: of the try, from 1; 0 of a task that was never tried, for which Airflow notes times all the same.
        map_index: -1 where the task is not mapped.
        state: Airflow's, such as `success`, `failed` or `running`.
        operator: the name of its class.
    """

    id: str
    task_id: str
    map_index: int
    number: int
    state: str
    began_at: datetime | None
    ended_at: datetime | None
    seconds: float | None
    operator: str

    @property
    def name(self) -> str:
        """The task's id, with the map index."""
        return self.task_id if self.map_index < 0 else f"{self.task_id}[{self.map_index}]"

    @property
    def tried(self) -> bool:
        """Whether the task's code has begun."""
        return self.number > 0 and self.began_at is not None

    @property
    def over(self) -> bool:
        """Whether this try has ended."""
        return self.state in _OVER


class DagRunFacts(NamedTuple):
    """A DAG run at one moment.

    Attributes:
        present: the newest try of each task instance, also of those that have not begun.
        earlier: the tries that retries and clears have put aside.
    """

    key: DagRunKey
    state: str
    run_type: str
    start_date: datetime | None
    end_date: datetime | None
    run_after: datetime | None
    logical_date: datetime | None
    user: str | None
    conf: dict[str, Any]
    present: list[Attempt]
    earlier: list[Attempt]

    @property
    def ended(self) -> bool:
        """Whether Airflow has closed it."""
        return self.state in ENDED

    def attempts(self) -> list[Attempt]:
        """All that have begun, or ended without, in the order of their beginnings."""
        found = [*self.earlier, *(one for one in self.present if one.state in _AT_WORK)]
        return sorted(found, key=lambda one: (str(one.began_at or one.ended_at), one.name, one.number))


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
