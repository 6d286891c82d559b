"""Operations: what a route is, said once. Its handler and its place in the OpenAPI document are made from it.

An operation is a plain function. Its annotations say what it takes and gives:

    @operation("POST", "/api/v1/runs/{run_id}/metadata", scope="write")
    def merge(call: Call, run_id: str, body: dict[str, Any]) -> BatchResult: ...

One that waits for something is a coroutine function: it runs in the event loop, and holds no thread meanwhile.

`call` is who asks; `query` is a Struct of query parameters; `body` is what the body is read as; all other parameters
are parts of the path.
"""

import gzip
import inspect
import re
import typing
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import ModuleType
from typing import Any, cast
from urllib.parse import unquote

import msgspec
from litestar import Request, Response
from litestar.datastructures import State
from litestar.handlers import HTTPRouteHandler

from mbox_ops.entities.limits import Limits
from mbox_ops.entities.writers import Batch, BatchResult
from mbox_ops.errors import NotFound
from mbox_ops.server.answers import accepted, is_squeezed, render
from mbox_ops.server.bodies import MEDIA_TYPES, decode_body, media_type_of, read_body
from mbox_ops.server.event_streams import EventStream, send_events
from mbox_ops.server.feed import Feed
from mbox_ops.server.guards import Scope
from mbox_ops.server.metrics import Metrics
from mbox_ops.server.queries import NoQuery, decode_query
from mbox_ops.server.streams import Streamed, stream
from mbox_ops.server.threads import Lane, Threads
from mbox_ops.service.access import Actor
from mbox_ops.service.service import Service
from mbox_ops.wire.encodings import OCTETS

LANES: dict[Scope, Lane] = {"open": "quick", "read": "read", "write": "write", "delete": "write", "admin": "write"}
PLACE = re.compile(r"\{(\w+)\}")
_RESERVED = frozenset({"call", "query", "body"})


class Raw(msgspec.Struct, frozen=True):
    """An answer as bytes, and their media type; `squeezed`: they are compressed by gzip."""

    content: bytes
    media_type: str
    squeezed: bool = False


@dataclass(frozen=True)
class Call:
    """Who asks, and whom to ask.

    Attributes:
        caller: None only on open routes.
        headers: of the request.
    """

    service: Service
    metrics: Metrics
    feed: Feed
    caller: Actor | None
    headers: Mapping[str, str]

    @property
    def actor(self) -> Actor:
        """Who asks; every route but the open ones has one."""
        assert self.caller is not None, "this route is open: it knows no actor"
        return self.caller

    def write(self, batch: Batch) -> BatchResult:
        """Write a batch, and count it."""
        result = self.service.batches.write(self.actor, batch)
        self.metrics.written(batch, result)
        return result


@dataclass(frozen=True)
class Parts:
    """What handlers are composed of.

    Attributes:
        framed_by: the origins that may show pages in a frame.
        orchestrators: the addresses of deployments of Airflow and KFP, by `airflow/<instance>` and `kfp/<instance>`.
    """

    service: Service
    limits: Limits
    threads: Threads
    metrics: Metrics
    feed: Feed
    framed_by: tuple[str, ...] = ()
    orchestrators: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Operation:
    """One method of one path.

    Attributes:
        scope: what a token needs; `open` needs none.
        errors: codes it may answer beyond those that every operation of its kind may.
        example: of the body.
    """

    method: str
    path: str
    scope: Scope
    fn: Callable[..., object]
    errors: tuple[str, ...] = ()
    example: Any = None

    @property
    def lane(self) -> Lane:
        """The threads it is performed in."""
        return "bytes" if self.takes_bytes or self.answer is Streamed else LANES[self.scope]

    @property
    def waits(self) -> bool:
        """Whether it is a coroutine, which holds no thread while it waits."""
        return inspect.iscoroutinefunction(self.fn)

    @property
    def takes_bytes(self) -> bool:
        """Whether its body is bytes as they are."""
        return self.types.get("body") is bytes

    @property
    def name(self) -> str:
        """Its id in the OpenAPI document."""
        return self.fn.__name__

    @cached_property
    def types(self) -> dict[str, Any]:
        """The annotations of its parameters and, as `return`, of its answer."""
        return typing.get_type_hints(self.fn)

    @property
    def answer(self) -> Any:
        """The type of its answer."""
        return self.types["return"]

    @property
    def query(self) -> type[msgspec.Struct]:
        """The Struct of its query parameters."""
        return typing.cast("type[msgspec.Struct]", self.types.get("query", NoQuery))

    @property
    def places(self) -> list[str]:
        """The names of the parameters in its path."""
        return PLACE.findall(self.path)


