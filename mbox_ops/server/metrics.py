"""What Prometheus reads at /metrics, in a registry of our own. No label has values that callers choose."""

from collections.abc import Iterable
from functools import partial
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info, ProcessCollector, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from mbox_ops.entities.deletions import Left
from mbox_ops.entities.metrics import Block
from mbox_ops.entities.writers import Batch, BatchResult
from mbox_ops.server.threads import Threads

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
GRPC = "gRPC"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", GRPC})


class Metrics:
    """Counters of what the server did since it started.

    Args:
        threads: whose lanes are shown; none where they are not given.
    """

    content_type = CONTENT_TYPE_LATEST

    def __init__(self, threads: Threads | None = None) -> None:
        self.registry = CollectorRegistry()
        self._count_requests()
        self._count_batches()
        self._count_jobs()
        if threads is not None:
            self._show_lanes(threads)
        ProcessCollector(registry=self.registry)
        Info("mbox", "The program.", registry=self.registry).info({"version": version("mbox-ops")})

    def _count_requests(self) -> None:
        route = ["method", "route"]
        self._requests = Counter("mbox_requests", "Requests answered.", [*route, "status"], registry=self.registry)
        self._seconds = Histogram(
            "mbox_request_seconds", "Time to answer a request.", route, buckets=SECONDS, registry=self.registry
        )
        self._bytes = Counter("mbox_request_bytes", "Bytes of requests' bodies.", route, registry=self.registry)

    def _count_batches(self) -> None:
        registry = self.registry
        self._batches = Counter(
            "mbox_batches", "Batches by what became of them; a resend is a duplicate.", ["status"], registry=registry
        )
        self._points = Counter("mbox_points", "Metric points stored.", registry=registry)
        self._lost = Counter("mbox_batches_lost", "Batches that clients said they could not keep.", registry=registry)

    def _count_jobs(self) -> None:
        of, registry = ["job"], self.registry
        ended = "When a job last ended well, in seconds since 1970."
        self._job_runs = Counter("mbox_job_runs", "Times that a job ran.", [*of, "outcome"], registry=registry)
        self._job_items = Counter("mbox_job_items", "How much a job did, in its own unit.", of, registry=registry)
        self._job_seconds = Histogram("mbox_job_seconds", "Time of a job.", of, buckets=SECONDS, registry=registry)
        self._job_ended = Gauge("mbox_job_ended_seconds", ended, of, registry=registry)
        self._deletions = Gauge("mbox_deletions", "Deletions by state.", ["state"], registry=registry)
        self._left = Gauge("mbox_deleted_runs", "Deleted runs that are still there.", ["state"], registry=registry)

    def _show_lanes(self, threads: Threads) -> None:
        lane, registry = ["lane"], self.registry
        sizes = Gauge("mbox_lane_threads", "Threads of a lane.", lane, registry=registry)
        inside = Gauge("mbox_lane_requests", "Requests in a lane, those that wait included.", lane, registry=registry)
        refused = Gauge("mbox_lane_refused", "Requests refused because too many waited.", lane, registry=registry)
        for name, size in threads.sizes.items():
            sizes.labels(name).set(size)
            inside.labels(name).set_function(partial(threads.inside.__getitem__, name))
            refused.labels(name).set_function(partial(threads.refused.__getitem__, name))

    def answered(self, method: str, route: str, status: int | str, seconds: float) -> None:
        """Count one request."""
        method = method if method in _METHODS else "other"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def received(self, method: str, route: str, size: int) -> None:
        """Count the bytes of one request's body, or of a message of its stream."""
        self._bytes.labels(method, route).inc(size)

    def written(self, batch: Batch, result: BatchResult) -> None:
        """Count one batch."""
        self._batches.labels(result.status).inc()
        if result.status == "ok":
            self._points.inc(sum(map(points_of, batch.points)))
            self._lost.inc(batch.lost)

    def ran(self, job: str, *, at: float, seconds: float, items: int | None) -> None:
        """Count one run of a job that ended at that time; `items` is None if it failed."""
        self._job_runs.labels(job, "failed" if items is None else "ok").inc()
        self._job_seconds.labels(job).observe(seconds)
        if items is not None:
            self._job_items.labels(job).inc(items)
            self._job_ended.labels(job).set(at)

    def text(self, left: Iterable[Left] = ()) -> bytes:
        """All of it in the exposition format, with what deletions have left to purge."""
        for each in left:
            self._deletions.labels(each.state).set(each.deletions)
            self._left.labels(each.state).set(each.runs)
        return generate_latest(self.registry)


def points_of(block: Block) -> int:
    """How many points a block holds."""
    return len(block.values) // 8 if isinstance(block.values, bytes) else len(block.values)
