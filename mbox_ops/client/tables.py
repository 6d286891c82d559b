"""Tables for notebooks: what was read as pandas data frames. Only here does the client ask for pandas."""

import enum
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import is_dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

import msgspec

from mbox_ops.client.clock import microseconds
from mbox_ops.client.rows import COLUMNS, place, row_of
from mbox_ops.client.shown import Shown
from mbox_ops.client.values import Event
from mbox_ops.entities import runs
from mbox_ops.entities.instants import to_datetime

if TYPE_CHECKING:
    import pandas

R = TypeVar("R", bound="Reads")

INT64 = range(-(2**63), 2**63)
EXACT = 2**53  # up to here each integer is a float64
INSTANT = "datetime64[us, UTC]"


class Reads(Protocol):
    """What has the record of a run."""

    @property
    def record(self) -> runs.Run: ...


class RunList(Shown[R]):
    """Runs that were found: a list that can become a table."""

    def to_pandas(self) -> "pandas.DataFrame":
        """The runs as a table, one a row. It needs pandas.

        Columns are named as in filters: those of the run (`id`, `name`, `status`, `started_at`, ...), then
        `params.<name>` with the type that the values were logged with, `tags.<name>`, and `metrics.<name>` with the
        last value. Instants are `datetime64[us, UTC]`; what a run lacks is missing.
        """
        return run_frame(self)


def run_frame(items: Iterable[Reads]) -> "pandas.DataFrame":
    """Runs as a table."""
    rows = [row_of(run.record) for run in items]
    names = dict.fromkeys([*COLUMNS, *(name for row in rows for name in row)])
    return _frame(rows, sorted(names, key=place))


def frame(items: Iterable[object]) -> "pandas.DataFrame":
    """Things of another kind as a table: a column for each of their attributes."""
    rows = [_attributes(item) for item in items]
    return _frame(rows, dict.fromkeys(name for row in rows for name in row))


def frame_of(columns: Mapping[str, Sequence[Any]]) -> "pandas.DataFrame":
    """Columns of values, None where one is missing, as a table."""
    return _pandas().DataFrame({name: column(values) for name, values in columns.items()})


def points_frame(steps: Sequence[int], wallclocks: Sequence[int], values: Sequence[Any]) -> "pandas.DataFrame":
    """Points as a table; wallclocks are given in microseconds since 1970 UTC."""
    pandas = _pandas()
    return pandas.DataFrame(
        {
            "step": pandas.Series(steps, dtype="int64"),
            "wallclock": pandas.Series(wallclocks, dtype="int64").astype("datetime64[us]").dt.tz_localize("UTC"),
            "value": pandas.Series(values, dtype=None if len(values) else "float64"),
        }
    )


def column(values: Sequence[Any]) -> "pandas.Series[Any]":
    """Values, None where one is missing, as a column of the narrowest type that holds all of them exactly."""
    pandas = _pandas()
    return pandas.Series(values, dtype=_dtype([value for value in values if value is not None], len(values)))


def _dtype(present: Sequence[Any], wanted: int) -> str | None:
    kinds = {type(value) for value in present}
    missing = len(present) < wanted
    if kinds == {bool}:
        return "boolean" if missing else "bool"
    if kinds == {int} and all(value in INT64 for value in present):
        return "Int64" if missing else "int64"
    if float in kinds and kinds <= {float, int} and all(abs(value) <= EXACT for value in present if type(value) is int):
        return "float64"
    if kinds == {datetime}:
        return INSTANT
    return None if kinds == {str} else "object"


def _attributes(item: object) -> dict[str, Any]:
    if isinstance(item, msgspec.Struct):
        held = msgspec.structs.asdict(item)
    elif isinstance(item, Event):
        at = None if item.wallclock_time is None else to_datetime(microseconds(item.wallclock_time))
        held = vars(item) | {"source": item.source_name, "wallclock_time": at}
    else:
        held = vars(item) if is_dataclass(item) else {"value": item}
    return {name: value.value if isinstance(value, enum.Enum) else value for name, value in held.items()}


def _frame(rows: Sequence[Mapping[str, Any]], names: Iterable[str]) -> "pandas.DataFrame":
    return frame_of({name: [row.get(name) for row in rows] for name in names})


def _pandas() -> Any:
    try:
        import pandas
    except ModuleNotFoundError as error:
        raise ModuleNotFoundError("to_pandas() needs pandas: pip install pandas", name=error.name) from error
    return pandas
