"""A filter's tree as one condition."""

from typing import NamedTuple

from sqlalchemy import FromClause

from mbox_ops.search.tree import (
    And,
    Exists,
    Filter,
    IsNan,
    IsNull,
    Leaf,
    Metadata,
    Metric,
    Not,
    Or,
    Parameter,
    RunColumn,
    Tag,
)
from mbox_ops.store.attributes import Kind
from mbox_ops.store.database import Connection, Dialect
from mbox_ops.store.filters import attributes, columns, metrics
from mbox_ops.store.filters.conditions import Condition, either, every, no
from mbox_ops.store.filters.lookups import Lookups, fields_of, read
from mbox_ops.store.tables import runs


class Place(NamedTuple):
    """Where a filter is asked.

    Attributes:
        over: the table by whose `subject_id` attributes and metrics are looked up.
    """

    namespace_id: int
    dialect: Dialect
    names: Lookups
    over: FromClause = runs


def condition_of(conn: Connection, tree: Filter, *, namespace_id: int) -> Condition:
    """What the filter asks of a run of a namespace."""
    names = read(conn, namespace_id=namespace_id, asked=fields_of(tree))
    return condition(tree, place_of(conn, namespace_id, names))


def place_of(conn: Connection, namespace_id: int, names: Lookups) -> Place:
    """A namespace, where the names of a filter are known."""
    return Place(namespace_id, "sqlite" if conn.dialect.name == "sqlite" else "postgresql", names)


def uses_metrics(tree: Filter) -> bool:
    """Whether the filter looks at summaries of series, which have to be fresh then."""
    return any(isinstance(field, Metric) for field, _ in fields_of(tree))


def condition(tree: Filter, place: Place) -> Condition:
    """What the filter asks of a run there."""
    if isinstance(tree, Not):
        return no(condition(tree.part, place))
    if isinstance(tree, And):
        return every([condition(part, place) for part in tree.parts])
    if isinstance(tree, Or):
        return either([condition(part, place) for part in tree.parts])
    return _leaf(tree, place)


def _leaf(leaf: Leaf, place: Place) -> Condition:
    field = leaf.field
    if isinstance(field, Metric):
        name_id = place.names.exact.get(field.name)
        if isinstance(leaf, (Exists, IsNull, IsNan)):
            return metrics.existing(place.over, leaf, field.stat, name_id)
        return metrics.asking(place.over, leaf, field.stat, name_id, place.dialect)
    assert not isinstance(leaf, IsNan), "only metrics can be NaN"
    if isinstance(field, RunColumn):
        if isinstance(leaf, (Exists, IsNull)):
            return columns.existing(leaf, field.name)
        return columns.asking(leaf, field.name, namespace_id=place.namespace_id, dialect=place.dialect)
    kind, name_ids = _attribute(field, place.names)
    if isinstance(leaf, (Exists, IsNull)):
        below = place.names.below[field.steps] if isinstance(field, Metadata) else name_ids
        return attributes.existing(place.over, leaf, kind, below, name_ids, place.dialect)
    return attributes.asking(place.over, leaf, kind, name_ids, place.dialect)


def _attribute(field: Parameter | Tag | Metadata, names: Lookups) -> tuple[Kind, list[int]]:
    if isinstance(field, Metadata):
        return "metadata", names.at[field.steps]
    found = names.exact.get(field.name)
    return ("tag" if isinstance(field, Tag) else "parameter"), [] if found is None else [found]
