"""`--columns`: fields of the filter language, as columns of a table of runs."""

from collections.abc import Sequence
from typing import Any

import msgspec
import typer

from mbox_ops.cli.output import table
from mbox_ops.client.rows import cell
from mbox_ops.client.run import Run
from mbox_ops.entities.limits import DEFAULT
from mbox_ops.search.parser import parse_sort, show
from mbox_ops.search.tree import Field, Metadata

_LIMITS = msgspec.structs.replace(DEFAULT, sort_keys=1_000)


def read_columns(text: str) -> list[Field]:
    """The fields that `--columns` names, such as `name,params.lr,metrics.loss.min`.

    Raises:
        InvalidRequest: one of them is no field; the message shows where.
    """
    keys = parse_sort(text, limits=_LIMITS, field="columns")
    if any(key.descending for key in keys):
        raise typer.BadParameter("a column has no direction; - belongs into --sort.", param_hint="--columns")
    return [key.field for key in keys]


def show_columns(runs: Sequence[Run], fields: Sequence[Field]) -> None:
    """A table of runs with these fields."""
    rows = [cells_of(run, fields) for run in runs]
    table(f"Runs: {len(runs)}", map(show, fields), rows, whole=("id", "status"))


def cells_of(run: Run, fields: Sequence[Field]) -> list[Any]:
    """What a run has at each field; its metadata is asked for only where a field needs it."""
    document = run.get_metadata() if any(isinstance(field, Metadata) for field in fields) else None
    return [cell(run.record, field, document) for field in fields]
