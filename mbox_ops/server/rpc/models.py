"""Models and their versions: made, found, listed, tagged."""

from mbox_ops.entities.model_versions import CreateModelVersion, ModelVersionQuery, SetUniqueTags
from mbox_ops.entities.models import CreateModel, ModelQuery
from mbox_ops.server.routes import Call
from mbox_ops.server.rpc.calls import rpc
from mbox_ops.server.rpc.messages import read, write
from mbox_ops.wire import modelbox_pb2 as pb


@rpc(scope="write")
def create_model(call: Call, request: pb.CreateModelRequest) -> pb.CreateModelResponse:
    """Create a model, or find the one that has the name."""
    request.ClearField("namespace")  # it has said already where the actor acts
    return write(call.service.models.create(call.actor, read(request, CreateModel)), pb.CreateModelResponse)


@rpc(scope="read")
def get_model(call: Call, request: pb.GetModelRequest) -> pb.GetModelResponse:
    """One model."""
    return pb.GetModelResponse(model=write(call.service.models.get(call.actor, request.model_id), pb.Model))


@rpc(scope="read")
def list_models(call: Call, request: pb.ListModelsRequest) -> pb.ListModelsResponse:
    """Models of a namespace, by name."""
    request.ClearField("namespace")
    page = call.service.models.list(call.actor, read(request, ModelQuery))
    return write(page, pb.ListModelsResponse, models=page.items)


@rpc(scope="write")
def create_model_version(call: Call, request: pb.CreateModelVersionRequest) -> pb.CreateModelVersionResponse:
    """Create a version of a model, or find the one that has the name."""
    run_id = request.experiment_id if request.HasField("experiment_id") else None
    request.ClearField("experiment_id")
    made = call.service.model_versions.create(call.actor, read(request, CreateModelVersion, run_id=run_id))
    return write(made, pb.CreateModelVersionResponse)


@rpc(scope="read")
def get_model_version(call: Call, request: pb.GetModelVersionRequest) -> pb.GetModelVersionResponse:
    """One version of a model."""
    found = call.service.model_versions.get(call.actor, request.model_version_id)
    return pb.GetModelVersionResponse(model_version=write(found, pb.ModelVersion))


@rpc(scope="read")
def list_model_versions(call: Call, request: pb.ListModelVersionsRequest) -> pb.ListModelVersionsResponse:
    """Versions, newest first."""
    run_id = request.experiment_id if request.HasField("experiment_id") else None
    request.ClearField("experiment_id")
    page = call.service.model_versions.list(call.actor, read(request, ModelVersionQuery, run_id=run_id))
    return write(page, pb.ListModelVersionsResponse, model_versions=page.items)


@rpc(scope="write")
def set_unique_tags(call: Call, request: pb.SetUniqueTagsRequest) -> pb.SetUniqueTagsResponse:
    """Give a version exactly these tags, or add or remove some."""
    model_version_id, tags = request.model_version_id, list(request.unique_tags)
    request.ClearField("model_version_id")
    wish = read(request, SetUniqueTags, unique_tags=tags)
    done = call.service.model_versions.set_unique_tags(call.actor, model_version_id, wish)
    return write(done, pb.SetUniqueTagsResponse)
