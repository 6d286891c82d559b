"""Literals: from a token to the value it stands for."""

import math
import re

from mbox_ops.entities.instants import EARLIEST, LATEST, from_text
from mbox_ops.search.source import Source, short
from mbox_ops.search.tokens import Piece
from mbox_ops.search.tree import Instant, Value

UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}  # in seconds

_OFFSET = re.compile(r"([+-])\s*([\w.]*)$")
_LENGTH = re.compile(r"(\d{1,12})([smhdw])", re.ASCII)
_LIKE_A_LENGTH = re.compile(r"(\d{1,12})(s|sec|m|min|h|d|w)[a-z]*", re.ASCII | re.IGNORECASE)


def read_value(source: Source, piece: Piece, now: int) -> Value:
    """The value of a TEXT, NUMBER, INSTANT, NOW or BOOLEAN.

    Raises:
        InvalidRequest: the number is beyond float64, or the instant outside the years 1 to 9999.
    """
    match piece.type:
        case "TEXT":
            return piece.text[1:-1].replace("''", "'")
        case "NUMBER":
            return _number(source, piece)
        case "BOOLEAN":
            return piece.text.lower() == "true"
        case "NOW":
            return _now(source, piece, now)
        case _:
            found = from_text(piece.text)
            assert found is not None  # the token would have another type
            return Instant(found)


def _number(source: Source, piece: Piece) -> float:
    number = float(piece.text) + 0.0  # there is one zero
    if math.isinf(number) and "inf" not in piece.text.lower():
        sign = "-" if number < 0 else ""
        what = f"{short(piece.text)} is beyond float64, which ends at 1.7976931348623157e308; write {sign}Infinity."
        raise source.error(piece.start, what)
    return number


def _now(source: Source, piece: Piece, now: int) -> Instant:
    offset = _OFFSET.search(piece.text)
    if offset is None:
        return Instant(now)
    length = _LENGTH.fullmatch(offset[2])
    if length is None:
        raise source.error(piece.start + offset.start(2), _no_length(offset[2], offset[1]))
    moved = int(length[1]) * UNITS[length[2]] * 1_000_000
    instant = now + moved if offset[1] == "+" else now - moved
    if not EARLIEST <= instant <= LATEST:
        raise source.error(piece.start, f"{short(piece.text)} lies outside the years 1 to 9999.")
    return Instant(instant)


def _no_length(text: str, sign: str) -> str:
    rule = "a whole number with s, m, h, d or w (seconds, minutes, hours, days, weeks)"
    found = short(text) if text else "nothing"
    meant = _LIKE_A_LENGTH.fullmatch(text)
    if meant and not meant[0].lower().startswith(f"{meant[1]}mo"):
        return f"after now() {sign} comes {rule}, found {found}. Did you mean {meant[1]}{meant[2][0].lower()}?"
    return f"after now() {sign} comes {rule}, such as 7d; found {found}."
