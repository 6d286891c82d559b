"""Runs as a table: which columns there are, and what stands in the cells."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec
from markupsafe import Markup

from mbox_ops.entities.limits import DEFAULT
from mbox_ops.entities.runs import Run
from mbox_ops.search.parser import parse_sort, show
from mbox_ops.search.tree import INSTANTS, Field, Metadata, Metric, Parameter, RunColumn, SortKey, Tag
from mbox_ops.server.ui import formats
from mbox_ops.server.ui.metric_formats import format_of, metric_value
from mbox_ops.service.comparing import column_of
from mbox_ops.service.scatters import place_of

NAME = RunColumn("name")
MOST_COLUMNS = 60
_LIMITS = msgspec.structs.replace(DEFAULT, sort_keys=MOST_COLUMNS)
_MOST_METRICS = 5
_TITLES = {
    "id": "Id", "key": "Key", "name": "Run", "status": "State", "owner": "Owner", "external_id": "External id",
    "framework": "Framework", "task": "Task", "scenario": "Scenario", "scenario_version": "Version",
    "pipeline": "Pipeline", "notebook": "Notebook", "execution": "Execution", "collection": "Collection",
    "started_at": "Started", "ended_at": "Ended", "created_at": "Created", "updated_at": "Updated",
    "duration_seconds": "Duration",
}  # fmt: skip
COLUMN_NAMES = tuple(_TITLES)
Document = Mapping[str, Any]


class Column(NamedTuple):
    """A column of the table.

    Attributes:
        text: the field, as the filter language writes it.
        group: what kind of field it is; nothing for the runs' own columns.
        is_number: its cells are numbers, which stand on the right.
        order: how the table is sorted by it: `ascending`, `descending`, or not.
        sorted: the sort order that a click on its title asks for.
    """

    text: str
    title: str
    group: str
    is_number: bool
    order: str | None
    sorted: str


class Row(NamedTuple):
    """A run of the table; the cells are in the order of the columns."""

    run: Run
    cells: list[Markup]


class RunTable(NamedTuple):
    """The columns without the run's name, which is the first of each row, and the rows."""

    name: Column
    columns: list[Column]
    rows: list[Row]


def read_fields(text: str) -> list[Field]:
    """The fields that a list of columns names, such as `status,params.lr,metrics.loss.min`.

    Raises:
        InvalidRequest: one of them is no field; the message shows where.
    """
    return list(dict.fromkeys(key.field for key in parse_sort(text, limits=_LIMITS, field="columns")))


def default_fields(runs: Sequence[Run], *, one_scenario: bool) -> list[Field]:
    """What is shown where nobody chose: the runs' main columns, and the metrics that most of these runs have."""
    names: list[Field] = [RunColumn("status")]
    names += [] if one_scenario else [RunColumn("scenario")]
    names += [RunColumn("collection"), RunColumn("started_at"), RunColumn("duration_seconds")]
    counted = Counter(
        name
        for run in runs
        for name, summary in run.metrics.items()
        if summary.kind == "float" and not name.startswith("system/")
    )
    most = sorted(counted, key=lambda name: (-counted[name], name))[:_MOST_METRICS]
    return [*names, *(Metric(name) for name in sorted(most))]


def table_of(
    runs: Sequence[Run], fields: Sequence[Field], sort: Sequence[SortKey], documents: Mapping[str, Document]
) -> RunTable:
    """The table of runs with these fields.

    Args:
        sort: how the runs are sorted.
        documents: their metadata, by the run's id, where a field needs it.
    """
    shown = [field for field in fields if field != NAME]
    most = formats.room(len(runs) * len(shown))
    values = [[_value(run, field, documents.get(run.id, {}), most) for field in shown] for run in runs]
    columns = [
        _column(field, sort, _holds_numbers([row[place] for row in values])) for place, field in enumerate(shown)
    ]
    return RunTable(_column(NAME, sort, False), columns, [Row(run, row) for run, row in zip(runs, values, strict=True)])


def title_of(field: Field) -> tuple[str, str]:
    """What a column is called, and the kind of its field; nothing for the runs' own columns."""
    text = show(field)
    if isinstance(field, RunColumn):
        return _TITLES[field.name], ""
    kind, _, name = text.partition(".")
    return name, kind


def _holds_numbers(cells: Sequence[Markup]) -> bool:
    filled = [cell for cell in cells if cell]
    return bool(filled) and all(isinstance(cell, _Number) for cell in filled)


class _Number(Markup):
    """A cell that holds a number."""


def _column(field: Field, sort: Sequence[SortKey], is_number: bool) -> Column:
    text, (title, group) = show(field), title_of(field)
    first = sort[0]
    is_first = first.field == field
    order = ("descending" if first.descending else "ascending") if is_first else None
    goes_down_first = isinstance(field, Metric) or (isinstance(field, RunColumn) and field.name in INSTANTS)
    goes_down = not first.descending if is_first else goes_down_first
    return Column(text, title, group, is_number, order, f"-{text}" if goes_down else text)


def _value(run: Run, field: Field, document: Document, most: int) -> Markup:
    match field:
        case RunColumn():
            return _own(run, field)
        case Parameter():
            text = run.parameters.get(field.name)
            return Markup("") if text is None else _parameter(text, run.parameter_types[field.name], most)
        case Tag():
            text = run.tags.get(field.name)
            return Markup("") if text is None else formats.text(text)
        case Metric():
            summary = run.metrics.get(field.name)
            if summary is None:
                return Markup("")
            form = "" if field.stat == "count" else format_of(run.labels, field.name)
            value = getattr(summary, field.stat)
            if summary.kind == "float" or field.stat == "count":
                return _Number(metric_value(value, form))
            return Markup("") if value is None else formats.text(value, most)
        case Metadata():
            place = place_of(run, document, field)
            if place is None:
                return Markup("")
            return _Number(formats.number(place)) if isinstance(place, float) else formats.text(place, most)


def _own(run: Run, column: RunColumn) -> Markup:
    if column.name == "status":
        return formats.state(run.status)
    if column.name in INSTANTS:
        return formats.time(getattr(run, column.name))
    if column.name == "collection" and run.run_collection_is_default:
        return formats.text(f"{run.run_collection} (Default)")
    value = column_of(run, column.name)
    if column.name == "duration_seconds":
        return _Number(formats.duration(None if value is None else float(value)))
    return formats.text(value) if value else Markup("")


def _parameter(text: str, kind: str, most: int) -> Markup:
    """A number that was logged as one; text stays as it is, be it `007` or a digest of digits."""
    return _Number(formats.number(text)) if kind in ("integer", "float") else formats.text(text, most)
