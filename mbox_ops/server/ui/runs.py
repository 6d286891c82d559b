"""The table of runs: found, sorted, grouped; and the pages that write its address."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import msgspec
from markupsafe import Markup

from mbox_ops.entities.pages import Page
from mbox_ops.entities.runs import Run, RunQuery
from mbox_ops.entities.search import FieldQuery, RunGroup
from mbox_ops.errors import InvalidRequest
from mbox_ops.search.parser import parse_field, parse_sort, show
from mbox_ops.search.showing import text_literal
from mbox_ops.search.tree import Field, Metadata
from mbox_ops.server.ui.conditions import OPERATORS, Part, condition, joined, parts_of
from mbox_ops.server.ui.flash import flash_cookie
from mbox_ops.server.ui.pages import page
from mbox_ops.server.ui.rendering import render
from mbox_ops.server.ui.run_groups import Shared, shared, types_of
from mbox_ops.server.ui.run_table import COLUMN_NAMES, default_fields, read_fields, table_of, title_of
from mbox_ops.server.ui.visits import Answer, QueryValue, Visit, redirect
from mbox_ops.service.catalogue import LISTED

NEWEST_FIRST = "-started_at"
_WORDS = re.compile(r"[\w\s./:-]{1,100}")
_MOST_GROUPS = 200
_MOST_FIELDS = 500
_MOST_VIEWS = 20
_SHOWN_HERE = ("filter", "sort", "columns", "group", "metric", "scenario", "collection", "cursor", "limit")


class RunsQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What the table shows; all of it is in the page's address.

    Attributes:
        scenario, collection: an id or a name.
        filter, sort: in the filter language.
        columns: fields with commas between them; the usual ones if not given.
        group: a field: its values are shown, with how many runs have each, instead of the runs.
        metric: what each group gets the mean and the best of, such as `metrics.loss.min`.
        best: which number of the metric is the best one.
        view: the name of the saved view that led here.
    """

    scenario: str | None = None
    collection: str | None = None
    filter: str | None = None
    sort: str | None = None
    columns: str | None = None
    group: str | None = None
    metric: str | None = None
    best: Literal["min", "max"] = "max"
    total: bool = False
    limit: int = 50
    cursor: str | None = None
    view: str | None = None


class AddCondition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A condition from the builder, and the rest of the address of the table."""

    field: str
    operator: str
    value: str = ""
    scenario: str | None = None
    collection: str | None = None
    filter: str | None = None
    sort: str | None = None
    columns: str | None = None
    group: str | None = None
    metric: str | None = None
    best: Literal["min", "max"] = "max"
    limit: int = 50


class ChooseColumns(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The columns that are chosen, and the rest of the address of the table."""

    search: str = ""
    column: list[str] = []
    choose: bool = False
    usual: bool = False
    scenario: str | None = None
    collection: str | None = None
    filter: str | None = None
    sort: str | None = None
    columns: str | None = None
    limit: int = 50


class Group(NamedTuple):
    """A row of the grouped table; `link` leads to its runs where a filter can say which they are."""

    group: RunGroup
    shown: Markup
    best: float | None
    link: str | None


class Wrong(NamedTuple):
    """What is wrong with the address, shown at its place; `instead` finds runs that are called as the filter says."""

    field: str
    message: str
    excerpt: str
    instead: str | None


@page("GET", "/runs", scope="read")
def runs(visit: Visit, query: RunsQuery) -> Answer:
    """The runs that are asked for; a filter or an order that cannot be read is shown with its mistake."""
    query = _without_blanks(query)
    try:
        shown = _groups(visit, query) if query.group else _table(visit, query)
        wrong, status = None, 200
    except InvalidRequest as error:
        field = str(error.details.get("field"))
        if field not in _SHOWN_HERE:
            raise
        wrong = Wrong(field, error.message, str(error.details.get("excerpt", "")), _by_name(visit, query, field))
        shown, status = {"table": None, "groups": None, "page": None, "parts": [], "chosen": ""}, 422
    title = "Runs" if query.scenario is None else f"Runs of {query.scenario}"
    return render(
        visit, "runs.html", status=status, section="runs", title=title, query=query, wrong=wrong, operators=OPERATORS,
        rest=_rest(query), here=lambda **changes: table_link(visit, query, **changes), column_names=COLUMN_NAMES,
        listed_columns=LISTED, query_text=query_text(visit, query),
        views=visit.service.views.list(visit.actor, limit=_MOST_VIEWS), **shown,
    )  # fmt: skip


@page("GET", "/runs/filter", scope="read")
def add_condition(visit: Visit, query: AddCondition) -> Answer:
    """Write a condition of the builder into the filter."""
    table = RunsQuery(**{name: getattr(query, name) for name in RunsQuery.__struct_fields__ if hasattr(query, name)})
    try:
        written = joined(query.filter, condition(query.field, query.operator, query.value), visit.limits)
    except InvalidRequest as error:
        return redirect(table_link(visit, table), flash_cookie(error.message, failed=True))
    return redirect(table_link(visit, table, filter=written))


