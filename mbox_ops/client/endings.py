"""How a write ended, and how a run does."""

from concurrent.futures import CancelledError

from mbox_ops.client.outcome import Flushed
from mbox_ops.entities.writers import EndState
from mbox_ops.errors import Unavailable, from_code


def durable(flushed: Flushed) -> Flushed:
    """What was flushed, if it is durable and was not refused.

    Raises:
        MboxError: the service refused it, or nothing could keep it.
    """
    if flushed.refused:
        raise from_code(flushed.refused[0].code, flushed.refused[0].message, {})
    if flushed.where == "memory":
        raise Unavailable("The service is away and the spool cannot be written: what was logged is not durable.")
    return flushed


def state_after(error: BaseException | None) -> EndState:
    """The state of a run whose `with` block was left with that error."""
    if error is None or (isinstance(error, SystemExit) and error.code in (None, 0)):
        return "FINISHED"
    return "KILLED" if isinstance(error, (KeyboardInterrupt, CancelledError)) else "FAILED"
