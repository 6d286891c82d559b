"""What is looked at beside a list: a version of a model, or a checkpoint of a run, with all that it holds."""

from collections.abc import Callable
from typing import Any, Generic, NamedTuple, TypeVar

from mbox_ops.entities.artifacts import ArtifactQuery, StoredArtifact
from mbox_ops.entities.checkpoints import Checkpoint
from mbox_ops.entities.model_versions import ModelVersion
from mbox_ops.errors import NotFound
from mbox_ops.server.ui.visits import Visit
from mbox_ops.service.access import Actor

T = TypeVar("T", Checkpoint, ModelVersion)
_MOST_ARTIFACTS = 100


class Shown(NamedTuple, Generic[T]):
    """The one that is looked at; `more`: it has more files than these."""

    one: T
    metadata: dict[str, Any]
    artifacts: list[StoredArtifact]
    more: bool


def looked_at(visit: Visit, get: Callable[[Actor, str], T], uid: str, belongs: Callable[[T], bool]) -> Shown[T] | None:
    """The one of that id; None where nothing was asked for, there is none, or it does not belong to this page."""
    if not uid:
        return None
    try:
        one = get(visit.actor, uid)
        files = visit.service.artifacts.list(visit.actor, one.id, ArtifactQuery(limit=_MOST_ARTIFACTS))
        document = visit.service.metadata.get(visit.actor, one.id)
    except NotFound:
        return None
    return Shown(one, document, files.items, files.next is not None) if belongs(one) else None
