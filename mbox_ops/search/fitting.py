"""Which values a field can be asked about: what could never hold, or means something else, is refused."""

from typing import get_args

from mbox_ops.entities.instants import from_text
from mbox_ops.entities.runs import MLFramework, Status
from mbox_ops.search.literals import read_value
from mbox_ops.search.showing import show
from mbox_ops.search.source import Source, code, listed, nearest, short
from mbox_ops.search.tokens import Piece, is_number
from mbox_ops.search.tree import INSTANTS, NUMBERS, Field, Instant, Metadata, Metric, Parameter, RunColumn, Tag, Value

_KNOWN: dict[str, tuple[str, ...]] = {
    "status": get_args(Status),
    "framework": tuple(framework.name for framework in MLFramework),
}
_AN_INSTANT = "Write it as in 2026-11-21T10:00 or now() - 7d."
_NAMES: dict[type, tuple[str, str]] = {
    str: ("a text", "text"), float: ("a number", "numbers"), bool: ("a boolean", "booleans"),
    Instant: ("an instant", "instants"),
}  # fmt: skip


def types_of(field: Field) -> tuple[type, ...]:
    """The types of the values that a field is compared with, the one it holds first."""
    match field:
        case Parameter() | Metadata():
            return (str, float, bool, Instant)
        case Tag():
            return (str, Instant)
        case Metric():
            return (float,)
        case RunColumn(name):
            return (Instant,) if name in INSTANTS else (float,) if name in NUMBERS else (str,)


def fit(source: Source, field: Field, piece: Piece, now: int) -> Value:
    """The value that a token stands for, if the field can have such a value.

    Raises:
        InvalidRequest: it cannot.
    """
    if piece.type == "NULL":
        raise source.error(piece.start, f"null goes with =, != and IS only. Did you mean {_code(field, ' IS NULL')}?")
    if piece.type == "NAN":
        hint = f"Did you mean {_code(field, ' IS NAN')}?" if isinstance(field, Metric) else "Only metrics can be NaN."
        raise source.error(piece.start, f"nothing equals NaN. {hint}")
    value, types = read_value(source, piece, now), types_of(field)
    if types == (Instant,) and isinstance(value, str):
        return _instant(source, field, piece, value)
    if type(value) not in types:
        raise source.error(piece.start, _unfit(field, types[0], piece, value))
    return value


def fit_known(source: Source, field: Field, piece: Piece, value: Value) -> None:
    """Make sure that a column of few values can have this one.

    Raises:
        InvalidRequest: it cannot, such as a status that there is not.
    """
    known = _KNOWN.get(field.name) if isinstance(field, RunColumn) else None
    if known is None or value in known:
        return
    meant = nearest(str(value), known)
    hint = f"Did you mean `'{meant}'`?" if meant else f"There are {listed(known, 'and')}."
    raise source.error(piece.start, f"{_code(field)} is never {code(piece.text)}. {hint}")


def fit_order(source: Source, piece: Piece, value: Value) -> None:
    """Make sure that a value has an order.

    Raises:
        InvalidRequest: it is a boolean.
    """
    if isinstance(value, bool):
        raise source.error(piece.start, f"booleans have no order; {code(piece.text)} goes with =, != and IN.")


def fit_text(source: Source, field: Field, piece: Piece, operator: Piece) -> str:
    """The text to look for in a field's text.

    Raises:
        InvalidRequest: the field holds no text, or the value is none.
    """
    name, types = operator.text.upper(), types_of(field)
    if str not in types:
        raise source.error(operator.start, f"{name} looks into text, and {_code(field)} holds {_NAMES[types[0]][1]}.")
    if piece.type != "TEXT":
        raise source.error(piece.start, f"{name} takes text. Did you mean `'{short(piece.text)}'`?")
    return str(read_value(source, piece, 0))


def _instant(source: Source, field: Field, piece: Piece, text: str) -> Instant:
    found = from_text(text)
    if found is None:
        raise source.error(piece.start, f"{_code(field)} holds instants, and {code(piece.text)} is none. {_AN_INSTANT}")
    return Instant(found)


def _unfit(field: Field, held: type, piece: Piece, value: Value) -> str:
    sentence = f"{_code(field)} holds {_NAMES[held][1]}, and {code(piece.text)} is {_NAMES[type(value)][0]}."
    if held is Instant:
        return f"{sentence} {_AN_INSTANT}"
    if held is str:
        return f"{sentence} Did you mean `'{short(piece.text)}'`?"
    return f"{sentence} Did you mean {code(value)}?" if isinstance(value, str) and is_number(value) else sentence


def _code(field: Field, more: str = "") -> str:
    return f"`{short(show(field))}{more}`"
