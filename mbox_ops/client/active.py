"""Which run is active: each context (thread, asyncio task) has its own; a process knows the runs it has open."""

import itertools
from collections.abc import Mapping
from contextvars import ContextVar
from types import MappingProxyType

from mbox_ops.client.run import Run
from mbox_ops.client.stream import Stream
from mbox_ops.errors import InvalidRequest

# By ActiveRuns: contexts keep their variables for ever, so there are two variables and not two for each SDK.
_active: ContextVar[Mapping[int, Run]] = ContextVar("mbox_ops_active_runs", default=MappingProxyType({}))
_streams: ContextVar[Mapping[int, Stream]] = ContextVar("mbox_ops_streams", default=MappingProxyType({}))
streams_here = _streams.get  # what takes the logs of this context's active runs, by the keys of their SDKs
_keys = itertools.count()


class ActiveRuns:
    """The runs that one SDK has open in this process, and which of them is active in the present context.

    Attributes:
        key: of this SDK's run in `streams_here`.
    """

    def __init__(self) -> None:
        self.key = next(_keys)
        self._open: dict[int, Run] = {}

    def here(self) -> Run | None:
        """The active run of this context, if it has one that is still open."""
        run = _active.get().get(self.key)
        return run if run is not None and run.is_open else None

    def check_none_here(self) -> None:
        """Refuse to start a run while one is active in this context.

        Raises:
            InvalidRequest: one is; the message names it.
        """
        if (run := self.here()) is not None and run.is_of_this_process:
            raise InvalidRequest(f"{run.label} is active here: end it with end_run() before you start another.")

    def begin(self, run: Run) -> None:
        """Make `run` the active one of this context."""
        for key, other in list(self._open.items()):
            if not other.is_open:
                self._open.pop(key, None)
        self._open[id(run)] = run
        _active.set({**_active.get(), self.key: run})
        if run.own is not None:
            _streams.set({**_streams.get(), self.key: run.own})

    def find(self) -> Run | None:
        """The run that a call without `run=` means: the context's own, else the only one open; None if none is.

        Raises:
            InvalidRequest: this context has none, and several are open in the process; the message names them.
        """
        if (run := self.here()) is not None:
            return run
        runs = self.open()
        if len(runs) > 1:
            names = ", ".join(run.label for run in runs)
            raise InvalidRequest(
                f"This thread or task has no active run, and {len(runs)} are open in the process: {names}. "
                "Say which one with run=..., or start one here."
            )
        return runs[0] if runs else None

    def open(self) -> list[Run]:
        """The runs that are open in this process; in a forked one that started none, those of its parent."""
        runs = [run for run in list(self._open.values()) if run.is_open]
        return [run for run in runs if run.is_of_this_process] or runs

    def with_id(self, run_id: str) -> Run | None:
        """The run with that id, if it is open in this process."""
        return next((run for run in self.open() if run.is_run(run_id)), None)
