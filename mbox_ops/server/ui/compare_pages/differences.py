"""The table of a comparison: on the page a row for each thing that differs, in a file a column."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import msgspec

from mbox_ops.entities.runs import Run
from mbox_ops.entities.search import ComparedMetric, Comparison, Difference
from mbox_ops.search.showing import show
from mbox_ops.search.tree import Metric, Parameter, Tag
from mbox_ops.server.ui.metric_formats import metric_text, shared_format
from mbox_ops.server.ui.run_pages.frame import SYSTEM

CELLS = 8_000  # on a page
OF_THE_RUN = "Run"
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class Row(NamedTuple):
    """One thing and what each run has; `present` says which have it; `format` is of a metric's values."""

    name: str
    values: list[Any]
    present: list[bool]
    differs: bool
    format: str


class Section(NamedTuple):
    """Rows of one kind; `left_out` so many more there are than a page holds."""

    title: str
    rows: list[Row]
    left_out: int


def sections_of(found: Comparison) -> list[Section]:
    """The rows by kind, what was set and what came out first; no more of them than a page can hold."""
    room = max(20, CELLS // len(found.runs))
    own = [one for one in found.metrics if not one.name.startswith(SYSTEM)]
    system = [one for one in found.metrics if one.name.startswith(SYSTEM)]
    kinds = (
        ("Parameters", [_row(one) for one in found.parameters[:room]], len(found.parameters)),
        ("Metrics (last value)", [_metric_row(one, found.runs) for one in own[:room]], len(own)),
        ("Tags", [_row(one) for one in found.tags[:room]], len(found.tags)),
        ("Metadata", [_row(one) for one in found.metadata[:room]], len(found.metadata)),
        (OF_THE_RUN, [_row(one) for one in found.columns[:room]], len(found.columns)),
        ("System metrics (last value)", [_metric_row(one, found.runs) for one in system[:room]], len(system)),
    )
    sections = []
    for title, rows, total in kinds:
        shown = rows[:room]
        room -= len(shown)
        sections.append(Section(title, shown, total - len(shown)))
    return [section for section in sections if section.rows or section.left_out]


def value_of(value: Any, form: str = "") -> str:
    """A cell's text: numbers short or in their format, objects and arrays as JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return metric_text(value, form)
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def csv_of(found: Comparison) -> str:
    """The comparison with a line for each run; texts that a spreadsheet would run as formulas begin with `'`."""
    columns: list[Difference] = [
        Difference(name="id", values=[run.id for run in found.runs], present=[True] * len(found.runs)),
        *found.columns,
        *(_named(show(Parameter(one.name)), one) for one in found.parameters),
        *(_named(show(Tag(one.name)), one) for one in found.tags),
        *(_named(f"metadata.{one.name}", one) for one in found.metadata),
        *(_named(show(Metric(one.name)), one) for one in map(_last, found.metrics)),
    ]
    lines = [[one.name for one in columns]]
    for place in range(len(found.runs)):
        lines.append([_cell(one.values[place]) if one.present[place] else "" for one in columns])
    return "".join(_line(line) for line in lines)


def _row(one: Difference, form: str = "") -> Row:
    shown = {value_of(value) if there else None for value, there in zip(one.values, one.present, strict=True)}
    return Row(one.name, one.values, one.present, len(shown) > 1, form)


def _metric_row(metric: ComparedMetric, runs: Sequence[Run]) -> Row:
    return _row(_last(metric), shared_format(metric.name, runs))


def _last(metric: ComparedMetric) -> Difference:
    values = [None if one is None else one.last for one in metric.summaries]
    return Difference(name=metric.name, values=values, present=[value is not None for value in values])


def _named(name: str, one: Difference) -> Difference:
    return msgspec.structs.replace(one, name=name)


def _cell(value: Any) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)
    return value_of(value)


def _line(cells: Iterable[str]) -> str:
    return ",".join(map(_quoted, cells)) + "\n"


def _quoted(text: str) -> str:
    if text.startswith(_FORMULA) and not _is_number(text):
        text = f"'{text}"
    return '"' + text.replace('"', '""') + '"' if set(text) & set(',"\r\n') else text


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
