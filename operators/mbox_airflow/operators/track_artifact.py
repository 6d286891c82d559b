"""The operator that tracks files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mbox_airflow.operators.operator import MboxOperator
from mbox_ops.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from mbox_airflow.context import TaskIdentity
    from mbox_ops.entities.writers import Batch


class TrackArtifactOperator(MboxOperator):
    """Tracks files that are stored elsewhere as artifacts of the DAG run's run; their bytes are not read.

    Args:
        files: a path or a URI, or a list of them. URIs that carry credentials are refused.
        upload: hand the bytes to the service too. It does not take them yet, so only False works.
        **kwargs: what `MboxOperator` and Airflow's operators take.

    Example:
        >>> TrackArtifactOperator(task_id="model", files=["s3://models/{{ run_id }}/model.joblib"])
        <Task(TrackArtifactOperator): model>
    """

    template_fields: Sequence[str] = (*MboxOperator.template_fields, "files", "upload")

    def __init__(self, *, files: str | list[str], upload: bool | str = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.files = files
        self.upload = upload

    def fill(self, batch: Batch, context: Context, identity: TaskIdentity) -> None:
        """One reference for each file."""
        from mbox_airflow import templated
        from mbox_ops.client import files

        if templated.truth("upload", self.upload):
            raise InvalidRequest(
                "upload=True is not possible yet: the service keeps references, not bytes. Store the files and track "
                "where they are, with upload=False.",
                field="upload", value=True,
            )  # fmt: skip
        batch.artifacts = files.records(templated.texts("files", self.files))
