"""The metadata document of a run, or of another object: `run_id` may be a checkpoint's, a model's or a version's id."""

from typing import Any

from mbox_ops.entities.writers import Batch, BatchResult, MetadataOp
from mbox_ops.errors import InvalidRequest
from mbox_ops.server.rest.batches import WRITE_ERRORS
from mbox_ops.server.routes import Call, operation

EXAMPLE = {"data": {"rows": 569, "source": "hospital"}}


@operation("GET", "/api/v1/runs/{run_id}/metadata", scope="read")
def get_metadata(call: Call, run_id: str) -> dict[str, Any]:
    """The whole document of a run, or of another object by its id; `{}` where there is none."""
    return call.service.metadata.get(call.actor, run_id)


@operation("POST", "/api/v1/runs/{run_id}/metadata", scope="write", errors=WRITE_ERRORS, example=EXAMPLE)
def merge_metadata(call: Call, run_id: str, body: dict[str, Any]) -> BatchResult:
    """Merge a document into the one that is there (RFC 7386), of a run or of another object by its id.

    The body is the document itself, or `{"runId": ..., "metadata": ...}`.
    """
    return call.write(Batch(run_id=run_id, metadata=[MetadataOp(op="merge", document=document_of(run_id, body))]))


@operation("PUT", "/api/v1/runs/{run_id}/metadata", scope="write", errors=WRITE_ERRORS, example=EXAMPLE)
def replace_metadata(call: Call, run_id: str, body: dict[str, Any]) -> BatchResult:
    """Replace the document of a run, or of another object by its id; `{}` clears it.

    The body is the document itself, or `{"runId": ..., "metadata": ...}`.
    """
    return call.write(Batch(run_id=run_id, metadata=[MetadataOp(op="replace", document=document_of(run_id, body))]))


def document_of(run_id: str, body: dict[str, Any]) -> dict[str, Any]:
    """The document in either form of body; in the wrapped one, `runId` is the path's run, compared as text."""
    if body.keys() != {"runId", "metadata"}:
        return body
    named, document = body["runId"], body["metadata"]
    if str(named) != run_id:
        raise InvalidRequest(
            f"runId is {str(named)[:100]!r}, but the path names {run_id!r}.", field="runId", value=named
        )
    if not isinstance(document, dict):
        raise InvalidRequest("metadata must be an object.", field="metadata", value=document)
    return document
