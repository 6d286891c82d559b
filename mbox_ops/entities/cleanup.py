"""Retention: rules that say which runs may go, and which stay whatever the rules say."""

from typing import Literal

import msgspec

from mbox_ops.entities.metrics import Statistic
from mbox_ops.entities.runs import Status

Reason = Literal["alive", "protected", "young", "last", "best", "unranked"]

MAX_RUNS = 1_000


class KeepBest(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keep the best runs of each collection by a metric.

    Attributes:
        metric: the metric's name.
        statistic: of the metric's points.
        direction: whether the least or the greatest is best.
        runs: how many to keep, 1 or more.
    """

    metric: str
    direction: Literal["min", "max"]
    runs: int
    statistic: Statistic = "last"


class Rules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """Which runs go: those of these scenarios, collections and states that meet the filter and are not kept.

    At least one of `older_than_seconds`, `keep_last`, `keep_best`, `status` and `filter` has to be given. Runs that
    count as alive and those with the tag `mbox.keep=true` always stay.

    Attributes:
        scenarios: names or ids; all scenarios if not given, none if empty.
        collections: names or ids of run collections; all if not given.
        status: one of these.
        filter: a condition in the filter language.
        older_than_seconds: runs that something was written to since stay; measured by the server's clock.
        keep_last: so many runs of each collection stay, those that were made last.
        keep_best: the best runs of each collection stay; all of a collection in which no run has the metric.
    """

    scenarios: list[str] | None = None
    collections: list[str] | None = None
    status: list[Status] | None = None
    filter: str | None = None
    older_than_seconds: int | None = None
    keep_last: int | None = None
    keep_best: KeepBest | None = None
