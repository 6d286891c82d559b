"""One producer's stream of writes to one run."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from mbox_ops.client.outcome import Flushed
from mbox_ops.entities.artifacts import ArtifactRecord
from mbox_ops.entities.events import EventRecord
from mbox_ops.entities.runs import OpenRun
from mbox_ops.entities.writers import BatchResult, EndState, MetadataOp

_NOT_GIVEN: Any = object()


class Stream:
    """Takes what is logged to one run and returns at once; a thread of its recorder sends it.

    Made by `Recorder.stream`. Threads may share it. A forked child that uses it becomes a producer of its own, with the
    same origin and epoch. Methods raise `InvalidRequest` for bad input at the call, and nothing else but `write_now`.

    Attributes:
        run_id: the run's id; None while a keyed run has not been resolved by the server's first answer.
        key: the run's key, if it is addressed by one.
        origin: the logical writer.
        epoch: milliseconds; None while the server's time has not been asked.
        ended: `end` was called.
    """

    run_id: str | None
    key: str | None
    origin: str
    epoch: int | None
    ended: bool

    def log(
        self,
        name: str | Mapping[str, object],
        value: object = _NOT_GIVEN,
        step: int | None = None,
        wallclock: object = None,
    ) -> None:
        """Log a value of one metric, or one value of each of several (a dict; one atomic write).

        Args:
            name: a metric's name (1-256 printable characters), or a dict of names to values (then give no `value`).
            value: a number, text of at most 5,000 characters or at most 65,536 bytes; no bool, no None.
            step: an int64; the server counts if it is not given.
            wallclock: seconds since 1970 UTC, a datetime or RFC 3339 text (see `clock.microseconds`); now if None.

        Raises:
            InvalidRequest: the name, the value, the step or the wallclock breaks a rule; nothing was logged.
        """
        raise NotImplementedError

    def log_rows(self, rows: Iterable[tuple[str, object, int | None, object]]) -> None:
        """Log points `(name, value, step, wallclock)` of any metrics as one atomic write.

        Raises:
            InvalidRequest: one of them breaks a rule; nothing was logged.
        """
        raise NotImplementedError

    def put(
        self,
        *,
        parameters: dict[str, Any] | None = None,
        tags: dict[str, str] | None = None,
        labels: dict[str, Any] | None = None,
        metadata: list[MetadataOp] | None = None,
        events: list[EventRecord] | None = None,
        artifacts: list[ArtifactRecord] | None = None,
        name: str | None = None,
        collection: str | None = None,
    ) -> None:
        """Write settings, metadata, events and references in one atomic write, in order with what is logged.

        The caller has checked them against the limits; what is given is copied, so later changes do no harm.

        Raises:
            InvalidRequest: a value cannot be encoded.
        """
        raise NotImplementedError

    def write_now(self, *, timeout: float | None = None, **parts: Any) -> BatchResult:
        """Write parts of a batch behind all that is buffered, and wait for the server's own answer.

        For calls that give an answer or whose very job is the write. When it raises, the write will not be made later.

        Args:
            timeout: seconds to wait; 10 by default.
            parts: any of `points` (a list of `Block`), `parameters`, `tags`, `labels`, `metadata`, `events`,
                `artifacts`, `name`, `collection`, `state`, `at`, `open`, `lease`.

        Raises:
            Unavailable: the server gave no answer in time.
            MboxError: the server refused it, by code.
        """
        raise NotImplementedError

    def resolve(self, timeout: float | None = None) -> str:
        """The run's id, asked of the server if need be (by sending what is buffered, the opening included).

        Raises:
            Unavailable: the server gave no answer in time.
            MboxError: the server refused the opening, by code.
        """
        raise NotImplementedError

    def flush(self, timeout: float | None = None) -> Flushed:
        """Make all that was written so far durable, and say where it is.

        Args:
            timeout: seconds to wait for the server even if it is away. By default an absent server is not waited for,
                and a slow one for at most 10 seconds.
        """
        raise NotImplementedError

    def end(self, state: EndState, at: int | None = None, timeout: float | None = None) -> Flushed:
        """End the run: stop its lease, write its state and flush.

        Args:
            at: microseconds since 1970 UTC; now if None.
            timeout: as in `flush`, but a slow server is waited for at most 5 seconds by default.
        """
        raise NotImplementedError

    def close(self) -> None:
        """Forget the stream once all it holds is on its way; the run is not ended. Later writes open it again."""
        raise NotImplementedError


__all__ = ["OpenRun", "Stream"]
