"""Artifacts of a run."""

from mbox_ops.entities.artifacts import ArtifactQuery, StoredArtifact
from mbox_ops.entities.pages import Page
from mbox_ops.server.routes import Call, operation


@operation("GET", "/api/v1/runs/{run_id}/artifacts", scope="read")
def list_artifacts(call: Call, run_id: str, query: ArtifactQuery) -> Page[StoredArtifact]:
    """A run's artifacts, by path."""
    return call.service.artifacts.list(call.actor, run_id, query)
