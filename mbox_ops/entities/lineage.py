"""Lineage: which runs produced an artifact, and which used it."""

from datetime import datetime
from typing import Literal

import msgspec

from mbox_ops.entities.artifacts import StoredArtifact
from mbox_ops.entities.runs import Status

Relation = Literal["produced", "used"]
Match = Literal["id", "checksum", "uri"]


class ArtifactUse(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """That a run used something, as it is written; exactly one of the fields is given.

    Whether there is such an artifact is not asked: it may have been deleted, or come later.

    Attributes:
        artifact_id: of an artifact of this service.
        checksum: of its content: `sha256:<64 hex digits>`.
        uri: where it is, without credentials, 1-2,048 characters.
    """

    artifact_id: str | None = None
    checksum: str | None = None
    uri: str | None = None


class LineageRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run at one end of an edge."""

    id: str
    name: str
    scenario: str
    status: Status


class LineageEdge(msgspec.Struct, frozen=True, kw_only=True):
    """That a run produced or used an artifact.

    Attributes:
        relation: `produced`: the run tracked or uploaded it; `used`: the run said that it used it.
        by: how run and artifact are known to belong together: by the artifact's `id`, or because the content
            (`checksum`) or the place (`uri`) is the same.
        target: that id, checksum or URI.
        run: who produced or used it.
        artifact: what was produced; of what was used the newest live artifact it stands for, None where there is none.
        at: when the service was told.
    """

    relation: Relation
    by: Match
    target: str
    run: LineageRun
    artifact: StoredArtifact | None
    at: datetime


class LineageQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which edges to list: first those of what was produced, then those of what was used, each oldest first."""

    relation: Relation | None = None
    limit: int = 100
    cursor: str | None = None
