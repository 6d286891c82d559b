"""Deleting from the command line: a preview, a question, the deletion."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer

from mbox_ops.cli.output import print_json
from mbox_ops.cli.showing import show_deletion
from mbox_ops.client.client import Client

MaxRuns = Annotated[int | None, typer.Option("--max-runs", min=0, help="Refuse when more runs than that would go.")]
Key = Annotated[
    str | None,
    typer.Option("--key", help="Your own name for this deletion: repeated under the same one, it deletes once."),
]


def delete_after_preview(
    client: Client, selector: Mapping[str, Any], *, dry_run: bool, force: bool, ask: bool, as_json: bool,
    max_runs: int | None = None, key: str | None = None,
) -> None:  # fmt: skip
    """Show what would go; unless it is a dry run, ask (if wanted) and delete exactly that."""
    wish = {**selector, "force": force}
    expected = None
    if dry_run or ask:
        preview = client.deletions.create(**wish, dry_run=True)
        if as_json:
            print_json(preview)
        else:
            show_deletion(preview)
        if dry_run or preview.counts.runs == 0:
            return
        typer.confirm(f"Delete {preview.counts.runs} runs?", abort=True)
        expected = None if preview.running else preview  # those that are alive go on writing
    done = client.deletions.create(**wish, expected=expected, max_runs=max_runs, key=key)
    if as_json:
        print_json(done)
    else:
        show_deletion(done)
