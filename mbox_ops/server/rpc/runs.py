"""Runs: written, opened, read, changed, ended."""

from typing import Any

from mbox_ops.entities.runs import OpenRun, RunQuery
from mbox_ops.entities.writers import Batch
from mbox_ops.server.routes import Call
from mbox_ops.server.rpc.calls import rpc
from mbox_ops.server.rpc.documents import from_text
from mbox_ops.server.rpc.messages import READERS, plain, read, write
from mbox_ops.wire import modelbox_pb2 as pb


@rpc(scope="write")
def write_batch(call: Call, request: pb.Batch) -> pb.BatchResult:
    """Write one batch to one run."""
    return write(call.write(read(request, Batch)), pb.BatchResult)


@rpc(scope="write")
def create_run(call: Call, request: pb.Batch) -> pb.CreateRunResponse:
    """Open a run, or join the one that has the key."""
    call.actor.require("read")
    batch = read(request, Batch)
    batch.open = batch.open or OpenRun()
    result = call.write(batch)
    run = call.service.runs.get(call.actor, result.run_id)
    return pb.CreateRunResponse(existed=result.existed, run=write(run, pb.Run))


@rpc(scope="read")
def get_run(call: Call, request: pb.GetRunRequest) -> pb.Run:
    """One run."""
    return write(call.service.runs.get(call.actor, request.run_id), pb.Run)


@rpc(scope="read")
def list_runs(call: Call, request: pb.ListRunsRequest) -> pb.ListRunsResponse:
    """Runs of the namespace that meet all conditions."""
    page = call.service.runs.list(call.actor, read(request, RunQuery))
    return write(page, pb.ListRunsResponse, runs=page.items)


@rpc(scope="write")
def update_run(call: Call, request: pb.UpdateRunRequest) -> pb.BatchResult:
    """Change a run's name, collection, parameters, tags or labels."""
    return write(call.write(read(request, Batch)), pb.BatchResult)


@rpc(scope="write")
def end_run(call: Call, request: pb.EndRunRequest) -> pb.BatchResult:
    """End a run."""
    more: dict[str, Any] = {} if request.state else {"state": "FINISHED"}
    return write(call.write(read(request, Batch, **more)), pb.BatchResult)


def _read_change(message: pb.MetadataChange) -> dict[str, Any]:
    found = plain(message)
    if "value_json" in found:
        found["value"] = from_text(found.pop("value_json"), object)
    return found


READERS["modelbox.MetadataChange"] = _read_change
