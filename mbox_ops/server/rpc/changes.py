"""Changes of a namespace, as they come."""

import dataclasses
from collections.abc import AsyncGenerator
from functools import partial

from mbox_ops.entities.changes import WatchQuery
from mbox_ops.errors import Unavailable
from mbox_ops.server.rest.changes import readmit
from mbox_ops.server.routes import Call
from mbox_ops.server.rpc.calls import rpc
from mbox_ops.server.rpc.messages import read, write
from mbox_ops.wire import modelbox_pb2 as pb


@rpc(scope="read")
async def watch_namespace(
    call: Call, request: pb.WatchNamespaceRequest
) -> AsyncGenerator[pb.WatchNamespaceResponse, None]:
    """Changes from a cursor on; when the service stops, UNAVAILABLE ends it."""
    request.ClearField("namespace")  # it has said already where the actor acts
    local = dataclasses.replace(call, headers={**call.headers, "host": "localhost"})  # as `gate` says
    async for piece in call.feed.follow(call.actor, read(request, WatchQuery), partial(readmit, local)):
        for change in piece.changes:
            yield write(change, pb.WatchNamespaceResponse, change=change)
        if not piece.changes:
            yield pb.WatchNamespaceResponse(cursor=piece.cursor)
    raise Unavailable("The service is stopping; go on from your cursor in a moment.")
