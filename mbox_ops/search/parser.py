"""The language's front door: filters, orders and fields, from text and back. No SQL here."""

import re

from mbox_ops.entities.limits import DEFAULT, Limits
from mbox_ops.search.conditions import Conditions
from mbox_ops.search.fields import read_field
from mbox_ops.search.showing import show
from mbox_ops.search.source import Source, source
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
        found = _word(read, at, "a field, with - in front of it for descending")
        piece = Piece("FIELD", found["word"], found.start("word"))
        keys.append(SortKey(read_field(read, piece), bool(found["minus"])))
        at = found.end()
        if at == len(text):
            return tuple(keys)
        if text[at] != ",":
            raise read.error(at, f"expected a comma or the end, found {text[at : at + 20]}.", expected=[",", "the end"])
        at += 1


def parse_field(text: str, *, field: str = "field") -> Field:
    """The field that a text names, such as `metrics.loss.min`.

    Raises:
        InvalidRequest: there is no such field.
    """
    read = source(text, field, DEFAULT.filter)
    found = _word(read, 0, "a field")
    if found["minus"] or found.end() != len(text):
        at = found.start() if found["minus"] else found.end()
        raise read.error(at, f"expected nothing but a field, found {text[at : at + 20]}.", expected=["a field"])
    return read_field(read, Piece("FIELD", found["word"], found.start("word")))


def _word(read: Source, at: int, what: str) -> re.Match[str]:
    found = _KEY.match(read.text, at)
    if found is None:
        rest = read.text[at : at + 20].strip() or "the end"
        raise read.error(at, f"expected {what}, found {rest}.", expected=["a field"])
    return found
