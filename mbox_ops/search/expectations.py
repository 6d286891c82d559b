"""What the grammar would have taken in place of what stands there, in words, and what was probably meant."""

from collections.abc import Set

from mbox_ops.search.fields import COLUMNS, ROOTS
from mbox_ops.search.source import code, listed, nearest, short
from mbox_ops.search.tokens import Piece

_VALUES = frozenset({"TEXT", "NUMBER", "INSTANT", "NOW", "BOOLEAN", "NULL", "NAN"})
_A_VALUE = "a value (a text in single quotes, a number, a date or time, now(), true, false or null)"
_WORDS = {
    "FIELD": ["a field"],
    "_EXISTS": ["EXISTS"],
    "COMPARISON": ["=", "!=", "<", "<=", ">", ">="],
    "_IN": ["IN"],
    "LIKE": ["CONTAINS", "STARTSWITH", "MATCHES"],
    "_BETWEEN": ["BETWEEN"],
    "_IS": ["IS"],
    "NOT": ["NOT"],
    "NULL": ["NULL"],
    "NAN": ["NAN"],
    "_LEFT": ["("],
    "_AND": ["AND"],
    "_OR": ["OR"],
    "_COMMA": ["a comma"],
    "_RIGHT": [")"],
    "$END": ["the end"],
}
_SIGNS = {
    "==": "=", "===": "=", "<>": "!=", "!==": "!=", "=<": "<=", "=>": ">=", "&": "AND", "&&": "AND", "|": "OR",
    "||": "OR", "!": "NOT", "~": "MATCHES", "=~": "MATCHES",
}  # fmt: skip
_OTHERWISE = {
    "like": "MATCHES", "ilike": "MATCHES", "glob": "MATCHES", "rlike": "MATCHES", "regexp": "MATCHES",
    "has": "CONTAINS", "includes": "CONTAINS", "eq": "=", "equals": "=", "ne": "!=", "lt": "<", "le": "<=", "gt": ">",
    "ge": ">=", "inf": "Infinity", "none": "null", "nil": "null", "undefined": "null", "now": "now()",
}  # fmt: skip
_TYPOGRAPHIC = "\u2018\u2019\u201c\u201d"  # quotes as word processors make them


def told(accepted: Set[str]) -> list[str]:
    """The terminals that would fit, in words."""
    if accepted >= _VALUES:
        return [_A_VALUE]
    return [word for terminal, some in _WORDS.items() if terminal in accepted for word in some]


def unexpected(piece: Piece, accepted: Set[str], previous: Piece | None) -> str:
    """The sentence about a piece that does not fit behind the previous one."""
    if previous and "COMPARISON" in accepted and piece.type in ("$END", "_AND", "_OR", "_LEFT", "_RIGHT"):
        name = short(previous.text)
        return f"`{name}` alone is no condition; compare it with a value, or write `EXISTS {name}`."
    if "FIELD" in accepted and piece.type in _VALUES:
        return f"a condition begins with a field, and {code(piece.text)} is a value."
    if previous and previous.type == "TEXT" and piece.type == "FIELD" and _touch(previous, piece):
        return f"the text ends before {code(piece.text)}; a single quote inside a text is written twice."
    found = "the end" if piece.type == "$END" else code(piece.text)
    return f"expected {listed(told(accepted))}, found {found}.{_hint(piece, accepted)}"


def _touch(one: Piece, other: Piece) -> bool:
    return one.start + len(one.text) == other.start


def _hint(piece: Piece, accepted: Set[str]) -> str:
    meant = None
    if piece.type == "SIGN":
        meant = _SIGNS.get(piece.text)
    elif piece.type == "FIELD":
        word = piece.text.lower()
        if accepted >= _VALUES and word not in _OTHERWISE:
            return _as_text(piece.text)
        meant = _OTHERWISE.get(word) or nearest(word, filter(str.isupper, told(accepted)))
    elif piece.text == "=" and "LIKE" in accepted:
        meant = "!="
    return f" Did you mean `{meant}`?" if meant else ""


def _as_text(word: str) -> str:
    if word in COLUMNS or word.split(".")[0] in ROOTS:
        return " A field is compared with a value, not with another field."
    text, why = word.strip(_TYPOGRAPHIC), "A text stands in single quotes"
    if text[:1] in ('"', "`"):
        why, text = f"{text[0]} stands around names, single quotes around text", text[1:-1]
    shown = short(text).replace("'", "''")
    return f" Did you mean `'{shown}'`? {why}."
