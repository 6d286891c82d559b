"""What a checkpoint is logged with, checked at the call."""

from collections.abc import Mapping
from typing import Any

from mbox_ops.client import parts
from mbox_ops.client.files import Files, records
from mbox_ops.client.points import check_step
from mbox_ops.client.values import MetricScalar, MetricValue
from mbox_ops.entities.artifacts import ArtifactMime
from mbox_ops.errors import InvalidRequest


def checkpoint_parts(
    epoch: int,
    metrics: Mapping[str, MetricScalar] | None,
    files: Files | None,
    checksum: bool,
    mime_type: ArtifactMime | None,
    metadata: Mapping[str, Any] | None,
) -> tuple[int, dict[str, Any]]:
    """The epoch, and the parts of a batch to its checkpoint.

    Raises:
        InvalidRequest: one of them breaks a rule.
    """
    number = check_step(epoch)
    if number is None or number < 0:
        raise InvalidRequest(f"epoch is {epoch!r:.80}; it takes integers from 0.", field="epoch", limit=0, value=epoch)
    points = [
        parts.point(name, MetricValue(step=number, value=value)) for name, value in (metrics or {}).items()
    ]  # fmt: skip
    artifacts = [] if files is None else records(files, checksum=checksum, mime_type=mime_type)
    changes = [parts.merge(metadata)] if metadata else []
    return number, {"points": points, "artifacts": artifacts, "metadata": changes}
