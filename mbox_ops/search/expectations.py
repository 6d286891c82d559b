"""What the grammar would have taken in place of what stands there, in words, and what was probably meant."""

from collections.abc import Set

from mbox_ops.search.source import listed, nearest, short
from mbox_ops.search.tokens import Piece

_VALUES = frozenset({"TEXT", "NUMBER", "INSTANT", "NOW", "BOOLEAN", "NULL", "NAN"})
_WORDS = {
    "FIELD": ["a field"],
    "NOT": ["NOT"],
    "_EXISTS": ["EXISTS"],
    "COMPARISON": ["=", "!=", "<", "<=", ">", ">="],
    "_IN": ["IN"],
    "LIKE": ["CONTAINS", "STARTSWITH", "MATCHES"],
    "_BETWEEN": ["BETWEEN"],
    "_IS": ["IS"],
    "_LEFT": ["("],
    "NULL": ["NULL"],
    "NAN": ["NAN"],
    "_AND": ["AND"],
    "_OR": ["OR"],
    "_COMMA": ["a comma"],
    "_RIGHT": [")"],
    "$END": ["the end"],
}
_A_VALUE = "a value (text in single quotes, a number, a date or time, now(), true, false, null)"
_SIGNS = {
    "==": "=", "===": "=", "<>": "!=", "!==": "!=", "=<": "<=", "=>": ">=", "&": "AND", "&&": "AND", "|": "OR",
    "||": "OR", "!": "NOT", "~": "MATCHES", "=~": "MATCHES",
}  # fmt: skip
_OTHERWISE = {
    "like": "MATCHES", "ilike": "MATCHES", "glob": "MATCHES", "rlike": "MATCHES", "regexp": "MATCHES",
    "has": "CONTAINS", "includes": "CONTAINS", "eq": "=", "equals": "=", "ne": "!=", "lt": "<", "le": "<=", "gt": ">",
    "ge": ">=", "inf": "Infinity", "none": "null", "nil": "null", "undefined": "null", "yes": "true", "no": "false",
    "now": "now()",
}  # fmt: skip


def told(accepted: Set[str]) -> list[str]:
    """The terminals that would fit, in words and in the order of the grammar."""
    words = [word for terminal, some in _WORDS.items() if terminal in accepted for word in some]
    if accepted >= _VALUES:
        return [_A_VALUE, *(word for word in words if word not in ("NULL", "NAN"))]
    return words


def unexpected(piece: Piece, accepted: Set[str], previous: Piece | None) -> str:
    """The sentence about a piece that does not fit."""
    if previous and previous.type == "FIELD" and piece.type in ("$END", "_AND", "_OR", "_RIGHT"):
        name = short(previous.text)
        return f"{name} alone is no condition; compare it with something, or write EXISTS {name}."
    if "FIELD" in accepted and piece.type in _VALUES:
        return f"a condition begins with a field, and {short(piece.text)} is a value."
    found = "the end" if piece.type == "$END" else short(piece.text)
    sentence = f"expected {listed(told(accepted))}, found {found}."
    hint = _hint(piece, accepted)
    return f"{sentence} {hint}" if hint else sentence


def _hint(piece: Piece, accepted: Set[str]) -> str | None:
    if piece.type == "SYMBOL":
        meant = _SIGNS.get(piece.text)
    elif piece.type == "FIELD":
        if accepted >= _VALUES and piece.text.lower() not in _OTHERWISE:
            return _as_text(piece.text)
        meant = _OTHERWISE.get(piece.text.lower()) or nearest(piece.text, told(accepted))
    elif piece.text == "=" and "LIKE" in accepted:
        meant = "!="
    else:
        meant = None
    return f"Did you mean {meant}?" if meant else None


def _as_text(word: str) -> str:
    quoted = word[0] in '"`'
    text = word[1:-1] if quoted else word
    shown = "'" + short(text).replace("'", "''") + "'"
    if quoted:
        return f"Text is written in single quotes, names in {word[0]}: did you mean {shown}?"
    return f"A field stands only on the left; text is written in single quotes: did you mean {shown}?"
