"""The fields that runs of a namespace have, and the values at them: for completion, menus and a first look."""

from typing import TYPE_CHECKING

from mbox_ops.client.reading import Listing, listing, same
from mbox_ops.entities.search import FieldKind, KnownField, KnownValue

if TYPE_CHECKING:
    from mbox_ops.client.connection import Connection

Values = Listing[str | float | bool]


class Fields:
    """The fields of a namespace's runs, as filters and orders name them."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    def list(self, *, prefix: str = "", kind: FieldKind | None = None, limit: int | None = None) -> Listing[KnownField]:
        """The parameters, tags, metrics and metadata paths that live runs have, by kind and name.

        Args:
            prefix: only those whose name or path begins so.
            kind: only `parameter`, `tag`, `metric` or `metadata`.
            limit: at most so many; all if it is not given.

        Returns:
            Fields with `kind`, `name`, `types` and `field`, which is how a filter names it.

        Example:
            >>> [known.field for known in client.fields.list(prefix="learning")]  # doctest: +SKIP
            ['params.learning_rate']
        """
        self._connection.flush()
        return listing(self._connection, "/fields", KnownField, same, limit=limit, prefix=prefix, kind=kind)

    def values(self, field: str, *, prefix: str = "", limit: int | None = None) -> Values:
        """The different values of a field: numbers first, then text.

        Args:
            field: as a filter names it, such as `params.model`.
            prefix: only texts that begin so.
            limit: at most so many; all if it is not given.

        Raises:
            InvalidRequest: there is no such kind of field, or it has no values to list.
        """
        self._connection.flush()
        return listing(self._connection, "/fields/values", KnownValue, _value, limit=limit, field=field, prefix=prefix)


def _value(known: KnownValue) -> str | float | bool:
    return known.value
