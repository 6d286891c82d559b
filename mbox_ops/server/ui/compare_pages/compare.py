"""Runs side by side: what differs, their curves, metrics over runs and over fields, parallel coordinates."""

from collections.abc import Callable
from typing import Any

from mbox_ops.entities.runs import Run
from mbox_ops.entities.search import CompareQuery, Comparison, Difference
from mbox_ops.errors import InvalidRequest, NotFound
from mbox_ops.search.showing import show
from mbox_ops.search.tree import Metric, Parameter
from mbox_ops.server.ui.compare_pages import plots
from mbox_ops.server.ui.compare_pages.asking import VIEWS, Compared, ComparingQuery, View, compared, link_to, told
from mbox_ops.server.ui.compare_pages.differences import OF_THE_RUN, csv_of, sections_of, value_of
from mbox_ops.server.ui.compare_pages.scales import Place
from mbox_ops.server.ui.formats import room
from mbox_ops.server.ui.metric_formats import shared_format
from mbox_ops.server.ui.pages import page
from mbox_ops.server.ui.rendering import render
from mbox_ops.server.ui.run_pages.frame import SYSTEM
from mbox_ops.server.ui.visits import Answer, Visit, redirect
from mbox_ops.service.scatters import place_of

CHARTS = 24  # on one page, and
_PLOTS = 12
_SHAPES = 1_000  # so many curves, bars or points together
_AXES = 10
_METRIC_AXES = 4
Values = dict[str, Any]


@page("GET", "/compare", scope="read")
def compare(visit: Visit, query: ComparingQuery) -> Answer:
    """A comparison in one of its views."""
    if query.without:
        return redirect(link_to(visit, query, run=[run for run in query.run if run != query.without], without=""))
    if not query.run:
        return render(visit, "compare/nothing.html", section="runs")
    view = _VIEWED[query.view]
    everything = query.all or query.view in {"scatter", "parallel"}
    try:
        found = visit.service.comparisons.make(visit.actor, CompareQuery(run_ids=query.run, all=everything))
    except NotFound:
        return _gone(visit, query)
    runs = compared(found.runs)
    return render(
        visit, f"compare/{query.view}.html", section="runs",
        runs=runs, query=query, views=VIEWS,
        to=lambda **changes: link_to(visit, query, **changes),
        kept={name: value for name, value in told(query).items() if name not in {"run", "zoom", "range"}},
        csv=link_to(visit, query, "/compare.csv"),
        metrics=metrics_of(found.runs),
        **view(visit, query, found, runs),
    )  # fmt: skip


@page("GET", "/compare.csv", scope="read")
def compare_csv(visit: Visit, query: ComparingQuery) -> Answer:
    """The table as a file: a line for each run, a column for each thing that differs."""
    found = visit.service.comparisons.make(visit.actor, CompareQuery(run_ids=query.run, all=query.all))
    headers = {
        "content-type": "text/csv; charset=utf-8",
        "content-disposition": 'attachment; filename="comparison.csv"',
    }
    return Answer(csv_of(found).encode(), headers=headers)


def _gone(visit: Visit, query: ComparingQuery) -> Answer:
    """Some of the runs are not there: the way to the comparison of the others."""
    asked = list(dict.fromkeys(query.run))
    there = [run for run in asked if _is_there(visit, run)]
    return render(
        visit, "compare/gone.html", status=404, section="runs", asked=len(asked),
        gone=[run for run in asked if run not in there], rest=link_to(visit, query, run=there) if there else None,
    )  # fmt: skip


def _is_there(visit: Visit, run_id: str) -> bool:
    try:
        visit.service.runs.get(visit.actor, run_id)
    except NotFound:
        return False
    return True


def metrics_of(runs: list[Run]) -> list[str]:
    """The names of the numeric metrics that some of the runs have; what the machine did comes last."""
    names = {name for run in runs for name, summary in run.metrics.items() if summary.kind == "float"}
    return sorted(names, key=lambda name: (name.startswith(SYSTEM), name))


def _wanted(query: ComparingQuery, found: Comparison) -> list[str]:
    """The metric that was asked for, or all that the runs themselves logged."""
    if query.metric:
        return [query.metric]
    names = metrics_of(found.runs)
    return [name for name in names if not name.startswith(SYSTEM)] or names


def _table(visit: Visit, query: ComparingQuery, found: Comparison, runs: list[Compared]) -> Values:
    sections = sections_of(found)
    most = room(len(runs) * sum(len(section.rows) for section in sections))
    return {"sections": sections, "value_of": value_of, "of_the_run": OF_THE_RUN, "most": most}


