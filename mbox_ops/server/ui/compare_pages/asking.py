"""What a comparison is asked for, and what its views share: the runs with their labels and looks."""

from collections import Counter
from typing import Any, Literal, NamedTuple

import msgspec

from mbox_ops.entities.metrics import Statistic
from mbox_ops.entities.runs import Run
from mbox_ops.entities.search import Axis
from mbox_ops.server.ui.visits import Visit

View = Literal["table", "curves", "runs", "scatter", "parallel"]
VIEWS: tuple[tuple[View, str], ...] = (
    ("table", "What differs"),
    ("curves", "Curves"),
    ("runs", "Metric over runs"),
    ("scatter", "Metric over a field"),
    ("parallel", "Parallel coordinates"),
)
_SHORT_ID = 6


class ComparingQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which runs, and how they are shown.

    Attributes:
        run: their ids, 1 to 200.
        without: the one of them to leave out: leads to the comparison of the others.
        all: the table shows also what is the same in all of them.
        filter: part of the metrics' names.
        metric, stat: what is set over runs or a field; all metrics that are there if empty.
        field: what is on the x of the scatter, as the filter language writes it.
        order: of the runs along a metric: as given, or by value.
        x, logx, logy, band, smoothing: of curves, as on a run's page.
        start: how many charts are on the pages before.
        zoom, range: the parts of x that single charts show, and of parallel axes: read by the page's script.
    """

    run: list[str] = []
    without: str = ""
    view: View = "table"
    all: bool = False
    filter: str = ""
    metric: str = ""
    stat: Statistic = "last"
    field: str = ""
    order: Literal["given", "value"] = "given"
    x: Axis = "step"
    logx: bool = False
    logy: bool = False
    band: bool = False
    smoothing: int = 0
    start: int = 0
    zoom: list[str] = []
    range: list[str] = []


class Compared(NamedTuple):
    """A run of the comparison; `look` is the number of its colour and dashes in all views."""

    run: Run
    label: str
    look: int


def compared(runs: list[Run]) -> list[Compared]:
    """The runs with labels that tell them apart: their names, with a piece of the id where two have the same."""
    times = Counter(run.name for run in runs)
    labels = [run.name if times[run.name] == 1 else f"{run.name} ({run.id[-_SHORT_ID:]})" for run in runs]
    return [Compared(run, label, look) for look, (run, label) in enumerate(zip(runs, labels, strict=True))]


def link_to(visit: Visit, query: ComparingQuery, path: str = "/compare", **changes: Any) -> str:
    """The address of this comparison with another query."""
    return visit.link(path, **told(msgspec.structs.replace(query, **changes)))


def told(query: ComparingQuery) -> dict[str, Any]:
    """What a query says; what is at its default is left out."""
    default = ComparingQuery()
    return {name: value for name, value in msgspec.structs.asdict(query).items() if value != getattr(default, name)}
