"""The operator that ends the DAG run's run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from mbox_airflow.operators.operator import MboxOperator
from mbox_ops.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from mbox_airflow.context import TaskIdentity
    from mbox_ops.entities.writers import Batch, EndState

STATES = ("FINISHED", "FAILED", "KILLED")
_BAD = frozenset({"failed", "upstream_failed"})


class FinishRunOperator(MboxOperator):
    """Ends the DAG run's run with its true state. Put it last: it runs whatever the tasks before it came to.

    Ending a run twice changes nothing, and what is logged afterwards is still kept. What task instances have written
    that the DAG run no longer has, such as those of a mapped task that shrank when it was cleared, is taken out.

    Args:
        state: `FINISHED`, `FAILED` or `KILLED`. If it is not given, FAILED when a task of the DAG run has failed, or
            could not run because one had, and else FINISHED; teardown tasks do not count, as they do not in Airflow.
        trigger_rule: `all_done`, so that it also runs after failures.
        **kwargs: what `MboxOperator` and Airflow's operators take.

    Example:
        >>> FinishRunOperator(task_id="finish")
        <Task(FinishRunOperator): finish>
    """

    template_fields: Sequence[str] = (*MboxOperator.template_fields, "state")

    def __init__(self, *, state: str | None = None, trigger_rule: str = "all_done", **kwargs: Any) -> None:
        super().__init__(trigger_rule=trigger_rule, **kwargs)
        self.state = state

    def fill(self, batch: Batch, context: Context, identity: TaskIdentity) -> None:
        """The state, and when it was reached."""
        import time

        by_task = _states(context)
        batch.state = self._given() or self._found(by_task, context)
        batch.at = time.time_ns() // 1_000
        self._gone = [name for name, state in by_task.items() if state == "removed"]

    def written(self, context: Context, identity: TaskIdentity) -> dict[str, Any]:
        """End the run, and take out what is no longer there."""
        receipt = super().written(context, identity)
        for name in self._gone:
            self._retire(name, context, identity)
        return receipt

    def _retire(self, name: str, context: Context, identity: TaskIdentity) -> None:
        import time

        from mbox_airflow import batches
        from mbox_airflow.retiring import retirement
        from mbox_ops.errors import Fenced
        from mbox_ops.identity import airflow_origin

        origin = airflow_origin(identity.key, *_instance(name, context))
        try:
            batches.send(retirement(identity.key, origin, time.time_ns() // 1_000_000), identity.settings)
        except Fenced:  # it is back, and has written
            return
        self.log.info("Taken out what %s wrote, which the DAG run no longer has.", name)

    def _given(self) -> EndState | None:
        if self.state is None or self.state == "":
            return None
        if self.state not in STATES:
            raise InvalidRequest(
                f"state must be one of {', '.join(STATES)}, not {self.state!r}.", field="state", value=self.state
            )
        return cast("EndState", self.state)

    def _found(self, by_task: dict[str, Any], context: Context) -> EndState:
        bad = sorted(name for name, state in by_task.items() if state in _BAD and _counts(name, context))
        if bad:
            self.log.info("The run has FAILED, because of %s.", ", ".join(bad[:20]))
        return "FAILED" if bad else "FINISHED"


def _states(context: Context) -> dict[str, Any]:
    ti: Any = context["ti"]
    found: dict[str, Any] = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]).get(ti.run_id, {})
    return found


def _counts(name: str, context: Context) -> bool:
    """Whether a task can fail the DAG run."""
    task = _tasks(context).get(_instance(name, context)[0])
    return task is None or not task.is_teardown or bool(task.on_failure_fail_dagrun)


def _instance(name: str, context: Context) -> tuple[str, int]:
    """The task's id and the map index of what Airflow calls `train`, or `train_3` where it is mapped."""
    task_id, _, index = name.rpartition("_")
    mapped = name not in _tasks(context) and task_id in _tasks(context) and index.isdecimal()
    return (task_id, int(index)) if mapped else (name, -1)


def _tasks(context: Context) -> dict[str, Any]:
    tasks: dict[str, Any] = context["dag"].task_dict
    return tasks
