"""What the server does by itself: one thread that gives up lost runs, folds and seals metrics and purges deletions."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

import structlog

from mbox_ops.server.metrics import Metrics
from mbox_ops.server.tls import Certificate
from mbox_ops.service.clock import BEAT_SECONDS
from mbox_ops.service.service import Service

log = structlog.get_logger("mbox_ops.jobs")


@dataclass(frozen=True)
class Job:
    """Something to do every so often; `run` answers how much it did."""

    name: str
    period_seconds: float
    run: Callable[[], int]


class Jobs:
    """A daemon thread that runs jobs, each at its period, one at a time.

    Args:
        jobs: what to run, in order, when several are due.
        metrics: where each run of a job is counted.
        now: a clock in seconds that never goes back.
    """

    def __init__(
        self, jobs: list[Job], *, metrics: Metrics | None = None, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._jobs = jobs
        self._metrics = metrics or Metrics()
        self._now = now
        self._due = dict.fromkeys((job.name for job in jobs), now())
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._loop, name="mbox-jobs", daemon=True)

    def start(self) -> None:
        """Begin; every job is due at once."""
        self._thread.start()

    def stop(self, timeout_seconds: float = 10.0) -> None:
        """Let the present job come to its end, and run no further one."""
        self._stopped.set()
        if self._thread.is_alive():
            self._thread.join(timeout_seconds)

    def tick(self) -> None:
        """Run what is due. An error is logged, and that job is tried again after its period."""
        for job in self._jobs:
            if self._stopped.is_set() or self._now() < self._due[job.name]:
                continue
            self._due[job.name] = self._now() + job.period_seconds
            began, done = self._now(), None
            try:
                if done := job.run():
                    log.info("job done", job=job.name, count=done)
            except Exception:  # the outermost edge of the thread
                log.exception("job failed", job=job.name)
            self._metrics.ran(job.name, at=time.time(), seconds=self._now() - began, items=done)

    def _loop(self) -> None:
        while not self._stopped.is_set():
            self.tick()
            pause = min(self._due.values(), default=self._now() + 1.0) - self._now()
            self._stopped.wait(min(max(pause, 0.05), 1.0))


def jobs_of(service: Service, metrics: Metrics, certificate: Certificate | None = None) -> Jobs:
    """The jobs of a service, and of its certificate if it has one."""
    renewal = [] if certificate is None else [Job("renew the certificate", 2.0, certificate.refresh)]
    return Jobs(
        [
            Job("keep the clock", BEAT_SECONDS, service.beat),  # first: leases are not missed while the server is down
            Job("expire leases", service.lease_seconds / 2, service.runs.expire_leases),
            Job("fold metrics", 1.0, service.runs.fold_due),
            Job("seal metrics", 2.0, service.metrics.seal_due),
            Job("purge deletions", 1.0, service.deletions.purge_due),
            Job("give space back", 10.0, service.deletions.purging.give_space_back),
            Job("sweep the outbox", 10.0, service.changes.sweep),
            Job("collect blobs", 60.0, service.uploads.collect),
            Job("probe the blob store", 60.0, service.uploads.probe),
            Job("sweep the blob store", 600.0, service.uploads.sweep),
            *renewal,
        ],
        metrics=metrics,
    )
