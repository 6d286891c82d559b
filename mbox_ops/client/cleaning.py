"""Cleaning up by rules of retention: what is old, and neither among the last nor the best, goes."""

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from mbox_ops.client.deleting import expectation
from mbox_ops.client.references import Ref, WhichScenarios, idents, idents_of_scenarios
from mbox_ops.entities.cleanup import MAX_RUNS, KeepBest, Rules
from mbox_ops.entities.deletions import Counts, CreateCleanup, Deletion, Expected
from mbox_ops.entities.ids import uuid7
from mbox_ops.entities.metrics import Statistic
from mbox_ops.entities.runs import Status
from mbox_ops.errors import InvalidRequest

if TYPE_CHECKING:
    from mbox_ops.client.connection import Connection

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}


class Cleanup:
    """`client.cleanup(...)`."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    def __call__(
        self,
        *,
        scenario: WhichScenarios | None = None,
        run_collection: Ref | Iterable[Ref] | None = None,
        status: Status | Iterable[Status] | None = None,
        filter: str | None = None,
        older_than: "timedelta | float | str | None" = None,
        keep_last: int | None = None,
        keep_best: int | None = None,
        metric: str | None = None,
        direction: Literal["min", "max"] | None = None,
        statistic: Statistic = "last",
        max_runs: int = MAX_RUNS,
        dry_run: bool = True,
        purge: bool = False,
        expected: Deletion | Counts | Expected | None = None,
        key: str | None = None,
    ) -> Deletion:
        """Delete the runs that rules let go, or only count them, which is the default.

        At least one of `status`, `filter`, `older_than`, `keep_last` and `keep_best` has to be given. Runs that count
        as alive and those with the tag `mbox.keep=true` always stay.

        Args:
            scenario: only runs of these: a name or id, several parted by commas, an object, or a list of either.
            run_collection: only runs of these, by name or id.
            status: only runs of this status, or of one of these.
            filter: only runs that this holds for, such as `params.lr > 0.1 AND metrics.loss.min < 2`.
            older_than: runs that something was written to since stay: a timedelta, seconds, or text such as `30d`.
            keep_last: so many runs of each collection stay, those that were made last.
            keep_best: so many runs of each collection stay, the best ones by `metric`; where no run of a collection has
                it, all of them.
            metric: the metric's name.
            direction: `min` or `max`: which is best.
            statistic: of the metric's points.
            max_runs: refuse when more runs than that would go.
            dry_run: only count; False deletes.
            purge: give the undo window up.
            expected: a preview or its counts, or some of them: refuse when something else would go now.
            key: your own name for this cleanup; repeated under the same one, it deletes once.

        Returns:
            What goes: `counts` and `by_scenario`; and `kept`: how many runs of each scenario stay for which reason.

        Raises:
            InvalidRequest: the rules break a rule.
            Conflict: there are more than `max_runs`.
            StaleRequest: the counts are not the expected ones.

        Example:
            >>> client.cleanup(scenario="churn", older_than="30d", keep_last=10).counts.runs  # doctest: +SKIP
            12
        """
        rules = Rules(
            scenarios=None if scenario is None else idents_of_scenarios(scenario),
            collections=None if run_collection is None else idents("run_collection", run_collection),
            status=None if status is None else [status] if isinstance(status, str) else list(status),
            filter=filter,
            older_than_seconds=None if older_than is None else seconds_of("older_than", older_than),
            keep_last=keep_last,
            keep_best=_best(keep_best, metric, direction, statistic),
        )
        wish = CreateCleanup(
            rules=rules,
            dry_run=dry_run,
            purge=purge,
            max_runs=max_runs,
            expected=expectation(expected),
            key=None if dry_run else key or uuid7(),  # sent again after a lost answer, it deletes once
        )
        self._connection.flush()
        return self._connection.api.call("POST", "/cleanup", body=wish, result=Deletion, retry=True)


def seconds_of(field: str, given: "timedelta | float | str") -> int:
    """Whole seconds of a timedelta, of a number of them, or of text such as `90s`, `15m`, `12h`, `30d`, `4w`.

    Raises:
        InvalidRequest: it is none of these.

    Example:
        >>> seconds_of("older_than", "12h")
        43200
    """
    if isinstance(given, timedelta):
        return int(given.total_seconds())
    if isinstance(given, int | float) and not isinstance(given, bool) and abs(given) < 2**63:
        return int(given)
    if isinstance(given, str) and given[-1:] in _UNITS and given[:-1].isascii() and given[:-1].isdecimal():
        return int(given[:-1]) * _UNITS[given[-1]]
    raise InvalidRequest(
        f"{field} must be a timedelta, seconds, or text such as 90s, 15m, 12h, 30d, 4w, not {given!r:.80}.",
        field=field, value=given,
    )  # fmt: skip


def _best(
    runs: int | None, metric: str | None, direction: Literal["min", "max"] | None, statistic: Statistic
) -> KeepBest | None:
    if runs is None and metric is None and direction is None:
        return None
    if runs is None or metric is None or direction not in ("min", "max"):
        raise InvalidRequest(
            "keep_best, metric and direction ('min' or 'max') go together: how many runs to keep, by which metric, and "
            "which is best.",
            field="keep_best",
        )
    return KeepBest(metric=metric, direction=direction, runs=runs, statistic=statistic)
