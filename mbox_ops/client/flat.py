"""What ModelBox's client does with models, their versions and checkpoints, in one flat call each."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from mbox_ops.client.checkpoints import Checkpoint, Checkpoints
from mbox_ops.client.files import Files
from mbox_ops.client.model_versions import ModelVersion, ModelVersions
from mbox_ops.client.models import Model, Models
from mbox_ops.client.reading import Listing
from mbox_ops.client.references import Ref
from mbox_ops.client.values import MetricScalar
from mbox_ops.entities.runs import MLFramework

if TYPE_CHECKING:
    from mbox_ops.client.connection import Connection


class ModelCalls:
    """The flat calls of a client; `client.models`, `client.model_versions` and `client.checkpoints` say more."""

    models: Models
    model_versions: ModelVersions
    checkpoints: Checkpoints

    def _in(self, namespace: str | None) -> "Connection":
        raise NotImplementedError

    def create_model(
        self,
        name: str,
        owner: str = "",
        namespace: str | None = None,
        task: str = "",
        description: str = "",
        metadata: Mapping[str, Any] | None = None,
    ) -> Model:
        """Make a model, or find the one of that name in the namespace; see `client.models.create`.

        Example:
            >>> model = client.create_model(name="yolo", owner="foo@bar.com", namespace="cv")  # doctest: +SKIP
            >>> version = client.create_model_version(model.id, "2", unique_tags=["production"])  # doctest: +SKIP
        """
        return Models(self._in(namespace)).create(name, owner, task, description, metadata)

    def get_model(self, model_id: Ref) -> Model:
        """A model by its id or its name."""
        return self.models.get(model_id)

    def list_models(self, namespace: str | None = None, limit: int | None = None) -> Listing[Model]:
        """The models of a namespace, by name; this client's if none is given."""
        return Models(self._in(namespace)).list(limit=limit)

    def create_model_version(
        self,
        model_id: Ref,
        version: str,
        name: str = "",
        description: str = "",
        framework: MLFramework | str | None = None,
        unique_tags: Sequence[str] = (),
        metadata: Mapping[str, Any] | None = None,
        experiment_id: Ref | None = None,
        checkpoint_id: Ref | None = None,
    ) -> ModelVersion:
        """Make a version of a model, or find the one of that name; see `client.model_versions.create`."""
        return self.model_versions.create(
            model_id, version, name, description, framework, unique_tags, metadata,
            run=experiment_id, checkpoint=checkpoint_id,
        )  # fmt: skip

    def get_model_version(self, model_version_id: Ref) -> ModelVersion:
        """A version of a model by its id."""
        return self.model_versions.get(model_version_id)

    def list_model_versions(self, model_id: Ref, limit: int | None = None) -> Listing[ModelVersion]:
        """The versions of a model, newest first."""
        return self.model_versions.list(model=model_id, limit=limit)

    def create_checkpoint(
        self,
        experiment_id: Ref,
        epoch: int,
        metrics: Mapping[str, MetricScalar] | None = None,
        files: Files | None = None,
        metadata: Mapping[str, Any] | None = None,
    ) -> Checkpoint:
        """Make the checkpoint of an experiment and an epoch, or find it; see `client.checkpoints.create`."""
        return self.checkpoints.create(experiment_id, epoch, metrics, files=files, metadata=metadata)

    def get_checkpoint(self, checkpoint_id: Ref) -> Checkpoint:
        """A checkpoint by its id."""
        return self.checkpoints.get(checkpoint_id)

    def list_checkpoints(self, experiment_id: Ref, limit: int | None = None) -> Listing[Checkpoint]:
        """The checkpoints of an experiment, by epoch."""
        return self.checkpoints.list(experiment_id, limit=limit)
