"""Who may do what: every route declares the scope it needs, and a route without one keeps the server from starting."""

import contextlib
import ipaddress
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import urlsplit

from litestar import Litestar
from litestar.connection import ASGIConnection
from litestar.handlers import HTTPRouteHandler
from litestar.handlers.base import BaseRouteHandler
from litestar.routes import HTTPRoute

from mbox_ops.entities.limits import Limits, check_text
from mbox_ops.errors import Forbidden, Unauthenticated
from mbox_ops.server.threads import Threads
from mbox_ops.service.access import Actor
from mbox_ops.service.tokens import Tokens
from mbox_ops.wire.encodings import NAMESPACE_HEADER

Scope = Literal["read", "write", "delete", "admin", "open"]
SCOPES = frozenset({"read", "write", "delete", "admin", "open"})
EVERYTHING = frozenset({"read", "write", "delete", "admin"})
DEFAULT_NAMESPACE = "default"


def admit(tokens: Tokens, headers: Mapping[str, str], limits: Limits) -> Actor:
    """The actor of a request with these headers.

    While no token was ever made, everybody on this machine is let in. Any process may make the first one, so this is
    asked at every request.

    Raises:
        Unauthenticated: there are tokens, and the request has none that is valid.
        Forbidden: the token does not open the namespace, or there are no tokens and the request is not local.
    """
    namespace = namespace_of(headers, limits)
    if secret := bearer_of(headers):
        return tokens.authenticate(secret, namespace)
    if tokens.any():
        raise Unauthenticated
    check_local(headers)
    return Actor(namespace=namespace, namespaces=None, scopes=EVERYTHING, name="loopback")


def guard(threads: Threads, tokens: Tokens, limits: Limits) -> Any:
    """The guard in front of every route; it leaves the actor in the request's state."""

    async def let_through(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        scope = handler.opt.get("scope")
        if scope in {"open", None}:  # None: the answer to OPTIONS that Litestar adds, which tells the methods
            return
        actor = await threads.run("quick", admit, tokens, connection.headers, limits)
        actor.require(scope)
        connection.scope["state"]["actor"] = actor

    return let_through


def check_scopes(app: Litestar) -> None:
    """Refuse an app with a route that declares no scope.

    Raises:
        RuntimeError: it names the routes.
    """
    naked = [
        f"{handler.handler_name} at {route.path}"
        for route in app.routes
        for handler in (route.route_handlers if isinstance(route, HTTPRoute) else [route.route_handler])
        if handler.opt.get("scope") not in SCOPES and not _answers_options(handler)
    ]
    if naked:
        raise RuntimeError(f"These routes declare no scope: {', '.join(naked)}. Give each opt={{'scope': ...}}.")


def _answers_options(handler: BaseRouteHandler) -> bool:
    """Whether this is the answer to OPTIONS that Litestar adds to every route."""
    return isinstance(handler, HTTPRouteHandler) and handler.http_methods == {"OPTIONS"}


def bearer_of(headers: Mapping[str, str]) -> str | None:
    """The token in the `Authorization` header, if there is one.

    Raises:
        Unauthenticated: the header holds something else.
    """
    given = headers.get("authorization")
    if given is None:
        return None
    scheme, _, secret = given.partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        raise Unauthenticated
    return secret.strip()


def namespace_of(headers: Mapping[str, str], limits: Limits) -> str:
    """The namespace that a request is for; its header is UTF-8, or Latin-1 where it is not that."""
    given = headers.get(NAMESPACE_HEADER.lower(), DEFAULT_NAMESPACE)
    with contextlib.suppress(UnicodeDecodeError):
        given = given.encode("latin-1").decode("utf-8")
    return check_text("namespace", given, most=limits.name)


def check_local(headers: Mapping[str, str]) -> None:
    """Refuse what a browser may send on behalf of another site while everybody on this machine is let in.

    Raises:
        Forbidden: the Host is not a loopback name (a rebound DNS name), or the Origin is another site's.
    """
    host = headers.get("host", "")
    if not is_loopback(_hostname(host)):
        raise Forbidden(
            f"While there is no token, only this machine is served, by a loopback name: not {host[:100]!r}.",
            host=host[:100],
        )
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2].lower() != host.lower():
        raise Forbidden(
            f"While there is no token, pages of other origins are refused: {origin[:100]!r}.", origin=origin[:100]
        )


def is_loopback(host: str) -> bool:
    """Whether a name or address stands for this machine alone: localhost, 127.0.0.0/8, ::1."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _hostname(netloc: str) -> str:
    try:
        return urlsplit(f"//{netloc}").hostname or ""
    except ValueError:
        return ""
