"""The metadata document of an object."""

from mbox_ops.entities.writers import Batch, MetadataOp
from mbox_ops.server.routes import Call
from mbox_ops.server.rpc.calls import rpc
from mbox_ops.server.rpc.documents import read_document, write_document
from mbox_ops.server.rpc.messages import write
from mbox_ops.wire import modelbox_pb2 as pb


@rpc(scope="write")
def update_metadata(call: Call, request: pb.UpdateMetadataRequest) -> pb.UpdateMetadataResponse:
    """Merge a document into the one that is there."""
    change = MetadataOp(op="merge", document=read_document(request.metadata))
    return write(call.write(Batch(run_id=request.parent_id, metadata=[change])), pb.UpdateMetadataResponse)


@rpc(scope="write")
def set_metadata(call: Call, request: pb.SetMetadataRequest) -> pb.UpdateMetadataResponse:
    """Replace the document."""
    change = MetadataOp(op="replace", document=read_document(request.metadata))
    return write(call.write(Batch(run_id=request.parent_id, metadata=[change])), pb.UpdateMetadataResponse)


@rpc(scope="read")
def list_metadata(call: Call, request: pb.ListMetadataRequest) -> pb.ListMetadataResponse:
    """The whole document."""
    answer = pb.ListMetadataResponse()
    write_document(answer.metadata, call.service.metadata.get(call.actor, request.parent_id))
    return answer
