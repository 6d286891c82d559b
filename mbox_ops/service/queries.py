"""Checks of what a reader asks for, so that nothing reaches the database that it cannot compare."""

from mbox_ops.entities.instants import INT64
from mbox_ops.entities.limits import check_text
from mbox_ops.errors import InvalidRequest

MOST = 2_048  # characters of a name, key or path that is looked for; nothing that is stored is longer


def check_texts(**fields: str | None) -> None:
    """Check the texts that were given; an empty one finds nothing and is refused."""
    for field, value in fields.items():
        if value is not None:
            check_text(field, value, most=MOST)


def check_int64(field: str, value: int | None) -> None:
    """Check that a number fits into 64 bits."""
    if value is not None and not -INT64 <= value < INT64:
        raise InvalidRequest(f"{field} is {value}; it takes 64-bit integers.", field=field, value=str(value))


def is_storable(ident: str) -> bool:
    """Whether an id can be looked for at all: what holds U+0000 or half a character was never stored."""
    return "\x00" not in ident and not any("\ud800" <= character <= "\udfff" for character in ident)
