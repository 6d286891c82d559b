"""What is asked across runs: which fields there are, comparisons, and curves for charts."""

from typing import Any, Literal

import msgspec

from mbox_ops.entities.metrics import Kind, MetricSummary
from mbox_ops.entities.runs import Run

FieldKind = Literal["parameter", "tag", "metadata", "metric"]
Axis = Literal["step", "wallclock", "relative"]


class KnownField(msgspec.Struct, frozen=True, kw_only=True):
    """A parameter, tag, metric or metadata path that runs of the namespace have.

    Attributes:
        field: how the filter language writes it, such as `params.lr` or `metadata.model."conv.1"[*].size`.
        name: the parameter's, tag's or metric's name, or the path.
        types: the types its values have: `string`, `number`, `boolean`, `null`, `object`, `array`; of a metric the
            kinds `float`, `string`, `bytes`.
    """

    kind: FieldKind
    field: str
    name: str
    types: list[str]


class FieldQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which fields: those of a kind (all kinds if None) whose name begins with `prefix`, in order of kind and name."""

    kind: FieldKind | None = None
    prefix: str = ""
    limit: int = 100
    cursor: str | None = None


class KnownValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value that live runs have at a field: text, a number or a boolean."""

    value: str | float | bool


class ValueQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which values of `field` (as the filter language writes it): numbers first, then text that begins with `prefix`.

    With a prefix there are only texts.
    """

    field: str
    prefix: str = ""
    limit: int = 100
    cursor: str | None = None


class CompareQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which runs to compare, and of what.

    Attributes:
        run_ids: 1 to 200 different ones, in the order of the columns.
        all: give also what is the same in all of them.
        x: a field, as the filter language writes it, to set metrics over (`params.lr`); None: no points.
        y: the metrics to set over it, such as `metrics.loss.min`; all `last` values of numeric series if empty.
    """

    run_ids: list[str]
    all: bool = False
    x: str | None = None
    y: list[str] = []


class Difference(msgspec.Struct, frozen=True, kw_only=True):
    """What each run has in one place, in the order of the runs; where `present` is false it has nothing there."""

    name: str
    values: list[Any]
    present: list[bool]


class ComparedMetric(msgspec.Struct, frozen=True, kw_only=True):
    """The summaries of one metric side by side; None where a run has no such series."""

    name: str
    summaries: list[MetricSummary | None]


class ScatterPoint(msgspec.Struct, frozen=True, kw_only=True):
    """One run's place in a plot of a metric over a field."""

    run_id: str
    x: str | float | bool
    y: float | str


class Scatter(msgspec.Struct, frozen=True, kw_only=True):
    """A metric over a field: those runs that have both, by x."""

    x: str
    y: str
    points: list[ScatterPoint]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Runs side by side. What is the same in all of them is left out unless it was asked for.

    Attributes:
        columns: the runs' own columns (name, status, scenario, ...).
        metadata: by path; a path ends where the documents stop being objects in every run that has it.
    """

    runs: list[Run]
    columns: list[Difference]
    parameters: list[Difference]
    tags: list[Difference]
    metadata: list[Difference]
    metrics: list[ComparedMetric]
    scatters: list[Scatter]


class SeriesRef(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A series of a run."""

    run_id: str
    name: str


class CurveQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which curves, and how fine.

    Attributes:
        series: 1 to 200 numeric series; one that is not there gives an empty curve.
        max_points: 4 to 100,000; a series with more is thinned out.
        x: what the buckets are equal parts of: `step`, `wallclock`, or `relative` (time since the series' first point).
        first_step, last_step: only points with steps in this range, both included.
    """

    series: list[SeriesRef]
    max_points: int = 1_000
    x: Axis = "step"
    first_step: int | None = None
    last_step: int | None = None


class Curve(msgspec.Struct, kw_only=True):
    """A series thinned out so that nothing is hidden: of each bucket its first, least, greatest and last point.

    The columns are packed in MessagePack and arrays in JSON, as in `Block`; points are in the order of x.

    Attributes:
        total: how many points there are in the range.
        thinned: whether points were left out.
        xs: steps or microseconds, int64.
        nan_starts, nan_counts: for each bucket that holds NaN, the x of its first one, and how many there are.
    """

    run_id: str
    name: str
    kind: Kind
    total: int
    thinned: bool
    xs: bytes | list[int]
    steps: bytes | list[int]
    wallclocks: bytes | list[int]
    values: bytes | list[Any]
    nan_starts: bytes | list[int]
    nan_counts: bytes | list[int]


class RunGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Runs that have the same value at a field, and a metric over them.

    Attributes:
        value: a number (an instant as microseconds since 1970 UTC), a text, or None for those that have nothing there.
        mean, min, max: of the metric; None where no run has a number, or no metric was asked for.
    """

    value: str | float | None
    runs: int
    mean: float | None = None
    min: float | None = None
    max: float | None = None
