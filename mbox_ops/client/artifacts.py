"""Artifacts: listed, uploaded and downloaded."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from mbox_ops.client.downloading import download
from mbox_ops.client.files import Files
from mbox_ops.client.reading import Listing, listing, same, segment
from mbox_ops.client.references import Ref
from mbox_ops.client.uploading import Progress, upload
from mbox_ops.client.values import Artifact, artifact_of
from mbox_ops.entities.artifacts import ArtifactKind, ArtifactMime, StoredArtifact
from mbox_ops.entities.lineage import LineageEdge
from mbox_ops.errors import NotFound

if TYPE_CHECKING:
    from mbox_ops.client.connection import Connection

Uploaded: TypeAlias = list[Artifact]  # `Artifacts` has a method called `list`
Paths: TypeAlias = list[Path]


class Artifacts:
    """What can be done with artifacts."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    def list(
        self,
        subject: Ref,
        *,
        mime_type: ArtifactMime | None = None,
        kind: ArtifactKind | None = None,
        prefix: str | None = None,
        limit: int | None = None,
    ) -> Listing[Artifact]:
        """The artifacts of a run, ordered by path.

        Args:
            subject: the run or its id.
            mime_type: only those that are such a thing.
            kind: only those that are `tracked`, or only those that were `uploaded`.
            prefix: only those whose path begins so.
            limit: at most so many; all if it is not given.
        """
        subject_id = self._connection.ready(subject)
        path = f"/runs/{segment(subject_id)}/artifacts"
        query = {"mime_type": mime_type and mime_type.value, "kind": kind, "prefix": prefix}
        return listing(self._connection, path, StoredArtifact, artifact_of, limit=limit, **query)

    def get(self, artifact_id: str) -> Artifact:
        """An artifact by its id.

        Raises:
            NotFound: there is none in any namespace that the token opens.
        """
        self._connection.flush()
        return artifact_of(self._connection.get(f"/artifacts/{segment(artifact_id)}", StoredArtifact))

    def upload(
        self,
        subject: Ref,
        files: Files,
        *,
        under: str | None = None,
        mime_type: ArtifactMime | None = None,
        progress: Progress | None = None,
        timeout: float = 30.0,
    ) -> Uploaded:
        """Upload files and folders to a run; see `Run.upload_artifact`."""
        stream = self._connection.stream_to(self._connection.ready(subject))
        return upload(
            self._connection, stream, files, under=under, mime_type=mime_type, progress=progress, timeout=timeout
        )

    def download(
        self,
        artifact: Artifact | str,
        to: str | os.PathLike[str] = ".",
        *,
        run: Ref | None = None,
        progress: Progress | None = None,
    ) -> Path:
        """Download an uploaded artifact, verify it, and only then give it its name.

        Args:
            artifact: it, its id, or with `run` its path; the last one uploaded under that path is meant.
            to: the folder; the file gets the artifact's path in it, and replaces what is there.
            run: the run that `artifact` is a path in.
            progress: called with the path, the bytes done and the bytes there are.

        Returns:
            The file.

        Raises:
            NotFound: there is no such artifact.
            InvalidRequest: it is only tracked, or its path leads out of the folder; nothing was written.
            InternalError: its bytes are damaged; nothing was written.
        """
        found = self._found(artifact, run)
        return download(self._connection.api, found, Path(to), progress=progress)

    def download_all(
        self,
        subject: Ref,
        to: str | os.PathLike[str],
        *,
        prefix: str | None = None,
        progress: Progress | None = None,
    ) -> Paths:
        """Download what was uploaded to a run, or what of it has a path that begins so, into a folder.

        Returns:
            The files; of several artifacts with one path the last one.
        """
        last = {found.path: found for found in self.list(subject, kind="uploaded", prefix=prefix)}
        api = self._connection.api
        return [download(api, found, Path(to), progress=progress) for found in last.values()]

    def lineage(self, artifact: Artifact | str, *, limit: int | None = None) -> Listing[LineageEdge]:
        """The runs that produced an artifact, or the same content or URI, and then the runs that used it.

        Args:
            artifact: it or its id.
            limit: at most so many edges; all if it is not given.

        Returns:
            Edges with `relation` (`produced` or `used`), `run`, `by` and `target` (how they belong together),
            `artifact` and `at`.

        Example:
            >>> [edge.run.name for edge in client.artifacts.lineage(model) if edge.relation == "used"]  # doctest: +SKIP
            ['scoring-2026-11-21']
        """
        self._connection.flush()
        artifact_id = artifact.id if isinstance(artifact, Artifact) else artifact
        return listing(self._connection, f"/artifacts/{segment(artifact_id)}/lineage", LineageEdge, same, limit=limit)

    def lineage_of_run(self, subject: Ref, *, limit: int | None = None) -> Listing[LineageEdge]:
        """What a run produced, and then what it used; see `lineage`."""
        path = f"/runs/{segment(self._connection.ready(subject))}/lineage"
        return listing(self._connection, path, LineageEdge, same, limit=limit)

    def _found(self, artifact: Artifact | str, run: Ref | None) -> Artifact:
        if isinstance(artifact, Artifact):
            return artifact
        if run is None:
            return self.get(artifact)
        same_path = [found for found in self.list(run, prefix=artifact) if found.path == artifact]
        uploaded = [found for found in same_path if found.kind == "uploaded"]
        if not same_path:
            raise NotFound("artifact", artifact, self._connection.settings.namespace)
        return (uploaded or same_path)[-1]
