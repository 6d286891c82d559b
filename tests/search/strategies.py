"""Filters, orders and records that share a small vocabulary, so that conditions hold about as often as not."""

import math
from functools import cache
from typing import Any, get_args

from hypothesis import strategies as st

from mbox_ops.entities.metrics import Statistic
from mbox_ops.search.tree import (
    INSTANTS,
    NUMBERS,
    And,
    Between,
    Column,
    Compare,
    Exists,
    Field,
    Filter,
    In,
    Instant,
    IsNan,
    IsNull,
    Like,
    Metadata,
    Metric,
    Not,
    Or,
    Parameter,
    RunColumn,
    SortKey,
    Step,
    Tag,
)
from tests.search.naive import Record

DAY = 86_400_000_000
NOON = 1_795_262_400_000_000  # 2026-11-21T12:00:00Z

PARAMETERS = ("lr", "optimizer.lr", 'odd "`\\.min')
TAGS = ("team", "a.b", "é'(,)")
METRICS = ("loss", "train/loss", "a.min")
KEYS = (*"aaaaaabbb", "a.b", "", "x[*]", 'odd "`\\key')
COLUMNS: tuple[Column, ...] = (
    "name", "status", "owner", "external_id", "framework", "task", "scenario", "scenario_version", "pipeline",
    "notebook", "execution", "collection", "started_at", "ended_at", "duration_seconds",
)  # fmt: skip

NAMES = ("a", "ab", "b", "A", "a*b", "it's", "a%_\\", "é", "\ue000", "\U0001f600")
TEXTS = (
    *NAMES, "5", "5.0", "1e3", "-.5", "+5.", "0x5", "Infinity", "nan", "٣", "true", "2026-11-21", "2026-11-21T12:00",
    "2026-11-21 13:00:00.000+01:00", "2026-11-21T12:00:00.000001Z", "2026-02-30", "2026",
)  # fmt: skip
LIKELY = (*TEXTS, *("a", "ab", "5", "2026-11-21T12:00") * 12)
NUMBERS_OF_OURS = (0.0, 5.0, 1000.0, -0.5, 0.25, 2.0**53, 1e300)
INSTANTS_OF_OURS = (NOON, NOON + 1, NOON - NOON % DAY, NOON + DAY)
PIECES = (*NAMES, "5", "2026", "*", "?", "a*", "*b", "?b", "\\*", "\\", "a\\*b", "", ":00", "[a]", "%", "_")
STATUSES = ("RUNNING", "FINISHED", "FAILED", "KILLED", "LOST")
FRAMEWORKS = ("PYTORCH", "SKLEARN")

_ANY_TEXT = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=12)


@cache
def steps() -> st.SearchStrategy[tuple[Step, ...]]:
    """Paths into the documents of `records`."""
    arrays = st.sampled_from([0, 0, 0, 0, 1, 1, 2])
    step = st.builds(Step, st.sampled_from(KEYS), arrays)
    return st.lists(step, min_size=1, max_size=2).map(tuple)


@cache
def fields() -> st.SearchStrategy[Field]:
    """Fields that `records` have, more or less often."""
    return st.one_of(
        st.builds(Parameter, st.sampled_from(PARAMETERS)),
        st.builds(Tag, st.sampled_from(TAGS)),
        st.builds(Metadata, steps()),
        st.builds(Metric, st.sampled_from(METRICS), st.sampled_from(get_args(Statistic))),
        st.builds(RunColumn, st.sampled_from(COLUMNS)),
    )


def any_fields() -> st.SearchStrategy[Field]:
    """Fields of any name there can be."""
    name = _ANY_TEXT.filter(bool)
    step = st.builds(Step, _ANY_TEXT, st.integers(0, 3))
    return st.one_of(
        st.builds(Parameter, name.filter(lambda name: name not in ("start", "end"))),
        st.builds(Tag, name.filter(lambda name: name != "runName")),
        st.builds(Metadata, st.lists(step, min_size=1, max_size=4).map(tuple)),
        st.builds(Metric, name, st.sampled_from(get_args(Statistic))),
        st.builds(Metric, name.map(lambda name: f"{name}.min"), st.sampled_from(get_args(Statistic))),
        st.builds(RunColumn, st.sampled_from(get_args(Column))),
    )


def filters(of: st.SearchStrategy[Field] | None = None, *, max_leaves: int = 6) -> st.SearchStrategy[Filter]:
    """Filters as the parser gives them, over these fields."""
    asked = fields() if of is None else of
    return st.recursive(asked.flatmap(leaves), _joined, max_leaves=max_leaves)


def orders(of: st.SearchStrategy[Field] | None = None) -> st.SearchStrategy[tuple[SortKey, ...]]:
    """Orders of up to three keys."""
    asked = fields() if of is None else of
    return st.lists(st.builds(SortKey, asked, st.booleans()), min_size=1, max_size=3).map(tuple)


