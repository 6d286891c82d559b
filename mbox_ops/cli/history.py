"""`mbox history`: the points of metrics, as tables, as JSON, or as a plot."""

from typing import Annotated, Any

import typer

from mbox_ops.cli import options
from mbox_ops.cli.output import out, print_items, problem
from mbox_ops.cli.plotting import Look, line_of, plot
from mbox_ops.cli.showing import show_history
from mbox_ops.client.client import Client
from mbox_ops.client.curves import MetricCurve
from mbox_ops.client.history import MetricHistory
from mbox_ops.client.run import Run
from mbox_ops.entities.search import Axis
from mbox_ops.wire.encodings import bytes_to_text, to_wire

HEIGHT = 18  # of a plot, in lines


def history(
    run_id: options.RunId,
    metric: Annotated[list[str] | None, typer.Argument(help="The metrics; all if none is given.")] = None,
    also: Annotated[list[str] | None, typer.Option(help="The id of another run to set beside it; repeatable.")] = None,
    plot: Annotated[bool, typer.Option("--plot", help="Draw the curves of numbers, in one plot if named.")] = False,
    x: Annotated[Axis, typer.Option(help="What a plot goes along.")] = "step",
    log: Annotated[
        bool, typer.Option("--log", help="Plot on a logarithmic scale, without what is not above 0.")
    ] = False,
    limit: Annotated[int, typer.Option(min=0, help="The first so many points of each; 0 for all.")] = 1_000,
    url: options.Url = None,
    namespace: options.Namespace = None,
    as_json: options.Json = False,
) -> None:
    """Print the points of a run's metrics, or plot them."""
    client = Client(url, namespace=namespace)
    run_ids = [run_id, *(also or ())]
    if plot:
        _plot(client, run_ids, metric or [], x, logarithmic=log, as_json=as_json)
        return
    found = [(one, series) for one in run_ids for series in client.metrics.history(one, metric or None, limit or None)]
    if as_json:
        print_items([_plain(one, series) for one, series in found])
        return
    names = {one: client.runs.get(one).name for one in run_ids if also}
    for one, series in found:
        show_history(series, names.get(one))


def _plot(client: Client, run_ids: list[str], metrics: list[str], x: Axis, *, logarithmic: bool, as_json: bool) -> None:
    runs = [client.runs.get(run_id) for run_id in run_ids]
    together = [metrics] if metrics else [[name] for name in _numeric(runs)]
    look = Look(out.width, HEIGHT, x, logarithmic, out.is_terminal and not out.no_color)
    curves = [client.metrics.curves(runs, names, x=x, max_points=8 * look.inner) for names in together]
    if as_json:
        print_items([_plain_curve(curve) for some in curves for curve in some])
        return
    if not any(len(curve) for some in curves for curve in some):
        problem(f"There are no numbers to plot{' in ' + ', '.join(metrics) if metrics else ''}.")
        raise typer.Exit(1)
    for some in curves:
        _draw(some, {run.id: run.name for run in runs}, look)


def _draw(curves: list[MetricCurve], names: dict[str, str], look: Look) -> None:
    lines = [line_of(curve, curve.name + (f" of {names[curve.run_id]}" if len(names) > 1 else "")) for curve in curves]
    for text in plot(lines, look):
        out.print(text, no_wrap=True, overflow="ellipsis")


def _numeric(runs: list[Run]) -> list[str]:
    return sorted({name for run in runs for name, summary in run.metrics.items() if summary.kind == "float"})


def _plain(run_id: str, series: MetricHistory) -> dict[str, Any]:
    points = [{"step": p.step, "wallclock": p.wallclock, "value": _json(p.value)} for p in series.points]
    return {
        "run_id": run_id, "name": series.name, "kind": series.kind, "total": series.total,
        "truncated": series.truncated, "points": points,
    }  # fmt: skip


def _plain_curve(curve: MetricCurve) -> dict[str, Any]:
    columns = {name: list(getattr(curve, name)) for name in ("xs", "steps", "wallclocks", "nan_starts")}
    return {
        "run_id": curve.run_id, "name": curve.name, "total": curve.total, "thinned": curve.thinned, **columns,
        "values": [to_wire(value) for value in curve.values], "nan_count": curve.nan_count,
    }  # fmt: skip


def _json(value: float | str | bytes) -> float | str:
    if isinstance(value, bytes):
        return bytes_to_text(value)
    return to_wire(value) if isinstance(value, float) else value
