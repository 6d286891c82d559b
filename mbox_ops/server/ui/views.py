"""Saved views: names for addresses of the table of runs."""

import msgspec

from mbox_ops.errors import InvalidRequest, MboxError
from mbox_ops.server.queries import decode_query
from mbox_ops.server.ui.flash import flash_cookie
from mbox_ops.server.ui.pages import page
from mbox_ops.server.ui.rendering import render
from mbox_ops.server.ui.runs import RunsQuery, query_text, table_link
from mbox_ops.server.ui.visits import Answer, Visit, redirect


class SaveView(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A name, and the query string of the table's address."""

    name: str
    query: str = ""


@page("GET", "/views", scope="read")
def views(visit: Visit) -> Answer:
    """All views of the namespace."""
    found = visit.service.views.list(visit.actor)
    read = [(view, decode_query(view.query.encode(), RunsQuery, visit.limits)) for view in found]
    return render(visit, "views.html", section="runs", views=read)


@page("GET", "/views/{view}", scope="read")
def open_view(visit: Visit, view: str) -> Answer:
    """The table as it was saved."""
    found = visit.service.views.get(visit.actor, view)
    query = decode_query(found.query.encode(), RunsQuery, visit.limits)
    return redirect(table_link(visit, query, view=found.name))


@page("POST", "/views", scope="write")
def save_view(visit: Visit, form: SaveView) -> Answer:
    """Keep the table's address under a name."""
    query = decode_query(form.query.encode("ascii", "replace"), RunsQuery, visit.limits)
    name = form.name.strip()
    try:
        if name in {".", ".."}:
            raise InvalidRequest(f"No view can be called {name!r}: in an address that is another place.", field="name")
        visit.service.views.save(visit.actor, name, query_text(visit, query))
    except MboxError as error:
        return redirect(table_link(visit, query), flash_cookie(error.message, failed=True))
    return redirect(table_link(visit, query, view=name), flash_cookie(f"The view {name} is saved."))


@page("POST", "/views/{view}/delete", scope="write")
def delete_view(visit: Visit, view: str) -> Answer:
    """Forget a view."""
    visit.service.views.delete(visit.actor, view)
    return redirect(visit.link("/views"), flash_cookie(f"The view {view} is deleted."))
