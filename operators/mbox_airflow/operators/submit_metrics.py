"""The operator that submits metrics, and settings of the run beside them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mbox_airflow.operators.operator import MboxOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from mbox_airflow.context import TaskIdentity
    from mbox_ops.entities.writers import Batch


class SubmitMetricsOperator(MboxOperator):
    """Submits metrics, parameters, tags, labels and metadata to the DAG run's run, in one atomic write.

    Every argument may be a template or another task's output, and is checked after templating. Text that holds a dict
    or a list, as templates give it, is read as JSON or as Python prints it.

    Args:
        metrics: name to number (or text that is a number), a list of `{"name":, "value":, "step":, "wallclock":}` of
            which the last two may be missing, or the path of a `.json`, `.jsonl` or `.csv` file with the same.
        step: of all values that have none of their own; counted by the service if it is not given.
        parameters: name to text, or to anything that JSON can hold.
        tags: text to text.
        labels: text to anything that JSON can hold; `{"accuracy": {"format_string": "percentage"}}` formats a metric.
        metadata: a document that is merged into the run's.
        **kwargs: what `MboxOperator` and Airflow's operators take.

    Example:
        >>> SubmitMetricsOperator(task_id="submit", metrics={"auc": "{{ ti.xcom_pull('train')['auc'] }}"}, step=1)
        <Task(SubmitMetricsOperator): submit>
    """

    template_fields: Sequence[str] = (
        *MboxOperator.template_fields, "metrics", "step", "parameters", "tags", "labels", "metadata",
    )  # fmt: skip
    template_fields_renderers = {name: "json" for name in ("metrics", "parameters", "tags", "labels", "metadata")}  # noqa: C420, RUF012

    def __init__(
        self,
        *,
        metrics: dict[str, Any] | list[dict[str, Any]] | str | None = None,
        step: int | str | None = None,
        parameters: dict[str, Any] | str | None = None,
        tags: dict[str, str] | str | None = None,
        labels: dict[str, Any] | str | None = None,
        metadata: dict[str, Any] | str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.metrics = metrics
        self.step = step
        self.parameters = parameters
        self.tags = tags
        self.labels = labels
        self.metadata = metadata

    def fill(self, batch: Batch, context: Context, identity: TaskIdentity) -> None:
        """Metrics as points, and the settings beside them."""
        from mbox_airflow import metrics, templated
        from mbox_ops.client import parts

        batch.points = metrics.blocks(self.metrics, templated.integer("step", self.step))
        batch.parameters = parts.parameters(templated.document("parameters", self.parameters), None)
        batch.tags = parts.tags(templated.document("tags", self.tags))
        batch.labels = parts.labels(templated.document("labels", self.labels))
        if document := templated.document("metadata", self.metadata):
            batch.metadata = [parts.merge(document)]
