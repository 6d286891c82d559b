"""Groups of runs by their value at a field: how the value is shown, and the condition that finds its runs."""

from typing import NamedTuple

from markupsafe import Markup

from mbox_ops.entities.instants import to_datetime
from mbox_ops.entities.search import FieldKind, FieldQuery
from mbox_ops.search.showing import show
from mbox_ops.search.tree import (
    INSTANTS,
    Compare,
    Field,
    Filter,
    In,
    Instant,
    IsNan,
    IsNull,
    Metadata,
    Metric,
    Or,
    Parameter,
    RunColumn,
)  # fmt: skip
from mbox_ops.server.ui import formats
from mbox_ops.server.ui.visits import Visit

_MOST_FIELDS = 100
_BOOLEANS = {0: "false", 1: "true"}


class Shared(NamedTuple):
    """What the runs of a group have in common, as HTML, and as a condition; None where no condition says it."""

    shown: Markup
    condition: str | None


def types_of(visit: Visit, field: Field) -> list[str]:
    """The types that values have at a parameter or a path of metadata, `object` also where there is more below it;
    nothing of other fields."""
    if not isinstance(field, Parameter | Metadata):
        return []
    text = show(field)
    name = field.name if isinstance(field, Parameter) else text.partition(".")[2]
    kind: FieldKind = "parameter" if isinstance(field, Parameter) else "metadata"
    asked = FieldQuery(kind=kind, prefix=name[: visit.limits.name], limit=_MOST_FIELDS)
    found = visit.service.fields.list(visit.actor, asked).items
    below = ["object"] if any(known.field.startswith((f"{text}.", f"{text}[")) for known in found) else []
    return [*below, *(one for known in found if known.field == text for one in known.types)]


def shared(field: Field, value: str | float | None, types: list[str]) -> Shared:
    """What a group's value is: groups know instants as microseconds, booleans as 0 and 1, and NaN as nothing."""
    if isinstance(field, RunColumn) and field.name in INSTANTS and isinstance(value, int | float):
        at = int(value)
        return _of(formats.time(to_datetime(at)), Compare(field, "=", Instant(at)))
    if value is None and isinstance(field, Metadata) and {"object", "array"} & {*types}:
        return Shared(Markup("no single value"), None)
    if value is None:
        nothing: Filter = IsNull(field)
        if isinstance(field, Metric):
            nothing = Or((nothing, IsNan(field)))
        return _of(Markup("nothing there"), nothing)
    if value in _BOOLEANS and "boolean" in types:
        word = _BOOLEANS[int(value)]
        if "number" in types:
            return _of(formats.text(f"{int(value)} or {word}"), In(field, (float(value), bool(value))))
        return _of(formats.text(word), Compare(field, "=", bool(value)))
    shown_as = formats.text(value) if isinstance(value, str) else formats.number(value)
    return _of(shown_as, Compare(field, "=", value if isinstance(value, str) else float(value)))


def _of(shown: Markup, condition: Filter) -> Shared:
    text = show(condition)
    return Shared(shown, f"({text})" if isinstance(condition, Or) else text)
