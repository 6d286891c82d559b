"""`mbox export`: runs, their points or their events as one table in a file."""

import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Annotated, Literal, get_args

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from mbox_ops.cli import csv_files, exported, exported_runs, options
from mbox_ops.cli.columns import read_columns
from mbox_ops.cli.files import written
from mbox_ops.cli.output import err, print_json
from mbox_ops.client.client import Client
from mbox_ops.client.run import Run
from mbox_ops.client.runs import RunListing

Format = Literal["csv", "parquet"]
What = Literal["runs", "histories", "events"]


def export(
    runs: Annotated[bool, typer.Option("--runs", help="A row for each run (the default).")] = False,
    histories: Annotated[bool, typer.Option("--histories", help="A row for each point of their metrics.")] = False,
    events: Annotated[bool, typer.Option("--events", help="A row for each of their events.")] = False,
    filter: options.Filter = None,
    sort: options.Sort = None,
    scenario: options.Scenario = None,
    pipeline: options.Pipeline = None,
    collection: options.Collection = None,
    status: options.Status = None,
    tag: options.Tag = None,
    columns: options.Columns = None,
    metric: Annotated[list[str] | None, typer.Option(help="Only points of this metric; repeatable.")] = None,
    limit: Annotated[int | None, typer.Option(min=1, help="At most so many runs.")] = None,
    format: Annotated[Format | None, typer.Option(help="As the name of the file says, or else csv.")] = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file; - for standard output.")] = Path("-"),
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print what was written as JSON.")] = False,
) -> None:
    """Export runs, or their points or events, as CSV or Parquet: page by page, in little memory."""
    what = _what(runs=runs, histories=histories, events=events)
    _check(what, columns, metric, output, as_json=as_json)
    fields = read_columns(columns) if columns else None
    write = _writer(format, output)
    client = Client(url, namespace=namespace)
    found = client.runs.list(
        scenario=scenario, pipeline=pipeline, run_collection=collection, status=status, tags=options.tags_of(tag),
        filter=filter, sort=sort, limit=limit,
    )  # fmt: skip
    gone = exported.Gone()
    with _counted(found, limit) as walked, tempfile.TemporaryFile() as shelf, written(output) as file:
        if what == "runs":
            table = exported_runs.runs(walked, fields, shelf)
        elif what == "histories":
            table = exported.histories(client, walked, metric or [], gone)
        else:
            table = exported.events(client, walked, gone)
        rows = write(table, file)
    if as_json:
        print_json({"output": str(output), "what": what, "rows": rows, "runs_deleted_meanwhile": gone.runs})
    elif output != Path("-"):
        err.print(f"{rows} rows in {output}", soft_wrap=True, markup=False)
    if gone.runs:
        err.print(f"{gone.runs} runs were deleted meanwhile; what was read of them before is there.")


@contextmanager
def _counted(found: RunListing, limit: int | None) -> Iterator[Iterable[Run]]:
    """The runs, with a bar on standard error that shows how many of them were read; on a terminal only."""
    if not err.is_terminal:
        yield found
        return
    total = found.total()
    with Progress(
        TextColumn("Runs"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=err
    ) as progress:
        yield progress.track(found, total=total if limit is None else min(total, limit))


def _what(**given: bool) -> What:
    chosen: list[What] = [what for what in get_args(What) if given[what]]
    if len(chosen) > 1:
        raise typer.BadParameter("give one of --runs, --histories and --events.")
    return chosen[0] if chosen else "runs"


def _check(what: What, columns: str | None, metric: list[str] | None, output: Path, *, as_json: bool) -> None:
    if columns and what != "runs":
        raise typer.BadParameter("--columns is for --runs.")
    if metric and what != "histories":
        raise typer.BadParameter("--metric is for --histories.")
    if as_json and output == Path("-"):
        raise typer.BadParameter("--json needs --output: a file.")
    if output.is_dir() or not output.absolute().parent.is_dir():
        raise typer.BadParameter(f"{output} is a folder, or lies in none that is there.", param_hint="--output")


def _writer(given: Format | None, output: Path) -> Callable[[exported.Export, IO[bytes]], int]:
    if (given or output.suffix.lstrip(".")) != "parquet":
        return csv_files.write
    if output == Path("-") and sys.stdout.isatty():
        raise typer.BadParameter("Parquet is not for terminals; give --output.", param_hint="--format")
    from mbox_ops.cli import parquet_files  # pyarrow is not there for everybody

    return parquet_files.write
