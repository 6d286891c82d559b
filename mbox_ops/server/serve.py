"""Serving: one process from the settings to the last answer."""

import contextlib
import signal
import socket
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, TextIO, cast

import structlog
import uvicorn

from mbox_ops.artifacts.blobs import Blobs
from mbox_ops.entities.limits import DEFAULT, Limits
from mbox_ops.errors import Forbidden, Unavailable
from mbox_ops.server import logs, memory
from mbox_ops.server.app import App, create_app
from mbox_ops.server.guards import is_loopback
from mbox_ops.server.jobs import jobs_of
from mbox_ops.server.protocol import Protocol
from mbox_ops.server.tls import Certificate, certificate_of
from mbox_ops.service.runs import LEASE_SECONDS
from mbox_ops.service.service import Service
from mbox_ops.settings import ServerSettings
from mbox_ops.store.database import Database

if TYPE_CHECKING:
    from mbox_ops.server.rpc.serving import RpcServer

SECONDS_TO_STOP = 10
BACKLOG = 2048
_GRPC = frozenset({"google", "grpc", "grpc_health", "grpc_reflection"})
log = structlog.get_logger("mbox_ops.server")


def serve(
    settings: ServerSettings,
    *,
    limits: Limits = DEFAULT,
    lease_seconds: float = LEASE_SECONDS,
    loop: str = "auto",
    out: TextIO = sys.stdout,
) -> None:
    """Serve until SIGTERM or SIGINT, then answer what is under way and stop.

    One line with the URL goes to `out` when the server takes requests; logs go to stderr.

    Args:
        settings: where to listen (port 0: a free one), where the data is, with which certificate, and what is logged.
        limits: of what is taken.
        lease_seconds: between two renewals of a run's lease; three missed ones give it up.
        loop: uvicorn's name of the event loop: `auto` (uvloop where it is installed) or `asyncio`.
        out: where the line goes.

    Raises:
        Unavailable: another server has the SQLite file, or the schema is of another version.
        Forbidden: the address is not loopback, and no token was ever made.
        OSError: the address is in use.
        ValueError, ImportError: the artifact store's URL is of no known kind, or its package is not installed; or the
            certificate is unusable.
    """
    logs.configure(settings.log_level)
    certificate = certificate_of(settings)
    with contextlib.ExitStack() as stack:
        database = stack.enter_context(Database(settings.database_url))
        database.lock_file()
        prepare(database)
        blobs = Blobs(settings.artifact_url)
        service = Service(database, limits=limits, lease_seconds=lease_seconds, blobs=blobs)
        service.beat()
        if settings.bootstrap_token:
            service.tokens.ensure(settings.bootstrap_token)
        check_address(settings.host, service)
        listener = stack.enter_context(contextlib.closing(listen(settings.host, settings.port)))
        server = uvicorn.Server(configuration(service, limits, loop, settings, certificate))
        jobs = jobs_of(service, cast("App", server.config.app).parts.metrics, certificate)
        stack.callback(jobs.stop)
        jobs.start()
        stack.enter_context(signals_end_quietly())
        stack.callback(log.info, "stopped")
        rpc = rpc_server(server, settings, certificate)
        announce = Announcing(
            server, rpc, url_of(listener, settings.host, "http" if certificate is None else "https"), out
        )
        announce.run(listener)


