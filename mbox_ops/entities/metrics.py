"""Metric points, their summaries and their history."""

from typing import Any, Literal

import msgspec

Kind = Literal["float", "string", "bytes"]
Statistic = Literal["last", "min", "max", "first", "mean", "count"]  # of the points of a series


class Block(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Points of `n` series that share `m` steps and wallclocks: what one or more `log_metrics` calls gave.

    In MessagePack the numeric columns are packed little-endian bytes; in JSON they are plain arrays.

    Attributes:
        names: the series' names, `n` different ones.
        kind: `float` (float64), `string` or `bytes`.
        steps: `m` int64, or None: the server gives each series its largest step + 1, from 0.
        wallclocks: `m` int64 microseconds since 1970 UTC, or None: the server's time.
        values: `m * n` values, row by row (all series of the first step, then of the second). `float`: packed float64,
            or an array of numbers in which `"NaN"`, `"Infinity"` and `"-Infinity"` stand for what JSON lacks.
            `string`: an array of strings. `bytes`: an array of byte strings (base64 text in JSON).
    """

    names: list[str]
    kind: Kind = "float"
    steps: bytes | list[int] | None = None
    wallclocks: bytes | list[int] | None = None
    values: bytes | list[Any]


class MetricSummary(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a series comes to; `last` is the greatest by (step, wallclock, arrival).

    The values are numbers for a `float` series (`"NaN"`, `"Infinity"`, `"-Infinity"` for what JSON lacks), text for a
    `string` series, base64 text for a `bytes` series; `min`, `max` and `mean` skip NaN and are None where no number is.
    """

    name: str
    kind: Kind
    count: int
    nan_count: int = 0
    last: float | str | None = None
    first: float | str | None = None
    min: float | str | None = None
    max: float | str | None = None
    mean: float | str | None = None
    last_step: int = 0
    last_wallclock: int = 0


class MetricHistory(msgspec.Struct, kw_only=True):
    """The points of one series in history order: by step, then wallclock, then arrival.

    The columns have equal length and are packed in MessagePack and arrays in JSON, as in `Block`.

    Attributes:
        total: how many points the series has (from `after` on or not).
        truncated: whether more points follow these.
        next: what to give as `after` for those that follow.
        received_ats: the server's time of each point, int64 microseconds; None unless it was asked for.
    """

    name: str
    kind: Kind
    total: int
    truncated: bool
    steps: bytes | list[int]
    wallclocks: bytes | list[int]
    received_ats: bytes | list[int] | None = None
    values: bytes | list[Any]
    next: str | None = None


class HistoryQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which history to read.

    Attributes:
        names: the series, all of them if None; an unknown name gives an empty history.
        limit: the most points of each series, the first ones in history order; None for all.
        after: go on after the `next` of an earlier answer; only with a single name.
        received: give the server's time of each point, too.
    """

    names: list[str] | None = None
    limit: int | None = 1_000
    after: str | None = None
    received: bool = True
