"""Edges between runs and artifacts, read from what was tracked, uploaded and used; those of deleted runs are hidden.

What a checkpoint holds its run has produced. What a model or a version of one holds nobody is said to have produced by
that; the same content in a run says it.
"""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, Select, case, false, func, or_, select

from mbox_ops.entities.artifacts import StoredArtifact
from mbox_ops.entities.instants import to_datetime
from mbox_ops.entities.lineage import LineageEdge, LineageRun, Match, Relation
from mbox_ops.store.artifacts import stored
from mbox_ops.store.tables import artifacts, namespaces, runs, scenarios, subjects, uses, writers
from mbox_ops.store.uses import Target, hash_of

Key = tuple[int, int]  # 0 produced, 1 used; row
Edges = list[tuple[Key, LineageEdge]]


class Node(NamedTuple):
    """A live artifact, its row and the namespace it is in."""

    artifact: StoredArtifact
    row: int
    namespace_id: int
    namespace: str


def find(conn: Connection, *, uid: str) -> Node | None:
    """A live artifact by its id, in whatever namespace it is."""
    query = _held().add_columns(namespaces.c.name.label("namespace"))
    query = query.join(namespaces, namespaces.c.id == subjects.c.namespace_id).where(artifacts.c.uid == uid)
    row = conn.execute(query).one_or_none()
    return None if row is None else Node(stored(row, row.parent), row.id, row.namespace_id, row.namespace)


def produced_of(conn: Connection, node: Node, *, after: int, limit: int) -> Edges:
    """The edges of the runs that produced an artifact, or its content, or what is at its URI; after that row."""
    targets = dict(_targets(node.artifact))
    same = or_(artifacts.c.id == node.row, _has_checksum([targets.get("checksum")]), _has_uri([targets.get("uri")]))
    query = _produced().where(same, subjects.c.namespace_id == node.namespace_id, artifacts.c.id > after)
    rows = conn.execute(query.order_by(_in_turn(artifacts.c.id)).limit(limit))
    return [((0, row.id), _edge("produced", _match(row, node), row, stored(row, row.parent))) for row in rows]


def used_of(conn: Connection, node: Node, *, after: int, limit: int) -> Edges:
    """The edges of the runs that used an artifact, after that row."""
    hashes = [hash_of(target) for target in _targets(node.artifact)]
    query = _used().where(uses.c.target_hash.in_(hashes), subjects.c.namespace_id == node.namespace_id)
    rows = conn.execute(query.where(uses.c.id > after).order_by(uses.c.id).limit(limit))
    return [((1, row.id), _edge("used", (row.by, row.target), row, node.artifact)) for row in rows]


def produced_by(conn: Connection, *, subject_id: int, after: int, limit: int) -> Edges:
    """The edges of what a run produced, after that row."""
    s = subjects.alias()
    own = select(s.c.id).where(s.c.id == subject_id).union_all(select(s.c.id).where(s.c.parent_id == subject_id))
    query = _produced().where(artifacts.c.subject_id.in_(own), artifacts.c.id > after)
    rows = conn.execute(query.order_by(_in_turn(artifacts.c.id)).limit(limit))
    return [((0, row.id), _edge("produced", ("id", row.uid), row, stored(row, row.parent))) for row in rows]


def used_by(conn: Connection, *, subject_id: int, namespace_id: int, after: int, limit: int) -> Edges:
    """The edges of what a run used, after that row."""
    query = _used().where(uses.c.subject_id == subject_id, uses.c.id > after)
    rows = conn.execute(query.order_by(uses.c.id).limit(limit)).all()
    meant = _meant(conn, namespace_id, [(row.by, row.target) for row in rows])
    return [((1, row.id), _edge("used", (row.by, row.target), row, meant.get((row.by, row.target)))) for row in rows]


