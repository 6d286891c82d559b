"""`mbox runs`, `mbox experiments`, `mbox history` and `mbox events`: find runs, look at them, delete them."""

from typing import Annotated, Any

import msgspec
import typer

from mbox_ops.cli import options
from mbox_ops.cli.deleting import delete_after_preview
from mbox_ops.cli.output import err, print_items, print_json
from mbox_ops.cli.showing import show_events, show_history, show_run, show_runs, source_of
from mbox_ops.client.client import Client
from mbox_ops.client.history import MetricHistory
from mbox_ops.client.run import Run
from mbox_ops.entities.runs import Status
from mbox_ops.wire.encodings import bytes_to_text, to_wire

runs = typer.Typer(no_args_is_help=True, help="Find runs, look at them, delete them.")
experiments = typer.Typer(no_args_is_help=True, help="Experiments: runs that were made by their name.")

RunId = Annotated[str, typer.Argument(help="The run's id.")]


@runs.command("list")
def list_runs(
    scenario: options.Scenario = None,
    scenario_version: options.ScenarioVersion = None,
    pipeline: options.Pipeline = None,
    notebook: options.Notebook = None,
    execution: options.Execution = None,
    collection: Annotated[str | None, typer.Option(help="Only runs in this collection.")] = None,
    status: Annotated[Status | None, typer.Option(help="Only runs of this status.")] = None,
    tag: Annotated[list[str] | None, typer.Option(help="Only runs with this tag, as key=value; repeatable.")] = None,
    limit: options.Limit = 50,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """List runs, newest first."""
    found = Client(url, namespace=namespace).runs.list(
        scenario=scenario, scenario_version=scenario_version, pipeline=pipeline, notebook=notebook,
        execution=execution, run_collection=collection, status=status, tags=_tags(tag), limit=limit,
    )  # fmt: skip
    _print_runs(list(found), limit, as_json=as_json)


@runs.command("delete")
def delete(
    run_id: Annotated[str | None, typer.Argument(help="The run's id.")] = None,
    scenario: options.Scenario = None,
    scenario_version: options.ScenarioVersion = None,
    pipeline: options.Pipeline = None,
    notebook: options.Notebook = None,
    execution: options.Execution = None,
    dry_run: options.DryRun = False,
    force: options.Force = False,
    yes: options.Yes = False,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """Delete the runs that all conditions hold for, after a preview."""
    selector = {
        "run": run_id, "scenario": scenario, "scenario_version": scenario_version, "pipeline": pipeline,
        "notebook": notebook, "execution": execution,
    }  # fmt: skip
    delete_after_preview(
        Client(url, namespace=namespace), selector, dry_run=dry_run, force=force, ask=not (yes or as_json),
        as_json=as_json,
    )  # fmt: skip


@experiments.command("list")
def list_experiments(
    external_id: Annotated[str | None, typer.Option(help="Only the one with this id of the caller's own.")] = None,
    limit: options.Limit = 50,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """List experiments, newest first."""
    found = Client(url, namespace=namespace).list_experiments(external_id=external_id, limit=limit)
    _print_runs(list(found), limit, as_json=as_json)


@experiments.command("show")
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


def _print_runs(found: list[Run], limit: int, *, as_json: bool) -> None:
    if as_json:
        print_items([run.record for run in found])
        return
    show_runs(found)
    if len(found) == limit:
        err.print(f"The newest {limit}; --limit shows more.")


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
