"""From text to tokens: words, texts, symbols, each with its place and its type in the grammar."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from mbox_ops.entities.instants import from_text
from mbox_ops.search.source import Source, short

# A quoted name ends at its quote; a backslash makes the next character stand for itself.
QUOTED = r'"[^"\\]*(?:\\.[^"\\]*)*"|`[^`\\]*(?:\\.[^`\\]*)*`'
# What a name may hold without quotes: no blank, no control character, none of the signs of the language.
BARE = r"""[^\s\x00-\x1f\x7f"'`()\[\]{},;.=<>!&|~^?*\\]"""

WORD = rf"(?:{BARE}+|[.\[\]*]|{QUOTED})+"  # a field, or any other word

_TOKEN = re.compile(
    rf"""
    (?P<blank> \s+ )
    | (?P<text> '[^']*(?:''[^']*)*' )
    | (?P<now> (?i:now) \s* \( \s* \) (?: \s* [+-] \s* [\w.]* )? )
    | (?P<word> {WORD} )
    | (?P<symbol> [=<>!&|~^]+ )
    | (?P<mark> [(),] )
    """,
    re.VERBOSE | re.DOTALL,
)
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]?infinity", re.ASCII | re.IGNORECASE)
_VALUE = re.compile(r"[+-]|\.?\d", re.ASCII)  # how a number, date or time begins, and a field never does
_DATE = re.compile(r"\d{4}-\d\d?-\d\d?", re.ASCII)

KEYWORDS = {
    "and": "_AND", "or": "_OR", "not": "NOT", "in": "_IN", "between": "_BETWEEN", "is": "_IS", "exists": "_EXISTS",
    "contains": "LIKE", "startswith": "LIKE", "matches": "LIKE",
    "true": "BOOLEAN", "false": "BOOLEAN", "null": "NULL", "nan": "NAN",
}  # fmt: skip
MARKS = {"(": "_LEFT", ")": "_RIGHT", ",": "_COMMA"}
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")


class Piece(NamedTuple):
    """A token: its type (a terminal of the grammar, or SYMBOL), its text as written, and its offset."""

    type: str
    text: str
    start: int


def pieces(source: Source) -> Iterator[Piece]:
    """The tokens of a text, from left to right.

    Raises:
        InvalidRequest: a text does not end, or something is no token at all.
    """
    text, position = source.text, 0
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise _no_token(source, position)
        if found.lastgroup != "blank":
            yield Piece(_type(source, found.lastgroup, found[0], position), found[0], position)
        position = found.end()


def _type(source: Source, group: str | None, text: str, position: int) -> str:
    match group:
        case "text":
            return "TEXT"
        case "now":
            return "NOW"
        case "mark":
            return MARKS[text]
        case "symbol":
            return "COMPARISON" if text in COMPARISONS else "SYMBOL"
        case _:
            return KEYWORDS.get(text.lower()) or _word(source, text, position)


def _word(source: Source, text: str, position: int) -> str:
    if _NUMBER.fullmatch(text):
        return "NUMBER"
    if not _VALUE.match(text):
        return "FIELD"
    if from_text(text) is not None:
        return "INSTANT"
    sentence = f"{short(text)} is neither a number nor a date or time."
    if _DATE.match(text):
        sentence = f"{short(text)} is no date or time, such as 2026-11-21, 2026-11-21T10:00 or 2026-11-21T10:00:00.5Z."
    elif re.match(r"\d\d?:\d", text):
        sentence = f"{short(text)} is a time without its date; write both, such as 2026-11-21T10:00."
    elif re.fullmatch(r"\d+[smhdw]", text):
        sentence = f"{short(text)} is a length of time; an instant is written now() - {short(text)}."
    raise source.error(position, sentence)


def _no_token(source: Source, position: int) -> Exception:
    character = source.text[position]
    if character == "'":
        return source.error(position, "the text that begins here does not end; it ends at a single quote.")
    if character in '"`':
        return source.error(position, f"the quoted name that begins here does not end; it ends at {character}.")
    shown = character if character.isprintable() else f"U+{ord(character):04X}"
    return source.error(position, f"{shown} means nothing here; names that hold such a character are quoted.")
