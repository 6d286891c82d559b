"""What a page shows of an artifact's bytes: the beginning of a text, a picture that is what its first bytes say."""

import json
from typing import NamedTuple

from mbox_ops.service.artifacts import Content

MOST_TEXT = 64 * 1024  # bytes
_MOST_INDENTED = 8 * MOST_TEXT  # characters
MOST_PICTURE = 8 * 1024 * 1024
_HEAD = 16
_SVG_HEAD = 512
_SIGNATURES = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
)


class Picture(NamedTuple):
    """A picture and its true type."""

    media_type: str
    content: bytes


class Preview(NamedTuple):
    """What is shown of an artifact.

    Attributes:
        text: its beginning; None: it is a picture.
        cut: there is more than that.
    """

    text: str | None
    cut: bool = False


def preview_of(content: Content) -> Preview | None:
    """What can be shown of an artifact; None for other bytes than text and pictures."""
    if content.size == 0:
        return Preview("")
    if content.size <= MOST_PICTURE and _type_of(content):
        return Preview(None)
    end = min(content.size, MOST_TEXT)
    head = content.read(0, end)
    cut = end < content.size
    if b"\x00" in head:
        return None
    try:
        text = head.decode("utf-8")
    except UnicodeDecodeError as error:
        if not cut or error.start < end - 3:  # the last letter may be cut through
            return None
        text = head[: error.start].decode("utf-8")
    return Preview(text if cut else _indented(text), cut)


def read_picture(content: Content) -> Picture | None:
    """The picture that an artifact is; None if it is none, or too large to show."""
    media_type = _type_of(content) if 0 < content.size <= MOST_PICTURE else None
    return None if media_type is None else Picture(media_type, content.read(0, content.size))


def _type_of(content: Content) -> str | None:
    """The media type that the first bytes tell of, whatever the artifact's name says."""
    head = content.read(0, min(content.size, _SVG_HEAD))
    for signature, media_type in _SIGNATURES:
        if head.startswith(signature):
            return media_type
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return "image/webp"
    begins = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    is_svg = b"<svg" in begins and begins.startswith((b"<svg", b"<?xml", b"<!--", b"<!doctype svg"))
    return "image/svg+xml" if is_svg else None


def _indented(text: str) -> str:
    """JSON with its structure visible, all other text as it is."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    parts: list[str] = []
    room = _MOST_INDENTED
    try:
        for part in json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(json.loads(text)):
            parts.append(part)
            room -= len(part)
            if room < 0:  # what is nested deeply grows beyond all bounds
                return text
    except (ValueError, RecursionError):
        return text
    return "".join(parts)
