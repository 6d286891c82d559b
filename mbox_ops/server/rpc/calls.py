"""RPCs: what one is, said once. Its handler is made from it and from its method in the proto.

An RPC is a plain synchronous function, named as its method is:

    @rpc(scope="read")
    def get_run(call: Call, request: pb.GetRunRequest) -> pb.Run: ...

One that streams its answer gives an iterator of messages, or, where it waits for them, an asynchronous one; one that is
streamed to takes no request, and gives a `Sink`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from types import ModuleType
from typing import Any, Protocol

from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message import Message

from mbox_ops.server.guards import EVERYTHING, Scope
from mbox_ops.server.routes import LANES
from mbox_ops.server.threads import Lane
from mbox_ops.wire import modelbox_pb2 as pb

SERVICE = pb.DESCRIPTOR.services_by_name["ModelStore"]


class Sink(Protocol):
    """What takes a stream of messages, one after the other, in whatever thread."""

    done: bool

    def take(self, message: Any) -> None:
        """The next message; `done` says afterwards whether more are of use."""

    def finish(self) -> Message:
        """The answer, when the stream has ended."""


@dataclass(frozen=True)
class Rpc:
    """One method of the service.

    Attributes:
        scope: what a token needs.
        lane: the threads it is performed in.
    """

    name: str
    scope: Scope
    fn: Callable[..., Any]
    lane: Lane


def rpc(*, scope: Scope, lane: Lane | None = None) -> Callable[[Callable[..., Any]], Rpc]:
    """Make an RPC of a function."""

    def make(fn: Callable[..., Any]) -> Rpc:
        return Rpc(fn.__name__.title().replace("_", ""), scope, fn, lane or LANES[scope])

    return make


def rpcs_of(*modules: ModuleType) -> Iterator[Rpc]:
    """The RPCs that modules define, in their order."""
    for module in modules:
        yield from (value for value in vars(module).values() if isinstance(value, Rpc))


def matched(rpcs: Sequence[Rpc], methods: Sequence[MethodDescriptor] = SERVICE.methods) -> dict[str, Rpc]:
    """The RPC of each method of the service.

    Raises:
        RuntimeError: a method has none or two, an RPC has no method, or declares no scope that a token can have.
    """
    found = {each.name: each for each in rpcs}
    naked = [each.name for each in rpcs if each.scope not in EVERYTHING]
    missing = {method.name for method in methods} ^ set(found)
    if naked or missing or len(found) != len(rpcs):
        raise RuntimeError(
            "Every method of the proto takes one RPC, which declares a scope. Without a scope:"
            f" {naked or 'none'}; without method or RPC: {sorted(missing) or 'none'};"
            f" {len(rpcs) - len(found)} are there twice."
        )
    return found
