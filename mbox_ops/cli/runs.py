"""`mbox runs` and `mbox experiments`: find runs, look at them, delete them."""

from typing import Annotated

import msgspec
import typer

from mbox_ops.cli import options
from mbox_ops.cli.columns import read_columns, show_columns
from mbox_ops.cli.deleting import Key, MaxRuns, delete_after_preview
from mbox_ops.cli.output import err, print_items, print_json
from mbox_ops.cli.showing import show_run, show_runs
from mbox_ops.client.client import Client
from mbox_ops.client.run import Run
from mbox_ops.search.tree import Field

runs = typer.Typer(no_args_is_help=True, help="Find runs, look at them, delete them.")
experiments = typer.Typer(no_args_is_help=True, help="Experiments: runs that were made by their name.")


@runs.command("list")
def list_runs(
    scenario: options.Scenario = None,
    scenario_version: options.ScenarioVersion = None,
    pipeline: options.Pipeline = None,
    notebook: options.Notebook = None,
    execution: options.Execution = None,
    collection: options.Collection = None,
    status: options.Status = None,
    tag: options.Tag = None,
    filter: options.Filter = None,
    sort: options.Sort = None,
    columns: options.Columns = None,
    limit: options.Limit = 50,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """List runs, newest first unless sorted otherwise."""
    fields = read_columns(columns) if columns else None
    found = Client(url, namespace=namespace).runs.list(
        scenario=scenario, scenario_version=scenario_version, pipeline=pipeline, notebook=notebook,
        execution=execution, run_collection=collection, status=status, tags=options.tags_of(tag), filter=filter,
        sort=sort, limit=limit,
    )  # fmt: skip
    _print_runs(list(found), limit, fields, as_json=as_json)


@runs.command("delete")
def delete(
    run_id: Annotated[str | None, typer.Argument(help="The run's id.")] = None,
    scenario: options.Scenario = None,
    scenario_version: options.ScenarioVersion = None,
    pipeline: options.Pipeline = None,
    notebook: options.Notebook = None,
    execution: options.Execution = None,
    filter: options.Filter = None,
    dry_run: options.DryRun = False,
    force: options.Force = False,
    max_runs: MaxRuns = None,
    key: Key = None,
    yes: options.Yes = False,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """Delete the runs that all conditions hold for, after a preview."""
    selector = {
        "run": run_id, "scenario": scenario, "scenario_version": scenario_version, "pipeline": pipeline,
        "notebook": notebook, "execution": execution, "filter": filter,
    }  # fmt: skip
    delete_after_preview(
        Client(url, namespace=namespace), selector, dry_run=dry_run, force=force, ask=not (yes or as_json),
        as_json=as_json, max_runs=max_runs, key=key,
    )  # fmt: skip


@experiments.command("list")
def list_experiments(
    external_id: Annotated[str | None, typer.Option(help="Only the one with this id of the caller's own.")] = None,
    filter: options.Filter = None,
    sort: options.Sort = None,
    columns: options.Columns = None,
    limit: options.Limit = 50,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """List experiments, newest first unless sorted otherwise."""
    fields = read_columns(columns) if columns else None
    found = Client(url, namespace=namespace).runs.list(
        experiments=True, external_id=external_id, filter=filter, sort=sort, limit=limit
    )
    _print_runs(list(found), limit, fields, as_json=as_json)


@experiments.command("show")
@runs.command("show")
def show(
    run_id: options.RunId, url: options.Url = None, namespace: options.Namespace = None, as_json: options.Json = False
) -> None:
    """Show a run: what it is, its parameters, metrics (with their curves), tags, metadata, events and artifacts."""
    run = Client(url, namespace=namespace).runs.get(run_id)
    if as_json:
        print_json({**msgspec.to_builtins(run.record), "metadata": run.get_metadata()})
    else:
        show_run(run)


def _print_runs(found: list[Run], limit: int, fields: list[Field] | None, *, as_json: bool) -> None:
    if as_json:
        print_items([run.record for run in found])
        return
    if fields is None:
        show_runs(found)
    else:
        show_columns(found, fields)
    if len(found) == limit:
        err.print(f"The first {limit}; --limit shows more.")
