"""From text to tokens: words, texts and signs, each with its type in the grammar and its place."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from mbox_ops.entities.instants import from_text
from mbox_ops.errors import InvalidRequest
from mbox_ops.search.source import Source, code

# A quoted name ends at its quote; a backslash makes the next character stand for itself.
QUOTED = r'"[^"\\]*(?:\\.[^"\\]*)*"|`[^`\\]*(?:\\.[^`\\]*)*`'
# What a name may hold without quotes: no blank, no control character, none of the signs of the language.
BARE = r"""[^\s\x00-\x1f\x7f"'`()\[\]{},;.=<>!&|~^?*\\]"""
WORD = rf"(?:{BARE}+|[.\[\]*]|{QUOTED})+"  # a field, a keyword, a number, an instant

_TOKEN = re.compile(
    rf"""
    (?P<blank> \s+ )
    | (?P<text> '[^']*(?:''[^']*)*' )
    | (?P<now> (?i:now) \s* \( \s* \) )
    | (?P<word> {WORD} )
    | (?P<sign> [=<>!&|~^]+ )
    | (?P<mark> [(),] )
    """,
    re.VERBOSE | re.DOTALL,
)
_OFFSET = re.compile(r"\s*[+-]\s*\d{1,12}[smhdw](?![\w.])", re.ASCII)  # what may follow now()
_WRONG_OFFSET = re.compile(r"\s*(?P<sign>[+-])\s*(?P<length>[^\s(),]*(\s+[a-z]+)?)", re.ASCII | re.IGNORECASE)
_LENGTH = re.compile(r"(\d{1,12})\s*(?!mo)([smhdw])[a-z]*", re.ASCII | re.IGNORECASE)
_NUMBER = re.compile(r"[+-]?((\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?|infinity)", re.ASCII | re.IGNORECASE)
_VALUE = re.compile(r"[+-]|\.?\d", re.ASCII)  # how a number, date or time begins, and a field never does

KEYWORDS = {
    "and": "_AND", "or": "_OR", "not": "NOT", "in": "_IN", "between": "_BETWEEN", "is": "_IS", "exists": "_EXISTS",
    "contains": "LIKE", "startswith": "LIKE", "matches": "LIKE",
    "true": "BOOLEAN", "false": "BOOLEAN", "null": "NULL", "nan": "NAN", "infinity": "NUMBER",
}  # fmt: skip
MARKS = {"(": "_LEFT", ")": "_RIGHT", ",": "_COMMA"}
UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}  # in seconds
COMPARISONS = ("=", "!=", "<", "<=", ">", ">=")


class Piece(NamedTuple):
    """A token: its type (a terminal of the grammar, or SIGN), its text as written, and its offset."""

    type: str
    text: str
    start: int


def pieces(source: Source) -> Iterator[Piece]:
    """The tokens of a text, from left to right.

    Raises:
        InvalidRequest: a text does not end, or something is no token at all.
    """
    text, start = source.text, 0
    while start < len(text):
        found = _TOKEN.match(text, start)
        if found is None:
            raise no_token(source, start)
        end = found.end()
        if found.lastgroup == "now":
            end = _end_of_now(source, end)
            yield Piece("NOW", text[start:end], start)
        elif found.lastgroup != "blank":
            yield Piece(_type(source, found.lastgroup, found[0], start), found[0], start)
        start = end


def no_token(source: Source, start: int) -> InvalidRequest:
    """What to raise where nothing begins that the language knows."""
    character = source.text[start]
    if character == "'":
        return source.error(start, "the text that begins here does not end; it ends at a single quote.")
    if character in '"`':
        return source.error(start, f"the quoted name that begins here does not end; it ends at {character}.")
    shown = f"`{character}`" if character.isprintable() else f"U+{ord(character):04X}"
    return source.error(start, f"{shown} means nothing here; single quotes enclose text, double ones odd names.")


def is_number(text: str) -> bool:
    """Whether a text is a number as the language writes it."""
    return _NUMBER.fullmatch(text) is not None


def _type(source: Source, group: str | None, text: str, start: int) -> str:
    match group:
        case "text":
            return "TEXT"
        case "mark":
            return MARKS[text]
        case "sign":
            return "COMPARISON" if text in COMPARISONS else "SIGN"
        case _:
            return KEYWORDS.get(text.lower()) or _type_of_word(source, text, start)


def _type_of_word(source: Source, text: str, start: int) -> str:
    if not _VALUE.match(text):
        return "FIELD"
    if is_number(text):
        return "NUMBER"
    if from_text(text) is not None:
        return "INSTANT"
    raise source.error(start, _no_value(text))


def _end_of_now(source: Source, end: int) -> int:
    right = _OFFSET.match(source.text, end)
    if right:
        return right.end()
    wrong = _WRONG_OFFSET.match(source.text, end)
    if wrong is None:
        return end
    sign, length = wrong["sign"], wrong["length"]
    meant = _LENGTH.fullmatch(length)
    sentence = f"after now() {sign} comes a whole number with s, m, h, d or w, such as 7d; found "
    sentence += f"{code(length)}." if length else "nothing."
    if meant:
        sentence += f" Did you mean {code(f'now() {sign} {meant[1]}{meant[2].lower()}')}?"
    raise source.error(wrong.start("length"), sentence)


def _no_value(text: str) -> str:
    shown = code(text)
    if re.match(r"\d{4}-\d\d?-\d\d?", text):
        return f"{shown} is no date or time; write it as in 2026-11-21, 2026-11-21T10:00 or 2026-11-21T10:00:00.5Z."
    if re.match(r"\d\d?:\d", text):
        return f"{shown} is a time without a date; join them with T, as in 2026-11-21T10:00."
    if re.fullmatch(r"\d{1,12}[smhdw]", text, re.ASCII):
        seconds = int(text[:-1]) * UNITS[text[-1]]
        return f"{shown} is a length of time. Did you mean `now() - {text}`, or {seconds} seconds?"
    if text[1:].lower() == "inf":
        return f"{shown} is no number. Did you mean {code(text[0] + 'Infinity')}?"
    return f"{shown} is neither a number nor a date or time; text is written in single quotes."
