"""A filter's tree as one condition."""

from typing import NamedTuple

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


class _Place(NamedTuple):
    """Where a filter is asked."""

    namespace_id: int
    dialect: Dialect
    names: Lookups


def condition_of(conn: Connection, tree: Filter, *, namespace_id: int) -> Condition:
    """What the filter asks of a run of a namespace."""
    names = read(conn, namespace_id=namespace_id, asked=fields_of(tree))
    dialect: Dialect = "sqlite" if conn.dialect.name == "sqlite" else "postgresql"
    return _condition(tree, _Place(namespace_id, dialect, names))


def uses_metrics(tree: Filter) -> bool:
    """Whether the filter looks at summaries of series, which have to be fresh then."""
    return any(isinstance(field, Metric) for field, _ in fields_of(tree))


def _condition(tree: Filter, place: _Place) -> Condition:
    if isinstance(tree, Not):
        return no(_condition(tree.part, place))
    if isinstance(tree, And):
        return every([_condition(part, place) for part in tree.parts])
    if isinstance(tree, Or):
        return either([_condition(part, place) for part in tree.parts])
    return _leaf(tree, place)


def _leaf(leaf: Leaf, place: _Place) -> Condition:
    field = leaf.field
    if isinstance(field, Metric):
        name_id = place.names.exact.get(field.name)
        if isinstance(leaf, (Exists, IsNull, IsNan)):
            return metrics.existing(leaf, field.stat, name_id)
        return metrics.asking(leaf, field.stat, name_id, place.dialect)
    assert not isinstance(leaf, IsNan), "only metrics can be NaN"
    if isinstance(field, RunColumn):
        if isinstance(leaf, (Exists, IsNull)):
            return columns.existing(leaf, field.name)
        return columns.asking(leaf, field.name, namespace_id=place.namespace_id, dialect=place.dialect)
    kind, name_ids = _attribute(field, place.names)
    if isinstance(leaf, (Exists, IsNull)):
        below = place.names.below[field.steps] if isinstance(field, Metadata) else name_ids
        return attributes.existing(leaf, kind, below, name_ids)
    return attributes.asking(leaf, kind, name_ids, place.dialect)


def _attribute(field: Parameter | Tag | Metadata, names: Lookups) -> tuple[Kind, list[int]]:
    if isinstance(field, Metadata):
        return "metadata", names.at[field.steps]
    found = names.exact.get(field.name)
    return ("tag" if isinstance(field, Tag) else "parameter"), [] if found is None else [found]
