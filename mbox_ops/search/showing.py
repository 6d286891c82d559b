"""The canonical text of a field or a filter: what is read back is what was shown."""

import re

from mbox_ops.entities.instants import to_text
from mbox_ops.search.fields import STATS
from mbox_ops.search.tokens import BARE
from mbox_ops.search.tree import (
    And,
    Between,
    Compare,
    Exists,
    Field,
    Filter,
    In,
    Instant,
    IsNan,
    IsNull,
    Leaf,
    Like,
    Metadata,
    Metric,
    Not,
    Or,
    Parameter,
    RunColumn,
    Tag,
    Value,
)

_BARE = re.compile(f"{BARE}+")


def show(of: Field | Filter) -> str:
    """The text of a field or a filter; parsing it gives an equal one.

    >>> from mbox_ops.search.tree import Compare, Not, Parameter
    >>> show(Not(Compare(Parameter("lr"), "=", 0.5)))
    'params.lr != 0.5'
    """
    match of:
        case Parameter() | Tag() | Metadata() | Metric() | RunColumn():
            return _field(of)
        case And(parts):
            return " AND ".join(f"({show(part)})" if isinstance(part, Or) else show(part) for part in parts)
        case Or(parts):
            return " OR ".join(show(part) for part in parts)
        case Not(Compare(op="=") | In() | Between() | Like() | IsNull() | IsNan() as leaf):
            return _leaf(leaf, negated=True)
        case Not(And() | Or() as part):
            return f"NOT ({show(part)})"
        case Not(part):
            return f"NOT {show(part)}"
        case _:
            return _leaf(of)


def _field(field: Field) -> str:
    match field:
        case Parameter(name):
            return f"params.{_name(name)}"
        case Tag(name):
            return f"tags.{_name(name)}"
        case Metadata(steps):
            keys = (f"{step.key if _is_bare(step.key) else _quote(step.key)}{'[*]' * step.arrays}" for step in steps)
            return f"metadata.{'.'.join(keys)}"
        case Metric(name, "last"):
            *before, last = name.split(".")
            return f"metrics.{_quote(name) if before and last in STATS else _name(name)}"
        case Metric(name, stat):
            return f"metrics.{_name(name)}.{stat}"
        case RunColumn(name):
            return name


def _leaf(leaf: Leaf, *, negated: bool = False) -> str:
    no, name = "NOT " if negated else "", _field(leaf.field)
    match leaf:
        case Compare(_, op, value):
            return f"{name} {'!' if negated else ''}{op} {_value(value)}"
        case In(_, values):
            return f"{name} {no}IN ({', '.join(map(_value, values))})"
        case Between(_, low, high):
            return f"{name} {no}BETWEEN {_value(low)} AND {_value(high)}"
        case Like(_, how, text):
            return f"{name} {no}{how.upper()} {_value(text)}"
        case Exists():
            return f"EXISTS {name}"
        case IsNull():
            return f"{name} IS {no}NULL"
        case IsNan():
            return f"{name} IS {no}NAN"


def text_literal(value: str) -> str:
    """A text as the language writes it."""
    return "'" + value.replace("'", "''") + "'"


def _value(value: Value) -> str:
    if isinstance(value, str):
        return text_literal(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Instant):
        return to_text(value.microseconds).replace(".000000", "")
    if abs(value) == float("inf"):
        return "Infinity" if value > 0 else "-Infinity"
    return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)


def _name(name: str) -> str:
    """A name whose dots are its own."""
    return name if all(_is_bare(part) for part in name.split(".")) else _quote(name)


def _is_bare(part: str) -> bool:
    return bool(_BARE.fullmatch(part)) and part.isprintable()


def _quote(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
