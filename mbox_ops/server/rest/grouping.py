"""Scenarios and run collections."""

import msgspec

from mbox_ops.entities.grouping import RunCollection, Scenario
from mbox_ops.entities.pages import Page
from mbox_ops.server.routes import Call, operation


class ScenarioQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of scenarios."""

    limit: int = 100
    cursor: str | None = None


class CollectionQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which run collections: those of a scenario, given by id or name, or all of the namespace."""

    scenario: str | None = None
    limit: int = 100
    cursor: str | None = None


@operation("GET", "/api/v1/scenarios", scope="read")
def list_scenarios(call: Call, query: ScenarioQuery) -> Page[Scenario]:
    """The scenarios that have live runs, by name."""
    return call.service.scenarios.list(call.actor, limit=query.limit, cursor=query.cursor)


@operation("GET", "/api/v1/scenarios/{scenario}", scope="read")
def get_scenario(call: Call, scenario: str) -> Scenario:
    """One scenario by id or name; an id beats a name."""
    return call.service.scenarios.get(call.actor, scenario)


@operation("GET", "/api/v1/collections", scope="read")
def list_collections(call: Call, query: CollectionQuery) -> Page[RunCollection]:
    """The run collections that have live runs, by name."""
    return call.service.collections.list(call.actor, scenario=query.scenario, limit=query.limit, cursor=query.cursor)
