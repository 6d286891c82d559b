"""Models: made, found, listed."""

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mbox_ops.client import parts
from mbox_ops.client.fields import Field
from mbox_ops.client.model_versions import ModelVersion, ModelVersions
from mbox_ops.client.reading import Listing, listing, segment
from mbox_ops.client.references import Ref, ident
from mbox_ops.client.stored import Stored, writer_here
from mbox_ops.entities import models
from mbox_ops.entities.models import CreatedModel, CreateModel

if TYPE_CHECKING:
    from mbox_ops.client.connection import Connection


class Model(Stored[models.Model]):
    """A model: what training makes, by a name that stays while versions come and go.

    It has the verbs of a run that log metrics, events, files and metadata; what they write is durable when they return.

    Args:
        id: the model's id.

    Example:
        >>> [version.version for version in model.versions()]  # doctest: +SKIP
        ['2026-11-21', '2026-11-14']
    """

    path = "/models"
    kind = models.Model

    namespace = Field[str]()
    name = Field[str]()
    owner = Field[str]()
    task = Field[str]()
    description = Field[str]()
    latest_version = Field[str | None]()
    latest_version_id = Field[str | None]()
    created_at = Field[datetime]()
    updated_at = Field[datetime]()

    @property
    def model_id(self) -> str:
        """Its id, the same as `id`."""
        return self.id

    def create_version(self, version: str, **given: Any) -> ModelVersion:
        """Make a version of it, or find the one of that name; see `Client.model_versions.create`."""
        self._record = None
        return ModelVersions(self._connection).create(self, version, **given)

    def versions(self, *, unique_tag: str | None = None, limit: int | None = None) -> list[ModelVersion]:
        """Its versions, newest first; with a tag, the one that has it."""
        return list(ModelVersions(self._connection).list(model=self, unique_tag=unique_tag, limit=limit))


class Models:
    """The models of a namespace."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    def create(
        self,
        name: str,
        owner: str = "",
        task: str = "",
        description: str = "",
        metadata: Mapping[str, Any] | None = None,
    ) -> Model:
        """Make a model, or find the one of that name in the namespace; `model.existed` tells which.

        What is given of one that is there is added to it: metadata is merged; owner, task and description that it has
        already stay.

        Args:
            name: 1-256 characters; with the namespace it is the model's identity.
            owner: up to 256 characters.
            task: what it is for, up to 256 characters.
            description: up to 5,000 characters.
            metadata: merged into what is there.

        Raises:
            InvalidRequest: one of them breaks a rule.
        """
        wish = CreateModel(
            name=name, owner=owner, task=task, description=description, metadata=parts.document(metadata),
            writer=writer_here(),
        )  # fmt: skip
        made = self._connection.ask("/models", wish, CreatedModel)
        model = Model(made.model_id, connection=self._connection)
        model.existed = made.model_exists
        return model

    def get(self, model: Ref) -> Model:
        """A model by its id or its name; an id beats a name.

        Raises:
            NotFound: there is none.
        """
        path = f"/models/{segment(ident('model', model) or '')}"
        return Model.read(self._connection, self._connection.get(path, models.Model))

    def list(
        self,
        *,
        name: str | None = None,
        prefix: str | None = None,
        owner: str | None = None,
        task: str | None = None,
        limit: int | None = None,
    ) -> Listing[Model]:
        """The namespace's models, by name.

        Args:
            name: only the one of that name.
            prefix: only those whose names begin so.
            owner: only those of that owner.
            task: only those for that.
            limit: at most so many; all if it is not given.
        """
        query = {"name": name, "prefix": prefix, "owner": owner, "task": task}
        connection = self._connection
        return listing(
            connection, "/models", models.Model, lambda one: Model.read(connection, one), limit=limit, **query
        )
