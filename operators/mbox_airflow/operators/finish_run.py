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

    Ending a run twice changes nothing, and what is logged afterwards is still kept.

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

        batch.state = self._given() or self._found(context)
        batch.at = time.time_ns() // 1_000

    def _given(self) -> EndState | None:
        if self.state is None or self.state == "":
            return None
        if self.state not in STATES:
            raise InvalidRequest(
                f"state must be one of {', '.join(STATES)}, not {self.state!r}.", field="state", value=self.state
            )
        return cast("EndState", self.state)

    def _found(self, context: Context) -> EndState:
        ti: Any = context["ti"]
        by_task: dict[str, Any] = ti.get_task_states(dag_id=ti.dag_id, run_ids=[ti.run_id]).get(ti.run_id, {})
        bad = sorted(name for name, state in by_task.items() if state in _BAD and self._counts(name, context))
        if bad:
            self.log.info("The run has FAILED, because of %s.", ", ".join(bad[:20]))
        return "FAILED" if bad else "FINISHED"

    def _counts(self, name: str, context: Context) -> bool:
        """Whether a task can fail the DAG run; a mapped one's name has its index behind it."""
        tasks: dict[str, Any] = context["dag"].task_dict
        task = tasks.get(name) or tasks.get(name.rpartition("_")[0])
        return task is None or not task.is_teardown or bool(task.on_failure_fail_dagrun)
