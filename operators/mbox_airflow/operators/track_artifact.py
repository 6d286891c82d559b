"""The operator that tracks and uploads files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mbox_airflow.operators.operator import MboxOperator
from mbox_ops.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from mbox_airflow.context import TaskIdentity
    from mbox_ops.entities.artifacts import ArtifactMime, ArtifactRecord
    from mbox_ops.entities.writers import Batch
    from mbox_ops.settings import ClientSettings

MOST = 5_000
"""Files in one write."""


class TrackArtifactOperator(MboxOperator):
    """Tracks files as artifacts of the DAG run's run: where they are, or, uploaded, with all their bytes.

    The artifacts are there all at once. A retry replaces them, goes on with an upload where it broke off, and does not
    send again what the service has. Outlets get an event with the run's id and the artifacts; an `AssetAlias` among
    them becomes an asset for each file.

    Args:
        files: a path or a URI, or a list of them. URIs that carry credentials are refused. Of what is uploaded, paths
            of files and folders, as the worker sees them: a file is listed under its name, a folder's files under the
            folder's name and their path in it.
        upload: hand the bytes to the service; else they are not read.
        under: of what is uploaded: a folder of paths to list it all under.
        mime_type: what kind of thing the files are, such as `Model`, `Checkpoint` or `Image`; guessed from their names
            if it is not given.
        checksum: of what is not uploaded: read local files and keep their sha256.
        **kwargs: what `MboxOperator` and Airflow's operators take.

    Example:
        >>> TrackArtifactOperator(task_id="model", files=["s3://models/{{ run_id }}/model.joblib"])
        <Task(TrackArtifactOperator): model>
        >>> TrackArtifactOperator(task_id="plots", files="/data/plots", upload=True, mime_type="Image")
        <Task(TrackArtifactOperator): plots>
    """

    template_fields: Sequence[str] = (
        *MboxOperator.template_fields, "files", "upload", "under", "mime_type", "checksum",
    )  # fmt: skip

    def __init__(
        self,
        *,
        files: str | list[str],
        upload: bool | str = False,
        under: str | None = None,
        mime_type: str | None = None,
        checksum: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.files = files
        self.upload = upload
        self.under = under
        self.mime_type = mime_type
        self.checksum = checksum

    def fill(self, batch: Batch, context: Context, identity: TaskIdentity) -> None:
        """One artifact for each file, after the bytes of those that are uploaded."""
        from mbox_airflow import templated
        from mbox_ops.client import files

        paths = templated.texts("files", self.files)
        upload, checksum = templated.truth("upload", self.upload), templated.truth("checksum", self.checksum)
        kind = _kind(self.mime_type)
        if upload:
            batch.artifacts = self._uploaded(paths, kind, identity.settings)
        elif self.under:
            raise InvalidRequest("under needs upload=True: a tracked file is listed as it is given.", field="under")
        else:
            _check_number(len(paths))
            batch.artifacts = files.records(paths, checksum=checksum, mime_type=kind)

    def _uploaded(self, paths: list[str], kind: ArtifactMime | None, settings: ClientSettings) -> list[ArtifactRecord]:
        from mbox_airflow import templated
        from mbox_ops.client.folders import sources
        from mbox_ops.client.http import HttpApi
        from mbox_ops.client.uploading import Uploader

        wanted = sources(paths, templated.text("under", self.under) or None)
        _check_number(len(wanted))
        api = HttpApi.of(settings)
        try:
            uploader = Uploader(api)
            return [uploader.send(source, kind) for source in wanted]
        finally:
            api.close()


def _check_number(files: int) -> None:
    if files > MOST:
        raise InvalidRequest(
            f"files are {files} files; one task tracks up to {MOST}. Map the task over several lists or folders.",
            field="files", limit=MOST, value=files,
        )  # fmt: skip


def _kind(given: str | None) -> ArtifactMime | None:
    from mbox_airflow import templated
    from mbox_ops.entities.artifacts import ArtifactMime

    name = templated.word("mime_type", given or None, [kind.value for kind in ArtifactMime])
    return None if name is None else ArtifactMime(name)