@page("GET", "/runs/columns", scope="read")
def choose_columns(visit: Visit, query: ChooseColumns) -> Answer:
    """The fields that runs have, to choose columns from."""
    kept = {name: getattr(query, name) for name in ("scenario", "collection", "filter", "sort", "columns", "limit")}
    table = RunsQuery(**kept)
    if query.usual:
        return redirect(table_link(visit, table, columns=None))
    if query.choose:
        return redirect(table_link(visit, table, columns=",".join(query.column) or None))
    found = visit.service.fields.list(visit.actor, FieldQuery(prefix=query.search, limit=_MOST_FIELDS))
    chosen = [show(field) for field in read_fields(query.columns)] if query.columns else []
    own = [name for name in COLUMN_NAMES if query.search.lower() in name]
    others = [known.field for known in found.items]
    names = [*chosen, *(name for name in [*own, *others] if name not in chosen)]
    listed = [(name, *title_of(parse_field(name)), name in chosen) for name in names]
    return render(
        visit, "columns.html", section="runs", query=query, listed=listed, more=found.next is not None,
        rest=_rest(table) | {"columns": None},
    )  # fmt: skip


def _table(visit: Visit, query: RunsQuery) -> dict[str, Any]:
    sort = parse_sort(query.sort or NEWEST_FIRST, limits=visit.limits)
    fields = read_fields(query.columns) if query.columns else None
    found = visit.service.runs.list(visit.actor, _asked(query))
    if fields is None:
        fields = default_fields(found.items, one_scenario=query.scenario is not None)
    table = table_of(found.items, fields, sort, _documents(visit, found, fields))
    return {
        "table": table, "groups": None, "page": found, "parts": _parts(query, visit),
        "chosen": ",".join(show(field) for field in fields),
    }  # fmt: skip


def _groups(visit: Visit, query: RunsQuery) -> dict[str, Any]:
    assert query.group is not None
    field = parse_field(query.group, field="group")
    found = visit.service.runs.groups(
        visit.actor, _asked(query), by=query.group, metric=query.metric, limit=_MOST_GROUPS
    )  # fmt: skip
    types = types_of(visit, field)
    groups = [_group(visit, query, one, shared(field, one.value, types)) for one in found]
    return {"table": None, "groups": groups, "page": None, "parts": _parts(query, visit), "chosen": query.columns or ""}


def _group(visit: Visit, query: RunsQuery, group: RunGroup, has: Shared) -> Group:
    found_by = has.condition and joined(query.filter, has.condition, visit.limits)
    link = found_by and table_link(visit, query, group=None, metric=None, filter=found_by)
    return Group(group, has.shown, group.min if query.best == "min" else group.max, link)


def _asked(query: RunsQuery) -> RunQuery:
    return RunQuery(
        scenario=query.scenario, collection=query.collection, filter=query.filter, sort=query.sort or NEWEST_FIRST,
        total=query.total, limit=query.limit, cursor=query.cursor,
    )  # fmt: skip


def _documents(visit: Visit, found: Page[Run], fields: Sequence[Field]) -> Mapping[str, dict[str, Any]]:
    if not any(isinstance(field, Metadata) for field in fields):
        return {}
    return visit.service.metadata.several(visit.actor, [run.id for run in found.items])


def _parts(query: RunsQuery, visit: Visit) -> list[Part]:
    return parts_of(query.filter, visit.limits) if query.filter else []


def _by_name(visit: Visit, query: RunsQuery, field: str) -> str | None:
    """The address that finds runs by a part of their name, where the filter is no more than words."""
    if field != "filter" or not query.filter or not _WORDS.fullmatch(query.filter):
        return None
    return table_link(visit, query, filter=f"name CONTAINS {text_literal(query.filter.strip())}")


def _without_blanks(query: RunsQuery) -> RunsQuery:
    """A form sends what was left empty, too."""
    empty = {name: None for name in query.__struct_fields__ if getattr(query, name) == ""}
    return msgspec.structs.replace(query, **empty)


def _rest(query: RunsQuery) -> dict[str, QueryValue]:
    """What of an address is not usual, for links and hidden fields; never the place in the list."""
    usual = RunsQuery()
    names = [name for name in query.__struct_fields__ if name not in ("cursor", "total", "view")]
    return {name: value for name in names if (value := getattr(query, name)) != getattr(usual, name)}


def table_link(visit: Visit, query: RunsQuery, **changes: QueryValue) -> str:
    """The address of the table with what is asked for, and some of it changed."""
    return visit.link("/runs", **{**_rest(query), **changes})


def query_text(visit: Visit, query: RunsQuery) -> str:
    """What is asked for as a query string: what a saved view keeps."""
    return table_link(visit, query, namespace=None).partition("?")[2]