def _meant(conn: Connection, namespace_id: int, targets: Sequence[Target]) -> dict[Target, StoredArtifact]:
    """The newest live artifact that each target stands for."""
    c = artifacts.c
    ids, checksums, uris = ([text for by, text in targets if by == one] for one in ("id", "checksum", "uri"))
    newest = [
        _held(func.max(c.uid)).where(condition, subjects.c.namespace_id == namespace_id).group_by(column)
        for column, condition, wanted in (
            (c.uid, c.uid.in_(ids), ids),
            (c.checksum, _has_checksum(checksums), checksums),
            (c.uri_hash, _has_uri(uris), uris),
        )
        if wanted
    ]
    uids = [uid for some in newest for uid in conn.execute(some).scalars()]  # which sort by time
    found: dict[Target, StoredArtifact] = {}
    for row in conn.execute(_held().where(c.uid.in_(uids)).order_by(c.uid)):
        artifact = stored(row, row.parent)
        found |= dict.fromkeys(_targets(artifact), artifact)
    return found


def _targets(artifact: StoredArtifact) -> list[Target]:
    """Everything that means an artifact."""
    known: list[Target] = [("id", artifact.id), ("checksum", artifact.checksum), ("uri", artifact.uri)]
    return [(by, text) for by, text in known if text]


def _held(*columns: Any) -> Select[Any]:
    """Artifacts of live subjects that no newer attempt has replaced."""
    chosen = columns or _ARTIFACT
    return _live(select(*chosen).select_from(artifacts), artifacts.c.subject_id, artifacts.c.writer_id)


def _produced() -> Select[Any]:
    """Those of runs and of their checkpoints."""
    return _of_runs(_held(*_ARTIFACT, *_RUN))


def _used() -> Select[Any]:
    chosen = (uses.c.id, uses.c.by, uses.c.target, uses.c.created_at.label("at"), *_RUN)
    return _of_runs(_live(select(*chosen).select_from(uses), uses.c.subject_id, uses.c.writer_id))


_run = subjects.alias()
_RUN = (
    _run.c.uid.label("run_uid"), runs.c.name.label("run_name"), runs.c.status.label("run_status"),
    scenarios.c.name.label("run_scenario"),
)  # fmt: skip
_ARTIFACT = (
    artifacts, artifacts.c.created_at.label("at"), subjects.c.namespace_id, subjects.c.uid.label("parent"),
)  # fmt: skip


def _live(query: Select[Any], subject_id: ColumnElement[int], writer_id: ColumnElement[int]) -> Select[Any]:
    return (
        query.join(writers, writers.c.id == writer_id)
        .join(subjects, subjects.c.id == subject_id)
        .where(writers.c.replaced.is_(False), subjects.c.deletion_id.is_(None))
    )


def _of_runs(query: Select[Any]) -> Select[Any]:
    of_checkpoint = case((subjects.c.type == "checkpoint", subjects.c.parent_id), else_=subjects.c.id)
    return (
        query.join(runs, runs.c.subject_id == of_checkpoint)
        .join(_run, _run.c.id == runs.c.subject_id)
        .join(scenarios, scenarios.c.id == runs.c.scenario_id)
    )


def _in_turn(row_id: ColumnElement[int]) -> ColumnElement[int]:
    """An order by row that no planner takes for a reason to walk the whole table in it."""
    return row_id + 0


def _has_checksum(checksums: Iterable[str | None]) -> ColumnElement[bool]:
    wanted = [checksum for checksum in checksums if checksum]
    # The second condition says nothing new; SQLite would not use the partial index without it.
    return artifacts.c.checksum.in_(wanted) & (artifacts.c.checksum != "") if wanted else false()


def _has_uri(uris: Iterable[str | None]) -> ColumnElement[bool]:
    hashes = [hash_of(("uri", uri)) for uri in uris if uri]
    return artifacts.c.uri_hash.in_(hashes) if hashes else false()


def _match(row: Any, node: Node) -> Target:
    if row.id == node.row:
        return "id", row.uid
    same: Match = "checksum" if row.checksum and row.checksum == node.artifact.checksum else "uri"
    return same, getattr(row, same)


def _edge(relation: Relation, target: Target, row: Any, artifact: StoredArtifact | None) -> LineageEdge:
    return LineageEdge(
        relation=relation, by=target[0], target=target[1], artifact=artifact, at=to_datetime(row.at),
        run=LineageRun(id=row.run_uid, name=row.run_name, scenario=row.run_scenario, status=row.run_status),
    )  # fmt: skip
