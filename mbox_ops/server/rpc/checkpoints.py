"""Checkpoints of experiments: made, found, listed."""

from mbox_ops.entities.checkpoints import Checkpoint, CheckpointQuery, CreateCheckpoint
from mbox_ops.server.routes import Call
from mbox_ops.server.rpc.calls import rpc
from mbox_ops.server.rpc.messages import WRITERS, fill, read, write
from mbox_ops.wire import modelbox_pb2 as pb
from mbox_ops.wire.encodings import to_wire


@rpc(scope="write")
def create_checkpoint(call: Call, request: pb.CreateCheckpointRequest) -> pb.CreateCheckpointResponse:
    """Create the checkpoint of an epoch, or find it, and add what is given to it."""
    run_id, epoch = request.experiment_id, request.epoch
    metrics = {name: to_wire(value) for name, value in request.metrics.items()}
    request.ClearField("experiment_id")
    wish = read(request, CreateCheckpoint, epoch=epoch, metrics=metrics)
    return write(call.service.checkpoints.create(call.actor, run_id, wish), pb.CreateCheckpointResponse)


@rpc(scope="read")
def get_checkpoint(call: Call, request: pb.GetCheckpointRequest) -> pb.GetCheckpointResponse:
    """One checkpoint."""
    found = call.service.checkpoints.get(call.actor, request.checkpoint_id)
    answer = pb.GetCheckpointResponse()
    _write_checkpoint(answer.checkpoint, found)
    return answer


@rpc(scope="read")
def list_checkpoints(call: Call, request: pb.ListCheckpointsRequest) -> pb.ListCheckpointsResponse:
    """Checkpoints, by epoch."""
    run_id = request.experiment_id
    request.ClearField("experiment_id")
    page = call.service.checkpoints.list(call.actor, run_id, read(request, CheckpointQuery))
    return write(page, pb.ListCheckpointsResponse, checkpoints=page.items)


def _write_checkpoint(message: pb.Checkpoint, checkpoint: Checkpoint) -> None:
    fill(message, checkpoint)
    message.experiment_id = checkpoint.run_id


WRITERS["modelbox.Checkpoint"] = _write_checkpoint
