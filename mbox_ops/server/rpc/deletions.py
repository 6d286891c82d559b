"""Deletions: previewed, made, read, undone, purged."""

from mbox_ops.entities.deletions import CreateDeletion, Deletion, UndoDeletion
from mbox_ops.server.rest.deletions import DeletionQuery
from mbox_ops.server.routes import Call
from mbox_ops.server.rpc.calls import rpc
from mbox_ops.server.rpc.messages import read, write
from mbox_ops.wire import modelbox_pb2 as pb


@rpc(scope="delete")
def create_deletion(call: Call, request: pb.CreateDeletionRequest) -> pb.Deletion:
    """Delete what a selector takes, or only count it."""
    return _shown(call.service.deletions.create(call.actor, read(request, CreateDeletion)))


@rpc(scope="read")
def get_deletion(call: Call, request: pb.GetDeletionRequest) -> pb.Deletion:
    """One deletion."""
    return _shown(call.service.deletions.get(call.actor, request.deletion_id))


@rpc(scope="read")
def list_deletions(call: Call, request: pb.ListDeletionsRequest) -> pb.ListDeletionsResponse:
    """Deletions, newest first."""
    query = read(request, DeletionQuery)
    page = call.service.deletions.list(call.actor, limit=query.limit, cursor=query.cursor)
    return write(page, pb.ListDeletionsResponse, deletions=page.items)


@rpc(scope="delete")
def undo_deletion(call: Call, request: pb.UndoDeletionRequest) -> pb.Deletion:
    """Bring back all that a deletion took."""
    deletion_id = request.deletion_id
    request.ClearField("deletion_id")
    return _shown(call.service.deletions.undo(call.actor, deletion_id, read(request, UndoDeletion)))


@rpc(scope="delete")
def purge_deletion(call: Call, request: pb.PurgeDeletionRequest) -> pb.Deletion:
    """Give the undo window up."""
    return _shown(call.service.deletions.purge(call.actor, request.deletion_id))


def _shown(deletion: Deletion) -> pb.Deletion:
    return write(deletion, pb.Deletion)
