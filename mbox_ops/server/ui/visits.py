"""One request for a page: who asks, for what; and the answer to it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import quote, urlencode

from litestar.datastructures import Cookie

from mbox_ops.entities.limits import Limits
from mbox_ops.server.guards import DEFAULT_NAMESPACE, cookie_name, cookie_of
from mbox_ops.service.access import Actor
from mbox_ops.service.service import Service

QueryValue = str | int | bool | list[str] | None


@dataclass(frozen=True)
class Visit:
    """Who asks for a page, and how.

    Attributes:
        caller: None on pages that are open to everyone, and where nobody is signed in.
        namespace: the one that the page shows.
        path: as it was asked for, still percent-encoded.
        query: the query string, without its `?`.
        framed_by: the origins that may show pages in a frame.
        orchestrators: the addresses of deployments of Airflow and KFP, by `airflow/<instance>` and `kfp/<instance>`.
    """

    service: Service
    limits: Limits
    caller: Actor | None
    namespace: str
    headers: Mapping[str, str]
    path: str
    query: str
    framed_by: tuple[str, ...] = ()
    orchestrators: Mapping[str, str] = field(default_factory=dict)

    @property
    def actor(self) -> Actor:
        """Who asks; every page but the open ones has one."""
        assert self.caller is not None, "this page is open: it knows no actor"
        return self.caller

    def may(self, scope: str) -> bool:
        """Whether who asks has a scope: pages leave out what would be refused."""
        return self.caller is not None and ("admin" in self.caller.scopes or scope in self.caller.scopes)

    def cookie(self, name: str) -> str:
        """What the browser keeps under a name of ours for this address; nothing if it keeps nothing."""
        return cookie_of(self.headers, cookie_name(name, self.headers)) or ""

    def link(self, path: str, *parts: str, **query: QueryValue) -> str:
        """The address of a page in this page's namespace.

        Args:
            path: such as `/runs`.
            parts: what follows in the path, each quoted: `link("/runs", run_id, "metrics")`.
            query: its parameters; a list repeats one, None leaves it out, the namespace too.
        """
        where = "/".join([path.rstrip("/") if parts else path, *(quote(part, safe="") for part in parts)])
        if self.namespace != DEFAULT_NAMESPACE:
            query = {**query, "namespace": query.get("namespace", self.namespace)}
        pairs = [(name, _text(value)) for name, value in query.items() if value is not None]
        return f"{where}?{urlencode(pairs, doseq=True)}" if pairs else where


@dataclass(frozen=True)
class Answer:
    """What a page answers."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cookies: tuple[Cookie, ...] = ()

    def with_cookies(self, *cookies: Cookie) -> "Answer":
        """The same, with more cookies."""
        return replace(self, cookies=(*self.cookies, *cookies))


def redirect(location: str, *cookies: Cookie) -> Answer:
    """Go there, and ask with GET (303)."""
    return Answer(status=303, headers={"location": location}, cookies=cookies)


def cookie(
    name: str, value: str, *, seconds: int | None = None, secure: bool = False, readable: bool = False
) -> Cookie:
    """A cookie for all pages, which other sites' forms and pictures do not send.

    Args:
        seconds: how long it lasts; as long as the browser is open if None; 0 takes it away.
        secure: it is sent over HTTPS only.
        readable: scripts of the pages may read it.
    """
    return Cookie(
        key=name, value=value, path="/", max_age=seconds, secure=secure, httponly=not readable, samesite="lax"
    )


def is_https(headers: Mapping[str, str]) -> bool:
    """Whether the browser speaks HTTPS, be it to a proxy in front of the server: what posted a form says so."""
    return headers.get("origin", "").startswith("https://")


def _text(value: QueryValue) -> str | list[str]:
    if isinstance(value, list):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
