"""The composition root: the service, its routes, its guards, as one ASGI application."""

import time
from collections.abc import Mapping
from typing import Any, cast

import structlog
from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import HTTPScope, LifeSpanReceive, LifeSpanScope, LifeSpanSend, Message, Receive, Scope, Send

from mbox_ops.entities.limits import DEFAULT, Limits
from mbox_ops.server import request_ids
from mbox_ops.server.feed import Feed
from mbox_ops.server.guards import check_scopes, guard
from mbox_ops.server.metrics import Metrics
from mbox_ops.server.operations import OPERATIONS
from mbox_ops.server.routes import Parts, handler_of
from mbox_ops.server.threads import Threads
from mbox_ops.server.ui.failing import failure_handler
from mbox_ops.server.ui.sitemap import page_handlers
from mbox_ops.service.service import Service
from mbox_ops.wire.encodings import VERSION_HEADER, WIRE_VERSION

_ALWAYS = (
    (VERSION_HEADER.lower().encode(), str(WIRE_VERSION).encode()),
    (b"x-content-type-options", b"nosniff"),
)
_UNLESS_GIVEN = (
    (b"cache-control", b"no-store"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'"),
    (b"referrer-policy", b"no-referrer"),
)

log = structlog.get_logger("mbox_ops.server")


def create_app(
    service: Service,
    *,
    limits: Limits = DEFAULT,
    framed_by: tuple[str, ...] = (),
    orchestrators: Mapping[str, str] | None = None,
) -> "App":
    """The application that serves a service.

    Args:
        service: the rules; everything that is asked goes to it.
        limits: of bodies and names.
        framed_by: the origins that may show its pages in a frame.
        orchestrators: the addresses of deployments, which its pages lead back to: see `settings.ServerSettings`.

    Raises:
        RuntimeError: a route declares no scope.
    """
    threads = Threads()
    feed = Feed(service.changes, threads, limits)
    parts = Parts(
        service=service, limits=limits, threads=threads, metrics=Metrics(threads), feed=feed,
        framed_by=framed_by, orchestrators=orchestrators or {},
    )  # fmt: skip
    feed.show_in(parts.metrics.registry)
    app = App(
        parts,
        route_handlers=[*(handler_of(op, parts) for op in OPERATIONS), *page_handlers(parts)],
        guards=[guard(parts.threads, service.tokens, limits)],
        exception_handlers={Exception: failure_handler(parts)},
        on_shutdown=[feed.close, threads.close],
        logging_config=None,
        openapi_config=None,
        debug=False,
        pdb_on_exception=False,
        request_max_body_size=None,
    )
    check_scopes(app)
    return app


class App(Litestar):
    """Litestar with an envelope around every request, those that meet no route included: ids, headers, counts, log."""

    def __init__(self, parts: Parts, **options: Any) -> None:
        super().__init__(**options)
        self.parts = parts

    @staticmethod
    def _get_default_plugins(plugins: list[Any]) -> list[Any]:
        """None: they would import pydantic and attrs where those are installed, for models that we do not have."""
        return plugins

    async def __call__(
        self, scope: Scope | LifeSpanScope, receive: Receive | LifeSpanReceive, send: Send | LifeSpanSend
    ) -> None:
        """Serve one request, or the application's life."""
        if scope["type"] != ScopeType.HTTP:
            await super().__call__(scope, receive, send)
            return
        scope = cast("HTTPScope", scope)
        began = time.perf_counter()
        request_id = request_ids.begin(scope["headers"])
        scope.setdefault("state", {})["request_id"] = request_id
        scope["path"] = scope["raw_path"].decode("ascii")  # parts of the path are decoded one by one: see routes
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], *envelope(message["headers"], request_id)]
            await send(message)  # type: ignore[arg-type]

        try:
            await super().__call__(scope, receive, send_with_headers)
        finally:
            seconds = time.perf_counter() - began
            handler = cast("dict[str, Any]", scope).get("route_handler")  # none where no route was met
            route = "none" if handler is None else str(handler.opt.get("path", "other"))
            self.parts.metrics.answered(scope["method"], route, status, seconds)
            log.debug("answered", method=scope["method"], route=route, status=status, seconds=seconds)


def envelope(headers: Any, request_id: str) -> list[tuple[bytes, bytes]]:
    """The headers that every answer carries, beside its own."""
    given = {name.lower() for name, _ in headers}
    missing = [(name, value) for name, value in _UNLESS_GIVEN if name not in given]
    return [(request_ids.HEADER.encode(), request_id.encode()), *_ALWAYS, *missing]
