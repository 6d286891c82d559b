"""The text that is read, and how a mistake in it is told: the place, what is wrong, and the nearest known name."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import NamedTuple

from mbox_ops.entities.limits import check_text
from mbox_ops.errors import InvalidRequest

_BEFORE, _AFTER = 40, 32  # characters of the line that are shown around a mistake
_SHOWN = 40  # characters of a piece of the text in a message


class Source(NamedTuple):
    """A text of the language, and the field of the request that it came in."""

    text: str
    field: str

    def error(
        self, position: int, sentence: str, *, expected: Sequence[str] | None = None, limit: int | None = None
    ) -> InvalidRequest:
        """What to raise for a mistake at an offset; the message counts characters from 1."""
        place = "at its end" if position >= len(self.text) else f"at character {position + 1}"
        return InvalidRequest(
            f"{self.field}, {place}: {sentence}",
            field=self.field, limit=limit, value=self.text, position=position, excerpt=self._excerpt(position),
            expected=None if expected is None else list(expected),
        )  # fmt: skip

    def _excerpt(self, position: int) -> str:
        start = max(self.text.rfind("\n", 0, position) + 1, position - _BEFORE)
        shown = self.text[start : position + _AFTER].split("\n")[0]
        return f"{shown}\n{' ' * (position - start)}^"


def source(text: str, field: str, most: int) -> Source:
    """The text, once it is known to be text that is not too long.

    Raises:
        InvalidRequest: it is longer than `most` characters, holds what no text may, or says nothing.
    """
    found = Source(check_text(field, text, most=most, least=0), field)
    if not text.strip():
        raise InvalidRequest(f"{field} is empty; leave it out, or write something.", field=field, value=text)
    return found


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that somebody who wrote `word` may have meant."""
    by_fold = {name.casefold(): name for name in known}
    found = get_close_matches(word[:_SHOWN].casefold(), by_fold, n=1, cutoff=0.6)
    return by_fold[found[0]] if found else None


def short(text: str) -> str:
    """A piece of the text, for a message."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 3] + "..."


def code(text: str) -> str:
    """A piece of the language, for a message."""
    return f"`{short(text)}`"


def listed(words: Sequence[str], last: str = "or") -> str:
    """`a, b or c`."""
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} {last} {words[-1]}"
