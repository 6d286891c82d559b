"""Versions of models as rows, and the tags of which a model has each at most once."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, delete, insert, select, update

from mbox_ops.entities.instants import to_datetime
from mbox_ops.entities.model_versions import ModelSource, ModelVersion
from mbox_ops.entities.runs import MLFramework
from mbox_ops.store import artifacts, series, subjects
from mbox_ops.store.tables import model_versions as table
from mbox_ops.store.tables import models, namespaces, unique_tags
from mbox_ops.store.tables import subjects as own

TYPE = "model_version"
Key = tuple[int]  # the row

_model, _source = own.alias(), own.alias()


class Own(NamedTuple):
    """What a version says of itself, and what it came from."""

    version: str
    name: str
    description: str
    framework: str | None
    run_uid: str | None = None
    run_name: str | None = None
    scenario: str | None = None
    checkpoint_uid: str | None = None
    epoch: int | None = None


class Row(NamedTuple):
    """A live version's columns, in the order of `_SELECT`."""

    subject_id: int
    uid: str
    model_uid: str
    model: str
    namespace: str
    created_at: int
    updated_at: int
    unfolded: bool
    run_exists: bool
    version: str
    name: str
    description: str
    framework: str | None
    run_uid: str | None
    run_name: str | None
    scenario: str | None
    checkpoint_uid: str | None
    epoch: int | None


_SELECT: Select[Any] = (
    select(
        own.c.id, own.c.uid, _model.c.uid.label("model_uid"), models.c.name.label("model"),
        namespaces.c.name.label("namespace"), own.c.created_at, own.c.updated_at,
        (own.c.folded < own.c.arrival).label("unfolded"), _source.c.id.is_not(None).label("run_exists"),
        *(table.c[name] for name in Own._fields),
    )
    .select_from(table)
    .join(own, own.c.id == table.c.subject_id)
    .join(_model, _model.c.id == table.c.model_id)
    .join(models, models.c.subject_id == table.c.model_id)
    .join(namespaces, namespaces.c.id == table.c.namespace_id)
    .outerjoin(_source, (_source.c.uid == table.c.run_uid) & _source.c.deletion_id.is_(None))
    .where(own.c.deletion_id.is_(None))
)  # fmt: skip


def hold(conn: Connection, *, model_id: int, version: str) -> subjects.Subject | None:
    """The version of that name, held until the transaction ends."""
    query = select(table.c.subject_id).where(table.c.model_id == model_id, table.c.version == version)
    found = conn.execute(query).scalar()
    return None if found is None else subjects.hold(conn, subject_id=found)


def make(conn: Connection, *, model: subjects.Subject, said: Own, uid: str, now: int) -> subjects.Subject:
    """Make a version of a model that the transaction holds."""
    row = subjects.insert(
        conn, uid=uid, namespace_id=model.namespace_id, type=TYPE, key=None, now=now, parent_id=model.id
    )  # fmt: skip
    assert row is not None, "an id of ours came twice"
    values = {"subject_id": row, "namespace_id": model.namespace_id, "model_id": model.id, **said._asdict()}
    conn.execute(insert(table).values(values))
    made = subjects.hold(conn, subject_id=row)
    assert made is not None
    return made


def said(conn: Connection, *, subject_id: int) -> Own:
    """What a version says of itself."""
    return Own(
        *conn.execute(select(*(table.c[name] for name in Own._fields)).where(table.c.subject_id == subject_id)).one()
    )


def complete(conn: Connection, *, subject_id: int, new: Own) -> None:
    """Set what a version does not say of itself yet; what it says stays."""
    old = said(conn, subject_id=subject_id)
    changed = {name: value for name, value in new._asdict().items() if value is not None and value != ""}
    changed = {name: value for name, value in changed.items() if getattr(old, name) in (None, "")}
    if changed:
        conn.execute(update(table).where(table.c.subject_id == subject_id).values(**changed))


