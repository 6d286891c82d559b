"""Events of an object."""

from typing import Any

import msgspec

from mbox_ops.entities.events import EventQuery, EventRecord, StoredEvent
from mbox_ops.entities.writers import Batch
from mbox_ops.server.bodies import invalid
from mbox_ops.server.routes import Call
from mbox_ops.server.rpc.calls import rpc
from mbox_ops.server.rpc.messages import READERS, WRITERS, fill, plain, read, write, write_instant
from mbox_ops.wire import modelbox_pb2 as pb


@rpc(scope="write")
def log_event(call: Call, request: pb.LogEventRequest) -> pb.LogEventResponse:
    """Log an event."""
    try:
        event = msgspec.convert(_read_event(request.event), EventRecord)
    except msgspec.ValidationError as error:
        raise invalid(str(error)) from None
    return write(call.write(Batch(run_id=request.parent_id, events=[event])), pb.LogEventResponse)


@rpc(scope="read")
def list_events(call: Call, request: pb.ListEventsRequest) -> pb.ListEventsResponse:
    """Events, by wallclock."""
    parent_id = request.parent_id
    request.ClearField("parent_id")
    page = call.service.events.list(call.actor, parent_id, read(request, EventQuery))
    return write(page, pb.ListEventsResponse, events=page.items)


def _read_event(message: pb.Event) -> dict[str, Any]:
    found = plain(message)
    if "wallclock_time" in found:
        found["wallclock"] = found.pop("wallclock_time")
    return found


def _write_event(message: pb.Event, event: StoredEvent) -> None:
    fill(message, event)
    write_instant(message.wallclock_time, event.wallclock)


def _read_source(message: pb.EventSource) -> str:
    return message.name


def _write_source(message: pb.EventSource, name: str) -> None:
    message.name = name


READERS["modelbox.Event"] = _read_event
WRITERS["modelbox.Event"] = _write_event
READERS["modelbox.EventSource"] = _read_source
WRITERS["modelbox.EventSource"] = _write_source
