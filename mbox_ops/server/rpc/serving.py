"""The gRPC server: it starts and ends with HTTP's, in its event loop and with its threads."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Literal

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from mbox_ops.entities.tokens import Scope
from mbox_ops.errors import Forbidden, MboxError
from mbox_ops.server.routes import Parts
from mbox_ops.server.rpc.calls import SERVICE, matched
from mbox_ops.server.rpc.gate import Context, Headers, actor_of, answering, headers_of
from mbox_ops.server.rpc.handling import handler_of
from mbox_ops.server.rpc.methods import RPCS
from mbox_ops.server.tls import Certificate

MOST_CALLS = 1_024  # at once; beyond that the caller is told RESOURCE_EXHAUSTED
# What others' services need. A service that is not in here, and not ours, is closed.
SCOPES: dict[str, Scope | Literal["open"]] = {health.SERVICE_NAME: "open", reflection.SERVICE_NAME: "read"}


class RpcServer:
    """A server for gRPC beside one for HTTP.

    Args:
        parts: what HTTP's handlers are composed of, too.
        host: the address to bind.
        port: the port to listen on; 0 for a free one.
        certificate: for TLS; without one there is none.

    Attributes:
        address: where it listens, once it has started.

    Raises:
        RuntimeError: a method has no RPC, or an RPC no scope.
    """

    def __init__(self, parts: Parts, host: str, port: int, certificate: Certificate | None = None) -> None:
        rpcs = matched(RPCS)
        self._handlers = {method.name: handler_of(rpcs[method.name], method, parts) for method in SERVICE.methods}
        self._parts, self._host, self._port, self._certificate = parts, host, port, certificate
        self.address = ""

    async def start(self) -> None:
        """Take calls, from within the event loop.

        Raises:
            OSError: the address is in use.
        """
        self._server = grpc.aio.server(
            interceptors=[Gate(self._parts)],
            options=[
                ("grpc.max_receive_message_length", self._parts.limits.body_bytes),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", 0),  # two servers would share a port, and not notice
            ],
            maximum_concurrent_rpcs=MOST_CALLS,
        )
        handlers = grpc.method_handlers_generic_handler(SERVICE.full_name, self._handlers)
        self._server.add_generic_rpc_handlers((handlers,))
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        names = (SERVICE.full_name, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, self._server)
        self.address = self._listen()
        await self._server.start()
        for name in ("", SERVICE.full_name):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)

    async def stop(self, grace_seconds: float) -> None:
        """Take no more calls, and give those under way so long."""
        await self._health.enter_graceful_shutdown()
        await self._server.stop(grace_seconds)

    def _listen(self) -> str:
        host = f"[{self._host}]" if ":" in self._host else self._host
        try:
            port = self._bind(f"{host}:{self._port}")
        except RuntimeError:
            raise OSError(
                f"gRPC cannot listen on {host}:{self._port}. Give another port with --grpc-port"
                " (MBOX_GRPC_PORT); 0 turns gRPC off."
            ) from None
        return f"{host}:{port}"

    def _bind(self, address: str) -> int:
        certificate = self._certificate
        if certificate is None:
            return int(self._server.add_insecure_port(address))
        given = certificate.pair

        def configured() -> grpc.ServerCertificateConfiguration:
            return grpc.ssl_server_certificate_configuration([certificate.pair])

        def renewed() -> grpc.ServerCertificateConfiguration | None:  # asked at every handshake
            nonlocal given
            if certificate.pair is given:
                return None
            given = certificate.pair
            return configured()

        credentials = grpc.dynamic_ssl_server_credentials(
            configured(),
            renewed,  # type: ignore[arg-type]  # the stubs leave out that None stands for no change
        )
        return int(self._server.add_secure_port(address, credentials))


class Gate(grpc.aio.ServerInterceptor):
    """Guards services that are not ours.

    Each of our own methods guards itself, since its request may name a namespace.
    """

    def __init__(self, parts: Parts) -> None:
        self._parts = parts

    async def intercept_service(self, continuation: Callable[..., Awaitable[Any]], details: Any) -> Any:
        """The handler of a call, or one that refuses it."""
        service = details.method.rpartition("/")[0].lstrip("/")
        handler = await continuation(details)
        if handler is None or service == SERVICE.full_name or SCOPES.get(service) == "open":
            return handler
        try:
            headers = headers_of(details.invocation_metadata)
            await self._parts.threads.run("quick", self._check, service, headers)
        except MboxError as error:
            return refusing(self._parts, details.method, error)
        return handler

    def _check(self, service: str, headers: Headers) -> None:
        scope = SCOPES.get(service)
        if scope is None or scope == "open":
            raise Forbidden(f"The service {service!r} declares no scope, so it is closed.", service=service)
        actor_of(self._parts, headers).require(scope)


def refusing(parts: Parts, method: str, error: MboxError) -> Any:
    """A handler that answers any call with an error, whatever streams it has."""

    async def refuse(requests: AsyncIterator[bytes], context: Context) -> None:
        async with answering(parts, context, method.lstrip("/").replace("/", ".")):
            raise error

    return grpc.stream_unary_rpc_method_handler(refuse)
