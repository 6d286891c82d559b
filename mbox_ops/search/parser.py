"""The language's front door: filters, orders and fields, from text and back. No SQL here."""

import re

from mbox_ops.entities.limits import DEFAULT, Limits
from mbox_ops.errors import InvalidRequest
from mbox_ops.search.conditions import Conditions
from mbox_ops.search.fields import read_field
from mbox_ops.search.showing import show
from mbox_ops.search.source import Source, code, listed, source
from mbox_ops.search.syntax import syntax_tree
from mbox_ops.search.tokens import WORD, Piece
from mbox_ops.search.tree import Field, Filter, SortKey

__all__ = ["parse_field", "parse_filter", "parse_sort", "show"]

_KEY = re.compile(rf"\s*(?P<minus>-\s*)?(?P<word>{WORD})\s*", re.DOTALL)


def parse_filter(text: str, *, now: int, limits: Limits = DEFAULT, field: str = "filter") -> Filter:
    """The filter that a text stands for.

    Args:
        text: such as `params.lr > 0.1 AND metrics.loss.min < 2`.
        now: what `now()` means, in microseconds since 1970 UTC.
        limits: how long, deep and wide a filter may be.
        field: what an error calls the text.

    Raises:
        InvalidRequest: it is no filter; the message names the place and what was expected there.
    """
    read = source(text, field, limits.filter)
    return Conditions(read, now).read(syntax_tree(read, limits))


def parse_sort(text: str, *, limits: Limits = DEFAULT, field: str = "sort") -> tuple[SortKey, ...]:
    """The keys of an order, such as `-metrics.accuracy.max,name`.

    Raises:
        InvalidRequest: it is no order, or has too many keys.
    """
    read, keys, at = source(text, field, limits.filter), list[SortKey](), 0
    while True:
        if len(keys) == limits.sort_keys:
            what = f"there are more than {limits.sort_keys} keys; that is the limit."
            raise read.error(at, what, limit=limits.sort_keys)
        found = _KEY.match(text, at)
        if found is None:
            raise _unexpected(read, at, ["a field"])
        keys.append(SortKey(_field(read, found), bool(found["minus"])))
        at = found.end()
        if at == len(text):
            return tuple(keys)
        if text[at] != ",":
            raise _unexpected(read, at, ["a comma", "the end"], found["word"])
        at += 1


def parse_field(text: str, *, field: str = "field") -> Field:
    """The field that a text names, such as `metrics.loss.min`.

    Raises:
        InvalidRequest: there is no such field.
    """
    read = source(text, field, DEFAULT.filter)
    found = _KEY.match(text)
    if found is None or found["minus"]:
        raise _unexpected(read, 0, ["a field"])
    parsed = _field(read, found)
    if found.end() != len(text):
        raise _unexpected(read, found.end(), ["the end"])
    return parsed


def _field(read: Source, found: re.Match[str]) -> Field:
    return read_field(read, Piece("FIELD", found["word"], found.start("word")))


def _unexpected(read: Source, at: int, expected: list[str], word: str = "") -> InvalidRequest:
    rest = read.text[at:].strip()
    at += read.text[at:].find(rest)
    sentence = f"expected {listed(expected)}, found {code(rest) if rest else 'the end'}."
    if word and rest[:4].lower() == "desc":
        sentence += f" Did you mean {code('-' + word)}?"
    return read.error(at, sentence, expected=expected)
