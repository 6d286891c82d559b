"""`mbox deletions`: what was deleted, undone, purged, and by whom."""

from collections.abc import Sequence
from typing import Annotated

import typer

from mbox_ops.cli import options
from mbox_ops.cli.output import out, print_items, print_json, table
from mbox_ops.cli.showing import show_deletion
from mbox_ops.client.client import Client
from mbox_ops.entities.deletions import Deletion
from mbox_ops.errors import InvalidRequest

deletions = typer.Typer(no_args_is_help=True, help="What was deleted: look at it, undo it, purge it.")

DeletionId = Annotated[str, typer.Argument(help="The deletion's id, from `mbox deletions list`.")]
MaybeDeletionId = Annotated[str | None, typer.Argument(help="The deletion's id; all deletions if it is not given.")]


@deletions.command("list")
def list_deletions(
    limit: options.Limit = 50,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """List deletions, newest first."""
    found = list(Client(url, namespace=namespace).deletions.list(limit=limit))
    if as_json:
        print_items(found)
    else:
        _show_list("Deletions", found)


@deletions.command("show")
def show(
    deletion_id: DeletionId,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """Show a deletion: its state, what it took, and until when it can be undone."""
    found = Client(url, namespace=namespace).deletions.get(deletion_id)
    if as_json:
        print_json(found)
    else:
        _show(found)


@deletions.command("undo")
def undo(
    deletion_id: DeletionId,
    key_suffix: Annotated[
        str | None,
        typer.Option("--key-suffix", help="Runs whose key a newer run has taken come back with this behind their key."),
    ] = None,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """Bring back all that a deletion took, as it was."""
    undone = Client(url, namespace=namespace).deletions.undo(deletion_id, key_suffix=key_suffix)
    if as_json:
        print_json(undone)
    else:
        out.print(f"Deletion {undone.id} is undone: {undone.counts.runs} runs are back.")


@deletions.command("purge")
def purge(
    deletion_id: MaybeDeletionId = None,
    yes: options.Yes = False,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """Drop what a deletion took for good, now instead of at the end of its undo window. It cannot be undone."""
    if as_json and not yes:
        raise InvalidRequest("A purge cannot be undone: give --yes beside --json.", field="--yes")
    client = Client(url, namespace=namespace)
    found = [client.deletions.get(deletion_id)] if deletion_id else list(client.deletions.list())
    waiting = [each for each in found if each.state == "TOMBSTONED"]
    if waiting and not yes:
        _show_list("To be purged", waiting)
        runs = sum(each.counts.runs for each in waiting)
        typer.confirm(f"Drop {runs} runs of {len(waiting)} deletions for good?", abort=True)
    begun = [client.deletions.purge(each) for each in (found if deletion_id else waiting)]
    if as_json:
        print_items(begun)
    else:
        out.print(f"The service purges {len(begun)} deletions now; `mbox deletions list` tells when they are PURGED.")


@deletions.command("audit")
def audit(
    deletion_id: MaybeDeletionId = None,
    limit: options.Limit = 1_000,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """Print who did what with deletions, and when, oldest first."""
    found = list(Client(url, namespace=namespace).deletions.audit(deletion_id, limit=limit))
    if as_json:
        print_items(found)
        return
    rows = [
        (entry.at, entry.action, entry.by, ", ".join(f"{n} {of}" for of, n in entry.counts.items()), entry.deletion_id)
        for entry in found
    ]
    table("Audit", ("at (UTC)", "what", "by", "how much", "deletion"), rows, whole=("at (UTC)", "what"))


def _show(deletion: Deletion) -> None:
    facts = {
        "id": deletion.id, "state": deletion.state, "namespace": deletion.namespace, "at (UTC)": deletion.created_at,
        "by": deletion.created_by, "undoable until": deletion.purge_after, "finished": deletion.finished_at,
        "protected runs": deletion.protected or None,
    }  # fmt: skip
    table("Deletion", ("", ""), [(name, value) for name, value in facts.items() if value is not None])
    show_deletion(deletion)


def _show_list(title: str, found: Sequence[Deletion]) -> None:
    rows = [
        (d.id, d.state, d.counts.runs, d.counts.points, ", ".join(d.by_scenario), d.created_at, d.created_by)
        for d in found
    ]
    table(title, ("id", "state", "runs", "points", "scenarios", "at (UTC)", "by"), rows, whole=("id", "state"))
