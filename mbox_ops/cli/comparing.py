"""`mbox runs compare`: runs side by side."""

from collections.abc import Sequence
from typing import Annotated

import typer

from mbox_ops.cli import options
from mbox_ops.cli.output import err, out, print_json, table
from mbox_ops.client.client import Client
from mbox_ops.client.comparing import Comparison, names_of
from mbox_ops.entities.search import Scatter

FIELD = 30  # characters that the names of fields take
NARROW = 16  # characters that a run takes at least
MOST = 200  # runs that the server compares


def compare(
    run_id: Annotated[list[str] | None, typer.Argument(help="The runs' ids.")] = None,
    filter: options.Filter = None,
    sort: options.Sort = None,
    scenario: options.Scenario = None,
    limit: Annotated[int, typer.Option(min=1, max=MOST, help="At most so many of those that are found.")] = 20,
    all: Annotated[bool, typer.Option("--all", help="Show also what is the same in all of them.")] = False,
    x: Annotated[
        str | None, typer.Option(help="A field to set metrics over: params.lr.", autocompletion=options.complete_fields)
    ] = None,
    y: Annotated[
        list[str] | None,
        typer.Option(
            help="A metric to set over it: metrics.loss.min; repeatable.", autocompletion=options.complete_fields
        ),
    ] = None,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """Show what differs between runs: their columns, parameters, tags, metadata and metrics."""
    client = Client(url, namespace=namespace)
    wanted = _chosen(client, run_id or [], filter, sort, scenario, limit)
    found = client.runs.compare(wanted, all=all, x=x, y=y or ())
    if as_json:
        print_json(found.record)
        return
    show_comparison(found)
    for scatter in found.scatters:
        show_scatter(scatter, {run.id: name for run, name in zip(found.runs, names_of(found.runs), strict=True)})


def show_comparison(found: Comparison) -> None:
    """The fields that differ, a column for each run; as many tables as the terminal's width needs."""
    rows, heads = list(found.rows()), names_of(found.runs)
    if not rows:
        out.print("Nothing differs; --all shows what they have in common.")
    at_once = max((out.width - FIELD) // NARROW, 1)
    for start in range(0, len(heads) if rows else 0, at_once):
        part = slice(start, start + at_once)
        table(f"Runs: {len(heads)}", ("field", *heads[part]), [(field, *cells[part]) for field, cells in rows])


def show_scatter(scatter: Scatter, names: dict[str, str]) -> None:
    """A metric over a field, by its values."""
    rows: list[Sequence[object]] = [(point.x, point.y, names[point.run_id]) for point in scatter.points]
    table(f"{scatter.y} over {scatter.x}", (scatter.x, scatter.y, "run"), rows)


def _chosen(
    client: Client, run_ids: list[str], filter: str | None, sort: str | None, scenario: str | None, limit: int
) -> list[str]:
    searched = filter is not None or scenario is not None
    if searched == bool(run_ids):
        raise typer.BadParameter("give either the ids of runs, or --filter or --scenario.")
    if not searched:
        return run_ids
    found = [run.id for run in client.runs.search(filter, sort=sort, scenario=scenario, limit=limit + 1)]
    if not found:
        raise typer.BadParameter("no run meets that.")
    if len(found) > limit:
        err.print(f"The first {limit}; --limit compares up to {MOST}.")
    return found[:limit]
