"""The threads that handlers run in: the event loop only moves bytes.

Four lanes, so that slow writers never hold up readers, moving artifacts' bytes holds up neither, and none of them holds
up health checks and tokens. SQLite takes one writer at a time anyway; the lanes together stay below the database's
connections.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import partial
from typing import Literal, ParamSpec, TypeVar

from mbox_ops.errors import Unavailable

P = ParamSpec("P")
T = TypeVar("T")

Lane = Literal["quick", "read", "write", "bytes"]
SIZES: dict[Lane, int] = {"quick": 2, "read": 6, "write": 8, "bytes": 3}


# Requests that wait for a thread of one lane; beyond that the caller is asked to come back.
MOST_WAITING = 512


class Threads:
    """A pool of threads for each lane. It is used from one event loop only.

    Attributes:
        sizes: how many threads each lane has.
        inside: how many calls each lane works on or has waiting.
        refused: how many calls each lane has refused.
    """

    def __init__(self) -> None:
        self.sizes = SIZES
        self.inside: dict[Lane, int] = dict.fromkeys(SIZES, 0)
        self.refused: dict[Lane, int] = dict.fromkeys(SIZES, 0)
        self._pools = {
            lane: ThreadPoolExecutor(size, thread_name_prefix=f"mbox-{lane}") for lane, size in SIZES.items()
        }

    async def run(self, lane: Lane, fn: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """What `fn` returns or raises, run in a thread of that lane, with the caller's context variables.

        Raises:
            Unavailable: too many wait already.
        """
        if self.inside[lane] >= MOST_WAITING:
            self.refused[lane] += 1
            raise Unavailable(f"{MOST_WAITING} requests are waiting already; try again later.", limit=MOST_WAITING)
        self.inside[lane] += 1
        call = partial(copy_context().run, fn, *args, **kwargs)
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pools[lane], call)
        finally:
            self.inside[lane] -= 1

    def close(self) -> None:
        """Let what runs come to its end, and take nothing more."""
        for pool in self._pools.values():
            pool.shutdown()
