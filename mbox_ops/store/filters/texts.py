"""Patterns of the filter language as the databases write them, and where texts that begin alike end."""

from collections.abc import Iterator

from mbox_ops.search.tree import Like

_LAST = "\U0010ffff"
_SURROGATES = ("\ud7ff", "\ue000")  # no text holds what lies between


def after_all(start: str) -> str | None:
    """The least text that comes after all that begin with `start`, by code point; None if there is none.

    >>> after_all("run-7")
    'run-8'
    """
    kept = start.rstrip(_LAST)
    if not kept:
        return None
    last = kept[-1]
    return kept[:-1] + (_SURROGATES[1] if last == _SURROGATES[0] else chr(ord(last) + 1))


def glob_of(pattern: str) -> str:
    """A pattern for SQLite's GLOB, in which brackets make the next character stand for itself."""
    return "".join(part if is_wild else f"[{part}]" if part in "*?[" else part for part, is_wild in _parts(pattern))


def like_of(pattern: str) -> str:
    """A pattern for LIKE with a backslash as its escape."""
    wild = {"*": "%", "?": "_"}
    return "".join(
        wild[part] if is_wild else "\\" + part if part in "%_\\" else part for part, is_wild in _parts(pattern)
    )


def literal_start(leaf: Like) -> str:
    """What every text that meets the leaf begins with."""
    if leaf.how == "contains":
        return ""
    if leaf.how == "startswith":
        return leaf.text
    found = ""
    for part, is_wild in _parts(leaf.text):
        if is_wild:
            break
        found += part
    return found


def _parts(pattern: str) -> Iterator[tuple[str, bool]]:
    """The characters of a pattern, each with whether it stands for others; several `*` in a row are one."""
    escaped, last = False, ""
    for character in pattern:
        if escaped or character not in "*?\\":
            yield character, False
            escaped, last = False, ""
        elif character == "\\":
            escaped, last = True, ""
        elif (character, last) != ("*", "*"):
            yield character, True
            last = character
    if escaped:
        yield "\\", False
