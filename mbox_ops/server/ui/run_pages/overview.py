"""A run at a glance: what it is, where it comes from, what was set and what came out; and the forms that change it."""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from mbox_ops.entities.limits import RESERVED_PARAMETERS, RESERVED_TAGS
from mbox_ops.entities.runs import Run
from mbox_ops.entities.writers import Batch
from mbox_ops.errors import InvalidRequest
from mbox_ops.search.showing import show
from mbox_ops.search.tree import Compare, Tag
from mbox_ops.server.ui.flash import flash_cookie
from mbox_ops.server.ui.metric_formats import format_of
from mbox_ops.server.ui.pages import page
from mbox_ops.server.ui.run_pages.frame import SYSTEM, render_run, run_of
from mbox_ops.server.ui.run_pages.identity import identity_of
from mbox_ops.server.ui.visits import Answer, Visit, redirect

_MOST_METRICS = 30
_MOST_PARAMETERS = 500


class Wrong(NamedTuple):
    """A form that was refused: which, why, and what was typed."""

    form: str
    message: str
    typed: Mapping[str, str]


class NewName(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a run is to be called."""

    name: str


class NewTag(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A tag that a run is to have."""

    key: str
    value: str


class NewCollection(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The collection of its scenario that a run is to be in."""

    collection: str


@page("GET", "/runs/{run_id}", scope="read")
def run_overview(visit: Visit, run_id: str) -> Answer:
    """What a run is."""
    return _overview(visit, run_id)


@page("POST", "/runs/{run_id}/name", scope="write")
def rename_run(visit: Visit, run_id: str, form: NewName) -> Answer:
    """Give a run another name; its key stays."""
    said = f"The run is now called {form.name!r}."
    return _change(visit, run_id, "name", Batch(run_id=run_id, name=form.name), said, form)


@page("POST", "/runs/{run_id}/tags", scope="write")
def tag_run(visit: Visit, run_id: str, form: NewTag) -> Answer:
    """Set a tag."""
    said = f"The tag {form.key!r} is now {form.value!r}."
    return _change(visit, run_id, "tag", Batch(run_id=run_id, tags={form.key: form.value}), said, form)


@page("POST", "/runs/{run_id}/collection", scope="write")
def move_run(visit: Visit, run_id: str, form: NewCollection) -> Answer:
    """Move a run to another collection of its scenario."""
    said = f"The run is now in the collection {form.collection!r}."
    return _change(visit, run_id, "collection", Batch(run_id=run_id, collection=form.collection), said, form)


def _change(visit: Visit, run_id: str, form: str, batch: Batch, said: str, typed: msgspec.Struct) -> Answer:
    """Write what a form says, and show the run; where the form breaks a rule, with the form as it was."""
    here, _ = run_of(visit, run_id)
    try:
        visit.service.batches.write(visit.actor, batch)
    except InvalidRequest as error:
        return _overview(visit, run_id, Wrong(form, error.message, msgspec.structs.asdict(typed)))
    return redirect(here.link("/runs", run_id), flash_cookie(said))


def _overview(visit: Visit, run_id: str, wrong: Wrong | None = None) -> Answer:
    visit, run = run_of(visit, run_id)
    parameters = [
        (name, value, run.parameter_types.get(name, ""))
        for name, value in sorted(run.parameters.items())
        if name not in RESERVED_PARAMETERS
    ]
    metrics = sorted(name for name in run.metrics if not name.startswith(SYSTEM))
    return render_run(
        visit, run, "run/overview.html", "",
        status=200 if wrong is None else 422,
        wrong=wrong,
        parameters=parameters[:_MOST_PARAMETERS],
        more_parameters=max(0, len(parameters) - _MOST_PARAMETERS),
        tags=_tags(run),
        metadata=visit.service.metadata.get(visit.actor, run_id),
        metrics=[(run.metrics[name], format_of(run.labels, name)) for name in metrics[:_MOST_METRICS]],
        more_metrics=max(0, len(metrics) - _MOST_METRICS),
        seconds=_seconds(run),
        identity=identity_of(run, visit.orchestrators),
        collections=_collections(visit, run),
    )  # fmt: skip


def _tags(run: Run) -> list[tuple[str, str, str]]:
    """The user's tags, each with the filter that finds the runs that have it."""
    own = [(key, value) for key, value in sorted(run.tags.items()) if key not in RESERVED_TAGS]
    return [(key, value, show(Compare(Tag(key), "=", value))) for key, value in own]


def _seconds(run: Run) -> float | None:
    """How long it took."""
    return None if run.ended_at is None else (run.ended_at - run.started_at).total_seconds()


def _collections(visit: Visit, run: Run) -> list[str]:
    """The names that the form which moves a run suggests."""
    if not visit.may("write") or visit.actor.namespace != run.namespace:
        return []
    found = visit.service.collections.list(visit.actor, scenario=run.scenario_id)
    return [collection.name for collection in found.items if collection.id != run.run_collection_id]
