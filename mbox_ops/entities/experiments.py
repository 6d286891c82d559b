"""Experiments, ModelBox's word for runs with the key `experiment:<name>`."""

from datetime import datetime
from typing import Any

import msgspec

from mbox_ops.entities.runs import MLFramework

KEY_PREFIX = "experiment:"


class CreateExperiment(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What `create_experiment` takes; all but `name` is optional."""

    name: str
    owner: str = ""
    external_id: str | None = None
    framework: MLFramework | None = None
    task: str = ""
    metadata: dict[str, Any] = {}


class CreatedExperiment(msgspec.Struct, frozen=True, kw_only=True):
    """The experiment's id, and whether it was there before."""

    experiment_id: str
    experiment_exists: bool
    created_at: datetime
    updated_at: datetime
