"""Artifacts of a run, or of another object."""

from mbox_ops.entities.artifacts import ArtifactQuery, StoredArtifact
from mbox_ops.entities.lineage import LineageEdge, LineageQuery
from mbox_ops.entities.pages import Page
from mbox_ops.server.routes import Call, operation
from mbox_ops.server.streams import Streamed, streamed


@operation("GET", "/api/v1/runs/{run_id}/artifacts", scope="read")
def list_artifacts(call: Call, run_id: str, query: ArtifactQuery) -> Page[StoredArtifact]:
    """The artifacts of a run, or of another object by its id, by path."""
    return call.service.artifacts.list(call.actor, run_id, query)


@operation("GET", "/api/v1/artifacts/{artifact_id}", scope="read")
def get_artifact(call: Call, artifact_id: str) -> StoredArtifact:
    """One artifact."""
    return call.service.artifacts.get(call.actor, artifact_id)


@operation("GET", "/api/v1/artifacts/{artifact_id}/content", scope="read", errors=("out_of_range",))
def get_artifact_content(call: Call, artifact_id: str) -> Streamed:
    """The bytes of an uploaded artifact, or the range of them that `Range` names; its ETag is the checksum."""
    found = call.service.artifacts.content(call.actor, artifact_id)
    artifact = found.artifact
    return streamed(found.read, size=found.size, etag=artifact.checksum, name=artifact.path, headers=call.headers)


@operation("GET", "/api/v1/artifacts/{artifact_id}/lineage", scope="read")
def list_artifact_lineage(call: Call, artifact_id: str, query: LineageQuery) -> Page[LineageEdge]:
    """The runs that produced an artifact, or the same content or URI, and the runs that used it."""
    return call.service.lineage.of_artifact(call.actor, artifact_id, query)


@operation("GET", "/api/v1/runs/{run_id}/lineage", scope="read")
def list_run_lineage(call: Call, run_id: str, query: LineageQuery) -> Page[LineageEdge]:
    """What a run produced, and what it used."""
    return call.service.lineage.of_run(call.actor, run_id, query)
