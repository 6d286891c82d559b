"""Which values a field can be asked about: what could never hold, or means something else, is refused."""

from enum import Enum
from typing import get_args

from mbox_ops.entities.instants import from_text
from mbox_ops.entities.runs import MLFramework, Status
from mbox_ops.search.literals import read_value
from mbox_ops.search.showing import show
from mbox_ops.search.source import Source, listed, nearest, short
from mbox_ops.search.tokens import Piece
from mbox_ops.search.tree import INSTANTS, NUMBERS, Field, Instant, Metadata, Metric, Parameter, RunColumn, Tag, Value

_KNOWN: dict[str, tuple[str, ...]] = {
    "status": get_args(Status),
    "framework": tuple(framework.name for framework in MLFramework),
}


class Kind(Enum):
    """What a field holds, for a message."""

    ANY = "values of any type"
    TAG = "text"
    TEXT = "text only"
    NUMBER = "numbers"
    INSTANT = "instants"


_TAKES: dict[Kind, tuple[type, ...]] = {
    Kind.ANY: (str, float, bool, Instant),
    Kind.TAG: (str, Instant),
    Kind.TEXT: (str,),
    Kind.NUMBER: (float,),
    Kind.INSTANT: (Instant,),
}
_NAMES: dict[type, str] = {str: "a text", float: "a number", bool: "a boolean", Instant: "an instant"}


def kind_of(field: Field) -> Kind:
    """What a field holds."""
    match field:
        case Parameter() | Metadata():
            return Kind.ANY
        case Tag():
            return Kind.TAG
        case Metric():
            return Kind.NUMBER
        case RunColumn(name=name):
            return Kind.INSTANT if name in INSTANTS else Kind.NUMBER if name in NUMBERS else Kind.TEXT


def fit(source: Source, field: Field, piece: Piece, now: int) -> Value:
    """The value that a token stands for, if the field can have such a value.

    Raises:
        InvalidRequest: it cannot.
    """
    if piece.type == "NULL":
        raise source.error(piece.start, f"null goes with =, != and IS only; write {show(field)} IS NULL.")
    if piece.type == "NAN":
        hint = f"write {show(field)} IS NAN." if isinstance(field, Metric) else "only metrics can be NaN."
        raise source.error(piece.start, f"NaN equals nothing; {hint}")
    value, kind = read_value(source, piece, now), kind_of(field)
    if kind is Kind.INSTANT and isinstance(value, str):
        return _instant(source, field, piece, value)
    if type(value) not in _TAKES[kind]:
        raise source.error(piece.start, _unfit(field, kind, piece, value))
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
    hint = f"Did you mean '{meant}'?" if meant else f"There are {listed(known, 'and')}."
    raise source.error(piece.start, f"{show(field)} is never {short(piece.text)}. {hint}")


def fit_order(source: Source, piece: Piece, value: Value) -> None:
    """Make sure that a value has an order.

    Raises:
        InvalidRequest: it is a boolean.
    """
    if isinstance(value, bool):
        raise source.error(piece.start, f"booleans have no order; {piece.text} goes with =, != and IN.")


def fit_text(source: Source, field: Field, piece: Piece, operator: Piece) -> str:
    """The text to look for in a field's text.

    Raises:
        InvalidRequest: the field holds no text, or the value is none.
    """
    kind, name = kind_of(field), operator.text.upper()
    if kind in (Kind.NUMBER, Kind.INSTANT):
        raise source.error(operator.start, f"{name} looks into text, and {show(field)} holds {kind.value}.")
    if piece.type != "TEXT":
        what = f"{name} takes text; write '{short(piece.text)}' in single quotes."
        raise source.error(piece.start, what)
    return str(read_value(source, piece, 0))


def _instant(source: Source, field: Field, piece: Piece, text: str) -> Instant:
    found = from_text(text)
    if found is None:
        what = f"{show(field)} is an instant, and {short(piece.text)} is none; write 2026-11-21T10:00 or now() - 7d."
        raise source.error(piece.start, what)
    return Instant(found)


def _unfit(field: Field, kind: Kind, piece: Piece, value: Value) -> str:
    sentence = f"{show(field)} holds {kind.value}, and {short(piece.text)} is {_NAMES[type(value)]}."
    if kind in (Kind.TAG, Kind.TEXT):
        return f"{sentence} Did you mean '{short(piece.text)}'?"
    if kind is Kind.INSTANT:
        return f"{sentence} Write 2026-11-21T10:00 or now() - 7d."
    return sentence
