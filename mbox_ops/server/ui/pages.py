"""Pages: what one is, said once, and the guarded route that is made from it.

A page is a plain synchronous function, as an operation of the API is:

    @page("GET", "/runs/{run_id}", scope="read")
    def overview(visit: Visit, run_id: str, query: NoQuery) -> Answer: ...

    @page("POST", "/runs/{run_id}/name", scope="write")
    def rename(visit: Visit, run_id: str, form: NewName) -> Answer: ...

`query` and `form` are Structs, read as strictly as the API reads a query. A form is taken only from our own pages: its
`Origin` must be this server, and it carries the CSRF token.
"""

import inspect
import typing
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from types import ModuleType
from typing import Any
from urllib.parse import unquote

import msgspec
from litestar import Request, Response
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler

from mbox_ops.server.bodies import media_type_of, read_body
from mbox_ops.server.guards import Scope, check_origin, cookie_name, namespace_asked
from mbox_ops.server.queries import NoQuery, decode_query
from mbox_ops.server.routes import LANES, PLACE, Parts, place
from mbox_ops.server.streams import Streamed, stream
from mbox_ops.server.ui.csrf import CSRF_COOKIE, CSRF_FIELD, check_token
from mbox_ops.server.ui.visits import Answer, Visit

FORM = "application/x-www-form-urlencoded"
MOST_FORM_BYTES = 1 << 20


@dataclass(frozen=True)
class Page:
    """One method of one page's path.

    Attributes:
        scope: what a visitor needs; `open` needs none.
    """

    method: str
    path: str
    scope: Scope
    fn: Callable[..., Answer | Streamed]

    @cached_property
    def types(self) -> dict[str, Any]:
        """The annotations of its parameters."""
        return typing.get_type_hints(self.fn)

    @property
    def places(self) -> list[str]:
        """The names of the parameters in its path."""
        return PLACE.findall(self.path)


def page(method: str, path: str, *, scope: Scope) -> Callable[[Callable[..., Answer | Streamed]], Page]:
    """Make a page of a function.

    Raises:
        TypeError: the function's parameters are not those of the path.
    """

    def make(fn: Callable[..., Answer | Streamed]) -> Page:
        made = Page(method, path, scope, fn)
        if set(inspect.signature(fn).parameters) - {"visit", "query", "form"} != set(made.places):
            raise TypeError(f"{fn.__qualname__} does not take what {path} gives: {made.places}.")
        return made

    return make


def pages_of(*modules: ModuleType) -> Iterator[Page]:
    """The pages that modules define, in their order."""
    for module in modules:
        yield from (value for value in vars(module).values() if isinstance(value, Page))


def handler_of(shown: Page, parts: Parts) -> HTTPRouteHandler:
    """The route handler of a page: the event loop reads, a thread does the rest."""

    async def handle(request: Request[Any, Any, State]) -> Response[Any]:
        body = await _form(request) if shown.method == "POST" else b""
        visit = visit_of(request, parts)
        answer = await parts.threads.run(LANES[shown.scope], perform, shown, request, visit, body)
        return stream(answer, parts.threads) if isinstance(answer, Streamed) else respond(visit, answer)

    return HTTPRouteHandler(
        PLACE.sub(r"{\1:str}", shown.path),
        http_method=shown.method,  # type: ignore[arg-type]
        name=f"page {shown.method} {shown.path}",
        opt={"scope": shown.scope, "path": shown.path, "page": True},
        status_code=200,
    )(handle)


def visit_of(request: Request[Any, Any, State], parts: Parts) -> Visit:
    """The visit that a request is."""
    actor = request.scope["state"].get("actor")
    return Visit(
        service=parts.service,
        limits=parts.limits,
        caller=actor,
        namespace=actor.namespace if actor else namespace_asked(request.scope["query_string"], parts.limits),
        headers=request.headers,
        path=request.scope["path"],
        query=request.scope["query_string"].decode("ascii", "replace"),
        framed_by=parts.framed_by,
        orchestrators=parts.orchestrators,
    )


def perform(shown: Page, request: Request[Any, Any, State], visit: Visit, body: bytes) -> Answer | Streamed:
    """Read what a page was asked, and answer it."""
    arguments: dict[str, object] = {name: place(name, request.path_params[name]) for name in shown.places}
    query_type = shown.types.get("query", NoQuery)
    query = decode_query(_without(request.scope["query_string"], "namespace"), query_type, visit.limits)
    if "query" in shown.types:
        arguments["query"] = query
    if shown.method == "POST":
        check_token(visit.cookie(CSRF_COOKIE), body)
        kind: type[msgspec.Struct] = shown.types.get("form", NoQuery)
        form = decode_query(_without(body, CSRF_FIELD), kind, visit.limits)
        if "form" in shown.types:
            arguments["form"] = form
    return shown.fn(visit, **arguments)


def respond(visit: Visit, answer: Answer) -> Response[bytes]:
    """The response that sends an answer; its cookies are of this address alone."""
    cookies = [replace(one, key=cookie_name(one.key, visit.headers)) for one in answer.cookies]
    return Response(
        answer.body, status_code=answer.status, headers=answer.headers, cookies=cookies,
        media_type=answer.headers.get("content-type", "text/html"),
    )  # fmt: skip


async def _form(request: Request[Any, Any, State]) -> bytes:
    check_origin(request.headers)
    media_type_of(request.headers, (FORM,))
    return await read_body(request.receive, request.headers, MOST_FORM_BYTES)


def _without(pairs: bytes, name: str) -> bytes:
    """A query without one of its parameters."""
    return b"&".join(pair for pair in pairs.split(b"&") if unquote(pair.partition(b"=")[0].decode("latin-1")) != name)
