"""How runs, events and deletions are shown to a person."""

import json
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import partial

from mbox_ops.cli.output import duration, err, out, pairs, sparkline, table
from mbox_ops.client.clock import microseconds
from mbox_ops.client.history import MetricHistory
from mbox_ops.client.run import Run
from mbox_ops.client.values import Event, EventSource
from mbox_ops.entities.deletions import Counts, Deletion
from mbox_ops.entities.spans import Mark, spans_of

WIDE = 150  # columns of a terminal from which on more of a run is listed
SPARKS_FROM = 2_000  # the most points that a sparkline is drawn from


def show_runs(runs: Sequence[Run]) -> None:
    """A table of runs with the metrics that most of them have."""
    columns: dict[str, Callable[[Run], object]] = {"id": lambda run: run.id}
    if any(run.name != run.id for run in runs):
        columns["name"] = lambda run: None if run.name == run.id else run.name
    columns |= {"status": lambda run: run.status, "scenario": lambda run: run.scenario}
    if out.width >= WIDE:
        columns |= {
            "collection": collection_of,
            "started (UTC)": lambda run: run.started_at,
            "took": lambda run: duration(run.started_at, run.ended_at),
            **{name: partial(_last, name=name) for name in _most_common([list(run.metrics) for run in runs])},
        }
    rows = [[cell(run) for cell in columns.values()] for run in runs]
    whole = ("id", "status", "started (UTC)", "took", *(("scenario",) if out.width >= WIDE else ()))
    table(f"Runs: {len(runs)}", columns, rows, whole=whole)


def show_run(run: Run) -> None:
    """All of one run."""
    facts = {
        "id": run.id, "key": run.key, "name": run.name, "status": run.status, "namespace": run.namespace,
        "scenario": run.scenario, "collection": collection_of(run), "pipeline": run.pipeline, "notebook": run.notebook,
        "execution": run.execution, "started": run.started_at, "took": duration(run.started_at, run.ended_at),
        "lost batches": run.lost or None,
    }  # fmt: skip
    table("Run", ("", ""), [(k, v) for k, v in facts.items() if v is not None])
    pairs("Parameters", run.parameters)
    _show_metrics(run)
    pairs("Tags", run.tags)
    pairs("Labels", run.labels)
    pairs("Metadata", run.get_metadata())
    show_events(run.events())
    if listed := run.artifacts():
        rows = [(a.path, a.mime_type.value, a.size, a.uri) for a in listed]
        table("Artifacts", ("path", "kind", "bytes", "uri"), rows)


def show_events(events: Sequence[Event]) -> None:
    """Events in order of time; one that ends a span says how long that took."""
    took = seconds_of(events)
    rows = [
        (instant_of(e), source_of(e), e.name, *((took.get(e.id),) if took else ()), json.dumps(e.metadata))
        for e in events
    ]
    if rows:
        headers = ("at (UTC)", "source", "event", *(("took (s)",) if took else ()), "metadata")
        table("Events", headers, rows, whole=("at (UTC)",))


def seconds_of(events: Iterable[Event]) -> dict[str, float]:
    """How long what an event ends took, by the id of that event."""
    spans = spans_of(events, lambda e: Mark(e.name, source_of(e), microseconds(instant_of(e))))
    return {span.end.id: span.seconds for span in spans if span.end is not None and span.seconds is not None}


def show_history(series: MetricHistory, run: str | None = None) -> None:
    """The points of a series under its curve; `run` names its run where there are others."""
    rows = [(p.step, datetime.fromtimestamp(p.wallclock, UTC), p.value) for p in series.points]
    name = f"{series.name} of {run}" if run else series.name
    table(f"{name}  {curve_of(series)}", ("step", "at (UTC)", "value"), rows)
    if series.truncated:
        err.print(f"{len(series.points)} of {series.total} points; --limit 0 shows all.")


def show_deletion(deletion: Deletion) -> None:
    """What a deletion takes or took, per scenario."""
    preview = deletion.state == "PREVIEW"
    fields = [name for name in Counts.__struct_fields__ if name != "checkpoints" or deletion.counts.checkpoints]
    listed = [*deletion.by_scenario.items()]
    listed += [("total", deletion.counts)] if len(listed) != 1 else []
    rows = [(name, *(getattr(counts, field) for field in fields)) for name, counts in listed]
    title = "This would be deleted (nothing has changed)" if preview else f"Deleted ({deletion.id})"
    table(title, ("scenario", *fields), rows)
    for name in deletion.scenarios_not_found:
        err.print(f"There is no scenario {name!r} with live runs.")
    if deletion.running and preview:
        err.print(f"{len(deletion.running)} of them are still alive; only --force takes those: {deletion.running[:5]}")
    if deletion.state == "TOMBSTONED" and deletion.counts.runs:
        out.print(f"It is kept until {deletion.purge_after:%Y-%m-%d %H:%M} UTC, then purged.")


def curve_of(series: MetricHistory) -> str:
    """The curve of a float series in one line."""
    width = 24 if out.width >= WIDE else 16
    return sparkline([p.value for p in series.points if isinstance(p.value, float)], width)


def collection_of(run: Run) -> str:
    """The name that a run's collection is shown with."""
    return f"{run.run_collection} (Default)" if run.run_collection_is_default else run.run_collection


def instant_of(event: Event) -> datetime:
    """When an event that was read back happened."""
    assert isinstance(event.wallclock_time, float)
    return datetime.fromtimestamp(event.wallclock_time, UTC)


def source_of(event: Event) -> str:
    """Who said so."""
    return event.source.name if isinstance(event.source, EventSource) else event.source


def _show_metrics(run: Run) -> None:
    rows = []
    for name, summary in sorted(run.metrics.items()):
        curve = ""
        if summary.kind == "float":
            (series,) = run.get_metrics_history(metrics=[name], limit=SPARKS_FROM)
            curve = curve_of(series)
        last = summary.last if isinstance(summary.last, float) else str(summary.last)[:40]
        rows.append((name, curve, last, summary.min, summary.max, summary.count))
    if rows:
        table("Metrics", ("metric", "curve", "last", "min", "max", "points"), rows, whole=("metric", "curve"))


def _most_common(names: list[list[str]], most: int = 3) -> list[str]:
    counts: dict[str, int] = {}
    for name in (n for listed in names for n in listed if not n.startswith("system/")):
        counts[name] = counts.get(name, 0) + 1
    return sorted(counts, key=lambda name: (-counts[name], name))[:most]


def _last(run: Run, *, name: str) -> object:
    return run.metrics[name].last if name in run.metrics else None
