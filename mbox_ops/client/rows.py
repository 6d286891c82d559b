"""A run as one row of a table: its fields, named as the filter language names them."""

from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import msgspec

from mbox_ops.client.history import MetricSummary
from mbox_ops.entities.limits import RESERVED_PARAMETERS, RESERVED_TAGS
from mbox_ops.entities.runs import Run
from mbox_ops.search.showing import show
from mbox_ops.search.tree import Field, Metadata, Metric, Parameter, RunColumn, Step, Tag

COLUMNS: dict[str, Callable[[Run], Any]] = {
    "id": lambda run: run.id,
    "key": lambda run: run.key,
    "name": lambda run: run.name,
    "status": lambda run: run.status,
    "scenario": lambda run: run.scenario,
    "scenario_version": lambda run: run.scenario_version,
    "collection": lambda run: run.run_collection,
    "pipeline": lambda run: run.pipeline,
    "notebook": lambda run: run.notebook,
    "execution": lambda run: run.execution,
    "external_id": lambda run: run.external_id,
    "owner": lambda run: run.owner or None,
    "framework": lambda run: None if run.framework is None else run.framework.value,
    "task": lambda run: run.task or None,
    "started_at": lambda run: run.started_at,
    "ended_at": lambda run: run.ended_at,
    "duration_seconds": lambda run: None if run.ended_at is None else (run.ended_at - run.started_at).total_seconds(),
    "created_at": lambda run: run.created_at,
    "updated_at": lambda run: run.updated_at,
}
_shown = lru_cache(10_000)(show)  # most runs have the same fields
GROUPS = ("params", "tags", "metadata", "metrics")


def row_of(run: Run) -> dict[str, Any]:
    """All fields of a run but metadata: its columns, `params.*` (typed), `tags.*` and the last values of `metrics.*`.

    The system's own parameters and tags are left out: they say what columns say.
    """
    row: dict[str, Any] = {name: read(run) for name, read in COLUMNS.items()}
    fields: list[Field] = [Parameter(name) for name in run.parameters if name not in RESERVED_PARAMETERS]
    fields += [Tag(name) for name in run.tags if name not in RESERVED_TAGS]
    fields += map(Metric, run.metrics)
    return row | {_shown(field): cell(run, field) for field in fields}


def cell(run: Run, field: Field, metadata: Mapping[str, Any] | None = None) -> Any:
    """What a run has at a field; None for nothing.

    Args:
        run: the run's record.
        field: which field.
        metadata: the run's document, where the field is one of metadata.
    """
    match field:
        case RunColumn():
            return COLUMNS[field.name](run)
        case Parameter():
            text = run.parameters.get(field.name)
            return None if text is None else typed(text, run.parameter_types.get(field.name, "string"))
        case Tag():
            return run.tags.get(field.name)
        case Metric():
            summary = run.metrics.get(field.name)
            return None if summary is None else getattr(MetricSummary(summary), field.stat)
        case Metadata():
            return _found(metadata, field.steps)


def typed(text: str, kind: str) -> Any:
    """A parameter's text as the type it was logged with; text that does not fit the type stays text.

    >>> typed("0.5", "float"), typed("3", "integer"), typed("true", "boolean"), typed("[1]", "json")
    (0.5, 3, True, [1])
    """
    try:
        if kind == "integer":
            return int(text)
        if kind == "float":
            return float(text)
        if kind in ("boolean", "json"):
            return msgspec.json.decode(text)
    except (ValueError, msgspec.DecodeError):
        pass
    return text


def place(field: str) -> tuple[int, str]:
    """Where a field stands in a table: columns in their order, then parameters, tags, metadata and metrics by name."""
    group = field.partition(".")[0]
    return (GROUPS.index(group) + 1, field) if group in GROUPS else (0, "")


def _found(document: Any, steps: tuple[Step, ...]) -> Any:
    """What lies at a path; where the way leads through arrays to more than one thing, a list of them."""
    here = [document]
    for step in steps:
        here = [value[step.key] for value in _elements(here) if isinstance(value, dict) and step.key in value]
    return here[0] if len(here) == 1 else here or None


def _elements(values: list[Any]) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list):
            yield from _elements(value)
        else:
            yield value
