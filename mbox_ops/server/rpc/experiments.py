"""Experiments: runs by ModelBox's name."""

from mbox_ops.entities.experiments import CreateExperiment
from mbox_ops.entities.runs import RunQuery
from mbox_ops.server.routes import Call
from mbox_ops.server.rpc.calls import rpc
from mbox_ops.server.rpc.messages import read, write
from mbox_ops.wire import modelbox_pb2 as pb


@rpc(scope="write")
def create_experiment(call: Call, request: pb.CreateExperimentRequest) -> pb.CreateExperimentResponse:
    """Create an experiment, or find the one that has the name."""
    request.ClearField("namespace")  # it has said already where the actor acts
    return write(
        call.service.experiments.create(call.actor, read(request, CreateExperiment)), pb.CreateExperimentResponse
    )


@rpc(scope="read")
def get_experiment(call: Call, request: pb.GetExperimentRequest) -> pb.GetExperimentResponse:
    """One experiment, which is a run."""
    run = call.service.runs.get(call.actor, request.experiment_id)
    return pb.GetExperimentResponse(experiment=write(run, pb.Experiment))


@rpc(scope="read")
def list_experiments(call: Call, request: pb.ListExperimentsRequest) -> pb.ListExperimentsResponse:
    """Experiments of a namespace."""
    request.ClearField("namespace")
    page = call.service.runs.list(call.actor, read(request, RunQuery, experiments=True))
    return write(page, pb.ListExperimentsResponse, experiments=page.items)
