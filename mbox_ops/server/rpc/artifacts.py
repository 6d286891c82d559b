"""Artifacts of an object: noted and listed."""

from mbox_ops.entities.artifacts import ArtifactQuery
from mbox_ops.entities.writers import Batch
from mbox_ops.server.routes import Call
from mbox_ops.server.rpc.calls import rpc
from mbox_ops.server.rpc.messages import read, write
from mbox_ops.wire import modelbox_pb2 as pb


@rpc(scope="write")
def track_artifacts(call: Call, request: pb.TrackArtifactsRequest) -> pb.TrackArtifactsResponse:
    """Note files that are stored elsewhere, or whose content was uploaded before."""
    parent_id = request.parent_id
    request.ClearField("parent_id")
    return write(call.write(read(request, Batch, run_id=parent_id)), pb.TrackArtifactsResponse)


@rpc(scope="read")
def list_artifacts(call: Call, request: pb.ListArtifactsRequest) -> pb.ListArtifactsResponse:
    """Artifacts, by path."""
    parent_id = request.parent_id
    request.ClearField("parent_id")
    page = call.service.artifacts.list(call.actor, parent_id, read(request, ArtifactQuery))
    return write(page, pb.ListArtifactsResponse, artifacts=page.items)
