"""How answers look: tables for people, JSON for programs, one line for an error."""

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec
from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from mbox_ops.entities.runs import Status

BARS = "▁▂▃▄▅▆▇█"
STATUS_STYLE: dict[Status, str] = {
    "RUNNING": "cyan", "FINISHED": "green", "FAILED": "red", "KILLED": "magenta", "LOST": "yellow",
}  # fmt: skip

out = Console(highlight=False)
err = Console(stderr=True, highlight=False)


def print_json(value: object) -> None:
    """`value` as indented JSON on standard output."""
    print(json.dumps(msgspec.to_builtins(value), indent=2, ensure_ascii=False))


def print_items(items: Sequence[object], next_cursor: str | None = None) -> None:
    """A list as `{"items": [...], "next": ...}`."""
    print_json({"items": list(items), "next": next_cursor})


def table(title: str, headers: Iterable[str], rows: Iterable[Sequence[object]], *, whole: Iterable[str] = ()) -> None:
    """A table; numbers are right-aligned.

    Args:
        title: what stands above it.
        headers: of the columns.
        rows: a cell for each column.
        whole: the columns that are never folded.
    """
    listed = [list(row) for row in rows]
    grid = Table(title=escape(title), title_justify="left", title_style="bold", box=box.SIMPLE_HEAD, pad_edge=False)
    for column, header in enumerate(headers):
        numbers = bool(listed) and all(isinstance(row[column], int | float) for row in listed)
        justify: Literal["left", "right"] = "right" if numbers else "left"
        grid.add_column(escape(header), justify=justify, overflow="fold", no_wrap=numbers or header in whole)
    for row in listed:
        grid.add_row(*("" if cell is None else shown(cell) for cell in row))
    out.print(grid)


def shown(cell: object) -> str:
    """A cell as text: instants in UTC to the second, numbers to six digits, a status in its colour."""
    if isinstance(cell, datetime):
        return cell.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
    if isinstance(cell, float):
        return f"{cell:.6g}"
    if isinstance(cell, str):
        text = escape(cell)
        style = STATUS_STYLE.get(cell)  # type: ignore[call-overload]  # any text may be asked for
        return f"[{style}]{text}[/]" if style else text
    return str(cell)


def duration(start: datetime, end: datetime | None) -> str:
    """How long something took, or takes so far."""
    seconds = ((end or datetime.now(UTC)) - start).total_seconds()
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, seconds = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def sparkline(values: Sequence[float], width: int = 16) -> str:
    """A curve in one line: each bar is the mean of its bucket, scaled from the least to the greatest; NaN is a gap."""
    finite = [v for v in values if math.isfinite(v)]
    if not finite:
        return ""
    low, high = min(finite), max(finite)
    span = (high - low) or 1.0
    buckets = min(width, len(values))
    bars = []
    for i in range(buckets):
        part = values[i * len(values) // buckets : (i + 1) * len(values) // buckets]
        numbers = [v for v in part if math.isfinite(v)]
        height = (math.fsum(numbers) / len(numbers) - low) / span if numbers else None
        bars.append(" " if height is None else BARS[min(int(height * len(BARS)), len(BARS) - 1)])
    return "".join(bars)


def problem(message: str) -> None:
    """One line on standard error."""
    err.print(f"[bold red]Error:[/] {escape(message)}", soft_wrap=True)


@contextmanager
def bar(what: str, *, quiet: bool) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error, which is told how much is done, and of how much."""
    with Progress(console=err, transient=True, disable=quiet) as progress:
        task = progress.add_task(what, total=None)
        yield lambda done, of: progress.update(task, completed=done, total=of)


def pairs(title: str, values: dict[str, Any]) -> None:
    """Names and values as a table; nothing where there are none."""
    if values:
        table(title, ("name", "value"), ((k, v if isinstance(v, str) else json.dumps(v)) for k, v in values.items()))
