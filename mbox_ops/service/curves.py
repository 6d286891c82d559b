"""Curves: series of one or many runs, thinned out for charts."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from mbox_ops.entities.limits import Limits
from mbox_ops.entities.metrics import Kind
from mbox_ops.entities.search import Curve, CurveQuery, SeriesRef
from mbox_ops.errors import InvalidRequest
from mbox_ops.service.access import Actor
from mbox_ops.service.queries import check_int64, is_storable
from mbox_ops.service.reading import live_subject
from mbox_ops.store import curves
from mbox_ops.store.database import Database

if TYPE_CHECKING:
    from sqlalchemy import Connection

_INT64 = 2**63


class Curves:
    """The curves of a service's series."""

    def __init__(self, database: Database, *, limits: Limits) -> None:
        self._database = database
        self._limits = limits

    def read(self, actor: Actor, query: CurveQuery) -> list[Curve]:
        """The curves, numeric columns packed, in the order in which the series were asked for.

        A name that is not there has an empty curve; so has a series that is not numeric, which its `kind` says.

        Raises:
            InvalidRequest: there are too many series, or too many or too few points.
            NotFound: there is no such live run, or the token does not open its namespace.
        """
        actor.require("read")
        _check(query, self._limits)
        cut = curves.Cut(
            query.x,
            query.max_points,
            -_INT64 if query.first_step is None else query.first_step,
            _INT64 - 1 if query.last_step is None else query.last_step,
        )
        with self._database.read() as conn:
            runs = _runs(conn, actor, query.series)
            wanted: dict[int, set[str]] = {subject_id: set() for subject_id in runs.values()}
            for one in query.series:
                if is_storable(one.name):
                    wanted[runs[one.run_id]].add(one.name)
            found = {(one.series.subject_id, one.series.name): one for one in curves.read(conn, wanted, cut)}
        return [_shown(one, found.get((runs[one.run_id], one.name))) for one in query.series]


def _runs(conn: "Connection", actor: Actor, series: Sequence[SeriesRef]) -> dict[str, int]:
    """The runs of series, by their ids."""
    return {run_id: live_subject(conn, actor, run_id).id for run_id in dict.fromkeys(one.run_id for one in series)}


def _check(query: CurveQuery, limits: Limits) -> None:
    if not 1 <= len(query.series) <= limits.curves:
        raise InvalidRequest(
            f"series names {len(query.series)} series; a request takes 1 to {limits.curves}.",
            field="series", limit=limits.curves, value=len(query.series),
        )  # fmt: skip
    if not 4 <= query.max_points <= limits.curve_points:
        raise InvalidRequest(
            f"max_points is {query.max_points}; it takes 4 to {limits.curve_points}.",
            field="max_points", limit=limits.curve_points, value=str(query.max_points),
        )  # fmt: skip
    together = len(query.series) * query.max_points
    if together > limits.chart_points:
        raise InvalidRequest(
            f"max_points is {query.max_points} for each of {len(query.series)} series, which is {together} in all; the"
            f" limit is {limits.chart_points} for all series together. Ask for fewer at once.",
            field="max_points", limit=limits.chart_points, value=together,
        )  # fmt: skip
    check_int64("first_step", query.first_step)
    check_int64("last_step", query.last_step)


def _shown(asked: SeriesRef, found: curves.Thinned | None) -> Curve:
    if found is None:
        return _empty(asked)
    points, missing = found.points, found.missing
    return Curve(
        run_id=asked.run_id,
        name=asked.name,
        kind=cast("Kind", found.series.kind),
        total=found.total,
        thinned=len(points.xs) + int(missing.counts.sum()) < found.total,
        xs=points.xs.astype("<i8", copy=False).tobytes(),
        steps=points.steps.astype("<i8", copy=False).tobytes(),
        wallclocks=points.wallclocks.astype("<i8", copy=False).tobytes(),
        values=points.values.astype("<f8", copy=False).tobytes(),
        nan_starts=missing.starts.astype("<i8", copy=False).tobytes(),
        nan_counts=missing.counts.astype("<i8", copy=False).tobytes(),
    )


def _empty(asked: SeriesRef) -> Curve:
    return Curve(
        run_id=asked.run_id, name=asked.name, kind="float", total=0, thinned=False, xs=b"", steps=b"",
        wallclocks=b"", values=b"", nan_starts=b"", nan_counts=b"",
    )  # fmt: skip
