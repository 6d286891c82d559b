"""Changes of the namespace: a page, waited for if wanted, or a stream."""

from functools import partial

import msgspec

from mbox_ops.entities.changes import ChangePage, ChangeQuery, WatchQuery
from mbox_ops.server.event_streams import EventStream
from mbox_ops.server.guards import admit
from mbox_ops.server.routes import Call, operation

LAST_EVENT_ID = "last-event-id"


@operation("GET", "/api/v1/changes", scope="read", errors=("cursor_expired",))
async def list_changes(call: Call, query: ChangeQuery) -> ChangePage:
    """A page of what changed in the namespace, in order, from a cursor on.

    Without `cursor` and `since` it is empty, and its `next` is where to go on from. With `wait`, an answer that would
    be empty comes as soon as something changes.
    """
    return await call.feed.page(call.actor, query)


@operation("GET", "/api/v1/changes/stream", scope="read", errors=("cursor_expired",))
async def stream_changes(call: Call, query: WatchQuery) -> EventStream:
    """The same as server-sent events: each is a change as JSON, and its id is the cursor behind it.

    A reader that comes back sends `Last-Event-ID` and misses nothing. Every 15 seconds the stream says that it is still
    there. An event `failure` holds the error that has ended it.
    """
    if last := call.headers.get(LAST_EVENT_ID):
        query = msgspec.structs.replace(query, cursor=last)
    pieces = call.feed.follow(call.actor, query, partial(readmit, call))
    return EventStream(await anext(pieces), pieces)


def readmit(call: Call) -> None:
    """Make sure that the token of a call still opens what it is reading.

    Raises:
        Unauthenticated, Forbidden: it does not.
    """
    limits, namespace = call.service.limits, call.actor.namespace
    admit(call.service.tokens, call.headers, limits, namespace=namespace, safe=True).require("read")
