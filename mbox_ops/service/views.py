"""Saved views: the table of runs as somebody looked at it, under a name that all of the namespace see."""

from collections.abc import Sequence

from mbox_ops.entities.limits import Limits, check_text
from mbox_ops.entities.views import SavedView
from mbox_ops.errors import Conflict, NotFound
from mbox_ops.service.access import Actor
from mbox_ops.service.clock import Clock
from mbox_ops.service.queries import is_storable
from mbox_ops.store import grouping, subjects, views
from mbox_ops.store.database import Database

MOST = 1_000  # in a namespace


class Views:
    """The saved views of a service."""

    def __init__(self, database: Database, *, clock: Clock, limits: Limits) -> None:
        self._database = database
        self._clock = clock
        self._limits = limits

    def list(self, actor: Actor, *, limit: int = MOST) -> Sequence[SavedView]:
        """The first views of the namespace, by name; there are never more than 1,000."""
        actor.require("read")
        with self._database.read() as conn:
            namespace_id = grouping.namespace_id(conn, name=actor.namespace)
            return [] if namespace_id is None else views.page(conn, namespace_id=namespace_id, limit=limit)

    def get(self, actor: Actor, name: str) -> SavedView:
        """The view of that name.

        Raises:
            NotFound: there is none.
        """
        actor.require("read")
        with self._database.read() as conn:
            namespace_id = grouping.namespace_id(conn, name=actor.namespace)
            found = None
            if namespace_id is not None and is_storable(name):
                found = views.find(conn, namespace_id=namespace_id, name=name)
        if found is None:
            raise NotFound("view", name, actor.namespace)
        return found

    def save(self, actor: Actor, name: str, query: str) -> None:
        """Keep a view under a name, in the place of the one that had it.

        Args:
            name: 1-256 characters.
            query: the query string of the table's address.

        Raises:
            InvalidRequest: the name or the query is too long, or can be none.
            Conflict: the namespace has 1,000 views.
        """
        actor.require("write")
        check_text("view name", name, most=self._limits.name)
        check_text("view query", query, most=4 * self._limits.filter, least=0)
        now = self._clock.now()
        with self._database.write() as conn:
            namespace_id = subjects.namespace_id(conn, name=actor.namespace, now=now)
            is_new = views.find(conn, namespace_id=namespace_id, name=name) is None
            if is_new and views.count(conn, namespace_id=namespace_id) >= MOST:
                raise Conflict(f"There are {MOST} views in {actor.namespace!r}; delete some first.", limit=MOST)
            views.save(
                conn, namespace_id=namespace_id, name=name, query=query, saved_by=actor.name, now=now
            )  # fmt: skip

    def delete(self, actor: Actor, name: str) -> None:
        """Forget a view.

        Raises:
            NotFound: there is none.
        """
        actor.require("write")
        with self._database.write() as conn:
            namespace_id = grouping.namespace_id(conn, name=actor.namespace)
            if namespace_id is None or not is_storable(name):
                raise NotFound("view", name, actor.namespace)
            if not views.remove(conn, namespace_id=namespace_id, name=name):
                raise NotFound("view", name, actor.namespace)
