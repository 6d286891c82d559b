"""`mbox cleanup`: let runs go by rules, after a report of what goes and what stays."""

from collections.abc import Iterable
from typing import Annotated, Any, Literal

import typer

from mbox_ops.cli import options
from mbox_ops.cli.deleting import Key
from mbox_ops.cli.output import err, out, print_json, table
from mbox_ops.client.client import Client
from mbox_ops.client.reports import report
from mbox_ops.entities.cleanup import MAX_RUNS
from mbox_ops.entities.deletions import Deletion
from mbox_ops.entities.metrics import Statistic
from mbox_ops.errors import InvalidRequest


def cleanup(
    scenarios: Annotated[
        list[str] | None, typer.Argument(help="Names or ids of scenarios; all if none is given.")
    ] = None,
    older_than: Annotated[
        str | None, typer.Option(help="Runs that something was written to since stay: 12h, 30d, 4w.")
    ] = None,
    keep_last: Annotated[
        int | None, typer.Option(min=0, help="So many of each collection stay, the last ones.")
    ] = None,
    keep_best: Annotated[int | None, typer.Option(min=1, help="So many of each stay, the best by --metric.")] = None,
    metric: Annotated[str | None, typer.Option(help="The metric of --keep-best.")] = None,
    direction: Annotated[Literal["min", "max"] | None, typer.Option(help="Which is best.")] = None,
    statistic: Annotated[Statistic, typer.Option(help="Of the metric's points.")] = "last",
    status: Annotated[list[str] | None, typer.Option(help="Only runs of this status; repeatable.")] = None,
    collection: Annotated[list[str] | None, typer.Option(help="Only runs in this collection; repeatable.")] = None,
    filter: options.Filter = None,
    max_runs: Annotated[int, typer.Option(min=0, help="Refuse when more runs than that would go.")] = MAX_RUNS,
    apply: Annotated[bool, typer.Option("--apply", help="Delete; without it nothing is changed.")] = False,
    yes: options.Yes = False,
    key: Key = None,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the report as Markdown, never prompt.")
    ] = False,
) -> None:
    """Delete runs by rules: what is old, and neither among the last nor the best of its collection.

    Without --apply it only reports. Runs that are alive and those with the tag mbox.keep=true always stay.
    """
    if apply and (as_json or as_markdown) and not yes:
        raise InvalidRequest("Give --yes beside --apply where nobody can be asked.", field="--yes")
    client = Client(url, namespace=namespace)
    rules: dict[str, Any] = {
        "scenario": scenarios or None, "older_than": older_than, "keep_last": keep_last, "keep_best": keep_best,
        "metric": metric, "direction": direction, "statistic": statistic, "status": status or None,
        "run_collection": collection or None, "filter": filter, "max_runs": max_runs,
    }  # fmt: skip
    found: Deletion = client.cleanup(**rules)
    if apply:
        found = _apply(client, rules, found, key=key, ask=not yes)
    if as_json:
        print_json(found)
    elif as_markdown:
        print("\n".join(markdown(found)))
    elif not apply or yes:
        show(found, max_runs)


def _apply(client: Client, rules: dict[str, Any], preview: Deletion, *, key: str | None, ask: bool) -> Deletion:
    if ask:
        show(preview, None)
        if preview.counts.runs == 0:
            return preview
        typer.confirm(f"Delete {preview.counts.runs} runs?", abort=True)
    done: Deletion = client.cleanup(**rules, dry_run=False, expected=preview, key=key)
    if ask:
        out.print(f"Deleted {done.counts.runs} runs ({done.id}); `mbox deletions undo {done.id}` brings them back.")
    return done


def show(found: Deletion, max_runs: int | None) -> None:
    """A table of what goes and what stays, by scenario."""
    preview = found.state == "PREVIEW"
    title = "This would go (nothing has changed)" if preview else f"Deleted ({found.id})"
    head, *rows = report(found)
    table(title, map(str, head), rows, whole=("scenario",))
    for name in found.scenarios_not_found:
        err.print(f"There is no scenario {name!r} with live runs.")
    if preview and max_runs is not None and found.counts.runs > max_runs:
        err.print(f"With --apply it would be refused: --max-runs is {max_runs}.")
    elif found.state == "TOMBSTONED" and found.counts.runs:
        out.print(f"It can be undone until {found.purge_after:%Y-%m-%d %H:%M} UTC.")


def markdown(found: Deletion) -> Iterable[str]:
    """The report as a table of Markdown."""
    runs = found.counts.runs
    yield f"**{runs} runs would go.**" if found.state == "PREVIEW" else f"**{runs} runs are deleted** (`{found.id}`)."
    yield ""
    head, *rows = report(found)
    yield _line(head)
    yield _line(["---", *["---:"] * (len(head) - 1)])
    yield from (_line(row) for row in rows)


def _line(cells: Iterable[object]) -> str:
    return f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in cells)} |"
