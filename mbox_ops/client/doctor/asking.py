"""The service itself: does it answer, what may the token do, and do clocks and versions go together?"""

import time
from collections.abc import Iterator
from importlib.metadata import version

import msgspec

from mbox_ops.client.http import HttpApi
from mbox_ops.entities.findings import Finding, failed, ok, warning
from mbox_ops.errors import Forbidden, MboxError, Unauthenticated, Unavailable
from mbox_ops.settings import ClientSettings
from mbox_ops.wire.encodings import JSON, WIRE_VERSION

_SKEW = 5.0  # seconds
# What needs each scope. The bodies are none that the service could take: it looks at the token first.
_DOORS = (("read", "GET", "/runs"), ("write", "POST", "/batches"), ("delete", "POST", "/deletions"))
_NO_BODY = b"[]"


class _Told(msgspec.Struct):
    now: int
    wire_version: int
    version: str = ""


def answers(settings: ClientSettings) -> Iterator[Finding]:
    """What the service says to these settings."""
    api = HttpApi.of(settings, deadline=0.0)
    found = list(_token(api, settings))
    yield from found
    if found[-1].state == "failed":
        return
    began = time.time()
    try:
        told = api.call("GET", "/time", result=_Told)
    except MboxError:  # who may only write is not told
        return
    ended = time.time()
    yield _clock(told.now / 1e6 - (began + ended) / 2, (ended - began) / 2)
    yield _versions(told)


def _token(api: HttpApi, settings: ClientSettings) -> Iterator[Finding]:
    try:
        scopes = {scope: _opens(api, method, path) for scope, method, path in _DOORS}
    except Unauthenticated as error:
        yield failed("token", str(error), "Set MBOX_TOKEN to a token that is valid: `mbox token create`.")
        return
    except Unavailable as error:
        yield failed("service", str(error), "Look at the service's log, and at what is between it and here.")
        return
    except MboxError as error:
        yield failed("service", str(error), "Look at the service's log.")
        return
    yield ok("service", "It answers.")
    may = [scope for scope, opens in scopes.items() if opens]
    says = f"In the namespace {settings.namespace!r}, {_who(settings)} may {', '.join(may) or 'do nothing'}."
    if "read" in may and "write" in may:
        yield ok("token", says)
    else:
        do = "Where it should do more: `mbox token create NAME --scope read --scope write --namespace NAMESPACE`."
        yield (warning if may else failed)("token", says, do)


def _opens(api: HttpApi, method: str, path: str) -> bool:
    """Whether a token opens a route; whatever else is wrong with the request comes later.

    Raises:
        Unauthenticated, Unavailable: it cannot be told.
    """
    try:
        query = {"limit": 1} if method == "GET" else None
        body = _NO_BODY if method == "POST" else None
        api.call(method, path, body=body, result=msgspec.Raw, query=query, media_type=JSON)
    except Forbidden:
        return False
    except (Unauthenticated, Unavailable):
        raise
    except MboxError as error:
        if error.code == "internal":
            raise
    return True


def _who(settings: ClientSettings) -> str:
    return "the token" if settings.token else "everybody (there is no token)"


def _clock(skew: float, uncertain: float) -> Finding:
    says = f"This machine's clock is {abs(skew):.1f} s {'behind' if skew > 0 else 'ahead of'} the service's."
    if abs(skew) - uncertain <= _SKEW:
        return ok("clock", f"{says} (± {uncertain:.1f} s)")
    return warning("clock", says, "Let both machines synchronise their clocks (NTP): points carry this machine's time.")


def _versions(told: _Told) -> Finding:
    says = f"client {version('mbox-ops')}, service {told.version or 'unknown'}, wire {WIRE_VERSION}/{told.wire_version}"
    if told.wire_version < WIRE_VERSION:
        return warning("versions", says, "The service is older: upgrade it before its clients.")
    return ok("versions", says)
