"""`mbox runs`, `mbox history` and `mbox events`: find runs and look at them."""

from typing import Annotated, Any

import msgspec
import typer

from mbox_ops.cli import options
from mbox_ops.cli.output import err, print_items, print_json
from mbox_ops.cli.showing import show_events, show_history, show_run, show_runs, source_of
from mbox_ops.client.client import Client
from mbox_ops.client.history import MetricHistory
from mbox_ops.entities.runs import Status
from mbox_ops.wire.encodings import bytes_to_text, to_wire

runs = typer.Typer(no_args_is_help=True, help="Find runs and look at them.")

RunId = Annotated[str, typer.Argument(help="The run's id.")]


@runs.command("list")
def list_runs(
    scenario: Annotated[str | None, typer.Option(help="Only runs of this scenario (name or id).")] = None,
    pipeline: Annotated[str | None, typer.Option(help="Only runs of this pipeline.")] = None,
    collection: Annotated[str | None, typer.Option(help="Only runs in this collection.")] = None,
    status: Annotated[Status | None, typer.Option(help="Only runs of this status.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only runs with this tag, as key=value; repeatable.")] = None,
    limit: options.Limit = 50,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """List runs, newest first."""
    wanted = {"scenario": scenario, "pipeline": pipeline, "run_collection": collection, "status": status}
    asked: dict[str, Any] = {**wanted, "tags": _tags(tag), "limit": limit}
    found = list(Client(url, namespace=namespace).runs.list(**asked))
    if as_json:
        print_items([run.record for run in found])
        return
    show_runs(found)
    if len(found) == limit:
        err.print(f"The newest {limit}; --limit shows more.")


@runs.command("show")
def show(
    run_id: RunId, url: options.Url = None, namespace: options.Namespace = None, as_json: options.Json = False
) -> None:
    """Show a run: what it is, its parameters, metrics (with their curves), tags, metadata, events and artifacts."""
    run = Client(url, namespace=namespace).runs.get(run_id)
    if as_json:
        print_json({**msgspec.to_builtins(run.record), "metadata": run.get_metadata()})
    else:
        show_run(run)


def history(
    run_id: RunId,
    metric: Annotated[list[str] | None, typer.Argument(help="The metrics; all if none is given.")] = None,
    limit: Annotated[int, typer.Option(min=0, help="The first so many points of each; 0 for all.")] = 1_000,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """Print the points of a run's metrics."""
    found = Client(url, namespace=namespace).metrics.history(run_id, metric or None, limit or None)
    if as_json:
        print_items([_plain(series) for series in found])
        return
    for series in found:
        show_history(series)


def events(
    run_id: RunId,
    limit: options.Limit = 1_000,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """Print a run's events in order of time."""
    found = list(Client(url, namespace=namespace).events.list(run_id, limit=limit))
    if as_json:
        print_items(
            [
                {"name": e.name, "source": source_of(e), "wallclock_time": e.wallclock_time, "metadata": e.metadata}
                for e in found
            ]
        )
    else:
        show_events(found)


def _tags(given: list[str] | None) -> dict[str, str] | None:
    for pair in given or ():
        if "=" not in pair:
            raise typer.BadParameter(f"{pair!r} is no tag; write key=value.")
    return dict(pair.split("=", 1) for pair in given) if given else None


def _plain(series: MetricHistory) -> dict[str, Any]:
    points = [{"step": p.step, "wallclock": p.wallclock, "value": _json(p.value)} for p in series.points]
    return {
        "name": series.name, "kind": series.kind, "total": series.total, "truncated": series.truncated, "points": points
    }  # fmt: skip


def _json(value: float | str | bytes) -> float | str:
    if isinstance(value, bytes):
        return bytes_to_text(value)
    return to_wire(value) if isinstance(value, float) else value
