"""What notebooks show of runs, events, artifacts and metrics."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import UTC, datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import quote

import msgspec

from mbox_ops.client.html.curves import curve
from mbox_ops.client.html.markup import Html, document, element, table, title
from mbox_ops.client.reading import Metrics
from mbox_ops.client.rows import row_of
from mbox_ops.client.stored import Stored
from mbox_ops.client.values import Event
from mbox_ops.entities import runs
from mbox_ops.entities.limits import RESERVED_PARAMETERS, RESERVED_TAGS
from mbox_ops.errors import MboxError

if TYPE_CHECKING:
    from mbox_ops.client.connection import Connection
    from mbox_ops.client.curves import MetricCurve
    from mbox_ops.client.history import MetricHistory, MetricSummary
    from mbox_ops.client.run import Run

ROWS = 50  # of a table
COLUMNS = 20
CURVES = 12  # of a run
POINTS = 200  # of each of them, as asked of the service
_FIRST = ("name", "status", "collection", "started_at", "duration_seconds")


def run_page(run: "Run", connection: "Connection") -> str:
    """A run: what it is, its settings, and its metrics as curves and numbers; asked of the service."""
    try:
        record, summaries = run.record, run.metrics
        drawn = [summary.name for summary in summaries.values() if summary.kind == "float"][:CURVES]
        curves = Metrics(connection).curves(record.id, drawn, max_points=POINTS) if drawn else []
        return _run_page(record, curves, summaries, connection.settings.url)
    except MboxError as error:
        return document(title(run.label), str(error))


def _run_page(
    record: runs.Run, curves: Sequence["MetricCurve"], summaries: Mapping[str, "MetricSummary"], url: str
) -> str:
    parts: list[object] = [title("Run ", _link(record, url)), table((), _about(record))]
    for name, settings, hidden in (
        ("Parameters", record.parameters, RESERVED_PARAMETERS), ("Tags", record.tags, RESERVED_TAGS),
    ):  # fmt: skip
        shown = [pair for pair in settings.items() if pair[0] not in hidden]
        if shown:
            parts += [title(name), table((), shown[:ROWS], _more(len(shown), ROWS))]
    if summaries:
        rows = [(s.name, s.last, s.min, s.max, s.count) for s in islice(summaries.values(), ROWS)]
        parts += [title("Metrics"), element("div", *(_curve(each) for each in curves if len(each)))]
        parts += [table(("metric", "last", "min", "max", "points"), rows, _more(len(summaries), ROWS))]
    return document(*parts)


def _link(record: runs.Run, url: str) -> Html:
    return element("a", record.name, href=f"{url}/runs/{quote(record.id, safe='')}", rel="noreferrer")


def _about(record: runs.Run) -> list[tuple[str, object]]:
    row = row_of(record)
    names = ("id", "key", "status", "scenario", "collection", "pipeline", "notebook", "execution")
    told = [(name, row[name]) for name in (*names, "started_at", "duration_seconds") if row[name] is not None]
    return [*told, ("lost batches", record.lost)] if record.lost else told


def _curve(each: "MetricCurve") -> Html:
    return curve(each.name, each.steps, each.values)


def items_page(items: Iterable[object]) -> str:
    """Things of one kind: runs, events, artifacts, histories, or whatever else has attributes.

    At most 50 of them are looked at, so that what is read page by page is not read to its end.
    """
    try:
        shown = list(islice(items, ROWS + 1))
    except MboxError as error:
        return document(str(error))
    more = "There are more." if len(shown) > ROWS else ""
    shown = shown[:ROWS]
    if not shown:
        return document("None.")
    for kind, page in _PAGES:
        if kind(shown[0]):
            return document(*page(shown), element("div", more, style="opacity:0.7") if more else Html())
    return document(_table([_attributes(item) for item in shown], more))


def _runs(items: Sequence[Any]) -> list[Html]:
    rows = [row_of(run.record) for run in items]
    told = [{name: row[name] for name in _FIRST} | {k: v for k, v in row.items() if "." in k} for row in rows]
    return [_table(told)]


def _objects(items: Sequence[Any]) -> list[Html]:
    """Models, their versions, checkpoints: what their records say, and the last value of each metric."""
    rows = []
    for item in items:
        row = {name: value for name, value in msgspec.structs.asdict(item.record).items() if value not in ("", [])}
        row |= {f"metrics.{name}": each.last for name, each in row.pop("metrics", {}).items()}
        source = row.pop("source", None)
        rows.append({**row, "came from": None if source is None else source.run_name})
    return [_table(rows)]


def _events(items: Sequence[Any]) -> list[Html]:
    rows = [
        {"at": _instant(event.wallclock_time), "name": event.name, "source": event.source_name,
         "metadata": msgspec.json.encode(event.metadata).decode() if event.metadata else None}
        for event in items
    ]  # fmt: skip
    return [_table(rows)]


def _instant(at: object) -> object:
    try:
        return datetime.fromtimestamp(at, UTC) if isinstance(at, (int, float)) else at
    except (OverflowError, OSError, ValueError):  # in the distant past or future
        return at


def _histories(items: Sequence[Any]) -> list[Html]:
    return [element("div", *(history_picture(history) for history in items))]


def history_picture(history: "MetricHistory") -> Html:
    """A history: a curve of numbers, or a table of what is text or bytes."""
    steps, _, values = history.columns()
    note = f"{len(steps)} of {history.total} points" if history.truncated else ""
    if not len(steps):
        return element("div", f"{history.name}: no points")
    if history.kind == "float":
        numbers = cast("Sequence[float]", values)
        return Html(curve(history.name, steps, numbers) + (element("div", note) if note else ""))
    rows = list(islice(zip(steps, values, strict=True), ROWS))
    return Html(title(history.name) + table(("step", "value"), rows, _more(history.total, ROWS)))


def _table(rows: Sequence[Mapping[str, object]], note: str = "") -> Html:
    names = list(dict.fromkeys(name for row in rows for name, value in row.items() if value is not None))
    left = f"{len(names) - COLUMNS} more columns: see to_pandas()." if len(names) > COLUMNS else ""
    cells = [[row.get(name) for name in names[:COLUMNS]] for row in rows]
    return table(names[:COLUMNS], cells, " ".join(filter(None, (left, note))))


def _attributes(item: object) -> dict[str, object]:
    if isinstance(item, msgspec.Struct):
        return msgspec.structs.asdict(item)
    if is_dataclass(item):
        return {field.name: getattr(item, field.name) for field in fields(item)}
    return {"value": item}


def _more(there: int, shown: int) -> str:
    return f"{there - shown} more." if there > shown else ""


_PAGES: tuple[tuple[Callable[[object], bool], Callable[[Sequence[Any]], list[Html]]], ...] = (
    (lambda item: hasattr(item, "writes_here"), _runs),
    (lambda item: isinstance(item, Stored), _objects),
    (lambda item: isinstance(item, Event), _events),
    (lambda item: hasattr(item, "columns") and hasattr(item, "total"), _histories),
    (lambda item: hasattr(item, "nan_starts"), lambda items: [element("div", *map(_curve, items))]),
)
