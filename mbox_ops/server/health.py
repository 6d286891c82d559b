"""Health for those who run the service: alive, ready, and its numbers."""

import msgspec

from mbox_ops.server.routes import Call, Raw, operation
from mbox_ops.service.uploads import StoreState


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The service is well."""

    status: str


class Readiness(msgspec.Struct, frozen=True, kw_only=True):
    """The service can serve.

    Attributes:
        status: `ready`.
        artifacts: whether the store for artifacts' bytes took some within the last minute: `ok`, `full`, `away`;
            `unknown` before the first look, `none` where there is no store.
    """

    status: str
    artifacts: StoreState


@operation("GET", "/healthz", scope="open")
def healthz(call: Call) -> Health:
    """The process is alive.

    It says nothing about the database: restarting the process would not mend that.
    """
    return Health(status="ok")


@operation("GET", "/readyz", scope="open")
def readyz(call: Call) -> Readiness:
    """The process can serve: the database is reachable and its schema is the one that this version needs.

    A store for artifacts that is away is told and no reason to be unready: every replica would be at once, and nobody
    could log a metric.
    """
    call.service.database.check_schema()
    return Readiness(status="ready", artifacts=call.service.uploads.store_state)


@operation("GET", "/metrics", scope="read")
def prometheus(call: Call) -> Raw:
    """The server's counters in Prometheus' exposition format."""
    left = call.service.deletions.purging.left()
    return Raw(call.metrics.text(left), call.metrics.content_type)
