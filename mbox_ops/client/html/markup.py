"""HTML that is put together from elements: whatever is not an element is text, and is escaped."""

import html
from collections.abc import Iterable, Sequence
from datetime import datetime

LONGEST = 200  # characters of a text that are shown
# What is written between dollars is text here, never a formula: notebooks would typeset it, and formulas can link.
_PLAIN = "tex2jax_ignore mathjax_ignore"
_ROW = "border-bottom:1px solid rgba(128,128,128,0.35);vertical-align:top"  # legible on white and on black
_CELL = "text-align:left;padding:2px 8px 2px 0"


class Html(str):
    """A piece of HTML that is safe as it stands."""

    __slots__ = ()


def element(tag: str, *inside: object, **attributes: object) -> Html:
    """An element with its attributes; what is inside and no `Html` is text. `_` in a name stands for `-`.

    >>> element("td", "<b>", title='"')
    '<td title="&quot;"><bdi>&lt;b&gt;</bdi></td>'
    """
    names = "".join(f' {name.strip("_").replace("_", "-")}="{escaped(value)}"' for name, value in attributes.items())
    return Html(f"<{tag}{names}>{''.join(map(text, inside))}</{tag}>")


def text(value: object) -> Html:
    """A value as text, cut where it is long; text of another direction stays in its place."""
    if isinstance(value, Html):
        return value
    shown = _shown(value)
    safe = escaped(shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…")
    return Html(safe if shown.isalnum() and shown.isascii() else f"<bdi>{safe}</bdi>")


def escaped(value: object) -> str:
    """A value's text, in which nothing is markup."""
    return html.escape(str(value).replace("\x00", "�"), quote=True)


def _shown(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, float):
        return f"{value:.6g}"
    if isinstance(value, bytes):
        return f"{len(value)} bytes"
    return str(value)


def table(head: Sequence[object], rows: Iterable[Sequence[object]], note: str = "") -> Html:
    """A table with a head and, below it, a note."""
    lines = [("th", head), *(("td", row) for row in rows)] if head else [("td", row) for row in rows]
    body = [element("tr", *(element(tag, cell, style=_CELL) for cell in line), style=_ROW) for tag, line in lines]
    below = element("div", note, style="opacity:0.7") if note else Html()
    return Html(element("table", *body, style="border-collapse:collapse") + below)


def document(*parts: object) -> str:
    """What a notebook shows: the parts, one below the other."""
    return element("div", *parts, class_=_PLAIN)


def title(*inside: object) -> Html:
    """A line above what is shown."""
    return element("div", *inside, style="font-weight:bold;margin:6px 0 2px 0")
