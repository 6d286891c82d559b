"""What would go, counted, and the form that deletes exactly that."""

import secrets
from typing import NamedTuple

import msgspec

from mbox_ops.entities.deletions import CreateDeletion, Deletion, Expected
from mbox_ops.entities.runs import Run
from mbox_ops.errors import Conflict, InvalidRequest, MboxError, NotFound, StaleRequest
from mbox_ops.server.bodies import invalid
from mbox_ops.server.ui.deletion_pages.asking import Asked, ended_only, filter_of, selector_of
from mbox_ops.server.ui.deletion_pages.words import KINDS
from mbox_ops.server.ui.flash import flash_cookie
from mbox_ops.server.ui.pages import page
from mbox_ops.server.ui.rendering import render
from mbox_ops.server.ui.run_pages.frame import runs_of
from mbox_ops.server.ui.visits import Answer, Visit, redirect
from mbox_ops.wire.status import HTTP_STATUS

_NAMED = 20  # runs that are listed
_TYPEABLE = 80  # characters of a name that a person can be asked to type


class Delete(Asked, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The form: what is to go, what its preview counted, what was typed and ticked.

    Attributes:
        key: this form's own; sent twice, it deletes once.
        expected: what the preview counted.
        word: what had to be typed.
        confirm: what was.
        force: runs that count as alive go too.
        purge: nothing is to be undone.
    """

    key: str
    expected: dict[str, int]
    word: str
    confirm: str = ""
    force: bool = False
    purge: bool = False


class Preview(NamedTuple):
    """What would go.

    Attributes:
        found: what the service counted.
        word: what has to be typed: the scenario's name, or how many runs go.
        expected: what the form sends back; of runs that are alive only their number, since they go on writing.
        takes_protected: protected runs go too, because they or their scenario are named.
        missing: ids of runs that are not there.
        alive: runs that count as alive, the first of them.
        ended: the address of the same preview without those, where there can be one.
        shown_by: the address of the table that shows what would go.
    """

    found: Deletion
    word: str
    expected: dict[str, int]
    takes_protected: bool
    missing: list[str]
    alive: list[Run]
    ended: str | None
    shown_by: str


@page("GET", "/deletions/new", scope="delete")
def new_deletion(visit: Visit, query: Asked) -> Answer:
    """Show what would go; nothing changes."""
    try:
        return _page(visit, query, None if query.is_empty else preview_of(visit, query))
    except (InvalidRequest, NotFound) as error:
        return _page(visit, query, None, error)


@page("POST", "/deletions", scope="delete")
def create_deletion(visit: Visit, form: Delete) -> Answer:
    """Delete what the preview showed and nothing else; where that is refused, say why and show what would go now."""
    asked = Asked(**{name: getattr(form, name) for name in Asked.__struct_fields__})
    try:
        if form.confirm.strip() != form.word:
            raise InvalidRequest(f"Type {form.word} to delete.", field="confirm", value=form.confirm)
        done = visit.service.deletions.create(visit.actor, _wish(visit, form, asked))
    except (InvalidRequest, NotFound, Conflict, StaleRequest) as error:
        return _page(visit, asked, _or_none(visit, asked), error, form)
    return _told(visit, asked, done)


def preview_of(visit: Visit, asked: Asked) -> Preview:
    """What would go now.

    Raises:
        InvalidRequest: what is asked for breaks a rule.
        NotFound: the one run that is asked for is not there.
    """
    found = visit.service.deletions.create(
        visit.actor, CreateDeletion(selector=selector_of(asked, visit.limits), dry_run=True)
    )
    selector, counts = found.selector, found.counts
    there = {run.id for run in runs_of(visit, asked.runs)} if len(asked.runs) > 1 else set(asked.runs)
    alive = runs_of(visit, found.running[:_NAMED])
    without = ended_only(asked, visit.limits) if alive else None
    return Preview(
        found=found,
        word=_word(asked, found),
        expected={"runs": counts.runs} if found.running else msgspec.structs.asdict(counts),
        takes_protected=selector.filter is None and bool(selector.scenarios or selector.run_id),
        missing=[run for run in asked.runs if run not in there],
        alive=alive,
        ended=None if without is None else visit.link("/deletions/new", **without.query()),
        shown_by=visit.link("/runs", filter=filter_of(asked, list(found.by_scenario))),
    )


def _page(
    visit: Visit, asked: Asked, shown: Preview | None, error: MboxError | None = None, form: Delete | None = None
) -> Answer:
    return render(
        visit, "deletions/new.html", status=200 if error is None else HTTP_STATUS[error.code], section="deletions",
        asked=asked, shown=shown, error=error, kinds=KINDS, form=form, key=secrets.token_hex(16),
        wrong_confirm=error is not None and error.details.get("field") == "confirm",
    )  # fmt: skip


def _wish(visit: Visit, form: Delete, asked: Asked) -> CreateDeletion:
    try:
        expected = msgspec.convert(form.expected, Expected)
    except msgspec.ValidationError as error:
        raise invalid(str(error)) from None
    selector = selector_of(asked, visit.limits)
    return CreateDeletion(selector=selector, force=form.force, purge=form.purge, expected=expected, key=form.key)


def _told(visit: Visit, asked: Asked, done: Deletion) -> Answer:
    """Back to what is left, with a banner that undoes the deletion."""
    if done.state == "UNDONE":  # the form was sent again from the browser's history
        told = "This form has deleted these runs before, and that was undone. To delete them again, begin anew."
        return redirect(visit.link("/deletions", done.id), flash_cookie(told, failed=True))
    runs = f"{done.counts.runs} run{'' if done.counts.runs == 1 else 's'}"
    back = visit.link("/scenarios" if asked.scenarios else "/runs")
    if done.state != "TOMBSTONED":
        return redirect(back, flash_cookie(f"Deleted {runs} for good."))
    until = f"{done.purge_after:%Y-%m-%d %H:%M} UTC"
    return redirect(back, flash_cookie(f"Deleted {runs}. It can be undone until {until}.", undo=done.id))


def _or_none(visit: Visit, asked: Asked) -> Preview | None:
    try:
        return preview_of(visit, asked)
    except (InvalidRequest, NotFound):
        return None


def _word(asked: Asked, found: Deletion) -> str:
    """A scenario's name where it goes as a whole and can be typed, else how many runs go."""
    whole = len(asked.pairs()) == 1 and len(asked.scenarios) == 1
    name = next(iter(found.by_scenario), "") if whole else ""
    is_typeable = 0 < len(name) <= _TYPEABLE and name.isprintable() and name == " ".join(name.split())
    return name if is_typeable else str(found.counts.runs)
