"""Lineage: what is checked when a run says that it used something, and how edges are read."""

from collections.abc import Callable
from functools import partial
from typing import cast

from mbox_ops.entities.limits import DEFAULT, Limits, check_text
from mbox_ops.entities.lineage import ArtifactUse, LineageEdge, LineageQuery
from mbox_ops.entities.pages import Page
from mbox_ops.entities.uris import check_uri
from mbox_ops.errors import InvalidRequest, NotFound
from mbox_ops.service.access import Actor
from mbox_ops.service.artifacts import check_checksum
from mbox_ops.service.cursors import check_limit, page_of, read_cursor
from mbox_ops.service.queries import is_storable
from mbox_ops.service.reading import live_run
from mbox_ops.store import lineage
from mbox_ops.store.database import Database

_Reader = Callable[..., lineage.Edges]  # takes `after` and `limit`
_LIST = "lineage"


class Lineage:
    """The lineage of a service's artifacts."""

    def __init__(self, database: Database, *, limits: Limits) -> None:
        self._database = database
        self._limits = limits

    def of_artifact(self, actor: Actor, artifact_id: str, query: LineageQuery) -> Page[LineageEdge]:
        """A page of the runs that produced an artifact and that used it.

        Runs are found by its id, and in its namespace by its checksum and its URI.

        Raises:
            NotFound: there is none of a live object, or the token does not open its namespace.
            InvalidRequest: the limit or the cursor breaks a rule.
        """
        after = self._check(actor, query)
        with self._database.read() as conn:
            node = lineage.find(conn, uid=artifact_id) if is_storable(artifact_id) else None
            if node is None or not actor.opens(node.namespace):
                raise NotFound("artifact", artifact_id, actor.namespace)
            produced, used = partial(lineage.produced_of, conn, node), partial(lineage.used_of, conn, node)
            return _page(query, after, produced, used)

    def of_run(self, actor: Actor, run_id: str, query: LineageQuery) -> Page[LineageEdge]:
        """A page of what a run, with its checkpoints, produced and what it used.

        Raises:
            NotFound: there is no such live run, or the token does not open its namespace.
            InvalidRequest: the limit or the cursor breaks a rule.
        """
        after = self._check(actor, query)
        with self._database.read() as conn:
            run = live_run(conn, actor, run_id)
            produced = partial(lineage.produced_by, conn, subject_id=run.id)
            used = partial(lineage.used_by, conn, subject_id=run.id, namespace_id=run.namespace_id)
            return _page(query, after, produced, used)

    def _check(self, actor: Actor, query: LineageQuery) -> lineage.Key:
        actor.require("read")
        check_limit(query.limit, self._limits)
        return cast("lineage.Key | None", read_cursor(_LIST, query.cursor, (int, int))) or (0, 0)


def _page(query: LineageQuery, after: lineage.Key, produced: _Reader, used: _Reader) -> Page[LineageEdge]:
    """A page of what was produced and then of what was used, behind a row of either."""
    wanted = query.limit + 1
    edges: lineage.Edges = []
    if after[0] == 0 and query.relation != "used":
        edges = produced(after=after[1], limit=wanted)
    if len(edges) < wanted and query.relation != "produced":
        edges += used(after=after[1] if after[0] else 0, limit=wanted - len(edges))
    return page_of(_LIST, edges, query.limit)


def check_use(use: ArtifactUse, limits: Limits = DEFAULT) -> ArtifactUse:
    """What a run says that it used.

    Raises:
        InvalidRequest: it says nothing or several things, or one breaks a rule.
    """
    given = [name for name in use.__struct_fields__ if getattr(use, name) is not None]
    if len(given) != 1:
        raise InvalidRequest(
            f"A use names one of artifact_id, checksum and uri; this one names {' and '.join(given) or 'none'}.",
            field="uses", value=given,
        )  # fmt: skip
    if use.artifact_id is not None:
        check_text("uses artifact_id", use.artifact_id, most=limits.name)
    elif use.checksum is not None:
        check_checksum("uses checksum", use.checksum)
    else:
        check_uri("uses uri", use.uri, limits)
    return use
