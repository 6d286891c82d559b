"""What became of what was written: where it is now, and what was refused for ever."""

from typing import Literal

import msgspec

Where = Literal["server", "spool", "memory"]


class Refusal(msgspec.Struct, frozen=True, kw_only=True):
    """Data that the service will never take.

    Attributes:
        code: why, as a code of `mbox_ops.errors`: `invalid_request`, `conflict`, `fenced`, `run_deleted`, ...;
            `spool_full` when the spool was at its limit, `damaged` when the spool's file was.
        message: the service's full sentence.
        batches: how many batches were refused for that reason.
        path: where the first of them is kept, if it is.
    """

    code: str
    message: str
    batches: int = 1
    path: str | None = None


class Flushed(msgspec.Struct, frozen=True, kw_only=True):
    """Where the data is after a flush.

    Attributes:
        where: `server`: nothing is waiting any more, and all that was not refused is on the server. `spool`: the server
            is away or slow, and what it has not confirmed lies on this machine's disk, synced; it is sent later by this
            process, by the next one, or by `python -m mbox_ops sync`. `memory`: the server is away and the spool cannot
            be written, so that the rest will be lost if this process ends before the server is back.
        refused: what was refused since the last flush of this stream said so.
    """

    where: Where
    refused: list[Refusal] = []