def operation(
    method: str, path: str, *, scope: Scope, errors: tuple[str, ...] = (), example: Any = None
) -> Callable[[Callable[..., object]], Operation]:
    """Make an operation of a function.

    Raises:
        TypeError: the function's parameters are not those of the path.
    """

    def make(fn: Callable[..., object]) -> Operation:
        made = Operation(method, path, scope, fn, errors, example)
        if set(inspect.signature(fn).parameters) - _RESERVED != set(made.places):
            raise TypeError(f"{fn.__qualname__} does not take what {path} gives: {made.places}.")
        return made

    return make


def operations_of(*modules: ModuleType) -> Iterator[Operation]:
    """The operations that modules define, in their order."""
    for module in modules:
        yield from (value for value in vars(module).values() if isinstance(value, Operation))


def handler_of(op: Operation, parts: Parts) -> HTTPRouteHandler:
    """The route handler that performs an operation: the event loop reads, a thread does the rest."""

    async def handle(request: Request[Any, Any, State]) -> Response[Any]:
        headers = request.headers
        body_type = media_type_of(headers, (OCTETS,) if op.takes_bytes else MEDIA_TYPES) if "body" in op.types else ""
        most = parts.limits.part_bytes if op.takes_bytes else parts.limits.body_bytes
        body = await read_body(request.receive, headers, most) if body_type else b""
        if body:
            parts.metrics.received(op.method, op.path, len(body))
        call = Call(parts.service, parts.metrics, parts.feed, request.scope["state"].get("actor"), headers)
        wanted = accepted(headers)

        def perform() -> Raw | Streamed | None:
            arguments = _arguments(op, request, body, body_type, parts.limits)
            answer = op.fn(call, **arguments)
            if answer is None or isinstance(answer, Raw | Streamed):
                return answer
            content = render(answer, wanted)
            squeezed = is_squeezed(content, wanted, headers)
            return Raw(gzip.compress(content, 1, mtime=0) if squeezed else content, wanted, squeezed)

        async def perform_waiting() -> Raw | EventStream:
            arguments = await parts.threads.run("quick", _arguments, op, request, body, body_type, parts.limits)
            answer = await cast("Awaitable[object]", op.fn(call, **arguments))
            return answer if isinstance(answer, EventStream) else Raw(render(answer, wanted), wanted)

        raw = await perform_waiting() if op.waits else await parts.threads.run(op.lane, perform)
        if isinstance(raw, EventStream):
            return send_events(raw, str(request.scope["state"].get("request_id", "")))
        if isinstance(raw, Streamed):
            return stream(raw, parts.threads)
        if raw is None:
            return Response(b"", status_code=204)
        # As a header: Litestar would add a charset to a media type of text, whether or not it has one.
        answered = {"content-type": raw.media_type} | ({"content-encoding": "gzip"} if raw.squeezed else {})
        return Response(raw.content, media_type=raw.media_type, headers=answered)

    return HTTPRouteHandler(
        PLACE.sub(r"{\1:str}", op.path),
        http_method=op.method,  # type: ignore[arg-type]
        name=op.name,
        opt={"scope": op.scope, "path": op.path},
        status_code=200,
    )(handle)


def _arguments(op: Operation, request: Request[Any, Any, State], body: bytes, body_type: str, limits: Limits) -> Any:
    arguments: dict[str, object] = {name: place(name, request.path_params[name]) for name in op.places}
    query = decode_query(request.scope["query_string"], op.query, limits)
    if "query" in op.types:
        arguments["query"] = query
    if op.takes_bytes:
        arguments["body"] = body
    elif body_type:
        arguments["body"] = decode_body(body, op.types["body"], body_type, limits)
    return arguments


def place(name: str, text: str) -> str:
    """A part of the path; it is decoded only here, so that an id may hold a slash.

    Raises:
        NotFound: it can be no id.
    """
    try:
        value = unquote(text, errors="strict")
    except UnicodeDecodeError:
        value = "\x00"
    if "\x00" in value:
        raise NotFound(name.removesuffix("_id").replace("_", " "), text[:200])
    return value
