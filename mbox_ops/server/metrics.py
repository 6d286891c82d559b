"""What Prometheus reads at /metrics, in a registry of our own."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from mbox_ops.entities.metrics import Block
from mbox_ops.entities.writers import Batch, BatchResult

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)


class Metrics:
    """Counters of what the server did since it started."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        route = ["method", "route"]
        self._requests = Counter("mbox_requests", "Requests answered.", [*route, "status"], registry=self.registry)
        self._seconds = Histogram(
            "mbox_request_seconds", "Time to answer a request.", route, buckets=SECONDS, registry=self.registry
        )
        self._batches = Counter("mbox_batches", "Batches by what became of them.", ["status"], registry=self.registry)
        self._points = Counter("mbox_points", "Metric points stored.", registry=self.registry)

    def answered(self, method: str, route: str, status: int | str, seconds: float) -> None:
        """Count one request."""
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def written(self, batch: Batch, result: BatchResult) -> None:
        """Count one batch."""
        self._batches.labels(result.status).inc()
        if result.status == "ok":
            self._points.inc(sum(map(points_of, batch.points)))

    def text(self) -> bytes:
        """All of it in the exposition format."""
        return generate_latest(self.registry)


def points_of(block: Block) -> int:
    """How many points a block holds."""
    return len(block.values) // 8 if isinstance(block.values, bytes) else len(block.values)