def holders(conn: Connection, *, model_id: int, tags: Iterable[str]) -> dict[str, tuple[int, str]]:
    """Which versions of a model have these tags: the row and the name of each, by tag."""
    t = unique_tags.c
    query = select(t.tag, t.subject_id, table.c.version).join(table, table.c.subject_id == t.subject_id)
    rows = conn.execute(query.where(t.model_id == model_id, t.tag.in_(list(tags))).order_by(t.tag))
    return {row.tag: (row.subject_id, row.version) for row in rows}


def tags_of(conn: Connection, subject_ids: Sequence[int]) -> dict[int, list[str]]:
    """The tags of versions, sorted."""
    t = unique_tags.c
    found: dict[int, list[str]] = {}
    for row in conn.execute(select(t.subject_id, t.tag).where(t.subject_id.in_(subject_ids)).order_by(t.tag)):
        found.setdefault(row.subject_id, []).append(row.tag)
    return found


def drop_tags(conn: Connection, *, model_id: int, tags: Iterable[str]) -> None:
    """Take tags away from whichever versions of a model have them."""
    conn.execute(delete(unique_tags).where(unique_tags.c.model_id == model_id, unique_tags.c.tag.in_(list(tags))))


def add_tags(conn: Connection, *, model_id: int, subject_id: int, tags: Iterable[str]) -> None:
    """Give a version tags that no version of the model has; the caller holds the model."""
    rows = [{"model_id": model_id, "subject_id": subject_id, "tag": tag} for tag in tags]
    if rows:
        conn.execute(insert(unique_tags), rows)


def find(conn: Connection, *, uid: str) -> Row | None:
    """A live version by its id, in whatever namespace it is."""
    row = conn.execute(_SELECT.where(own.c.uid == uid)).one_or_none()
    return None if row is None else Row(*row)


def page(
    conn: Connection, *, namespace_id: int, model_id: int | None, version: str | None, unique_tag: str | None,
    run_uid: str | None, after: Key | None, limit: int,
) -> list[tuple[Key, Row]]:  # fmt: skip
    """At most `limit` live versions of a namespace, newest first, after that row."""
    c = table.c
    found = _SELECT.where(c.namespace_id == namespace_id).order_by(c.subject_id.desc()).limit(limit)
    if model_id is not None:
        found = found.where(c.model_id == model_id)
    if version is not None:
        found = found.where(c.version == version)
    if run_uid is not None:
        found = found.where(c.run_uid == run_uid)
    if unique_tag is not None:
        tagged = select(unique_tags.c.subject_id).where(unique_tags.c.tag == unique_tag)
        found = found.where(c.subject_id.in_(tagged))
    if after is not None:
        found = found.where(c.subject_id < after[0])
    return [((row.id,), Row(*row)) for row in conn.execute(found)]


def describe(conn: Connection, rows: Sequence[Row]) -> list[ModelVersion]:
    """The versions of these rows, in their order."""
    ids = [row.subject_id for row in rows]
    summaries = series.summaries(conn, subject_ids=ids) if ids else {}
    files, tags = artifacts.counts(conn, subject_ids=ids), tags_of(conn, ids)
    return [
        ModelVersion(
            id=row.uid, model_id=row.model_uid, model=row.model, namespace=row.namespace, version=row.version,
            name=row.name, description=row.description,
            framework=None if row.framework is None else MLFramework(row.framework),
            unique_tags=tags.get(row.subject_id, []), source=_source_of(row),
            metrics=summaries.get(row.subject_id, {}), artifacts=files.get(row.subject_id, 0),
            created_at=to_datetime(row.created_at), updated_at=to_datetime(row.updated_at),
        )
        for row in rows
    ]  # fmt: skip


def _source_of(row: Row) -> ModelSource | None:
    if row.run_uid is None:
        return None
    return ModelSource(
        run_id=row.run_uid, run_name=row.run_name or "", scenario=row.scenario or "", run_exists=row.run_exists,
        checkpoint_id=row.checkpoint_uid, epoch=row.epoch,
    )  # fmt: skip
