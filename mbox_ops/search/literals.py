"""Literals: from a token to the value it stands for."""

import math
import re

from mbox_ops.entities.instants import EARLIEST, LATEST, from_text
from mbox_ops.search.source import Source, code
from mbox_ops.search.tokens import UNITS, Piece
from mbox_ops.search.tree import Instant, Value

_OFFSET = re.compile(r"([+-])\s*(\d+)([smhdw])$", re.ASCII)


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
        meant = "-Infinity" if number < 0 else "Infinity"
        what = f"{code(piece.text)} is beyond float64, which ends at 1.7976931348623157e308. Did you mean `{meant}`?"
        raise source.error(piece.start, what)
    return number


def _now(source: Source, piece: Piece, now: int) -> Instant:
    offset = _OFFSET.search(piece.text)
    if offset is None:
        return Instant(now)
    moved = int(offset[2]) * UNITS[offset[3]] * 1_000_000
    instant = now + moved if offset[1] == "+" else now - moved
    if not EARLIEST <= instant <= LATEST:
        raise source.error(piece.start, f"{code(piece.text)} lies outside the years 1 to 9999.")
    return Instant(instant)
