"""`mbox collections` and `mbox scenarios`: how runs are grouped, and let go."""

from typing import Annotated

import typer

from mbox_ops.cli import options
from mbox_ops.cli.deleting import Key, MaxRuns, delete_after_preview
from mbox_ops.cli.deletions import deletions
from mbox_ops.cli.output import print_items, table
from mbox_ops.client.client import Client
from mbox_ops.entities.grouping import RunCollection, Scenario

__all__ = ["collections", "deletions", "scenarios"]

collections = typer.Typer(no_args_is_help=True, help="Run collections.")
scenarios = typer.Typer(no_args_is_help=True, help="Scenarios, and deleting them in bulk.")


@collections.command("list")
def list_collections(
    scenario: Annotated[str | None, typer.Option(help="Only those of this scenario.")] = None,
    limit: options.Limit = 100,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """List run collections."""
    found = list(Client(url, namespace=namespace).collections.list(scenario=scenario, limit=limit))
    if as_json:
        print_items(found)
    else:
        show_collections(found)


@scenarios.command("list")
def list_scenarios(
    limit: options.Limit = 100,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """List scenarios."""
    found = list(Client(url, namespace=namespace).scenarios.list(limit=limit))
    if as_json:
        print_items(found)
    else:
        show_scenarios(found)


@scenarios.command("delete")
def delete_scenarios(
    names: Annotated[list[str], typer.Argument(help="Names or ids of the scenarios.")],
    dry_run: options.DryRun = False,
    force: options.Force = False,
    max_runs: MaxRuns = None,
    key: Key = None,
    yes: options.Yes = False,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """Delete whole scenarios with everything in them, after a preview."""
    delete_after_preview(
        Client(url, namespace=namespace), {"scenario": names}, dry_run=dry_run, force=force, ask=not (yes or as_json),
        as_json=as_json, max_runs=max_runs, key=key,
    )  # fmt: skip


def show_scenarios(found: list[Scenario]) -> None:
    """A table of scenarios."""
    rows = [(s.name, s.runs, s.collections, s.last_run_at, s.id) for s in found]
    table("Scenarios", ("scenario", "runs", "collections", "last run (UTC)", "id"), rows, whole=("scenario",))


def show_collections(found: list[RunCollection]) -> None:
    """A table of run collections."""
    rows = [(c.display_name, c.scenario, c.runs, c.last_run_at) for c in found]
    table("Run collections", ("collection", "scenario", "runs", "last run (UTC)"), rows)
