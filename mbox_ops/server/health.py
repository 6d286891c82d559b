"""Health for those who run the service: alive, ready, and its numbers."""

import msgspec

from mbox_ops.server.routes import Call, Raw, operation


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The service is well."""

    status: str


@operation("GET", "/healthz", scope="open")
def healthz(call: Call) -> Health:
    """The process is alive.

    It says nothing about the database: restarting the process would not mend that.
    """
    return Health(status="ok")


@operation("GET", "/readyz", scope="open")
def readyz(call: Call) -> Health:
    """The process can serve: the database is reachable and its schema is the one that this version needs."""
    call.service.database.check_schema()
    return Health(status="ready")


@operation("GET", "/metrics", scope="read")
def prometheus(call: Call) -> Raw:
    """The server's counters in Prometheus' exposition format."""
    return Raw(call.metrics.text(), call.metrics.content_type)
