"""Whether a column holds one of a list of values: one parameter, however many they are.

So a statement has one text for lists of any length, which SQLAlchemy and PostgreSQL need to prepare only once.
"""

from collections.abc import Collection
from typing import Any

import msgspec
from sqlalchemy import BigInteger, ColumnElement, Text, any_, bindparam, func, select
from sqlalchemy.dialects.postgresql import ARRAY


def among(
    dialect: str, column: ColumnElement[Any], name: str, values: Collection[int | str] | None = None
) -> ColumnElement[bool]:
    """The condition.

    Args:
        column: of numbers or texts.
        name: the parameter's.
        values: None: whoever executes the statement binds what `listed` makes of them.
    """
    value = None if values is None else listed(dialect, values)
    kind = Text() if isinstance(column.type, Text) else BigInteger()
    own = Text() if dialect == "sqlite" else ARRAY(kind)
    bound = bindparam(name, value, type_=own, unique=values is not None, required=values is None)
    if dialect == "postgresql":
        return column == any_(bound)
    table = func.json_each(bound).table_valued("value")
    return column.in_(select(table.c.value))


def listed(dialect: str, values: Collection[int | str]) -> Any:
    """A list as it is bound: an array, or JSON."""
    return list(values) if dialect == "postgresql" else msgspec.json.encode(list(values)).decode()