class Announcing:
    """A uvicorn server, with one for gRPC beside it, that says where it is as soon as it takes requests."""

    def __init__(self, server: uvicorn.Server, rpc: "RpcServer | None", url: str, out: TextIO) -> None:
        self._server, self._rpc = server, rpc
        self._url = url
        self._out = out
        self._startup, self._shutdown = server.startup, server.shutdown
        server.startup = self._start  # type: ignore[method-assign]
        server.shutdown = self._stop  # type: ignore[method-assign]

    def run(self, listener: socket.socket) -> None:
        """Serve on that socket until a signal ends it."""
        self._server.run(sockets=[listener])

    async def _start(self, sockets: list[socket.socket] | None = None) -> None:
        await self._startup(sockets)
        if not self._server.started:
            return
        more = ""
        if self._rpc is not None:
            await self._rpc.start()
            more = f", and for gRPC on {self._rpc.address}"
        memory.settle()
        log.info("listening", url=self._url, grpc=self._rpc and self._rpc.address)
        print(f"mbox-ops listens on {self._url}{more}", file=self._out, flush=True)

    async def _stop(self, sockets: list[socket.socket] | None = None) -> None:
        cast("App", self._server.config.app).parts.feed.close()  # streams that would never end
        if self._rpc is not None:
            await self._rpc.stop(SECONDS_TO_STOP)  # first: it works in the threads that the application closes
        await self._shutdown(sockets)


def rpc_server(server: uvicorn.Server, settings: ServerSettings, certificate: Certificate | None) -> "RpcServer | None":
    """The server for gRPC, with what HTTP's application is composed of; None where it is off or not installed."""
    if not settings.grpc_port:
        return None
    try:
        from mbox_ops.server.rpc.serving import RpcServer
    except ModuleNotFoundError as error:
        if error.name is None or error.name.split(".")[0] not in _GRPC:
            raise
        log.info("gRPC is off: it is not installed", missing=error.name, install="pip install 'mbox-ops[grpc]'")
        return None
    return RpcServer(cast("App", server.config.app).parts, settings.host, settings.grpc_port, certificate)


def prepare(database: Database) -> None:
    """Give a fresh database its tables; leave the tables of another version alone.

    Raises:
        Unavailable: the tables are older or newer; the message says what to do.
    """
    try:
        database.check_schema()
    except Unavailable as error:
        if "needed" not in error.details or "found" in error.details:
            raise
        database.upgrade()


def check_address(host: str, service: Service) -> None:
    """Refuse to open the service to other machines while it asks for no token.

    Raises:
        Forbidden: that would be so.
    """
    if is_loopback(host) or service.tokens.any():
        return
    raise Forbidden(
        f"{host!r} can be reached from other machines, and there is no token yet: make one with `mbox token create`, or"
        " set MBOX_BOOTSTRAP_TOKEN.",
        host=host,
    )


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; answers leave it at once (TCP_NODELAY), whichever event loop accepts."""
    family, kind, _, _, address = socket.getaddrinfo(
        host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP, flags=socket.AI_PASSIVE
    )[0]
    # The protocol is named: asyncio sets TCP_NODELAY only on sockets whose protocol says TCP.
    listener = socket.socket(family, kind, socket.IPPROTO_TCP)
    try:
        if sys.platform != "win32":  # there it would let two servers share the port
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        raise OSError(
            error.errno,
            f"HTTP cannot listen on {host}:{port}: {error.strerror}. Give another port with --port (MBOX_PORT).",
        ) from None
    return listener


def configuration(
    service: Service,
    limits: Limits,
    loop: str,
    settings: ServerSettings,
    certificate: Certificate | None = None,
) -> uvicorn.Config:
    """How uvicorn runs: HTTP only, no log of its own, and an end that does not wait for ever."""
    config = uvicorn.Config(
        create_app(service, limits=limits, framed_by=settings.frame_ancestors, orchestrators=settings.orchestrators),
        loop=loop,
        http=Protocol,
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        backlog=BACKLOG,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=SECONDS_TO_STOP,
    )
    config.load()
    if certificate is not None:
        config.ssl = certificate.context  # the same object for good: it takes renewed files
    return config


def url_of(listener: socket.socket, host: str, scheme: str) -> str:
    """The URL under which the server is reached from this machine."""
    port = listener.getsockname()[1]
    shown = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"{scheme}://[{shown}]:{port}" if ":" in shown else f"{scheme}://{shown}:{port}"


@contextlib.contextmanager
def signals_end_quietly() -> Iterator[None]:
    """Uvicorn raises the signal that ended it once more when it has stopped; what is left to close must still be."""
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
