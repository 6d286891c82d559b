"""A run's metrics and system metrics: a page of charts, each above the summary of its series."""

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

import msgspec

from mbox_ops.entities.metrics import MetricSummary
from mbox_ops.entities.runs import Run
from mbox_ops.entities.search import Axis
from mbox_ops.server.ui.metric_formats import format_of
from mbox_ops.server.ui.pages import page
from mbox_ops.server.ui.run_pages.frame import SYSTEM, render_run, run_of
from mbox_ops.server.ui.visits import Answer, Visit

CHARTS = 36  # on one page
CURVES = 40  # in one chart
Together = Literal["none", "name", "prefix"]


class ChartsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which charts, and how they are drawn.

    Attributes:
        filter: part of a metric's name, in any case.
        together: what is drawn in one chart: each metric alone, those with the same last part of their names
            (`train/loss` and `test/loss`), or with the same prefix.
        smoothing: 0 to 99 percent.
        start: how many charts are on the pages before.
        zoom: the parts of x that single charts show: read by the page's script.
    """

    filter: str = ""
    together: Together = "none"
    x: Axis | None = None
    logx: bool = False
    logy: bool = False
    band: bool = False
    smoothing: int = 0
    start: int = 0
    zoom: list[str] = []


class Drawn(NamedTuple):
    """A chart: its title, the format of its values, and the summaries of its series."""

    title: str
    format: str
    series: list[MetricSummary]
    spec: dict[str, Any]


class Group(NamedTuple):
    """Charts under one prefix."""

    prefix: str
    charts: list[Drawn]


@page("GET", "/runs/{run_id}/metrics", scope="read")
def run_metrics(visit: Visit, run_id: str, query: ChartsQuery) -> Answer:
    """The metrics that the run logged."""
    visit, run = run_of(visit, run_id)
    names = [name for name in run.metrics if not name.startswith(SYSTEM)]
    return _charts(visit, run, names, query, "metrics")


@page("GET", "/runs/{run_id}/system", scope="read")
def run_system(visit: Visit, run_id: str, query: ChartsQuery) -> Answer:
    """What the machine did meanwhile."""
    visit, run = run_of(visit, run_id)
    names = [name for name in run.metrics if name.startswith(SYSTEM)]
    return _charts(visit, run, names, query, "system")


def _charts(visit: Visit, run: Run, names: Iterable[str], query: ChartsQuery, tab: str) -> Answer:
    wanted = query.filter.strip().lower()
    found = sorted((name for name in names if wanted in name.lower()), key=lambda name: (prefix_of(name), name))
    numeric = [name for name in found if run.metrics[name].kind == "float"]
    charts = list(_drawn(run, numeric, query.together))
    start = max(0, min(query.start, len(charts)))
    shown = charts[start : start + CHARTS]
    return render_run(
        visit, run, "run/metrics.html", tab,
        groups=_grouped(shown, query.together),
        texts=[run.metrics[name] for name in found if run.metrics[name].kind != "float"] if start == 0 else [],
        query=query,
        axis=query.x or ("relative" if tab == "system" else "step"),
        total=len(charts),
        shown=len(shown),
        here=_link(visit, run, tab, query),
        first=_link(visit, run, tab, query, start=0) if start else None,
        next=_link(visit, run, tab, query, start=start + CHARTS) if start + CHARTS < len(charts) else None,
    )  # fmt: skip


def _drawn(run: Run, names: list[str], together: Together) -> Iterable[Drawn]:
    gathered: dict[str, list[str]] = {}
    for name in names:
        gathered.setdefault(_title(name, together), []).append(name)
    for title, members in gathered.items():
        for start in range(0, len(members), CURVES):
            part = members[start : start + CURVES]
            yield _chart(run, title if len(part) == len(members) else f"{title} ({start // CURVES + 1})", part)


def _chart(run: Run, title: str, names: list[str]) -> Drawn:
    series = [{"run_id": run.id, "name": name, "label": name} for name in names]
    form = format_of(run.labels, names[0])
    spec = {"title": title, "format": form, "series": series}
    return Drawn(title, form, [run.metrics[name] for name in names], spec)


def _title(name: str, together: Together) -> str:
    if together == "name":
        return name.rpartition("/")[2]
    return (prefix_of(name) or name) if together == "prefix" else name


def prefix_of(name: str) -> str:
    """What stands before the last `/` of a metric's name.

    >>> prefix_of("train/head/loss")
    'train/head'
    """
    return name.rpartition("/")[0]


def _grouped(charts: list[Drawn], together: Together) -> list[Group]:
    """Charts under their prefixes, in order."""
    groups: list[Group] = []
    for chart in charts:
        prefix = prefix_of(chart.title) if together == "none" else ""
        if not groups or groups[-1].prefix != prefix:
            groups.append(Group(prefix, []))
        groups[-1].charts.append(chart)
    return groups


def _link(visit: Visit, run: Run, tab: str, query: ChartsQuery, **changes: Any) -> str:
    """The address of this page with another query; what is at its default is left out."""
    changed = msgspec.structs.replace(query, **changes)
    given = {k: v for k, v in msgspec.structs.asdict(changed).items() if v != getattr(ChartsQuery(), k)}
    return visit.link("/runs", run.id, tab, **given)
