"""All pages there are."""

from litestar.handlers import HTTPRouteHandler

from mbox_ops.server.routes import Parts
from mbox_ops.server.ui import runs, scenarios, selection, session, views
from mbox_ops.server.ui.compare_pages import compare
from mbox_ops.server.ui.deletion_pages import preview, trash
from mbox_ops.server.ui.help_pages import search
from mbox_ops.server.ui.model_pages import checkpoints, models
from mbox_ops.server.ui.pages import handler_of, pages_of
from mbox_ops.server.ui.run_pages import arriving, artifacts, events, metrics, overview, raw
from mbox_ops.server.ui.static_files import static_handler

PAGES = tuple(
    pages_of(
        session, scenarios, runs, selection, views, arriving, overview, metrics, events, artifacts, raw, compare,
        preview, trash, search, models, checkpoints,
    )
)  # fmt: skip


def page_handlers(parts: Parts) -> list[HTTPRouteHandler]:
    """The routes of all pages, and of what they load."""
    return [*(handler_of(shown, parts) for shown in PAGES), static_handler()]
