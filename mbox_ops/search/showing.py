"""The canonical text of a field or a filter: what is read back is what was shown."""

import re
from functools import singledispatch

from mbox_ops.entities.instants import to_text
from mbox_ops.search import tree
from mbox_ops.search.fields import STATS
from mbox_ops.search.tokens import BARE

_BARE = re.compile(f"{BARE}+")


def show(of: tree.Field | tree.Filter) -> str:
    """The text of a field or a filter; parsing it gives an equal one.

    >>> show(tree.Not(tree.Compare(tree.Parameter("lr"), "=", 0.5)))
    'params.lr != 0.5'
    """
    return _show(of)


@singledispatch
def _show(of: object) -> str:
    raise TypeError(f"neither a field nor a filter: {of!r}")


@_show.register
def _(of: tree.Parameter) -> str:
    return f"params.{_name(of.name)}"


@_show.register
def _(of: tree.Tag) -> str:
    return f"tags.{_name(of.name)}"


@_show.register
def _(of: tree.Metric) -> str:
    if of.stat != "last":
        return f"metrics.{_name(of.name)}.{of.stat}"
    *before, last = of.name.split(".")
    return f"metrics.{_quote(of.name) if before and last in STATS else _name(of.name)}"


@_show.register
def _(of: tree.Metadata) -> str:
    return "metadata" + "".join(f".{_part(step.key)}{'[*]' * step.arrays}" for step in of.steps)


@_show.register
def _(of: tree.RunColumn) -> str:
    return of.name


@_show.register
def _(of: tree.Compare) -> str:
    return f"{_show(of.field)} {of.op} {_value(of.value)}"


@_show.register
def _(of: tree.In) -> str:
    return _infix(of, "")


@_show.register
def _(of: tree.Between) -> str:
    return _infix(of, "")


@_show.register
def _(of: tree.Like) -> str:
    return _infix(of, "")


@_show.register
def _(of: tree.Exists) -> str:
    return f"EXISTS {_show(of.field)}"


@_show.register
def _(of: tree.IsNull) -> str:
    return f"{_show(of.field)} IS NULL"


@_show.register
def _(of: tree.IsNan) -> str:
    return f"{_show(of.field)} IS NAN"


@_show.register
def _(of: tree.Not) -> str:
    part = of.part
    match part:
        case tree.Compare(op="="):
            return f"{_show(part.field)} != {_value(part.value)}"
        case tree.In() | tree.Between() | tree.Like():
            return _infix(part, "NOT ")
        case tree.IsNull():
            return f"{_show(part.field)} IS NOT NULL"
        case tree.IsNan():
            return f"{_show(part.field)} IS NOT NAN"
        case tree.And() | tree.Or():
            return f"NOT ({_show(part)})"
        case _:
            return f"NOT {_show(part)}"


@_show.register
def _(of: tree.And) -> str:
    return " AND ".join(f"({_show(part)})" if isinstance(part, tree.Or) else _show(part) for part in of.parts)


@_show.register
def _(of: tree.Or) -> str:
    return " OR ".join(_show(part) for part in of.parts)


def _infix(of: tree.In | tree.Between | tree.Like, negation: str) -> str:
    match of:
        case tree.In():
            rest = f"IN ({', '.join(_value(value) for value in of.values)})"
        case tree.Between():
            rest = f"BETWEEN {_value(of.low)} AND {_value(of.high)}"
        case _:
            rest = f"{of.how.upper()} {_value(of.text)}"
    return f"{_show(of.field)} {negation}{rest}"


def _value(value: tree.Value) -> str:
    if isinstance(value, str):
        return "'" + value.replace("'", "''") + "'"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tree.Instant):
        return to_text(value.microseconds).replace(".000000", "")
    if abs(value) == float("inf"):
        return "Infinity" if value > 0 else "-Infinity"
    return str(int(value)) if value.is_integer() and abs(value) < 1e16 else repr(value)


def _name(name: str) -> str:
    """A name whose dots are its own."""
    return name if all(_is_bare(part) for part in name.split(".")) else _quote(name)


def _part(key: str) -> str:
    return key if _is_bare(key) else _quote(key)


def _is_bare(part: str) -> bool:
    return bool(_BARE.fullmatch(part)) and part.isprintable()


def _quote(name: str) -> str:
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
