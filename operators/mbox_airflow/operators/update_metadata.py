"""The operator that changes the metadata of the DAG run's run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mbox_airflow.operators.operator import MboxOperator
from mbox_ops.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from mbox_airflow.context import TaskIdentity
    from mbox_ops.entities.writers import Batch


class UpdateMetadataOperator(MboxOperator):
    """Merges a document into the metadata of the DAG run's run: other keys stay, and null deletes one (RFC 7386).

    Args:
        metadata: the document, or text that holds one.
        **kwargs: what `MboxOperator` and Airflow's operators take.

    Example:
        >>> UpdateMetadataOperator(task_id="data", metadata={"data": {"rows": "{{ ti.xcom_pull('load') }}"}})
        <Task(UpdateMetadataOperator): data>
    """

    template_fields: Sequence[str] = (*MboxOperator.template_fields, "metadata")
    template_fields_renderers = {"metadata": "json"}  # noqa: RUF012  # Airflow's own way

    def __init__(self, *, metadata: dict[str, Any] | str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.metadata = metadata

    def fill(self, batch: Batch, context: Context, identity: TaskIdentity) -> None:
        """One merge."""
        from mbox_airflow import templated
        from mbox_ops.client import parts

        document = templated.document("metadata", self.metadata)
        if not document:
            raise InvalidRequest("metadata is empty: there is nothing to merge.", field="metadata")
        batch.metadata = [parts.merge(document)]
