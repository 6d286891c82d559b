"""Failures as browsers see them: a page that says what went wrong, or the way to sign in."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, quote

import structlog
from litestar import Request, Response

from mbox_ops.errors import InternalError, InvalidRequest, MboxError, MethodNotAllowed, Unauthenticated
from mbox_ops.server.failures import answer_failure, error_of
from mbox_ops.server.guards import SAFE
from mbox_ops.server.routes import Parts
from mbox_ops.server.ui.pages import respond, visit_of
from mbox_ops.server.ui.rendering import render
from mbox_ops.server.ui.visits import Answer, Visit, redirect
from mbox_ops.wire.status import HTTP_STATUS

log = structlog.get_logger("mbox_ops.server")
_TITLES = {
    "not_found": "Not found",
    "forbidden": "Not allowed",
    "unavailable": "Away for a moment",
    "internal": "The server failed",
    "conflict": "This is in the way",
    "stale": "This has changed",
}


def failure_handler(parts: Parts) -> Callable[[Request[Any, Any, Any], Exception], Response[bytes]]:
    """What answers an exception: a page where a page was asked for, else the API's body."""

    def answer(request: Request[Any, Any, Any], exception: Exception) -> Response[bytes]:
        if not _wants_page(request):
            return answer_failure(request, exception)
        error = error_of(request, exception)
        if type(error) is InternalError:
            log.error("page failed", path=request.scope["path"], exc_info=exception)
        visit = _visit(request, parts)
        return respond(visit, failure_page(visit, error, request))

    return answer


def failure_page(visit: Visit, error: MboxError, request: Request[Any, Any, Any]) -> Answer:
    """The page that tells of an error; who is not signed in is sent to do so."""
    here = f"{visit.path}?{visit.query}".rstrip("?")
    if isinstance(error, Unauthenticated):
        return redirect(visit.link("/sign-in", next=here if request.method in SAFE and here != "/" else None))
    opened = error.details.get("opens")
    if isinstance(opened, list) and request.method in SAFE and not _names_namespace(visit):
        return redirect(f"{here}{'&' if visit.query else '?'}namespace={quote(opened[0], safe='')}")
    if isinstance(error, MethodNotAllowed) and request.method == "GET":  # a form's address, looked at or come back to
        return redirect(visit.link(visit.path.rpartition("/")[0] or "/"))
    title = _TITLES.get(error.code, "This cannot be done" if isinstance(error, InvalidRequest) else "It did not work")
    return render(
        visit, "failure.html", status=HTTP_STATUS[error.code], title=title, error=error, lost=True,
        request_id=request.scope["state"].get("request_id", ""),
    )  # fmt: skip


def _names_namespace(visit: Visit) -> bool:
    return any(name == "namespace" for name, _ in parse_qsl(visit.query, keep_blank_values=True))


def _wants_page(request: Request[Any, Any, Any]) -> bool:
    """Whether it is for a browser: a page failed, or nothing is there and a page would be taken."""
    scope: Any = request.scope
    handler = scope.get("route_handler")
    if handler is not None and handler.opt.get("path", "").startswith(("/api", "/static", "/schema")):
        return False
    if handler is not None and handler.opt.get("page"):
        return True
    return "text/html" in request.headers.get("accept", "") and not scope["path"].startswith(("/api/", "/static/"))


def _visit(request: Request[Any, Any, Any], parts: Parts) -> Visit:
    try:
        return visit_of(request, parts)
    except InvalidRequest:  # of the namespace: the page says so, in the default one
        request.scope["query_string"] = b""
        return visit_of(request, parts)
