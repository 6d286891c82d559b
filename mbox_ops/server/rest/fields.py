"""The fields that runs have, and the values at them."""

from mbox_ops.entities.pages import Page
from mbox_ops.entities.search import FieldQuery, KnownField, KnownValue, ValueQuery
from mbox_ops.server.routes import Call, operation


@operation("GET", "/api/v1/fields", scope="read")
def list_fields(call: Call, query: FieldQuery) -> Page[KnownField]:
    """The parameters, tags, metrics and metadata paths that live runs have, by kind and name."""
    return call.service.fields.list(call.actor, query)


@operation("GET", "/api/v1/fields/values", scope="read")
def list_values(call: Call, query: ValueQuery) -> Page[KnownValue]:
    """The different values that live runs have at a field: numbers, then booleans, then text."""
    return call.service.fields.values(call.actor, query)
