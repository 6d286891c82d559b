"""Who may do what: every route declares the scope it needs, and a route without one keeps the server from starting."""

import contextlib
import ipaddress
from collections.abc import Mapping
from typing import Any, Literal
from urllib.parse import parse_qsl, unquote, urlsplit

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
SESSION_COOKIE = "mbox_session"  # holds the token of who has signed in
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def admit(
    tokens: Tokens, headers: Mapping[str, str], limits: Limits, *, namespace: str | None = None, safe: bool = False
) -> Actor:
    """The actor of a request with these headers.

    While no token was ever made, everybody on this machine is let in. Any process may make the first one, so this is
    asked at every request. A browser that is signed in sends its token as a cookie.

    Args:
        namespace: the one that is asked for; that of the headers if None.
        safe: the request changes nothing. Any other is taken with a cookie only from a page of ours.

    Raises:
        Unauthenticated: there are tokens, and the request has none that is valid.
        Forbidden: the token does not open the namespace; there are no tokens and the request is not local; or it comes
            with a cookie from another site.
    """
    if namespace is None:
        namespace = namespace_of(headers, limits)
    if secret := bearer_of(headers):
        return tokens.authenticate(secret, namespace)
    if not tokens.any():
        check_local(headers)
        return Actor(namespace=namespace, namespaces=None, scopes=EVERYTHING, name="loopback")
    if secret := cookie_of(headers, cookie_name(SESSION_COOKIE, headers)):
        if not safe:
            check_origin(headers)
        return tokens.authenticate(secret, namespace)
    raise Unauthenticated


def guard(threads: Threads, tokens: Tokens, limits: Limits) -> Any:
    """The guard in front of every route; it leaves the actor in the request's state."""

    async def let_through(connection: ASGIConnection[Any, Any, Any, Any], handler: BaseRouteHandler) -> None:
        scope = handler.opt.get("scope")
        if scope in {"open", None}:  # None: the answer to OPTIONS that Litestar adds, which tells the methods
            return
        namespace = namespace_asked(connection.scope["query_string"], limits) if handler.opt.get("page") else None
        safe = connection.scope.get("method") in SAFE
        actor = await threads.run("quick", admit, tokens, connection.headers, limits, namespace=namespace, safe=safe)
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


def cookie_of(headers: Mapping[str, str], name: str) -> str | None:
    """The cookie of that name, percent-decoded, if there is one."""
    for pair in headers.get("cookie", "").split(";"):
        found, _, value = pair.strip().partition("=")
        if found == name:
            return unquote(value)
    return None


def cookie_name(name: str, headers: Mapping[str, str]) -> str:
    """What a cookie of ours is called at the address that the browser asked.

    Cookies know hosts and no ports: without the port, signing in at one server would sign out at its neighbour.
    """
    port = _port(headers.get("host", ""))
    return name if port is None else f"{name}_{port}"


def namespace_of(headers: Mapping[str, str], limits: Limits) -> str:
    """The namespace that a request is for; its header is UTF-8, or Latin-1 where it is not that."""
    given = headers.get(NAMESPACE_HEADER.lower(), DEFAULT_NAMESPACE)
    with contextlib.suppress(UnicodeDecodeError):
        given = given.encode("latin-1").decode("utf-8")
    return check_text("namespace", given, most=limits.name)


def namespace_asked(query: bytes, limits: Limits) -> str:
    """The namespace that a page is asked for, by its query.

    Raises:
        InvalidRequest: no namespace can have that name.
    """
    pairs = parse_qsl(query.decode("latin-1"), keep_blank_values=True)
    given = next((value for name, value in pairs if name == "namespace"), DEFAULT_NAMESPACE)
    return check_text("namespace", given, most=limits.name)


def check_origin(headers: Mapping[str, str]) -> None:
    """Refuse what does not come from a page of ours; browsers send `Origin` with everything that may change something.

    Raises:
        Forbidden: the Origin is missing, or is not the Host.
    """
    origin, host = headers.get("origin", ""), headers.get("host", "")
    if not host or origin.partition("://")[2].lower() != host.lower():
        raise Forbidden(
            f"This is taken only from pages of {host[:100]!r}, and it comes from {origin[:100]!r}. A proxy in front of"
            " the server has to keep the Host.",
            origin=origin[:100], host=host[:100],
        )  # fmt: skip


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


def _port(netloc: str) -> int | None:
    try:
        return urlsplit(f"//{netloc}").port
    except ValueError:
        return None
