"""Deleting from the command line: a preview, a question, the deletion."""

from collections.abc import Mapping
from typing import Any

import typer

from mbox_ops.cli.output import print_json
from mbox_ops.cli.showing import show_deletion
from mbox_ops.client.client import Client


def delete_after_preview(
    client: Client, selector: Mapping[str, Any], *, dry_run: bool, force: bool, ask: bool, as_json: bool
) -> None:
    """Show what would go; unless it is a dry run, ask (if wanted) and delete."""
    if dry_run or ask:
        preview = client.deletions.create(**selector, dry_run=True, force=force)
        if as_json:
            print_json(preview)
        else:
            show_deletion(preview)
        if dry_run or preview.counts.runs == 0:
            return
        typer.confirm(f"Delete {preview.counts.runs} runs?", abort=True)
    done = client.deletions.create(**selector, force=force)
    if as_json:
        print_json(done)
    else:
        show_deletion(done)
