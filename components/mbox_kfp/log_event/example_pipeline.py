"""A pipeline that logs when something began and when it ended."""

from kfp import dsl

from mbox_kfp import log_event


@dsl.component(base_image="python:3.11-slim")
def export(rows: int) -> int:
    """Stands for a step that takes its time."""
    return rows


@dsl.pipeline(name="log-event-example")
def pipeline(scenario: str = "examples", rows: int = 442) -> None:
    """Both events have one source, so they are shown as a span with its duration."""
    started = log_event("export_started", source="warehouse", scenario=scenario)
    exported = export(rows=rows).after(started)
    log_event("export_finished", source="warehouse", metadata={"table": "diabetes"}, scenario=scenario).after(exported)
