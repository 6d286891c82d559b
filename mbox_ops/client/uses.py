"""What a run says that it used: artifacts, ids, checksums, URIs and paths."""

import os
import re
from collections.abc import Iterable
from typing import TypeAlias

from mbox_ops.client.files import File, records
from mbox_ops.client.values import Artifact
from mbox_ops.entities.lineage import ArtifactUse
from mbox_ops.errors import InvalidRequest

OneUsed: TypeAlias = Artifact | File
Used: TypeAlias = OneUsed | Iterable[OneUsed]

_CHECKSUM = re.compile(r"sha256:[0-9a-f]{64}")
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def used(artifacts: Used) -> list[ArtifactUse]:
    """What is written of artifacts that were used; a path stands for the URI that `track_artifacts` gives it.

    Raises:
        InvalidRequest: one of them is no such thing, is too long, or carries credentials.
    """
    several = [artifacts] if isinstance(artifacts, (Artifact, str, os.PathLike)) else list(artifacts)
    return [_use(one) for one in several]


def _use(one: OneUsed) -> ArtifactUse:
    if isinstance(one, Artifact):
        return _of_artifact(one)
    if isinstance(one, str) and _CHECKSUM.fullmatch(one):
        return ArtifactUse(checksum=one)
    if isinstance(one, str) and _ID.fullmatch(one):
        return ArtifactUse(artifact_id=one)
    return ArtifactUse(uri=records([one])[0].uri)


def _of_artifact(artifact: Artifact) -> ArtifactUse:
    if artifact.id:
        return ArtifactUse(artifact_id=artifact.id)
    if artifact.checksum:
        return ArtifactUse(checksum=artifact.checksum)
    if artifact.uri:
        return ArtifactUse(uri=artifact.uri)
    raise InvalidRequest(
        f"The artifact {artifact.path[:200]!r} has no id, no checksum and no uri to be known by.",
        field="artifacts", value=artifact.path,
    )  # fmt: skip
