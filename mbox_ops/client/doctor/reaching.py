"""The way to the service: its address, its name, a connection, its certificate."""

import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from mbox_ops.client.http import LOOPBACK
from mbox_ops.entities.findings import Finding, failed, ok, skipped, warning
from mbox_ops.settings import ClientSettings

SECONDS = 5.0
_SOON = 14 * 86_400  # a certificate should be renewed by then
_DAY = 86_400
_PORTS = {"http": 80, "https": 443}


def way(settings: ClientSettings) -> Iterator[Finding]:
    """Each part of the way in turn, up to the first that is broken; the caller goes on if none has failed."""
    try:
        parts = urlsplit(settings.url)
        port = parts.port or _PORTS.get(parts.scheme)
    except ValueError:
        parts, port = urlsplit(""), None
    if port is None or not parts.hostname:
        yield failed("address", f"{settings.url!r} is no address of a service.", "Set MBOX_URL to http(s)://host:port.")
        return
    yield ok("address", settings.url)
    if proxy := _proxy(settings.url, parts.hostname):
        yield skipped("connection", f"A proxy is in between ({proxy}); see whether the service answers.")
        return
    found = _look_up(parts.hostname, port)
    yield found
    if found.state == "failed":
        return
    found = _connect(parts.hostname, port)
    yield found
    if found.state == "ok" and parts.scheme == "https":
        yield _certificate(parts, port, settings.verify)


def _proxy(url: str, host: str) -> str | None:
    if host in LOOPBACK:
        return None
    from requests.utils import get_environ_proxies, select_proxy

    proxy = select_proxy(url, get_environ_proxies(url))
    return None if proxy is None else str(urlsplit(proxy).hostname)


def _look_up(host: str, port: int) -> Finding:
    try:
        found = {info[4][0] for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError as error:
        return failed(
            "name", f"{host!r} has no address: {error.strerror}.", "Look at the host in MBOX_URL, and at DNS."
        )
    return ok("name", f"{host} is {', '.join(sorted(map(str, found)))}")


def _connect(host: str, port: int) -> Finding:
    began = time.perf_counter()
    try:
        socket.create_connection((host, port), timeout=SECONDS).close()
    except OSError as error:
        return failed(
            "connection", f"{host}:{port} does not take a connection: {error.strerror or error}.",
            "Start the service (`mbox serve`), or look at its address, port and firewall.",
        )  # fmt: skip
    return ok("connection", f"{host}:{port} in {1_000 * (time.perf_counter() - began):.0f} ms")


def _certificate(parts: SplitResult, port: int, verify: bool | str) -> Finding:
    host = parts.hostname or ""
    try:
        context = _context(verify)
        with (
            socket.create_connection((host, port), timeout=SECONDS) as plain,
            context.wrap_socket(plain, server_hostname=host) as secure,
        ):
            shown: Any = secure.getpeercert()
            spoken = secure.version()
    except (OSError, ValueError) as error:
        return failed(
            "certificate", f"It is refused: {getattr(error, 'verify_message', '') or error}.",
            "Set REQUESTS_CA_BUNDLE to the file of the authority that signed it; it must be for the host in MBOX_URL.",
        )  # fmt: skip
    if not shown:
        return warning("certificate", "It is not checked.", "Let the connection verify it (`verify`).")
    left = ssl.cert_time_to_seconds(shown["notAfter"]) - time.time()
    says = f"{spoken}, until {shown['notAfter']}"
    return ok("certificate", says) if left > _SOON else warning("certificate", says, "Renew it.")


def _context(verify: bool | str) -> ssl.SSLContext:
    from requests.utils import DEFAULT_CA_BUNDLE_PATH

    if verify is False:
        return ssl._create_unverified_context()  # noqa: S323 - somebody has switched it off, and is told so
    authorities = DEFAULT_CA_BUNDLE_PATH if verify is True else verify
    if Path(authorities).is_dir():  # as `requests` takes it, too
        return ssl.create_default_context(capath=authorities)
    return ssl.create_default_context(cafile=authorities)
