"""What runs, models, versions of models and checkpoints have in common: what is logged on them is read back."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mbox_ops.client.artifacts import Artifacts
from mbox_ops.client.files import Files
from mbox_ops.client.history import MetricHistory
from mbox_ops.client.reading import Events, Metrics, segment
from mbox_ops.client.shown import Shown
from mbox_ops.client.uploading import Progress, upload
from mbox_ops.client.values import Artifact, Event, Wallclock
from mbox_ops.client.writing import SubjectWrites
from mbox_ops.entities.artifacts import ArtifactMime

if TYPE_CHECKING:
    from mbox_ops.client.connection import Connection


class Subject(SubjectWrites):
    """Anything that can be logged against."""

    _connection: "Connection"
    _record: Any = None

    @property
    def id(self) -> str:
        """Its id."""
        raise NotImplementedError

    def get_metadata(self) -> dict[str, Any]:
        """The metadata document; `{}` where there is none."""
        path = f"/runs/{segment(self._connection.ready(self))}/metadata"
        return self._connection.get(path, dict[str, Any])

    def get_metrics_history(
        self, metrics: Sequence[str] | str | None = None, limit: int | None = 1_000
    ) -> list[MetricHistory]:
        """The points of some metrics.

        Args:
            metrics: their names; all of them if they are not given.
            limit: the most points of each, the first ones by step; None for all.
        """
        return Metrics(self._connection).history(self, metrics, limit)

    def events(
        self, *, since: Wallclock | None = None, name: str | None = None, source: str | None = None
    ) -> list[Event]:
        """The events, ordered by their time; see `Client.events.list`."""
        return Shown(Events(self._connection).list(self, since=since, name=name, source=source))

    def artifacts(self, *, mime_type: ArtifactMime | None = None, prefix: str | None = None) -> list[Artifact]:
        """The artifacts, ordered by path; see `Client.artifacts.list`."""
        return Shown(Artifacts(self._connection).list(self, mime_type=mime_type, prefix=prefix))

    def upload_artifact(
        self,
        files: Files,
        *,
        under: str | None = None,
        mime_type: ArtifactMime | None = None,
        progress: Progress | None = None,
        timeout: float = 30.0,
    ) -> list[Artifact]:
        """Upload files: the service keeps the bytes. Unlike what is logged, this waits for the service.

        Bytes go in parts and in constant memory; what the service has already is not sent again, and what broke off
        goes on where it was. The artifacts are there all at once, when the last file has arrived whole.

        Args:
            files: paths of files and folders, one or a list. A file is listed under its name, a folder's files under
                the folder's name and their path in it; links that lead out of a folder are refused.
            under: a folder of paths to list them all under.
            mime_type: what kind of thing they are; guessed from their names if it is not given.
            progress: called with a path, the bytes done and the bytes there are, after each part.
            timeout: seconds to go on trying while nothing gets through.

        Returns:
            The artifacts, in the order of `files`.

        Raises:
            InvalidRequest: a file cannot be read or changes meanwhile, or two would be listed under one path.
            Unavailable: nothing has got through for so long; the same call again goes on from there.

        Example:
            >>> run.upload_artifact(["model.onnx", "plots/"])  # doctest: +SKIP
        """
        self._record = None
        return upload(
            self._connection, self._stream(), files,
            under=under, mime_type=mime_type, progress=progress, timeout=timeout,
        )  # fmt: skip

    def download_artifacts(
        self, to: str | os.PathLike[str], *, prefix: str | None = None, progress: Progress | None = None
    ) -> list[Path]:
        """Download what was uploaded to it into a folder; see `Client.artifacts.download_all`."""
        return Artifacts(self._connection).download_all(self, to, prefix=prefix, progress=progress)
