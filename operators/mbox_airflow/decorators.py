"""`@task.mbox`: a Python task that logs to the DAG run's run, and may log what it returns."""

from __future__ import annotations

from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

from airflow.providers.standard.operators.python import PythonOperator
from airflow.sdk.bases.decorator import DecoratedOperator, TaskDecorator, task_decorator_factory

from mbox_airflow.hooks import DEFAULT_CONN_ID
from mbox_ops.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from airflow.sdk import Context

    from mbox_ops.client.run import Run


class MboxDecoratedOperator(DecoratedOperator, PythonOperator):
    """What `@task.mbox` makes of a function. In it, the active run of `mbox_ops.tracking` is the DAG run's run.

    A function that has an argument `run=None` is given the run. What is logged is durable before the task's end is
    reported, and a retry replaces it.

    Args:
        scenario, run_collection_name: of the run, as in `current_run`.
        mbox_conn_id: the connection that names the service.
        log_returned: log the numbers of the dict that the function returns as metrics.
        system_metrics: log what the machine and the task's process do every 5 seconds, under `system/<task>/`.
    """

    custom_operator_name = "@task.mbox"
    template_fields: Sequence[str] = (
        *PythonOperator.template_fields, "scenario", "run_collection_name", "mbox_conn_id",
    )  # fmt: skip

    def __init__(
        self,
        *,
        python_callable: Callable[..., Any],
        op_args: Sequence[Any],
        op_kwargs: Mapping[str, Any],
        scenario: str | None = None,
        run_collection_name: str | None = None,
        mbox_conn_id: str = DEFAULT_CONN_ID,
        log_returned: bool = False,
        system_metrics: bool = False,
        **kwargs: Any,
    ) -> None:
        given: dict[str, Any] = {"python_callable": python_callable, "op_args": op_args, "op_kwargs": op_kwargs}
        super().__init__(kwargs_to_upstream=given, **given, **kwargs)
        self.scenario = scenario
        self.run_collection_name = run_collection_name
        self.mbox_conn_id = mbox_conn_id
        self.log_returned = log_returned
        self.system_metrics = system_metrics

    def execute(self, context: Context) -> Any:
        """Run the function beside its run."""
        self._run = self._opened()
        context["run"] = self._run  # type: ignore[typeddict-unknown-key]  # functions ask for it by its name
        with self._run.log_system_metrics() if self.system_metrics else nullcontext():
            returned = super().execute(context)
        if self.log_returned:
            self._run.log_metrics(_numbers(returned))
        return returned

    def _opened(self) -> Run:
        from mbox_airflow.taskflow import current_run

        return current_run(
            scenario=self.scenario or None, run_collection_name=self.run_collection_name or None,
            mbox_conn_id=self.mbox_conn_id,
        )  # fmt: skip


def _numbers(returned: object) -> dict[str, Any]:
    """The numbers of what a task returned.

    Raises:
        InvalidRequest: it is no dict, or has none.
    """
    pairs = returned.items() if isinstance(returned, dict) else ()
    found = {name: value for name, value in pairs if isinstance(value, (int, float)) and not isinstance(value, bool)}
    if not found:
        raise InvalidRequest(
            f"log_returned=True takes a dict of names to numbers, and the task returned {returned!r:.80}.",
            field="log_returned",
        )  # fmt: skip
    return found


def mbox_task(python_callable: Callable[..., Any] | None = None, **kwargs: Any) -> TaskDecorator:
    """Make a task of a function.

    Example:
        >>> @task.mbox(log_returned=True)  # doctest: +SKIP
        ... def train(alpha: float, run=None):
        ...     for step, loss in enumerate(fit(alpha)):
        ...         run.log_metric("loss", loss, step=step)
        ...     return {"accuracy": 0.97}
    """
    return task_decorator_factory(
        python_callable=python_callable, decorated_operator_class=MboxDecoratedOperator, **kwargs
    )
