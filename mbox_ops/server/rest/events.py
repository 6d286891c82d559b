"""Events of a run, or of another object."""

from mbox_ops.entities.events import EventQuery, StoredEvent
from mbox_ops.entities.pages import Page
from mbox_ops.server.routes import Call, operation


@operation("GET", "/api/v1/runs/{run_id}/events", scope="read")
def list_events(call: Call, run_id: str, query: EventQuery) -> Page[StoredEvent]:
    """The events of a run, or of another object by its id, by wallclock."""
    return call.service.events.list(call.actor, run_id, query)
