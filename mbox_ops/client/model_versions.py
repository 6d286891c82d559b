"""Versions of models: made, found, listed, tagged."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mbox_ops.client import parts
from mbox_ops.client.fields import Field
from mbox_ops.client.reading import Listing, listing, segment
from mbox_ops.client.references import Ref, ident
from mbox_ops.client.stored import Stored, writer_here
from mbox_ops.entities import model_versions
from mbox_ops.entities.model_versions import (
    CreatedModelVersion,
    CreateModelVersion,
    SetUniqueTags,
    TagChange,
    UniqueTags,
)
from mbox_ops.entities.runs import MLFramework

if TYPE_CHECKING:
    from mbox_ops.client.connection import Connection


class ModelVersion(Stored[model_versions.ModelVersion]):
    """A version of a model.

    It has the verbs of a run that log metrics, events, files and metadata; what they write is durable when they return.

    Args:
        id: the version's id.

    Example:
        >>> version.set_unique_tags(["production"], move=True)  # doctest: +SKIP
    """

    path = "/model-versions"
    kind = model_versions.ModelVersion

    namespace = Field[str]()
    model_id = Field[str]()
    model = Field[str]()
    version = Field[str]()
    name = Field[str]()
    description = Field[str]()
    framework = Field[MLFramework | None]()
    unique_tags = Field[list[str]]()
    source = Field[model_versions.ModelSource | None]()
    created_at = Field[datetime]()
    updated_at = Field[datetime]()

    @property
    def model_version_id(self) -> str:
        """Its id, the same as `id`."""
        return self.id

    def set_unique_tags(self, tags: Sequence[str], *, move: bool = False, change: TagChange = "replace") -> UniqueTags:
        """Give it exactly these tags, or add or remove some; see `Client.model_versions.set_unique_tags`."""
        self._record = None
        return ModelVersions(self._connection).set_unique_tags(self, tags, move=move, change=change)


class ModelVersions:
    """The versions of a namespace's models."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    def create(
        self,
        model: Ref,
        version: str,
        name: str = "",
        description: str = "",
        framework: MLFramework | str | None = None,
        unique_tags: Sequence[str] = (),
        metadata: Mapping[str, Any] | None = None,
        *,
        run: Ref | None = None,
        checkpoint: Ref | None = None,
    ) -> ModelVersion:
        """Make a version of a model, or find the one of that name; `version.existed` tells which.

        Args:
            model: the model, its id, or its name.
            version: 1-256 characters; in its model it is the version's identity.
            name: what to call it, up to 256 characters.
            description: up to 5,000 characters.
            framework: what it is made with.
            unique_tags: of the versions of a model at most one has a tag.
            metadata: merged into the version's.
            run: the run or experiment that it came from.
            checkpoint: the checkpoint that it came from.

        Raises:
            InvalidRequest: one of them breaks a rule.
            NotFound: there is no such model, run or checkpoint.
            Conflict: another version has one of the tags, or it came from something else.
        """
        wish = CreateModelVersion(
            model=ident("model", model) or "", version=version, name=name, description=description,
            framework=parts.framework(framework), unique_tags=list(unique_tags),
            metadata=parts.document(metadata), run_id=ident("run", run), checkpoint_id=ident("checkpoint", checkpoint),
            writer=writer_here(),
        )  # fmt: skip
        self._connection.flush()  # what it came from has to be there
        made = self._connection.ask("/model-versions", wish, CreatedModelVersion)
        found = ModelVersion(made.model_version_id, connection=self._connection)
        found.existed = made.model_version_exists
        return found

    def get(self, model_version: Ref) -> ModelVersion:
        """A version by its id.

        Raises:
            NotFound: there is none in any namespace that the token opens.
        """
        path = f"/model-versions/{segment(self._connection.ready(model_version))}"
        return ModelVersion.read(self._connection, self._connection.get(path, model_versions.ModelVersion))

    def list(
        self,
        *,
        model: Ref | None = None,
        version: str | None = None,
        unique_tag: str | None = None,
        run: Ref | None = None,
        limit: int | None = None,
    ) -> Listing[ModelVersion]:
        """The versions of a model, or of all models of the namespace, newest first.

        Args:
            model: the model, its id, or its name.
            version: only the one of that name.
            unique_tag: only those that have the tag: of each model at most one.
            run: only those that came from this run.
            limit: at most so many; all if it is not given.
        """
        self._connection.flush()
        query = {
            "model": ident("model", model), "version": version, "unique_tag": unique_tag, "run_id": ident("run", run),
        }  # fmt: skip
        connection = self._connection
        return listing(
            connection, "/model-versions", model_versions.ModelVersion, lambda one: ModelVersion.read(connection, one),
            limit=limit, **query,
        )  # fmt: skip

    def set_unique_tags(
        self, model_version: Ref, tags: Sequence[str], *, move: bool = False, change: TagChange = "replace"
    ) -> UniqueTags:
        """Give a version exactly these tags, of which each is on at most one version of its model.

        Args:
            model_version: the version or its id.
            tags: an empty list takes all away.
            move: take those that other versions have away from them, in the same instant.
            change: `add` gives it these beside those that it has, `remove` leaves it all but these; what others add or
                remove at the same time is not lost.

        Returns:
            `unique_tags`, and `moved_from`: of each tag that was moved, the version that had it.

        Raises:
            Conflict: another version has one of the tags, and `move` was not given; nothing was changed.
        """
        path = f"/model-versions/{segment(self._connection.ready(model_version))}/unique-tags"
        wish = SetUniqueTags(unique_tags=list(tags), move=move, change=change)
        return self._connection.api.call("PUT", path, body=wish, result=UniqueTags, retry=True)
