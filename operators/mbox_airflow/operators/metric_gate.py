"""The operator that lets a DAG go on only if a metric is good enough."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from mbox_airflow.operators.operator import MboxOperator
from mbox_ops.errors import InvalidRequest, NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from mbox_airflow.context import TaskIdentity
    from mbox_airflow.finding import Better, Finder
    from mbox_ops.entities.runs import Run
    from mbox_ops.entities.writers import Batch
    from mbox_ops.search.tree import Metric

Otherwise = Literal["fail", "skip", "branch", "warn"]
OTHERWISE = ("fail", "skip", "branch", "warn")


class Verdict(NamedTuple):
    """What the gate found.

    Attributes:
        reasons: why it does not pass; none if it does.
    """

    value: float | None
    baseline: Run | None
    baseline_value: float | None
    reasons: list[str]


class MetricGateOperator(MboxOperator):
    """Passes if a metric of the DAG run's run is good enough, by a number, by another run, or by both.

    The outcome is logged to the run as the event `metric_gate`, and returned, before anything is failed or skipped.

    Args:
        metric: a metric and its statistic, as the filter language writes them: `accuracy.max`, `val/loss.min`; the
            last value if no statistic is named. A metric that is missing or NaN does not pass.
        at_least: the value must not be below this number.
        at_most: the value must not be above it.
        baseline: the value must not be worse than that of this run: `best` (of the finished runs of the collection),
            `last` (of them, by their end), a run's key or its id. Where there is none yet, `best` and `last` pass.
        better: whether `higher` or `lower` values are better; needed for a baseline.
        tolerance: how much worse than the baseline the value may be, as a difference.
        otherwise: what happens if it does not pass: `fail` fails the task, for good; `skip` skips what follows;
            `branch` goes on with `follow_otherwise`; `warn` logs a warning and goes on.
        follow, follow_otherwise: with `branch`, the ids of tasks or task groups to go on with.
        **kwargs: what `MboxOperator` and Airflow's operators take.

    Example:
        >>> MetricGateOperator(task_id="gate", metric="accuracy", at_least=0.9, baseline="best", better="higher")
        <Task(MetricGateOperator): gate>
    """

    inherits_from_skipmixin = True  # what Airflow asks of a task that skips others, before it runs those again
    template_fields: Sequence[str] = (
        *MboxOperator.template_fields, "metric", "at_least", "at_most", "baseline", "better", "tolerance", "otherwise",
    )  # fmt: skip

    def __init__(
        self,
        *,
        metric: str,
        at_least: float | str | None = None,
        at_most: float | str | None = None,
        baseline: str | None = None,
        better: Better | str | None = None,
        tolerance: float | str = 0.0,
        otherwise: Otherwise | str = "fail",
        follow: str | list[str] | None = None,
        follow_otherwise: str | list[str] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.metric = metric
        self.at_least = at_least
        self.at_most = at_most
        self.baseline = baseline
        self.better = better
        self.tolerance = tolerance
        self.otherwise = otherwise
        self.follow = follow
        self.follow_otherwise = follow_otherwise

    def act(self, context: Context) -> dict[str, Any]:
        """Judge, log the outcome, and say it."""
        from mbox_airflow.finding import Finder, metric_of

        self._check()
        metric = metric_of("metric", self.metric)
        identity = self.identified(context)
        with Finder(identity.settings) as finder:
            run = finder.one(key=identity.key)
            if run is None:
                raise NotFound("run", identity.key, identity.settings.namespace)
            self._verdict = self._judge(finder, run, metric)
        receipt = self.written(context, identity)
        found = self._verdict
        return {
            **receipt, "passed": not found.reasons, "reasons": found.reasons, "value": found.value,
            "baseline_run_id": found.baseline.id if found.baseline else None, "baseline_value": found.baseline_value,
        }  # fmt: skip

    def finish(self, context: Context, receipt: dict[str, Any]) -> dict[str, Any]:
        """Go on, or do what is to be done otherwise; the receipt is in XCom already."""
        from airflow.sdk.exceptions import AirflowFailException, AirflowSkipException

        if "passed" not in receipt:  # nothing was judged, and on_error='warn' lets the task go on
            return receipt
        passed = bool(receipt["passed"])
        context["ti"].xcom_push(key="return_value", value=receipt)
        if self.otherwise == "branch":
            from airflow.sdk.bases.branch import BranchMixIn  # only when it is needed: parsing a DAG must stay cheap

            branching = BranchMixIn()  # type: ignore[no-untyped-call]  # Airflow gives it no types
            branching.do_branch(context, self.follow if passed else self.follow_otherwise)
        elif not passed:
            sentence = f"The gate is closed: {' '.join(receipt['reasons'])}"
            if self.otherwise == "fail":
                raise AirflowFailException(sentence)
            if self.otherwise == "skip":
                raise AirflowSkipException(sentence)
            self.log.warning("%s otherwise='warn' lets the DAG go on.", sentence)
        return receipt

    def fill(self, batch: Batch, context: Context, identity: TaskIdentity) -> None:
        """The event that tells the outcome."""
        from mbox_ops.client import parts
        from mbox_ops.client.values import Event

        found = self._verdict
        told = {
            "metric": self.metric, "value": _shown(found.value), "passed": not found.reasons, "reasons": found.reasons,
            "baseline_run_id": found.baseline.id if found.baseline else None,
            "baseline_value": _shown(found.baseline_value),
        }  # fmt: skip
        batch.events = [parts.event_record(Event(name="metric_gate", source=self.task_id, metadata=told))]

    def _check(self) -> None:
        from mbox_airflow import templated

        for name in ("at_least", "at_most", "tolerance"):
            if _given(value := getattr(self, name)):
                templated.number(name, value)
        if self.otherwise not in OTHERWISE:
            raise InvalidRequest(
                f"otherwise must be one of {', '.join(OTHERWISE)}, not {self.otherwise!r}.",
                field="otherwise", value=self.otherwise,
            )  # fmt: skip
        if self.otherwise == "branch" and not (self.follow and self.follow_otherwise):
            raise InvalidRequest(
                "otherwise='branch' needs both follow and follow_otherwise: the tasks to go on with.", field="follow"
            )
        if not _given(self.at_least) and not _given(self.at_most) and not self.baseline:
            raise InvalidRequest("Give at least one of at_least, at_most and baseline.", field="at_least")
        if self.baseline and self.better not in ("higher", "lower"):
            raise InvalidRequest(
                f"A baseline needs better='higher' or better='lower', not {self.better!r}.",
                field="better", value=self.better,
            )  # fmt: skip

    def _judge(self, finder: Finder, run: Run, metric: Metric) -> Verdict:
        from mbox_airflow import templated
        from mbox_airflow.finding import value_of

        value = value_of(run, metric)
        baseline = self._baseline(finder, run, metric)
        theirs = None if baseline is None else value_of(baseline, metric)
        if value is None:
            return Verdict(None, baseline, theirs, [f"The run has no number for {self.metric!r}."])
        reasons = []
        if _given(self.at_least) and not value >= (least := templated.number("at_least", self.at_least)):
            reasons.append(f"{self.metric} is {value}, below {least}.")
        if _given(self.at_most) and not value <= (most := templated.number("at_most", self.at_most)):
            reasons.append(f"{self.metric} is {value}, above {most}.")
        if theirs is not None and baseline is not None:
            slack = templated.number("tolerance", self.tolerance)
            if not (value >= theirs - slack if self.better == "higher" else value <= theirs + slack):
                reasons.append(f"{self.metric} is {value}, worse than {theirs} of run {baseline.name!r}.")
        return Verdict(value, baseline, theirs, reasons)

    def _baseline(self, finder: Finder, run: Run, metric: Metric) -> Run | None:
        if not self.baseline:
            return None
        if self.baseline == "best":
            return finder.best(run, metric, "higher" if self.better == "higher" else "lower")
        if self.baseline == "last":
            return finder.last(run)
        found = finder.one(key=self.baseline) or finder.one(run_id=self.baseline)
        if found is None:
            raise NotFound("run", self.baseline, run.namespace)
        return found


def _given(number: float | str | None) -> bool:
    return number is not None and number != ""


def _shown(value: float | None) -> float | str | None:
    from mbox_ops.wire.encodings import to_wire

    return None if value is None else to_wire(value)
