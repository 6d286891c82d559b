"""Which runs a query asks for: its conditions, its filter, its order and where its cursor goes on."""

import hashlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple, cast

import msgspec

from mbox_ops.entities.experiments import KEY_PREFIX
from mbox_ops.entities.limits import Limits
from mbox_ops.entities.runs import RunQuery
from mbox_ops.errors import InvalidRequest
from mbox_ops.search.parser import parse_filter, parse_sort
from mbox_ops.search.tree import And, Column, Compare, Filter, Like, Not, RunColumn, SortKey, Tag
from mbox_ops.service.cursors import Key, check_limit, read_cursor
from mbox_ops.service.queries import check_texts
from mbox_ops.store import grouping, listings, orders
from mbox_ops.store.filters import trees
from mbox_ops.store.listings import Listing
from mbox_ops.store.orders import Position

if TYPE_CHECKING:
    from sqlalchemy import Connection

_EQUAL: dict[str, Column] = {
    "scenario_version": "scenario_version", "pipeline": "pipeline", "notebook": "notebook", "execution": "execution",
    "run_id": "id", "key": "key", "external_id": "external_id", "status": "status",
}  # fmt: skip


class Search(NamedTuple):
    """A query, read.

    Attributes:
        list_name: what its cursors are bound to: a filter and an order.
        filter: its filter and all its conditions but scenario and collection, which ids or names stand for.
        now: what `now()` means on all of its pages.
        after: where the page before ended.
    """

    query: RunQuery
    list_name: str
    filter: Filter | None
    sort: tuple[SortKey, ...]
    now: int
    after: Position | None

    def uses_metrics(self) -> bool:
        """Whether summaries of metrics have to be fresh for it."""
        return orders.uses_metrics(self.sort) or (self.filter is not None and trees.uses_metrics(self.filter))

    def cursor(self, position: Position) -> Key:
        """What a cursor holds that goes on after a position."""
        return (self.now, *position.values, position.subject_id)


def read(query: RunQuery, *, now: int, limits: Limits) -> Search:
    """Read a query and check it.

    Raises:
        InvalidRequest: a condition, the filter, the order, the limit or the cursor breaks a rule.
    """
    _check(query, limits)
    sort = parse_sort(query.sort, limits=limits)
    asked = msgspec.json.encode([query.filter, query.sort])
    list_name = f"runs {hashlib.sha256(asked).hexdigest()[:16]}"
    key = read_cursor(list_name, query.cursor, [int, *(orders.types_of(each.field) for each in sort), int])
    after = None
    if key is not None:
        now, *values, subject_id = cast("tuple[int, ...]", key)
        after = Position(tuple(values), subject_id)
    parts = list(_conditions(query))
    if query.filter is not None:
        parts.append(parse_filter(query.filter, now=now, limits=limits))
    tree = And(tuple(parts)) if len(parts) > 1 else parts[0] if parts else None
    return Search(query, list_name, tree, sort, now, after)


def find(conn: "Connection", namespace_id: int, search: Search) -> Listing | None:
    """What a search is in the database; None if its scenario or collection is not there."""
    query = search.query
    scenario_id = collection_ids = None
    if query.scenario is not None:
        found = grouping.find_scenarios(conn, namespace_id=namespace_id, entries=[query.scenario])
        if not found:
            return None
        scenario_id = found[query.scenario].id
    if query.collection is not None:
        collection_ids = grouping.find_collections(conn, namespace_id=namespace_id, entry=query.collection)
        if not collection_ids:
            return None
    return listings.listing(
        conn,
        namespace_id=namespace_id,
        scenario_id=scenario_id,
        collection_ids=collection_ids,
        tree=search.filter,
        sort=search.sort,
    )


def took_too_long(limits: Limits) -> InvalidRequest:
    """What is said of a search that was stopped."""
    return InvalidRequest(
        f"The search took longer than {limits.search_seconds} seconds and was stopped. Ask for less: add a condition "
        "that few runs meet, such as a scenario, a parameter's value or started_at > now() - 7d; or sort by started_at,"
        " a parameter, a tag, or the last, min or max of a metric, which need not look at every run.",
        field="filter", limit=limits.search_seconds,
    )  # fmt: skip


def _conditions(query: RunQuery) -> Iterator[Filter]:
    for name, column in _EQUAL.items():
        if (value := getattr(query, name)) is not None:
            yield Compare(RunColumn(column), "=", value)
    if query.experiments is not None:
        experiment = Like(RunColumn("key"), "startswith", KEY_PREFIX)
        yield experiment if query.experiments else Not(experiment)
    for key, value in query.tags.items():
        yield Compare(RunColumn("name") if key == "runName" else Tag(key), "=", value)


def _check(query: RunQuery, limits: Limits) -> None:
    check_limit(query.limit, limits)
    texts = ("scenario", "scenario_version", "pipeline", "notebook", "execution", "run_id", "key", "external_id")
    check_texts(**{name: getattr(query, name) for name in texts}, collection=query.collection)
    if len(query.tags) > limits.tags:
        raise InvalidRequest(
            f"tags holds {len(query.tags)} tags; the limit is {limits.tags}.", field="tags", limit=limits.tags,
            value=len(query.tags),
        )  # fmt: skip
    for key, value in query.tags.items():
        check_texts(**{"tag key": key, f"tag {key!r:.40}": value})
    if query.notebook is not None and query.scenario is None and query.run_id is None:
        raise InvalidRequest(
            f"notebook needs scenario or run_id beside it, since notebooks of many share a name: {query.notebook!r}",
            field="notebook", value=query.notebook,
        )  # fmt: skip
