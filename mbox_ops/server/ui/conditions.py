"""The filter builder: a field, what is asked of it and a value, written as a condition of the filter language."""

import re
from collections.abc import Collection
from typing import NamedTuple

from mbox_ops.entities.limits import Limits
from mbox_ops.errors import InvalidRequest
from mbox_ops.search.parser import parse_field, parse_filter
from mbox_ops.search.showing import show, text_literal
from mbox_ops.search.tree import INSTANTS, And, Field, Filter, Metadata, Metric, Or, Parameter, RunColumn

OPERATORS = {
    "is": "is", "is not": "is not", "contains": "contains", "not contains": "does not contain",
    "starts with": "starts with", "matches": "matches (* and ?)", ">": "is greater than", ">=": "is at least",
    "<": "is less than", "<=": "is at most", "in": "is one of (with commas)", "exists": "is there",
    "missing": "is missing",
}  # fmt: skip
_TEXTUAL = {
    "contains": "CONTAINS", "not contains": "NOT CONTAINS", "starts with": "STARTSWITH", "matches": "MATCHES"
}  # fmt: skip
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_NOW = re.compile(r"now\s*\(\s*\)", re.IGNORECASE)
_COMPARING = {"is": "=", "is not": "!=", ">": ">", ">=": ">=", "<": "<", "<=": "<="}


class Part(NamedTuple):
    """One of the conditions that a filter joins with AND; `without` is the filter that is left when it is taken out."""

    text: str
    without: str | None


def condition(field: str, operator: str, value: str) -> str:
    """A condition as text.

    Raises:
        InvalidRequest: there is no such field or operator.
    """
    read = parse_field(field.strip() or " ", field="field")
    name = show(read)
    if operator == "exists":
        return f"EXISTS {name}"
    if operator == "missing":
        return f"{name} IS NULL"
    if operator in _TEXTUAL:
        return f"{name} {_TEXTUAL[operator]} {text_literal(value)}"
    if operator == "in":
        return f"{name} IN ({', '.join(_literal(read, part.strip()) for part in value.split(','))})"
    if operator in _COMPARING:
        return f"{name} {_COMPARING[operator]} {_literal(read, value)}"
    few = ", ".join(OPERATORS)
    raise InvalidRequest(f"operator is {operator[:40]!r}; there are: {few}.", field="operator", value=operator)


def joined(before: str | None, more: str, limits: Limits) -> str:
    """A filter that asks for more.

    Raises:
        InvalidRequest: what was there is no filter.
    """
    if not before or not before.strip():
        return more
    is_or = isinstance(parse_filter(before, now=0, limits=limits), Or)
    return f"({before.strip()}) AND {more}" if is_or else f"{before.strip()} AND {more}"


def ids_in(runs: Collection[str]) -> str:
    """The filter that finds runs by their ids."""
    return f"id IN ({','.join(map(text_literal, runs))})"


def parts_of(text: str, limits: Limits) -> list[Part]:
    """The conditions that a filter joins with AND.

    None where it would change its meaning when it is written anew: `now()` is an instant once it is read.
    """
    if _NOW.search(text):
        return []
    read = parse_filter(text, now=0, limits=limits)
    parts = read.parts if isinstance(read, And) else (read,)
    return [Part(show(part), _all(parts[:place] + parts[place + 1 :])) for place, part in enumerate(parts)]


def _all(parts: tuple[Filter, ...]) -> str | None:
    return None if not parts else show(parts[0] if len(parts) == 1 else And(parts))


def _literal(field: Field, value: str) -> str:
    if isinstance(field, Parameter | Metadata) and value in ("true", "false"):
        return value
    if isinstance(field, RunColumn) and field.name in INSTANTS and value.startswith("now"):
        return value
    is_numeric = isinstance(field, Parameter | Metadata | Metric) or field == RunColumn("duration_seconds")
    return value if is_numeric and _NUMBER.fullmatch(value) else text_literal(value)
