"""A run as the API gives it."""

import msgspec

from mbox_ops.server.ui.pages import page
from mbox_ops.server.ui.run_pages.frame import render_run, run_of
from mbox_ops.server.ui.visits import Answer, Visit
from mbox_ops.wire.encodings import JSON, encode

_MOST = 400_000  # characters on a page


@page("GET", "/runs/{run_id}/raw", scope="read")
def run_raw(visit: Visit, run_id: str) -> Answer:
    """The run and its metadata document as JSON."""
    visit, run = run_of(visit, run_id)
    document = visit.service.metadata.get(visit.actor, run_id)
    texts = [msgspec.json.format(encode(value, JSON), indent=2).decode() for value in (run, document)]
    return render_run(visit, run, "run/raw.html", "raw", texts=[text[:_MOST] for text in texts], most=_MOST)
