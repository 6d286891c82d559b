"""Runs side by side, as the server compares them."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

from mbox_ops.client.history import MetricSummary
from mbox_ops.client.rows import COLUMNS, cell
from mbox_ops.client.run import Run
from mbox_ops.entities import search
from mbox_ops.entities.documents import split_path
from mbox_ops.entities.metrics import Statistic
from mbox_ops.entities.search import Difference, Scatter
from mbox_ops.search.showing import show
from mbox_ops.search.tree import Metadata, Metric, Parameter, Step, Tag

if TYPE_CHECKING:
    import pandas

    from mbox_ops.client.connection import Connection

STATS: tuple[Statistic, ...] = ("last", "min", "max")
WIDEST = 32  # characters of a cell in the printed table


class Comparison:
    """Runs side by side: what differs between them or, where all was asked for, everything.

    `print()` shows it as a table, one column for each run.

    Attributes:
        runs: the runs, in the order they were given.
        columns, parameters, tags, metadata: differences, each with `name`, and for each run `values` and `present`.
        metrics: by name, the summary of the series in each run; None where a run has none.
        scatters: for each metric that was set over a field, its points, each with `run_id`, `x` and `y`.
    """

    def __init__(self, connection: "Connection", stored: search.Comparison) -> None:
        self.record = stored
        self.runs = [Run.read(connection, run) for run in stored.runs]
        self.columns: list[Difference] = stored.columns
        self.parameters: list[Difference] = stored.parameters
        self.tags: list[Difference] = stored.tags
        self.metadata: list[Difference] = stored.metadata
        self.metrics: dict[str, list[MetricSummary | None]] = {
            metric.name: [None if summary is None else MetricSummary(summary) for summary in metric.summaries]
            for metric in stored.metrics
        }
        self.scatters: list[Scatter] = stored.scatters

    def rows(self) -> Iterator[tuple[str, list[Any]]]:
        """The table: each field as the filter language names it, and what each run has there, None for nothing.

        Of a metric there is the last value and, where the series is more than that, the least and the greatest.
        """
        for one in self.columns:
            read = COLUMNS.get(one.name)
            yield one.name, _cells(one) if read is None else [read(run.record) for run in self.runs]
        for field in (Parameter(one.name) for one in self.parameters):
            yield show(field), [cell(run.record, field) for run in self.runs]  # with the types they were logged with
        for one in self.tags:
            yield show(Tag(one.name)), _cells(one)
        for one in self.metadata:
            yield show(Metadata(tuple(Step(*step) for step in split_path(one.name)))), _cells(one)
        for name, summaries in self.metrics.items():
            yield from _metric_rows(name, summaries)

    def to_pandas(self) -> "pandas.DataFrame":
        """One row for each run, with its id and a column for each field of `rows()`. It needs pandas."""
        from mbox_ops.client.tables import frame_of

        return frame_of({"id": [run.id for run in self.runs], **dict(self.rows())})

    def __str__(self) -> str:
        heads = names_of(self.runs)
        grid = [["", *heads], *([field, *(_shown(cell) for cell in cells)] for field, cells in self.rows())]
        widths = [max(map(len, column)) for column in zip(*grid, strict=True)]
        return "\n".join("  ".join(map(str.ljust, row, widths)).rstrip() for row in grid)

    __repr__ = __str__


def names_of(runs: Sequence[Run]) -> list[str]:
    """What to call runs that stand side by side: their names if those tell them apart, else their ids."""
    names = [run.name for run in runs]
    return names if len(set(names)) == len(names) else [run.id for run in runs]


def _cells(difference: Difference) -> list[Any]:
    return [value if there else None for value, there in zip(difference.values, difference.present, strict=True)]


def _metric_rows(name: str, summaries: Sequence[MetricSummary | None]) -> Iterator[tuple[str, list[Any]]]:
    stats = {stat: [getattr(summary, stat, None) for summary in summaries] for stat in STATS}
    yield show(Metric(name)), stats["last"]
    for stat in STATS[1:]:
        if any(cell is not None and cell != last for cell, last in zip(stats[stat], stats["last"], strict=True)):
            yield show(Metric(name, stat)), stats[stat]


def _shown(cell: Any) -> str:
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S}"
    text = "" if cell is None else f"{cell:.6g}" if isinstance(cell, float) else str(cell)
    return text if len(text) <= WIDEST else text[: WIDEST - 1] + "…"
