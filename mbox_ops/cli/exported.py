"""What `mbox export` writes: tables with typed columns, read page by page."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Literal, NamedTuple

import msgspec

from mbox_ops.client.client import Client
from mbox_ops.client.clock import microseconds
from mbox_ops.client.history import MetricHistory
from mbox_ops.client.run import Run
from mbox_ops.client.values import Event
from mbox_ops.entities.instants import to_microseconds
from mbox_ops.errors import NotFound

Type = Literal["text", "integer", "float", "boolean", "instant", "bytes"]
"""What a column holds; instants are in microseconds since 1970 UTC. Any column may have missing values, None."""

EVENTS_AT_ONCE = 1_000


class Column(NamedTuple):
    """A column of an exported table."""

    name: str
    type: Type


class Export(NamedTuple):
    """A table: its columns, and batches of rows, each a sequence of values for each column."""

    columns: Sequence[Column]
    batches: Iterable[Sequence[Sequence[Any]]]


class Gone:
    """Counts the runs that were deleted while they were read."""

    runs = 0


HISTORIES = (
    Column("run_id", "text"),
    Column("metric", "text"),
    Column("step", "integer"),
    Column("wallclock", "instant"),
    Column("value", "float"),
    Column("text", "text"),
    Column("bytes", "bytes"),
)
EVENTS = (
    Column("run_id", "text"),
    Column("id", "text"),
    Column("wallclock", "instant"),
    Column("received_at", "instant"),
    Column("source", "text"),
    Column("name", "text"),
    Column("metadata", "text"),
)


def histories(client: Client, runs: Iterable[Run], names: Sequence[str], gone: Gone) -> Export:
    """All points of runs, a row each: run by run, metric by metric, by step, wallclock and arrival.

    Args:
        names: only these metrics; all if there are none.
    """

    def of(run: Run) -> Iterator[Sequence[Sequence[Any]]]:
        there = run.record.metrics.keys()
        for name in sorted(there & set(names) if names else there):
            for part in client.metrics.parts(run, name):
                yield _points(run.id, part)

    return Export(HISTORIES, _each(runs, of, gone))


def events(client: Client, runs: Iterable[Run], gone: Gone) -> Export:
    """All events of runs, a row each: run by run, by wallclock."""

    def of(run: Run) -> Iterator[Sequence[Sequence[Any]]]:
        for found in _batched(client.events.list(run), EVENTS_AT_ONCE):
            yield list(zip(*map(_event, found), strict=True))

    return Export(EVENTS, _each(runs, of, gone))


def _each(
    runs: Iterable[Run], of: Callable[[Run], Iterator[Sequence[Sequence[Any]]]], gone: Gone
) -> Iterator[Sequence[Sequence[Any]]]:
    for run in runs:
        try:
            yield from of(run)
        except NotFound:
            gone.runs += 1


def _points(run_id: str, part: MetricHistory) -> Sequence[Sequence[Any]]:
    steps, wallclocks, values = part.columns()
    number = len(steps)
    nothing: Sequence[Any] = [None] * number
    held = [values if part.kind == kind else nothing for kind in ("float", "string", "bytes")]
    return [[run_id] * number, [part.name] * number, steps, wallclocks, *held]


def _event(event: Event) -> tuple[Any, ...]:
    assert event.wallclock_time is not None
    assert event.received_at is not None
    return (
        event.parent_id, event.id, microseconds(event.wallclock_time), to_microseconds(event.received_at),
        event.source_name, event.name, msgspec.json.encode(event.metadata).decode(),
    )  # fmt: skip


def _batched(items: Iterable[Event], size: int) -> Iterator[list[Event]]:
    batch: list[Event] = []
    for item in items:
        batch.append(item)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch
