"""The operator that logs an event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mbox_airflow.operators.operator import MboxOperator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from airflow.sdk import Context

    from mbox_airflow.context import TaskIdentity
    from mbox_ops.entities.writers import Batch


class LogEventOperator(MboxOperator):
    """Logs to the DAG run's run that something happened.

    Args:
        name: 1-256 characters. `x_started` and `x_finish` or `x_finished` of one source are shown as a span.
        source: who says so, 1-256 characters; the task's id if it is not given.
        wallclock_time: when it happened: seconds since 1970 UTC, a datetime or RFC 3339 text; now if it is not given.
        metadata: any JSON document.
        **kwargs: what `MboxOperator` and Airflow's operators take.

    Example:
        >>> LogEventOperator(task_id="published", name="model_published", metadata={"stage": "{{ params.stage }}"})
        <Task(LogEventOperator): published>
    """

    template_fields: Sequence[str] = (*MboxOperator.template_fields, "name", "source", "wallclock_time", "metadata")
    template_fields_renderers = {"metadata": "json"}  # noqa: RUF012  # Airflow's own way

    def __init__(
        self,
        *,
        name: str,
        source: str | None = None,
        wallclock_time: float | datetime | str | None = None,
        metadata: dict[str, Any] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.name = name
        self.source = source
        self.wallclock_time = wallclock_time
        self.metadata = metadata

    def fill(self, batch: Batch, context: Context, identity: TaskIdentity) -> None:
        """One event."""
        from mbox_airflow import templated
        from mbox_ops.client import parts
        from mbox_ops.client.values import Event

        event = Event(
            name=self.name,
            source=self.source or self.task_id,
            wallclock_time=templated.instant(self.wallclock_time),
            metadata=templated.document("metadata", self.metadata),
        )
        batch.events = [parts.event_record(event)]