def _curves(visit: Visit, query: ComparingQuery, found: Comparison, runs: list[Compared]) -> Values:
    wanted = query.filter.strip().lower()
    names = [name for name in metrics_of(found.runs) if wanted in name.lower()]
    start = max(0, min(query.start, len(names)))
    most = _fitting(CHARTS, runs)
    shown = names[start : start + most]
    return {
        "charts": [_chart(name, runs) for name in shown],
        "total": len(names),
        "first": link_to(visit, query, start=0) if start else None,
        "next": link_to(visit, query, start=start + most) if start + most < len(names) else None,
    }


def _chart(name: str, runs: list[Compared]) -> Values:
    """A metric's curves of all runs that have it."""
    having = [one for one in runs if name in one.run.metrics and one.run.metrics[name].kind == "float"]
    form = _format(name, runs)
    series = [{"run_id": one.run.id, "name": name, "label": one.label, "look": one.look} for one in having]
    rows = [(one, one.run.metrics[name]) for one in having]
    return {"title": name, "format": form, "spec": {"title": name, "format": form, "series": series}, "rows": rows}


def _runs(visit: Visit, query: ComparingQuery, found: Comparison, runs: list[Compared]) -> Values:
    names = _wanted(query, found)
    most = _fitting(_PLOTS, runs)
    groups = []
    for name in names[:most]:
        values = [(one, _stat(one, name, query.stat)) for one in runs]
        if query.order == "value":
            values.sort(key=lambda pair: (0, pair[1]) if isinstance(pair[1], int | float) else (1, 0.0))
        groups.append((name, _format(name, runs), plots.bars(values)))
    return {"groups": groups, "more": max(0, len(names) - most)}


def _scatter(visit: Visit, query: ComparingQuery, found: Comparison, runs: list[Compared]) -> Values:
    names = _wanted(query, found) if query.field else []
    most = _fitting(_PLOTS, runs)
    wrong = None
    try:
        drawn = _scatters(visit, query, names[:most], runs) if names else []
    except InvalidRequest as error:
        drawn, wrong = [], error.message
    fields = [show(Parameter(one.name)) for one in found.parameters]
    fields += [f"metadata.{one.name}" for one in found.metadata]
    return {"plots": drawn, "fields": fields, "more": max(0, len(names) - most), "wrong": wrong}


def _scatters(visit: Visit, query: ComparingQuery, names: list[str], runs: list[Compared]) -> list[plots.ScatterPlot]:
    y = [show(Metric(name, query.stat)) for name in names]
    asked = CompareQuery(run_ids=query.run, x=query.field, y=y)
    scatters = visit.service.comparisons.make(visit.actor, asked).scatters
    return [
        plots.scatter_plot(one, runs, _format(name, runs), log_x=query.logx, log_y=query.logy)
        for name, one in zip(names, scatters, strict=True)
    ]


def _parallel(visit: Visit, query: ComparingQuery, found: Comparison, runs: list[Compared]) -> Values:
    varying = [one for one in found.parameters if _varies(one)][: _AXES - 1]
    axes: dict[str, list[Place | None]] = {
        one.name: [place_of(each.run, {}, Parameter(one.name)) for each in runs] for one in varying
    }
    for name in _wanted(query, found)[: max(1, min(_AXES - len(axes), _METRIC_AXES))]:
        axes[f"{name}.{query.stat}"] = [_placed(_stat(one, name, query.stat)) for one in runs]
    return {"drawing": plots.parallel(axes, runs), "most": room(len(runs) * len(axes))}


def _fitting(most: int, runs: list[Compared]) -> int:
    """How many drawings fit on a page, fewer of many runs: a page stays small."""
    return max(3, min(most, _SHAPES // len(runs)))


def _varies(one: Difference) -> bool:
    return len(set(map(str, one.values))) > 1


def _placed(value: float | str | None) -> Place | None:
    return value if isinstance(value, int | float) else None


def _stat(one: Compared, name: str, stat: str) -> float | str | None:
    summary = one.run.metrics.get(name)
    return None if summary is None else getattr(summary, stat)


def _format(name: str, runs: list[Compared]) -> str:
    return shared_format(name, [one.run for one in runs])


_VIEWED: dict[View, Callable[[Visit, ComparingQuery, Comparison, list[Compared]], Values]] = {
    "table": _table, "curves": _curves, "runs": _runs, "scatter": _scatter, "parallel": _parallel,
}  # fmt: skip
