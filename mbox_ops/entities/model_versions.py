"""Versions of models: what they are, what they came from, and the tags that point at one of them."""

from datetime import datetime
from typing import Any, Literal

import msgspec

from mbox_ops.entities.metrics import MetricSummary
from mbox_ops.entities.runs import MLFramework
from mbox_ops.entities.writers import Writer

TagChange = Literal["replace", "add", "remove"]


class CreateModelVersion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What `create_model_version` takes; all but `model` and `version` is optional.

    Attributes:
        model: the model's id, or its name in the namespace; an id beats a name.
        version: 1-256 characters; in its model it is the version's identity.
        name: what to call it, up to 256 characters.
        description: up to 5,000 characters.
        framework: what it is made with.
        unique_tags: each 1-256 characters, at most 100: of the versions of a model at most one has a tag.
        metadata: merged into the version's.
        run_id: the run, or experiment, that it came from.
        checkpoint_id: the checkpoint that it came from; its run is the version's then.
        writer: who writes, so that a resend is free; without it each request is a write of its own.
    """

    model: str
    version: str
    name: str = ""
    description: str = ""
    framework: MLFramework | None = None
    unique_tags: list[str] = []
    metadata: dict[str, Any] = {}
    run_id: str | None = None
    checkpoint_id: str | None = None
    writer: Writer | None = None


class CreatedModelVersion(msgspec.Struct, frozen=True, kw_only=True):
    """The version's id, and whether it was there before."""

    model_version_id: str
    model_version_exists: bool
    created_at: datetime
    updated_at: datetime


class ModelSource(msgspec.Struct, frozen=True, kw_only=True):
    """What a version came from, as it was called when the version was made: it outlives the run.

    Attributes:
        run_exists: whether the run is there now, so that its page can be shown.
        checkpoint_id, epoch: of the checkpoint, where it came from one.
    """

    run_id: str
    run_name: str
    scenario: str
    run_exists: bool
    checkpoint_id: str | None
    epoch: int | None


class ModelVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a model as it is read back.

    Attributes:
        model: the model's name.
        source: what it came from, where that was said.
        metrics: the series' summaries by name.
        artifacts: how many files it has.
    """

    id: str
    model_id: str
    model: str
    namespace: str
    version: str
    name: str
    description: str
    framework: MLFramework | None
    unique_tags: list[str]
    source: ModelSource | None
    metrics: dict[str, MetricSummary]
    artifacts: int
    created_at: datetime
    updated_at: datetime


class ModelVersionQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which versions, newest first: all conditions given hold (AND).

    Attributes:
        model: those of this model, given by id or name; of all models of the namespace if not given.
        version: the one of that name.
        unique_tag: those that have the tag: of each model at most one.
        run_id: those that came from this run.
    """

    model: str | None = None
    version: str | None = None
    unique_tag: str | None = None
    run_id: str | None = None
    limit: int = 100
    cursor: str | None = None


class SetUniqueTags(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The tags that a version is to have, or a change to those that it has.

    Attributes:
        unique_tags: each 1-256 characters; a version has at most 100.
        change: `replace`: it has exactly these, and none if the list is empty; `add`: these beside those that it has;
            `remove`: all but these.
        move: take those that other versions of the model have away from them; without it such a tag is refused.
    """

    unique_tags: list[str]
    change: TagChange = "replace"
    move: bool = False


class UniqueTags(msgspec.Struct, frozen=True, kw_only=True):
    """The tags that a version has now.

    Attributes:
        moved_from: of each tag that was moved, the version that had it.
    """

    unique_tags: list[str]
    moved_from: dict[str, str]
    updated_at: datetime
