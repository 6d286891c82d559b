"""Metrics over a field: pure, over runs and documents as they are read."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mbox_ops.entities.runs import Run
from mbox_ops.entities.search import Scatter, ScatterPoint
from mbox_ops.search.showing import show
from mbox_ops.search.tree import Field, Metadata, Metric, Parameter, Step, Tag
from mbox_ops.service.comparing import column_of
from mbox_ops.store import attributes
from mbox_ops.wire.encodings import number_of, to_wire

Document = Mapping[str, Any]
Place = str | float | bool


def scatter(x: Field, y: Metric, runs: Sequence[Run], documents: Sequence[Document]) -> Scatter:
    """The runs that have both, by x: numbers (booleans are 0 and 1) before text, and runs of the same x as given.

    What is not a number cannot be placed: a run whose x is NaN is left out.
    """
    found = []
    for run, document in zip(runs, documents, strict=True):
        place, value = place_of(run, document, x), number_of(run.metrics.get(y.name), y.stat)
        if place is not None and value is not None and place == place:
            found.append((place, ScatterPoint(run_id=run.id, x=_shown(place), y=to_wire(value))))
    found.sort(key=lambda pair: (isinstance(pair[0], str), pair[0]))
    return Scatter(x=show(x), y=show(y), points=[point for _, point in found])


def place_of(run: Run, document: Document, field: Field) -> Place | None:
    """What a run has at a field; of an array's values the first; None for nothing that can be placed."""
    if isinstance(field, Parameter):
        text = run.parameters.get(field.name)
        return None if text is None else _typed(text, run.parameter_types[field.name])
    if isinstance(field, Tag):
        return run.tags.get(field.name)
    if isinstance(field, Metadata):
        return next(map(_plain, _leaves(document, field.steps, 0)), None)
    if isinstance(field, Metric):
        return number_of(run.metrics.get(field.name), field.stat)
    return column_of(run, field.name)


def _typed(text: str, type: str) -> Place:
    (value,) = attributes.of_parameter(text, type)
    if value.num is None:
        return text
    return bool(value.num) if value.type == "boolean" else value.num


def _leaves(value: Any, steps: Sequence[Step], arrays: int) -> Iterator[Any]:
    """The texts, numbers and booleans behind steps, through arrays, of which so many at least are due first."""
    if isinstance(value, list):
        for element in value:
            yield from _leaves(element, steps, max(0, arrays - 1))
    elif arrays:
        return
    elif not steps:
        if isinstance(value, (str, int, float)):
            yield value
    elif isinstance(value, Mapping) and steps[0].key in value:
        yield from _leaves(value[steps[0].key], steps[1:], steps[0].arrays)


def _plain(value: Any) -> Place:
    return value if isinstance(value, (str, bool)) else float(value)


def _shown(place: Place) -> Place:
    return to_wire(place) if isinstance(place, float) and math.isinf(place) else place
