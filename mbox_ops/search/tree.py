"""The tree of a filter and the keys of an order: what the text of the language stands for.

A leaf asks something of one field of a run. A field may have no value (the run lacks it), one, or, where metadata
holds arrays, many: a leaf holds if any one value meets it. `NOT` is exact negation, so `!=`, which is `NOT =`, keeps
runs that lack the field. Numbers compare as float64, text by code point, instants as microseconds since 1970 UTC.
"""

from typing import Literal, TypeAlias

import msgspec

from mbox_ops.entities.metrics import Statistic

Column = Literal[
    "id", "key", "name", "status", "owner", "external_id", "framework", "task", "scenario", "scenario_version",
    "pipeline", "notebook", "execution", "collection", "started_at", "ended_at", "created_at", "updated_at",
    "duration_seconds",
]  # fmt: skip
Order = Literal["=", "<", "<=", ">", ">="]
Part = Literal["contains", "startswith", "matches"]

INSTANTS: frozenset[Column] = frozenset({"started_at", "ended_at", "created_at", "updated_at"})
NUMBERS: frozenset[Column] = frozenset({"duration_seconds"})  # all others are text


class Parameter(msgspec.Struct, frozen=True, tag=True):
    """`params.<name>`: text; also a number where the text is one, a boolean where one was given.

    The system's own, `params.start` and `params.end`, are read as the columns `started_at` and `ended_at`.
    """

    name: str


class Tag(msgspec.Struct, frozen=True, tag=True):
    """`tags.<name>`: text. The system's own, `tags.runName`, is read as the column `name`."""

    name: str


class Step(msgspec.Struct, frozen=True):
    """A key on the way into a document, and how many `[*]` stand behind it."""

    key: str
    arrays: int = 0


class Metadata(msgspec.Struct, frozen=True, tag=True):
    """`metadata.<path>`: what is found there, through arrays whether `[*]` is written or not.

    Where `[*]` is written there must be at least so many arrays.
    """

    steps: tuple[Step, ...]


class Metric(msgspec.Struct, frozen=True, tag=True):
    """`metrics.<name>[.<stat>]`: a number; a series without points is missing, one of text has only its count."""

    name: str
    stat: Statistic = "last"


class RunColumn(msgspec.Struct, frozen=True, tag=True):
    """`run.<column>`, or a bare one: one of `INSTANTS`, one of `NUMBERS`, or text."""

    name: Column


Field: TypeAlias = Parameter | Tag | Metadata | Metric | RunColumn


class Instant(msgspec.Struct, frozen=True, order=True, tag=True):
    """Microseconds since 1970 UTC."""

    microseconds: int


Value: TypeAlias = str | float | bool | Instant  # numbers are always float


class Compare(msgspec.Struct, frozen=True, tag=True):
    """A value of the field has the value's type and stands so to it."""

    field: Field
    op: Order
    value: Value


class In(msgspec.Struct, frozen=True, tag=True):
    """A value of the field equals one of these."""

    field: Field
    values: tuple[Value, ...]


class Between(msgspec.Struct, frozen=True, tag=True):
    """A value of the field lies between two of its type, both included."""

    field: Field
    low: Value
    high: Value


class Like(msgspec.Struct, frozen=True, tag=True):
    r"""A text of the field contains, starts with or matches the text, case-sensitively.

    In a pattern (`matches`) `*` stands for any text, `?` for one character, and a backslash makes the next character
    stand for itself; the whole text must fit.
    """

    field: Field
    how: Part
    text: str


class Exists(msgspec.Struct, frozen=True, tag=True):
    """There is something: a value, a JSON null, or an object or array, empty or not."""

    field: Field


class IsNull(msgspec.Struct, frozen=True, tag=True):
    """There is nothing, or nothing but JSON nulls."""

    field: Field


class IsNan(msgspec.Struct, frozen=True, tag=True):
    """The metric's statistic is not a number."""

    field: Metric


class Not(msgspec.Struct, frozen=True, tag=True):
    """The part does not hold."""

    part: "Filter"


class And(msgspec.Struct, frozen=True, tag=True):
    """All parts hold; there are at least two."""

    parts: tuple["Filter", ...]


class Or(msgspec.Struct, frozen=True, tag=True):
    """One of the parts holds; there are at least two."""

    parts: tuple["Filter", ...]


Leaf: TypeAlias = Compare | In | Between | Like | Exists | IsNull | IsNan
Filter: TypeAlias = Leaf | Not | And | Or


class SortKey(msgspec.Struct, frozen=True):
    """One key of an order: runs that lack the field, or have NaN there, come last in both directions.

    Numbers (booleans are 0 and 1) come before text, both the other way round when descending. Metadata is sorted by the
    path exactly as written; of an array's values the first counts, be it null (that run comes last).
    """

    field: Field
    descending: bool = False
