"""What is done with several runs at once."""

from collections.abc import Callable
from typing import Literal

import msgspec
from litestar.datastructures import Cookie

from mbox_ops.entities.writers import Batch
from mbox_ops.errors import MboxError
from mbox_ops.server.ui.deletion_pages.asking import MOST_RUNS
from mbox_ops.server.ui.flash import flash_cookie
from mbox_ops.server.ui.pages import page
from mbox_ops.server.ui.session import own
from mbox_ops.server.ui.visits import Answer, Visit, redirect


class Selection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Runs, and what to do with them.

    Attributes:
        action: `typed`, which Enter in a box sends, is what that box is for.
        run: their ids.
        back: the table's address, to go back to.
        tag, value: what to tag them with.
        collection: where to move them.
    """

    action: Literal["typed", "compare", "tag", "move", "delete"] = "typed"
    run: list[str] = []
    back: str = "/runs"
    tag: str = ""
    value: str = ""
    collection: str = ""


@page("POST", "/runs/selection", scope="read")
def selection(visit: Visit, form: Selection) -> Answer:
    """Go to the comparison or to the deletion's preview; or tag or move the runs, which needs the right to write."""
    back, chosen = own(form.back), list(dict.fromkeys(form.run))
    if not chosen:
        return redirect(back, flash_cookie("No run is selected: tick the boxes in front of their names.", failed=True))
    if len(chosen) > MOST_RUNS:
        told = f"{len(chosen)} runs are selected; at most {MOST_RUNS} go at once."
        return redirect(back, flash_cookie(told, failed=True))
    action = form.action
    if action == "typed":
        action = "tag" if form.tag or form.value else "move" if form.collection else "compare"
    if action == "compare" and len(chosen) > visit.limits.compared:
        told = f"{len(chosen)} runs are selected; at most {visit.limits.compared} are compared at once."
        return redirect(back, flash_cookie(told, failed=True))
    if action == "compare":
        return redirect(visit.link("/compare", run=chosen))
    if action == "delete":
        return redirect(visit.link("/deletions/new", run=chosen))
    return redirect(back, _tag(visit, form, chosen) if action == "tag" else _move(visit, form, chosen))


def _tag(visit: Visit, form: Selection, chosen: list[str]) -> Cookie:
    told = f"{_runs(len(chosen))} now {'has' if len(chosen) == 1 else 'have'} the tag {form.tag} = {form.value}."
    return _write(visit, chosen, lambda run_id: Batch(run_id=run_id, tags={form.tag: form.value}), told)


def _move(visit: Visit, form: Selection, chosen: list[str]) -> Cookie:
    told = f"{_runs(len(chosen))} {'is' if len(chosen) == 1 else 'are'} in the collection {form.collection} now."
    return _write(visit, chosen, lambda run_id: Batch(run_id=run_id, collection=form.collection), told)


def _write(visit: Visit, chosen: list[str], batch: Callable[[str], Batch], told: str) -> Cookie:
    """Write to each run; what is wrong with the first is wrong with all, so the first failure ends it."""
    visit.actor.require("write")
    for done, run_id in enumerate(chosen):
        try:
            visit.service.batches.write(visit.actor, batch(run_id))
        except MboxError as error:
            before = f" {_runs(done)} before that {'was' if done == 1 else 'were'} changed." if done else ""
            return flash_cookie(f"{error.message}{before}", failed=True)
    return flash_cookie(told)


def _runs(count: int) -> str:
    return "1 run" if count == 1 else f"{count} runs"
