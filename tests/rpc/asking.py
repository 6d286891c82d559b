"""Calls over a real channel: through the stub, or as bytes that may be anything."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import grpc
from google.protobuf.descriptor import MethodDescriptor

from mbox_ops.wire.modelbox_pb2_grpc import ModelStoreStub


@dataclass(frozen=True)
class Refusal:
    """How a call failed."""

    status: str
    message: str
    error: dict[str, Any]
    request_id: str


class Caller:
    """A channel with a token and a namespace."""

    def __init__(self, address: str, token: str | None = None, namespace: str | None = None) -> None:
        self.address, self.token = address, token
        self.channel = grpc.insecure_channel(address)
        self.store = ModelStoreStub(self.channel)
        self.metadata: list[tuple[str, str | bytes]] = []
        if token is not None:
            self.metadata.append(("authorization", f"Bearer {token}"))
        if namespace is not None:
            self.metadata.append(("mbox-namespace", namespace))

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.channel.close()

    def ask(self, name: str, request: Any, *, timeout: float = 30, metadata: Iterable[Any] = ()) -> Any:
        """What a method answers; a stream as a list."""
        call = getattr(self.store, name)(request, timeout=timeout, metadata=[*self.metadata, *metadata])
        return list(call) if isinstance(call, grpc.Future) and hasattr(call, "__iter__") else call

    def refused(self, name: str, request: Any, **options: Any) -> Refusal:
        """How a method refuses."""
        return refusal(lambda: self.ask(name, request, **options))

    def raw(self, method: MethodDescriptor, body: bytes, metadata: Iterable[Any] = ()) -> Any:
        """Send bytes to a method, whatever streams it has; None, or how it refused."""
        path = f"/{method.containing_service.full_name}/{method.name}"
        headers = [*self.metadata, *metadata]
        calls = {
            (False, False): lambda: self.channel.unary_unary(path)(body, timeout=30, metadata=headers),
            (False, True): lambda: first_of(self.channel.unary_stream(path)(body, timeout=30, metadata=headers)),
            (True, False): lambda: self.channel.stream_unary(path)(iter([body]), timeout=30, metadata=headers),
        }
        call = calls[method.client_streaming, method.server_streaming]
        try:
            call()
        except grpc.RpcError as error:
            return told(error)
        return None


def first_of(call: Any) -> None:
    """Wait for the first answer, if there is one, and leave: a stream may have no end."""
    next(call, None)
    call.cancel()


def refusal(call: Any) -> Refusal:
    """How a call fails, which it has to."""
    try:
        answer = call()
    except grpc.RpcError as error:
        return told(error)
    raise AssertionError(f"it was answered: {answer}")


def told(error: Any) -> Refusal:
    """What a failed call says."""
    trailing = dict(error.trailing_metadata() or ())
    body = json.loads(trailing["mbox-error-bin"])["error"] if "mbox-error-bin" in trailing else {}
    return Refusal(error.code().name, error.details(), body, str(trailing.get("x-request-id", "")))
