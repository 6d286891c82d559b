"""What differs between runs: pure, over runs and documents as they are read.

Values are equal as in the filter language: numbers by their value, whatever their type, and never to a boolean or text.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, get_args

import msgspec

from mbox_ops.entities.documents import join_path
from mbox_ops.entities.instants import to_microseconds, to_text
from mbox_ops.entities.limits import RESERVED_PARAMETERS, RESERVED_TAGS
from mbox_ops.entities.runs import Run
from mbox_ops.entities.search import ComparedMetric, Difference
from mbox_ops.search.tree import INSTANTS, Column

# A run's id differs always, and the runs stand beside it.
COLUMNS: tuple[Column, ...] = tuple(name for name in get_args(Column) if name != "id")

_ABSENT: Any = object()


def columns(runs: Sequence[Run]) -> list[Difference]:
    """The runs' own columns, named as in the filter language."""
    found = ((name, [column_of(run, name) for run in runs]) for name in COLUMNS)
    return [_difference(name, [_ABSENT if value is None else value for value in values]) for name, values in found]


def parameters(runs: Sequence[Run]) -> list[Difference]:
    """The parameters as text, without those of the system: they are columns."""
    return _by_name([_without(run.parameters, RESERVED_PARAMETERS) for run in runs])


def tags(runs: Sequence[Run]) -> list[Difference]:
    """The tags, without those of the system: they are columns."""
    return _by_name([_without(run.tags, RESERVED_TAGS) for run in runs])


def documents(found: Sequence[Mapping[str, Any]]) -> list[Difference]:
    """Metadata documents, by path; a path ends where not all that have it have objects, or all have empty ones."""
    return list(_walk("", list(found))) if any(found) else []


def metrics(runs: Sequence[Run]) -> list[ComparedMetric]:
    """The summaries of all series that a run has."""
    names = sorted({name for run in runs for name in run.metrics})
    return [ComparedMetric(name=name, summaries=[run.metrics.get(name) for run in runs]) for name in names]


def differs(difference: Difference) -> bool:
    """Whether not all runs have the same there."""
    if not all(difference.present):
        return any(difference.present)
    first, *others = map(comparable, difference.values)
    return any(other != first for other in others)


def metric_differs(metric: ComparedMetric) -> bool:
    """Whether not all runs have such a series with the same summary; when the points were logged does not count."""
    first, *others = (
        None if summary is None else msgspec.structs.replace(summary, last_wallclock=0) for summary in metric.summaries
    )
    return first is None or any(other != first for other in others)


def comparable(value: Any) -> Any:
    """What is equal for equal JSON values, and for no others."""
    if isinstance(value, bool):
        return ("boolean", value)
    if isinstance(value, list):
        return ("array", tuple(map(comparable, value)))
    if isinstance(value, dict):
        return ("object", {key: comparable(inner) for key, inner in value.items()})
    return value


def column_of(run: Run, column: Column) -> str | float | None:
    """What a run has in a column, instants as text; None for nothing."""
    if column == "collection":
        return run.run_collection
    if column == "framework":
        return None if run.framework is None else run.framework.value
    if column == "duration_seconds":
        if run.ended_at is None:
            return None
        return (to_microseconds(run.ended_at) - to_microseconds(run.started_at)) / 1e6
    value = getattr(run, column)
    if column in INSTANTS and value is not None:
        return to_text(to_microseconds(value))
    found: str | None = value
    return found


def _by_name(found: Sequence[Mapping[str, Any]]) -> list[Difference]:
    names = sorted({name for one in found for name in one})
    return [_difference(name, [one.get(name, _ABSENT) for one in found]) for name in names]


def _walk(path: str, values: list[Any]) -> Iterator[Difference]:
    present = [value for value in values if value is not _ABSENT]
    if not all(isinstance(value, dict) for value in present) or not any(present):
        yield _difference(path, values)
        return
    for key in sorted({key for value in present for key in value}):
        below = [_ABSENT if value is _ABSENT else value.get(key, _ABSENT) for value in values]
        yield from _walk(join_path(path, key), below)


def _difference(name: str, values: Iterable[Any]) -> Difference:
    found = list(values)
    present = [value is not _ABSENT for value in found]
    return Difference(name=name, values=[None if value is _ABSENT else value for value in found], present=present)


def _without(found: Mapping[str, str], names: tuple[str, ...]) -> dict[str, str]:
    return {name: value for name, value in found.items() if name not in names}
