"""Taking out what task instances wrote that a DAG run no longer has, or that have written nothing since."""

from __future__ import annotations

from uuid import uuid4

from mbox_ops.entities.writers import Batch, Writer


def retirement(key: str, origin: str, epoch: int) -> Batch:
    """A batch that takes out what an origin's tries before this epoch wrote to the run, and adds nothing.

    It is the first write of a try that began then: what that try itself writes stands beside it.
    """
    return Batch(key=key, writer=Writer(origin=origin, epoch=epoch, producer=uuid4().hex, seq=1))