@cache
def leaves(field: Field) -> st.SearchStrategy[Filter]:
    """What can be asked of a field."""
    kinds = [values(field, kind) for kind in types_of(field)]
    ordered = [values(field, kind) for kind in types_of(field) if kind is not bool]
    some: list[st.SearchStrategy[Any]] = [
        st.builds(Compare, st.just(field), st.just("="), st.one_of(kinds)),
        st.builds(In, st.just(field), st.lists(st.one_of(kinds), min_size=1, max_size=4).map(tuple)),
        st.builds(Compare, st.just(field), st.sampled_from(["<", "<=", ">", ">="]), st.one_of(ordered)),
        st.one_of([st.builds(Between, st.just(field), value, value) for value in ordered]),
        st.sampled_from([Exists(field), IsNull(field)]),
    ]
    if str in types_of(field):
        how = st.sampled_from(["contains", "startswith", "matches"])
        some.append(st.builds(Like, st.just(field), how, st.sampled_from(PIECES)))
    if isinstance(field, Metric):
        some.append(st.just(IsNan(field)))
    return st.one_of(some)


def types_of(field: Field) -> tuple[type, ...]:
    """The types that a literal may have."""
    match field:
        case Parameter() | Metadata():
            return (str, float, bool, Instant)
        case Tag():
            return (str, Instant)
        case Metric():
            return (float,)
        case RunColumn(name):
            return (Instant,) if name in INSTANTS else (float,) if name in NUMBERS else (str,)


@cache
def values(field: Field, kind: type) -> st.SearchStrategy[Any]:
    """Literals of a type for a field."""
    if kind is str:
        known: dict[Field, tuple[str, ...]] = {RunColumn("status"): STATUSES, RunColumn("framework"): FRAMEWORKS}
        return st.sampled_from(known.get(field) or LIKELY)
    if kind is float:
        return st.sampled_from([*NUMBERS_OF_OURS, 5.0, 5.0, 0.25, 0.5, math.inf, -math.inf, 3_600.0, 2.0])
    if kind is bool:
        return st.booleans()
    return st.sampled_from(INSTANTS_OF_OURS).map(Instant)


@st.composite
def records(draw: st.DrawFn) -> Record:
    """Runs as a service can have them, their columns in accord; `id`, `key` and the server's own times are not set."""
    return Record(
        columns=draw(_columns()),
        parameters=draw(_some(PARAMETERS, _parameters())),
        tags=draw(_some(TAGS, st.sampled_from(LIKELY))),
        metadata=draw(documents()),
        metrics=draw(_some(METRICS, _series())),
    )


@cache
def documents() -> st.SearchStrategy[dict[str, Any]]:
    """Metadata with nested objects and arrays, empty ones, nulls and every type."""
    scalar = st.one_of(
        st.sampled_from(LIKELY), st.sampled_from([0, 5, 5, -0.5, 0.25, 1000, 2**53 + 1, 2**64 - 1, 1e300]),
        st.booleans(), st.none(),
    )  # fmt: skip
    keys = st.sampled_from(KEYS)
    inner: st.SearchStrategy[Any] = st.recursive(
        scalar | st.sampled_from([[], {}]),
        lambda part: st.lists(part, max_size=3) | st.dictionaries(keys, part, max_size=3),
        max_leaves=6,
    )
    return st.dictionaries(keys, inner, min_size=1, max_size=3)


def _some(names: tuple[str, ...], value: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({names[0]: value}, optional=dict.fromkeys(names[1:], value))


def _joined(part: st.SearchStrategy[Filter]) -> st.SearchStrategy[Filter]:
    parts = st.lists(part, min_size=2, max_size=3)
    return st.one_of(parts.map(_and), parts.map(_or), st.builds(Not, part))


def _and(parts: list[Filter]) -> Filter:
    return And(tuple(inner for part in parts for inner in (part.parts if isinstance(part, And) else (part,))))


def _or(parts: list[Filter]) -> Filter:
    return Or(tuple(inner for part in parts for inner in (part.parts if isinstance(part, Or) else (part,))))


@st.composite
def _columns(draw: st.DrawFn) -> dict[str, str | int | float | None]:
    name, maybe = st.sampled_from(NAMES), st.none() | st.sampled_from(NAMES)
    status = draw(st.sampled_from(STATUSES))
    started = draw(st.sampled_from(INSTANTS_OF_OURS))
    ended = None if status == "RUNNING" else started + draw(st.sampled_from([0, 1, 2_000_000, 3_600_000_000]))
    source = draw(st.sampled_from([None, "pipeline", "notebook"]))
    return {
        "name": draw(name), "status": status, "owner": draw(name), "external_id": draw(maybe),
        "framework": draw(st.sampled_from([None, *FRAMEWORKS])), "task": draw(name), "scenario": draw(name),
        "scenario_version": draw(maybe), "execution": draw(maybe), "collection": draw(name), "started_at": started,
        "ended_at": ended, "duration_seconds": None if ended is None else (ended - started) / 1e6,
        **({source: draw(name)} if source else {}),
    }  # fmt: skip


@cache
def _parameters() -> st.SearchStrategy[tuple[str, str]]:
    return st.one_of(
        st.tuples(st.sampled_from(LIKELY), st.just("string")),
        st.sampled_from([
            ("true", "boolean"), ("false", "boolean"), ("5", "integer"), ("0.25", "float"), ("-0.5", "float"),
            ("[1, 5]", "json"), ('{"a": "b"}', "json"),
        ]),
    )  # fmt: skip


@cache
def _series() -> st.SearchStrategy[list[Any]]:
    number = st.sampled_from([0.0, 5.0, 5.0, 5.0, 1000.0, -0.5, 0.25, math.nan, math.inf, -math.inf])
    return st.lists(number, min_size=1, max_size=4) | st.lists(st.sampled_from(TEXTS), min_size=1, max_size=2)
