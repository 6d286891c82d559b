"""What was deleted: the list, one deletion, its undo and its purge, and the record of all that was done."""

from dataclasses import replace

import msgspec

from mbox_ops.entities.audit import AuditQuery
from mbox_ops.entities.deletions import Deletion, UndoDeletion
from mbox_ops.errors import Conflict, InvalidRequest, MboxError
from mbox_ops.server.ui.deletion_pages.words import KINDS, action_of, asked_for
from mbox_ops.server.ui.flash import flash_cookie
from mbox_ops.server.ui.pages import page
from mbox_ops.server.ui.rendering import render
from mbox_ops.server.ui.session import own
from mbox_ops.server.ui.visits import Answer, Visit, redirect
from mbox_ops.wire.status import HTTP_STATUS


class TrashQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of deletions."""

    limit: int = 50
    cursor: str | None = None


class EntriesQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of the audit; of one deletion if it is given."""

    deletion: str = ""
    limit: int = 100
    cursor: str | None = None


class Undo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is put behind keys that live runs have taken, and the page to go back to."""

    key_suffix: str = ""
    back: str = ""


class Purge(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many runs are dropped for good, typed to confirm."""

    confirm: str = ""


@page("GET", "/deletions", scope="read")
def deletions(visit: Visit, query: TrashQuery) -> Answer:
    """The deletions of the namespace, newest first."""
    found = visit.service.deletions.list(visit.actor, limit=query.limit, cursor=query.cursor)
    limit = None if query.limit == TrashQuery().limit else query.limit
    return render(
        visit, "deletions/list.html", section="deletions", found=[(one, asked_for(one)) for one in found.items],
        first=visit.link("/deletions", limit=limit) if query.cursor else None,
        next=found.next and visit.link("/deletions", limit=limit, cursor=found.next),
    )  # fmt: skip


@page("GET", "/deletions/{deletion_id}", scope="read")
def deletion(visit: Visit, deletion_id: str, query: EntriesQuery) -> Answer:
    """One deletion: what it took, how it stands, who did what with it."""
    return _page(visit, visit.service.deletions.get(visit.actor, deletion_id), query)


@page("POST", "/deletions/{deletion_id}/undo", scope="delete")
def undo_deletion(visit: Visit, deletion_id: str, form: Undo) -> Answer:
    """Bring back what a deletion took; where live runs have taken keys of its runs, show those and ask for others."""
    wish = UndoDeletion(key_suffix=form.key_suffix or None)
    try:
        done = visit.service.deletions.undo(visit.actor, deletion_id, wish)
    except (Conflict, InvalidRequest) as error:
        found = visit.service.deletions.get(visit.actor, deletion_id)
        return _page(visit, found, EntriesQuery(), error, form.key_suffix)
    runs = "1 run is" if done.counts.runs == 1 else f"{done.counts.runs} runs are"
    back = own(form.back) if form.back else visit.link("/deletions", done.id)
    return redirect(back, flash_cookie(f"Undone: {runs} back, as before."))


@page("POST", "/deletions/{deletion_id}/purge", scope="delete")
def purge_deletion(visit: Visit, deletion_id: str, form: Purge) -> Answer:
    """Give the undo window up."""
    found = visit.service.deletions.get(visit.actor, deletion_id)
    try:
        if form.confirm.strip() != str(found.counts.runs):
            told = f"Type {found.counts.runs}, the number of runs, to drop them for good."
            raise InvalidRequest(told, field="confirm", value=form.confirm)
        visit.service.deletions.purge(visit.actor, deletion_id)
    except (Conflict, InvalidRequest) as error:
        return _page(visit, found, EntriesQuery(), error)
    told = "The purge has begun: what the deletion took is dropped for good."
    return redirect(visit.link("/deletions", deletion_id), flash_cookie(told))


@page("GET", "/audit", scope="read")
def audit(visit: Visit, query: EntriesQuery) -> Answer:
    """What was done with deletions of the namespace, or with one of them, oldest first."""
    of = query.deletion.strip() or None
    asked = AuditQuery(limit=query.limit, cursor=query.cursor)
    found = visit.service.deletions.audit(visit.actor, of, asked)
    limit = None if query.limit == EntriesQuery().limit else query.limit
    return render(
        visit, "deletions/audit.html", section="deletions", deletion=of or "",
        entries=[(entry, action_of(entry)) for entry in found.items],
        first=visit.link("/audit", deletion=of, limit=limit) if query.cursor else None,
        next=found.next and visit.link("/audit", deletion=of, limit=limit, cursor=found.next),
    )  # fmt: skip


def _page(
    visit: Visit, found: Deletion, query: EntriesQuery, error: MboxError | None = None, suffix: str = ""
) -> Answer:
    visit = replace(visit, namespace=found.namespace)
    asked = AuditQuery(limit=query.limit, cursor=query.cursor)
    entries = visit.service.deletions.audit(visit.actor, found.id, asked)
    return render(
        visit, "deletions/one.html", status=200 if error is None else HTTP_STATUS[error.code], section="deletions",
        deletion=found, parts=asked_for(found), kinds=KINDS, error=error,
        taken=[] if error is None else error.details.get("taken", []), suffix=suffix or " (restored)",
        entries=[(entry, action_of(entry)) for entry in entries.items],
        first=visit.link("/deletions", found.id) if query.cursor else None,
        next=entries.next and visit.link("/deletions", found.id, cursor=entries.next),
    )  # fmt: skip
