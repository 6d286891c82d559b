"""Models and their versions."""

from mbox_ops.entities.model_versions import (
    CreatedModelVersion,
    CreateModelVersion,
    ModelVersion,
    ModelVersionQuery,
    SetUniqueTags,
    UniqueTags,
)
from mbox_ops.entities.models import CreatedModel, CreateModel, Model, ModelQuery
from mbox_ops.entities.pages import Page
from mbox_ops.server.rest.batches import WRITE_ERRORS
from mbox_ops.server.routes import Call, operation


@operation(
    "POST", "/api/v1/models", scope="write", errors=WRITE_ERRORS,
    example={"name": "churn-classifier", "owner": "ada@example.com", "description": "Who leaves next month."},
)  # fmt: skip
def create_model(call: Call, body: CreateModel) -> CreatedModel:
    """Create a model, or find the one that has the name; `model_exists` tells which.

    What is given of one that is there is added to it: metadata is merged; owner, task and description that it has
    already stay.
    """
    return call.service.models.create(call.actor, body)


@operation("GET", "/api/v1/models", scope="read")
def list_models(call: Call, query: ModelQuery) -> Page[Model]:
    """Models of the namespace, by name."""
    return call.service.models.list(call.actor, query)


@operation("GET", "/api/v1/models/{model}", scope="read")
def get_model(call: Call, model: str) -> Model:
    """One model by id or name; an id beats a name."""
    return call.service.models.get(call.actor, model)


@operation(
    "POST", "/api/v1/model-versions", scope="write", errors=WRITE_ERRORS,
    example={
        "model": "churn-classifier", "version": "2026-11-21", "framework": "SKLEARN", "unique_tags": ["candidate"],
        "run_id": "0192d1c5-7c2e-7000-8000-000000000000",
    },
)  # fmt: skip
def create_model_version(call: Call, body: CreateModelVersion) -> CreatedModelVersion:
    """Create a version of a model, or find the one that has the name; `model_version_exists` tells which.

    What is given of one that is there is added to it: metadata is merged, tags are given; the rest stays. A tag that
    another version of the model has is refused.
    """
    return call.service.model_versions.create(call.actor, body)


@operation("GET", "/api/v1/model-versions", scope="read", errors=("not_found",))
def list_model_versions(call: Call, query: ModelVersionQuery) -> Page[ModelVersion]:
    """Versions of a model, or of all models of the namespace, newest first."""
    return call.service.model_versions.list(call.actor, query)


@operation("GET", "/api/v1/model-versions/{model_version_id}", scope="read")
def get_model_version(call: Call, model_version_id: str) -> ModelVersion:
    """One version of a model."""
    return call.service.model_versions.get(call.actor, model_version_id)


@operation(
    "PUT", "/api/v1/model-versions/{model_version_id}/unique-tags", scope="write", errors=("conflict",),
    example={"unique_tags": ["production"], "move": True},
)  # fmt: skip
def set_unique_tags(call: Call, model_version_id: str, body: SetUniqueTags) -> UniqueTags:
    """Give a version exactly these tags, of which each is on at most one version of its model; or add or remove some.

    With `move`, those that other versions have are taken from them in the same instant.
    """
    return call.service.model_versions.set_unique_tags(call.actor, model_version_id, body)
