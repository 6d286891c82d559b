"""Models: what training makes, by a name that stays while versions come and go."""

from datetime import datetime
from typing import Any

import msgspec

from mbox_ops.entities.writers import Writer


class CreateModel(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What `create_model` takes; all but `name` is optional.

    Attributes:
        name: 1-256 characters; in its namespace it is the model's identity.
        owner: up to 256 characters.
        task: what the model is for, up to 256 characters.
        description: up to 5,000 characters.
        metadata: merged into the model's.
        writer: who writes, so that a resend is free; without it each request is a write of its own.
    """

    name: str
    owner: str = ""
    task: str = ""
    description: str = ""
    metadata: dict[str, Any] = {}
    writer: Writer | None = None


class CreatedModel(msgspec.Struct, frozen=True, kw_only=True):
    """The model's id, and whether it was there before."""

    model_id: str
    model_exists: bool
    created_at: datetime
    updated_at: datetime


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """A model as it is read back.

    Attributes:
        versions: how many it has.
        latest_version: the one that was made last; None where there is none.
        latest_version_id: its id.
    """

    id: str
    namespace: str
    name: str
    owner: str
    task: str
    description: str
    versions: int
    latest_version: str | None
    latest_version_id: str | None
    created_at: datetime
    updated_at: datetime


class ModelQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which models of the namespace, by name: all conditions given hold (AND).

    Attributes:
        prefix: what the names begin with.
    """

    name: str | None = None
    prefix: str | None = None
    owner: str | None = None
    task: str | None = None
    limit: int = 100
    cursor: str | None = None
