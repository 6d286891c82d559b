"""The operator that lets runs go by rules of retention."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from mbox_airflow.operators.deleting import DeletingOperator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import timedelta

    from mbox_ops.client.client import Client
    from mbox_ops.entities.deletions import Deletion

RULES = (
    "scenario", "run_collection", "status", "filter", "older_than", "keep_last", "keep_best", "metric", "direction",
)  # fmt: skip
MAX_RUNS = 1_000


class CleanupRunsOperator(DeletingOperator):
    """Deletes the runs that rules let go; it only counts them unless `dry_run` is False.

    At least one of `status`, `filter`, `older_than`, `keep_last` and `keep_best` has to be given. Runs that count as
    alive and those with the tag `mbox.keep=true` always stay.

    Args:
        scenario: only runs of these: a name or id, several parted by commas, or a list of them.
        run_collection: only runs of these, by name or id.
        status: only runs of this status, or of one of these.
        filter: only runs that this holds for, such as `params.lr > 0.1`.
        older_than: runs that something was written to since stay: text such as `30d`, a timedelta, or seconds.
        keep_last: so many runs of each collection stay, those that were made last.
        keep_best: so many runs of each collection stay, the best ones by `metric`.
        metric: the metric's name.
        direction: `min` or `max`: which is best.
        statistic: of the metric's points: `last`, `min`, `max`, `first`, `mean` or `count`.
        dry_run: only count what would go.
        max_runs: refuse when more runs than that would go.
        **kwargs: `purge`, `expected`, `mbox_conn_id`, and what `DeletingOperator` takes besides.

    Example:
        >>> CleanupRunsOperator(task_id="tidy", scenario="churn", older_than="30d", keep_last=10, dry_run=False)
        <Task(CleanupRunsOperator): tidy>
    """

    template_fields: Sequence[str] = (*DeletingOperator.template_fields, *RULES, "statistic")
    narrowing: Sequence[str] = (*DeletingOperator.narrowing, *RULES)

    def __init__(
        self,
        *,
        scenario: str | list[str] | None = None,
        run_collection: str | list[str] | None = None,
        status: str | list[str] | None = None,
        filter: str | None = None,
        older_than: timedelta | float | str | None = None,
        keep_last: int | str | None = None,
        keep_best: int | str | None = None,
        metric: str | None = None,
        direction: str | None = None,
        statistic: str = "last",
        dry_run: bool | str = True,
        max_runs: int | str = MAX_RUNS,
        **kwargs: Any,
    ) -> None:
        super().__init__(dry_run=dry_run, max_runs=max_runs, **kwargs)
        self.scenario = scenario
        self.run_collection = run_collection
        self.status = status
        self.filter = filter
        self.older_than = older_than
        self.keep_last = keep_last
        self.keep_best = keep_best
        self.metric = metric
        self.direction = direction
        self.statistic = statistic
        self.given()

    def asked(self, client: Client, limits: dict[str, Any]) -> Deletion:
        """Delete by rules."""
        from typing import get_args

        from mbox_airflow import templated
        from mbox_ops.entities.metrics import Statistic
        from mbox_ops.entities.runs import Status

        statuses: tuple[Status, ...] = get_args(Status)
        directions: tuple[Literal["min", "max"], ...] = ("min", "max")
        return client.cleanup(
            scenario=templated.names("scenario", self.scenario),
            run_collection=templated.names("run_collection", self.run_collection),
            status=templated.words("status", self.status, statuses),
            filter=templated.text("filter", self.filter),
            older_than=_span(self.older_than),
            keep_last=templated.integer("keep_last", self.keep_last),
            keep_best=templated.integer("keep_best", self.keep_best),
            metric=templated.text("metric", self.metric),
            direction=templated.word("direction", self.direction, directions),
            statistic=templated.word("statistic", self.statistic, get_args(Statistic)) or "last",
            **limits,
        )


def _span(given: timedelta | float | str | None) -> timedelta | float | str | None:
    """Text that is a number means seconds, as the number does."""
    return int(given) if isinstance(given, str) and given.strip().isdecimal() else given
