"""What is sent in the place of a batch that was refused, under the same sequence number."""

from msgspec.structs import replace

from mbox_ops.entities.runs import OpenRun
from mbox_ops.entities.writers import Batch

_ADDRESS = ("run_id", "key", "checkpoint", "writer")
_ESSENTIAL = ("open", "state", "at")


def substitutes(batch: Batch, *, conflict: bool = False) -> list[Batch]:
    """What may be taken instead, the most first; all but 1 count the refused batch as lost.

    1. If it was refused for its claims, in conflict with others': everything but these.
    2. If there are points and other things: the points, then the other things, since mostly one of them is wrong; each
       with what the run's life depends on.
    3. Only that: that it is opened, and that it ends.
    4. The same without the claims, so that data still finds its run.
    5. Nothing.
    """
    lost = batch.lost + 1
    empty = Batch(lost=lost, **{name: getattr(batch, name) for name in _ADDRESS})
    essential = replace(empty, **{name: getattr(batch, name) for name in _ESSENTIAL})
    found = [essential]
    others = replace(batch, points=[], lost=lost)
    if batch.points and replace(others, lease=False) != essential:
        found = [replace(essential, points=batch.points), others, essential]
    if batch.open is not None and conflict:
        found.insert(0, replace(batch, open=_without_claims(batch.open)))
    if batch.open is not None:
        found.append(replace(essential, open=_without_claims(batch.open)))
    found.append(empty)
    same = replace(batch, lost=lost)
    return [other for i, other in enumerate(found) if other not in (same, *found[:i])]


def without_points(batch: Batch) -> Batch:
    """The batch without its metric points, which are counted as one lost batch."""
    return replace(batch, points=[], lost=batch.lost + 1) if batch.points else batch


def _without_claims(opened: OpenRun) -> OpenRun:
    return OpenRun(run_id=opened.run_id, started_at=opened.started_at, lease=opened.lease)
