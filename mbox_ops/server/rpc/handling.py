"""Handlers: the event loop moves bytes, and the threads that HTTP's requests run in do the rest."""

import contextlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from typing import Any

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import DecodeError, Message
from google.protobuf.message_factory import GetMessageClass

from mbox_ops.errors import InvalidRequest, MalformedRequest
from mbox_ops.server.metrics import GRPC
from mbox_ops.server.routes import Call, Parts
from mbox_ops.server.rpc.calls import Rpc, Sink
from mbox_ops.server.rpc.gate import Context, Headers, actor_of, answering, headers_of


def handler_of(rpc: Rpc, method: MethodDescriptor, parts: Parts) -> Any:
    """The handler that performs an RPC. Bytes go in and come out: messages are made and read in a thread."""
    perform = _Performance(rpc, method, parts)
    if method.client_streaming:
        return grpc.stream_unary_rpc_method_handler(perform.take)
    if method.server_streaming:
        return grpc.unary_stream_rpc_method_handler(perform.give)
    return grpc.unary_unary_rpc_method_handler(perform.answer)


class _Performance:
    """One RPC, as it is performed for each call."""

    def __init__(self, rpc: Rpc, method: MethodDescriptor, parts: Parts) -> None:
        self._rpc, self._parts, self._threads = rpc, parts, parts.threads
        self._request: type[Message] = GetMessageClass(method.input_type)
        self._name = method.full_name

    async def answer(self, raw: bytes, context: Context) -> bytes:
        """One request, one answer."""
        async with answering(self._parts, context, self._name):
            call, request = await self._threads.run(
                "quick", self._admit, raw, headers_of(context.invocation_metadata())
            )
            return await self._threads.run(self._rpc.lane, lambda: _bytes(self._rpc.fn(call, request)))

    async def give(self, raw: bytes, context: Context) -> AsyncIterator[bytes]:
        """One request, a stream of answers, each made when the one before was taken."""
        async with answering(self._parts, context, self._name):
            call, request = await self._threads.run(
                "quick", self._admit, raw, headers_of(context.invocation_metadata())
            )
            answers: Iterator[Message] | AsyncGenerator[Message, None] = self._rpc.fn(call, request)
            if isinstance(answers, AsyncGenerator):
                async with contextlib.aclosing(answers):
                    async for message in answers:
                        yield message.SerializeToString()
                return
            while (piece := await self._threads.run(self._rpc.lane, _next, answers)) is not None:
                yield piece

    async def take(self, stream: AsyncIterator[bytes], context: Context) -> bytes:
        """A stream of requests, one answer."""
        async with answering(self._parts, context, self._name):
            headers = headers_of(context.invocation_metadata())
            sink: Sink = self._rpc.fn(await self._threads.run("quick", self._call, headers))
            async for raw in stream:
                await self._threads.run(self._rpc.lane, self._hand, sink, raw)
                if sink.done:
                    break
            await self._threads.run("quick", self._call, headers)  # a long stream may outlive its token
            return await self._threads.run(self._rpc.lane, lambda: _bytes(sink.finish()))

    def _admit(self, raw: bytes, headers: Headers) -> tuple[Call, Message]:
        """Who asks, then what: nobody else has it read, or learns what is wrong with it.

        Only a request that may name its namespace is read before.
        """
        self._parts.metrics.received(GRPC, self._name, len(raw))
        request: Message | None = None
        if "namespace" in self._request.DESCRIPTOR.fields_by_name:
            with contextlib.suppress(InvalidRequest):  # it is told below, to those who may know
                request = self._read(raw)
        call = self._call(headers, getattr(request, "namespace", ""))
        return call, self._read(raw) if request is None else request

    def _call(self, headers: Headers, named: str = "") -> Call:
        actor = actor_of(self._parts, headers, named)
        actor.require(self._rpc.scope)  # type: ignore[arg-type] # `calls.matched` has let no open one through
        return Call(self._parts.service, self._parts.metrics, self._parts.feed, actor, headers)

    def _hand(self, sink: Sink, raw: bytes) -> None:
        self._parts.metrics.received(GRPC, self._name, len(raw))
        sink.take(self._read(raw))

    def _read(self, raw: bytes) -> Message:
        """The request in these bytes.

        Raises:
            MalformedRequest: they are no such message.
            InvalidRequest: there are fields in it that the service does not know.
        """
        request = self._request()
        try:
            request.ParseFromString(raw)
        except DecodeError as error:
            raise MalformedRequest(f"The request cannot be read: {error}.", field="request") from None
        size = request.ByteSize()
        request.DiscardUnknownFields()
        if request.ByteSize() != size:
            raise InvalidRequest(
                f"The request holds fields that {self._request.DESCRIPTOR.name} does not have here. Is the client newer"
                " than the service?",
                field="request", value=f"{size - request.ByteSize()} bytes",
            )  # fmt: skip
        return request


def _bytes(message: Message) -> bytes:
    return message.SerializeToString()


def _next(answers: Iterator[Message]) -> bytes | None:
    message = next(answers, None)
    return None if message is None else message.SerializeToString()
