"""Rules of retention: checked, and what they let go found."""

from typing import TYPE_CHECKING

from mbox_ops.entities.cleanup import Rules
from mbox_ops.entities.deletions import CreateCleanup, CreateDeletion, Selector
from mbox_ops.entities.instants import INT64
from mbox_ops.entities.limits import Limits, check_metric_name
from mbox_ops.errors import InvalidRequest
from mbox_ops.search.parser import parse_filter
from mbox_ops.search.tree import Filter
from mbox_ops.service.choosing import Chosen, is_alive, named_scenarios
from mbox_ops.service.selectors import check_names, check_request
from mbox_ops.store import grouping, retention
from mbox_ops.store.filters import trees

if TYPE_CHECKING:
    from sqlalchemy import Connection

CHOOSING = ("older_than_seconds", "keep_last", "keep_best", "status", "filter")
_LONGEST = 100 * 366 * 86_400  # seconds


def request_of(wish: CreateCleanup, limits: Limits) -> CreateDeletion:
    """The deletion that a cleanup is.

    Raises:
        InvalidRequest: a part of it breaks a rule.
    """
    check_rules(wish.rules, limits)
    request = CreateDeletion(
        selector=Selector(), dry_run=wish.dry_run, purge=wish.purge, max_runs=wish.max_runs, expected=wish.expected,
        key=wish.key,
    )  # fmt: skip
    check_request(request, limits, selector=False)
    return request


def check_rules(rules: Rules, limits: Limits) -> None:
    """Check rules; a cleanup that would take all runs is refused.

    Raises:
        InvalidRequest: they break a rule.
    """
    if all(getattr(rules, field) is None for field in CHOOSING):
        raise InvalidRequest(
            f"rules would let every run go: give at least one of {', '.join(CHOOSING)}.", field="rules"
        )
    for field in ("scenarios", "collections"):
        check_names(f"rules.{field}", getattr(rules, field) or (), limits)
    if rules.status is not None and not rules.status:
        raise InvalidRequest("rules.status is empty; leave it out for all, or name one.", field="rules.status")
    _check_number("rules.older_than_seconds", rules.older_than_seconds, least=0, most=_LONGEST)
    _check_number("rules.keep_last", rules.keep_last, least=0, most=INT64 - 1)
    if rules.keep_best is not None:
        check_metric_name(rules.keep_best.metric, limits)
        _check_number("rules.keep_best.runs", rules.keep_best.runs, least=1, most=INT64 - 1)


def tree_of(rules: Rules, limits: Limits, *, now: int) -> Filter | None:
    """The filter of the rules.

    Raises:
        InvalidRequest: it cannot be read.
    """
    return None if rules.filter is None else parse_filter(rules.filter, now=now, limits=limits, field="rules.filter")


def choose(conn: "Connection", rules: Rules, tree: Filter | None, namespace_id: int, now: int) -> Chosen:
    """The runs that rules let go, and how many stay for which reason."""
    named = named_scenarios(conn, namespace_id, rules.scenarios)
    collections = None if rules.collections is None else _collections(conn, namespace_id, rules.collections)
    within = retention.reach(
        rules,
        namespace_id=namespace_id,
        scenario_ids=named.ids,
        collection_ids=collections,
    )
    if tree is not None:
        within.append(trees.condition_of(conn, tree, namespace_id=namespace_id).holds)
    judged = retention.judged(conn, rules, within, namespace_id=namespace_id, alive=is_alive(now), now=now)
    kept = retention.kept(conn, judged)
    return Chosen(
        targets=retention.targets(judged),
        spared=sum(reasons.get("protected", 0) for reasons in kept.values()),
        scenarios=named.live,
        not_found=named.not_found,
        rules=rules,
        kept=kept,
    )


def _collections(conn: "Connection", namespace_id: int, entries: list[str]) -> list[int]:
    return [row for entry in entries for row in grouping.find_collections(conn, namespace_id=namespace_id, entry=entry)]


def _check_number(field: str, value: int | None, *, least: int, most: int) -> None:
    if value is not None and not least <= value <= most:
        raise InvalidRequest(
            f"{field} is {value}; it takes {least} to {most}.", field=field, limit=[least, most], value=str(value)
        )
