"""Models as rows; the key of a model's subject is its name."""

from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, func, insert, select, update

from mbox_ops.entities.instants import to_datetime
from mbox_ops.entities.models import Model, ModelQuery
from mbox_ops.store.tables import INDEXED_TEXT, model_versions, namespaces, subjects
from mbox_ops.store.tables import models as table

TYPE = "model"
Key = tuple[str]  # the name

_of = model_versions.alias()
_LATEST = select(func.max(_of.c.subject_id)).where(_of.c.model_id == table.c.subject_id).correlate(table)
_COUNT = select(func.count()).select_from(_of).where(_of.c.model_id == table.c.subject_id).correlate(table)
_latest, _latest_subject = model_versions.alias(), subjects.alias()
_SELECT: Select[Any] = (
    select(
        subjects.c.id, subjects.c.uid, namespaces.c.name.label("namespace"), table.c.name, table.c.owner, table.c.task,
        table.c.description, subjects.c.created_at, subjects.c.updated_at,
        _COUNT.scalar_subquery().label("versions"), _latest.c.version.label("latest_version"),
        _latest_subject.c.uid.label("latest_version_uid"),
    )
    .select_from(table)
    .join(subjects, subjects.c.id == table.c.subject_id)
    .join(namespaces, namespaces.c.id == table.c.namespace_id)
    .outerjoin(_latest, _latest.c.subject_id == _LATEST.scalar_subquery())
    .outerjoin(_latest_subject, _latest_subject.c.id == _latest.c.subject_id)
    .where(subjects.c.deletion_id.is_(None))
)  # fmt: skip


class Own(NamedTuple):
    """What a model says of itself."""

    name: str
    owner: str
    task: str
    description: str


def add(conn: Connection, *, subject_id: int, namespace_id: int, own: Own) -> None:
    """Give a subject that was just made its row."""
    conn.execute(insert(table).values(subject_id=subject_id, namespace_id=namespace_id, **own._asdict()))


def complete(conn: Connection, *, subject_id: int, own: Own) -> None:
    """Set what a model does not say of itself yet; what it says stays."""
    row = conn.execute(select(*(table.c[name] for name in Own._fields)).where(table.c.subject_id == subject_id)).one()
    new = {name: value for name, value in own._asdict().items() if value and not getattr(row, name)}
    if new:
        conn.execute(update(table).where(table.c.subject_id == subject_id).values(**new))


def find(conn: Connection, *, uid: str) -> Model | None:
    """A live model by its id, in whatever namespace it is."""
    row = conn.execute(_SELECT.where(subjects.c.uid == uid)).one_or_none()
    return None if row is None else _model(row)


def find_by_name(conn: Connection, *, namespace: str, name: str) -> Model | None:
    """The live model of that name."""
    row = conn.execute(_SELECT.where(namespaces.c.name == namespace, table.c.name == name)).one_or_none()
    return None if row is None else _model(row)


def page(
    conn: Connection, *, namespace_id: int, query: ModelQuery, after: Key | None, limit: int
) -> list[tuple[Key, Model]]:
    """At most `limit` live models of a namespace, by name, after that one."""
    c = table.c
    found = _SELECT.where(c.namespace_id == namespace_id).order_by(c.name).limit(limit)
    for name in ("name", "owner", "task"):
        if (value := getattr(query, name)) is not None:
            found = found.where(c[name] == value)
    if query.prefix:
        begins = func.substr(c.name, 1, len(query.prefix)) == query.prefix
        found = found.where(c.name >= query.prefix[:INDEXED_TEXT], begins)
    if after is not None:
        found = found.where(c.name > after[0])
    return [((row.name,), _model(row)) for row in conn.execute(found)]


def _model(row: Any) -> Model:
    return Model(
        id=row.uid, namespace=row.namespace, name=row.name, owner=row.owner, task=row.task,
        description=row.description, versions=row.versions, latest_version=row.latest_version,
        latest_version_id=row.latest_version_uid, created_at=to_datetime(row.created_at),
        updated_at=to_datetime(row.updated_at),
    )  # fmt: skip
