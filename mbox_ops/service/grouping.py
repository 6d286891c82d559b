"""Scenarios and run collections: the names that runs are put under."""

from typing import cast

from mbox_ops.entities.grouping import RunCollection, Scenario, ScenarioPart
from mbox_ops.entities.limits import Limits
from mbox_ops.entities.pages import Page
from mbox_ops.errors import NotFound
from mbox_ops.service.access import Actor
from mbox_ops.service.cursors import check_limit, page_of, read_cursor
from mbox_ops.service.queries import check_texts, is_storable
from mbox_ops.store import grouping
from mbox_ops.store.database import Database


class Scenarios:
    """The scenarios of a service that have live runs."""

    def __init__(self, database: Database, *, limits: Limits) -> None:
        self._database = database
        self._limits = limits

    def parts(self, actor: Actor, name_or_id: str, *, limit: int = 1_000) -> list[ScenarioPart]:
        """What is in a scenario, given by its id or name: its sources, and the collections that each has runs in."""
        actor.require("read")
        check_limit(limit, self._limits)
        check_texts(scenario=name_or_id)
        with self._database.read() as conn:
            namespace_id = grouping.namespace_id(conn, name=actor.namespace)
            if namespace_id is None:
                return []
            found = grouping.find_scenarios(conn, namespace_id=namespace_id, entries=[name_or_id])
            if not found:
                return []
            return grouping.scenario_parts(conn, scenario_id=found[name_or_id].id, limit=limit)

    def list(self, actor: Actor, *, limit: int = 100, cursor: str | None = None) -> Page[Scenario]:
        """A page of the namespace's scenarios, by name."""
        actor.require("read")
        check_limit(limit, self._limits)
        after = cast("tuple[str] | None", read_cursor("scenarios", cursor, (str,)))
        with self._database.read() as conn:
            namespace_id = grouping.namespace_id(conn, name=actor.namespace)
            if namespace_id is None:
                return Page(items=[])
            rows = grouping.scenario_page(conn, namespace_id=namespace_id, after=after, limit=limit + 1)
        return page_of("scenarios", rows, limit)

    def get(self, actor: Actor, name_or_id: str) -> Scenario:
        """A scenario by its id, in any namespace that the token opens, or by its name in the request's namespace.

        Raises:
            NotFound: there is none with live runs.
        """
        actor.require("read")
        found = self._find(actor, name_or_id) if is_storable(name_or_id) else None
        if found is None:
            raise NotFound("scenario", name_or_id, actor.namespace)
        return found

    def _find(self, actor: Actor, name_or_id: str) -> Scenario | None:
        with self._database.read() as conn:
            by_id = grouping.scenario_by_uid(conn, uid=name_or_id)
            if by_id is not None and actor.opens(by_id.namespace):
                return by_id
            namespace_id = grouping.namespace_id(conn, name=actor.namespace)
            if namespace_id is None:
                return None
            found = grouping.find_scenarios(conn, namespace_id=namespace_id, entries=[name_or_id])
            described = grouping.describe_scenarios(conn, ids=[row.id for row in found.values()])
        return described[0] if described else None


class Collections:
    """The run collections of a service that have live runs."""

    def __init__(self, database: Database, *, limits: Limits) -> None:
        self._database = database
        self._limits = limits

    def list(
        self, actor: Actor, *, scenario: str | None = None, limit: int = 100, cursor: str | None = None
    ) -> Page[RunCollection]:
        """A page of the namespace's run collections, or of those of one scenario (an id or a name), by name."""
        actor.require("read")
        check_limit(limit, self._limits)
        check_texts(scenario=scenario)
        after = cast("tuple[str, str] | None", read_cursor("collections", cursor, (str, str)))
        with self._database.read() as conn:
            namespace_id = grouping.namespace_id(conn, name=actor.namespace)
            if namespace_id is None:
                return Page(items=[])
            scenario_id = None
            if scenario is not None:
                found = grouping.find_scenarios(conn, namespace_id=namespace_id, entries=[scenario])
                if not found:
                    return Page(items=[])
                scenario_id = found[scenario].id
            rows = grouping.collection_page(
                conn, namespace_id=namespace_id, scenario_id=scenario_id, after=after, limit=limit + 1
            )
        return page_of("collections", rows, limit)
