"""What is known of a DAG run: plain values, whoever read them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

ENDED = ("success", "failed")
BEGUN = ("running", *ENDED)
_AT_WORK = frozenset({"running", "deferred", "success", "failed", "skipped", "upstream_failed", "restarting"})
_OVER = frozenset({"success", "failed", "skipped", "upstream_failed"})


class DagRunKey(NamedTuple):
    """A DAG run, as Airflow calls it."""

    dag_id: str
    run_id: str


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
