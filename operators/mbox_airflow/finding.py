"""Runs that tasks look for: their own, another DAG run's, the best and the last of a collection."""

from __future__ import annotations

import logging
import math
from typing import TYPE_CHECKING, Any, Literal

from mbox_ops.client.http import HttpApi
from mbox_ops.entities.pages import Page
from mbox_ops.entities.runs import Run
from mbox_ops.errors import InternalError, Unavailable
from mbox_ops.wire.encodings import number_of

if TYPE_CHECKING:
    from mbox_ops.search.tree import Metric
    from mbox_ops.settings import ClientSettings

Better = Literal["higher", "lower"]

log = logging.getLogger(__name__)


class Finder:
    """Asks the service for runs; a context manager.

    Args:
        settings: which service, and as whom.
    """

    def __init__(self, settings: ClientSettings) -> None:
        self._api = HttpApi.of(settings)

    def __enter__(self) -> Finder:
        return self

    def __exit__(self, *_: object) -> None:
        self._api.close()

    def one(self, **query: Any) -> Run | None:
        """The first run that a query finds.

        Raises:
            MboxError: the service is away, or refused the question.
        """
        page = self._api.call("GET", "/runs", query={**query, "limit": 1}, result=Page[Run])
        return page.items[0] if page.items else None

    def best(self, than: Run, metric: Metric, better: Better) -> Run | None:
        """The best finished run of a run's collection beside itself; None if there is none with that metric."""
        from mbox_ops.search.showing import show

        name = show(metric)
        return self._other(than, f"{name} IS NOT NULL AND NOT {name} IS NAN", f"{'-' * (better == 'higher')}{name}")

    def last(self, than: Run) -> Run | None:
        """The finished run of a run's collection beside itself that ended last; None if there is none."""
        return self._other(than, "ended_at IS NOT NULL", "-ended_at")

    def _other(self, than: Run, condition: str, sort: str) -> Run | None:
        found = f"status = 'FINISHED' AND id != '{than.id}' AND {condition}"
        return self.one(scenario=than.scenario_id, collection=than.run_collection_id, filter=found, sort=sort)


def met(settings: ClientSettings, key: str, filter: str) -> str | None:
    """The id of the run with that key if it meets the filter now.

    None also while the service gives no answer: who waits goes on waiting.

    Raises:
        MboxError: the service refused the question.
    """
    try:
        with Finder(settings) as finder:
            run = finder.one(key=key, filter=filter)
    except (Unavailable, InternalError) as error:
        log.warning("The service gives no answer, so this goes on waiting: %s", error)
        return None
    return None if run is None else run.id


def metric_of(field: str, text: str) -> Metric:
    """A metric and its statistic as the filter language writes them, with or without `metrics.` in front.

    Raises:
        InvalidRequest: it is none.

    >>> metric_of("metric", "val/loss.min")
    Metric(name='val/loss', stat='min')
    """
    from mbox_ops.search.parser import parse_field
    from mbox_ops.search.tree import Metric

    found = parse_field(text if text.startswith("metrics.") else f"metrics.{text}", field=field)
    assert isinstance(found, Metric)
    return found


def value_of(run: Run, metric: Metric) -> float | None:
    """What a run has there; None if it is missing, NaN or no number."""
    value = number_of(run.metrics.get(metric.name), metric.stat)
    return None if value is None or math.isnan(value) else value
