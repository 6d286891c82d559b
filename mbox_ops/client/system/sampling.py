"""The thread that reads the machine every few seconds and logs what it finds to a run."""

from __future__ import annotations

import logging
import os
import threading
from contextlib import closing, suppress
from types import TracebackType
from typing import TYPE_CHECKING, Self

from mbox_ops.client.http import IMPORTING
from mbox_ops.errors import InvalidRequest

if TYPE_CHECKING:
    from mbox_ops.client.stream import Stream

log = logging.getLogger("mbox_ops")

LEAST_SECONDS = 0.1
_FIRST_SECONDS = 1.0  # so that a short run has a point too


class Sampling:
    """Readings of the machine on their way into a run, until `stop()`, the run's end or the process's.

    A forked child samples nothing by itself. A `with` block stops it at its end.

    Args:
        stream: of the run.
        prefix: of the metrics' names.
        every: seconds between two readings, 0.1 at least.

    Raises:
        InvalidRequest: `every` is too small.
    """

    def __init__(self, stream: Stream, prefix: str, every: float) -> None:
        if not every >= LEAST_SECONDS:
            raise InvalidRequest(
                f"every is {every} seconds; it must be {LEAST_SECONDS} at least.", field="every", limit=LEAST_SECONDS,
                value=every,
            )  # fmt: skip
        self._stream = stream
        self._prefix = prefix
        self._every = every
        self._stopped = threading.Event()
        self._pid = os.getpid()
        threading.Thread(target=self._run, name="mbox-system-metrics", daemon=True).start()

    def stop(self) -> None:
        """Read no more."""
        if os.getpid() == self._pid:  # a child has no such thread, and maybe the lock of one
            self._stopped.set()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        try:
            self._sample()
        except Exception as error:
            log.warning("System metrics are no longer logged: %s: %s", type(error).__name__, error)

    def _sample(self) -> None:
        with IMPORTING:  # psutil takes some 10 ms, which the caller need not wait for
            from mbox_ops.client.system.gpus import Gpus
            from mbox_ops.client.system.machine import Machine
        machine, pause = Machine(), min(_FIRST_SECONDS, self._every)
        with closing(Gpus()) as gpus, suppress(InvalidRequest):  # the run ended meanwhile
            while not self._stopped.wait(pause) and not self._stream.ended:
                found = machine.read() | gpus.read()
                self._stream.log({self._prefix + name: float(value) for name, value in found.items()})
                pause = self._every
