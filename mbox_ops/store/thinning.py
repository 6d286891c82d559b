"""Thinning series out so that nothing is hidden: of each bucket, an equal part of x, the extremes and ends are kept.

Of a bucket with more than four numbers the first, the least, the greatest and the last stay; NaN are no numbers and are
counted. All of it is exact: the places of buckets are worked out in integers, of two zeros -0.0 is the lesser, and of
equal values the first counts. What was thinned out in pieces is thinned out together as if it had been whole.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mbox_ops.store.points import Ints
from mbox_ops.store.summaries import sortable

Floats = npt.NDArray[np.float64]

KEPT = 4  # points of a bucket
_LARGE = 64  # points of a bucket, from which on a loop over the buckets is faster than work on all points at once


class Columns(NamedTuple):
    """Some points, by x."""

    xs: Ints
    steps: Ints
    wallclocks: Ints
    values: Floats

    def at(self, places: Ints | npt.NDArray[np.bool_]) -> "Columns":
        """A copy of the points at these places."""
        return Columns(self.xs[places], self.steps[places], self.wallclocks[places], self.values[places])


class Missing(NamedTuple):
    """Where NaN are: in each bucket that holds any, the x of the first, and how many."""

    starts: Ints
    counts: Ints


_NONE = np.empty(0, np.int64)
NOTHING = Columns(_NONE, _NONE, _NONE, np.empty(0)), Missing(_NONE, _NONE)


def edges(first: int, last: int, buckets: int) -> Ints:
    """The x at which the second bucket and each further one begins, of equal parts of the x from `first` to `last`."""
    width = last - first + 1
    return np.array([first + part * width // buckets for part in range(1, buckets)], np.int64)


def thin(points: Columns, inner: Ints | None) -> tuple[Columns, Missing]:
    """The points that stay and the NaN among all.

    Args:
        points: by x, NaN included.
        inner: `edges`; None: all numbers stay, and each x is a bucket of its own.
    """
    nan = np.isnan(points.values)
    missing = _missing(points.xs[nan], inner) if nan.any() else NOTHING[1]
    if len(missing.starts) or inner is None:
        points = points.at(~nan)  # a copy: the caller may use its arrays again
    return (points if inner is None else _taken(points, inner)), missing


def together(parts: Sequence[tuple[Columns, Missing]], inner: Ints | None) -> tuple[Columns, Missing]:
    """What is left of a whole whose pieces, by x, were thinned out each for itself."""
    if len(parts) == 1:
        return parts[0]
    points = Columns(*(np.concatenate(columns) for columns in zip(*(one for one, _ in parts), strict=True)))
    starts, counts = (np.concatenate(columns) for columns in zip(*(one for _, one in parts), strict=True))
    places = starts if inner is None else np.searchsorted(inner, starts, "right")
    firsts = np.flatnonzero(np.diff(places, prepend=places[:1] - 1))
    summed = np.add.reduceat(counts, firsts) if len(firsts) else counts
    return (points if inner is None else _taken(points, inner)), Missing(starts[firsts], summed)


def _missing(xs: Ints, inner: Ints | None) -> Missing:
    places = xs if inner is None else np.searchsorted(inner, xs, "right")
    _, firsts, counts = np.unique(places, return_index=True, return_counts=True)
    return Missing(xs[firsts], counts.astype(np.int64, copy=False))


def _taken(points: Columns, inner: Ints) -> Columns:
    """The points that stay, of points without NaN."""
    bounds = np.concatenate(([0], np.searchsorted(points.xs, inner), [len(points.xs)]))
    counts = np.diff(bounds)
    starts, counts = bounds[:-1][counts > 0], counts[counts > 0]
    kept = np.repeat(counts <= KEPT, counts)
    kept[starts] = True
    kept[starts + counts - 1] = True
    extremes = _extremes(points.values, starts, counts)
    if not points.values[extremes].all():  # of two zeros -0.0 is the lesser
        extremes = _extremes(sortable(points.values), starts, counts)
    kept[extremes] = True
    return points.at(np.flatnonzero(kept))


def _extremes(order: Ints | Floats, starts: Ints, counts: Ints) -> Ints:
    """The places of the first of the least and of the first of the greatest of each bucket."""
    if len(order) > _LARGE * len(starts):
        cut = [(start, order[start : start + count]) for start, count in zip(starts, counts, strict=True)]
        places = [(start + some.argmin(), start + some.argmax()) for start, some in cut]
        return np.array(places, np.int64).ravel()
    found = []
    for extreme in (np.minimum, np.maximum):
        equal = np.flatnonzero(order == np.repeat(extreme.reduceat(order, starts), counts))
        found.append(equal[np.searchsorted(equal, starts)])
    return np.concatenate(found)
