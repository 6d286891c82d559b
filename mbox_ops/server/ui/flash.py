"""What a page says once after something was done: it travels in a cookie to the next page."""

import base64
import binascii

import msgspec
from litestar.datastructures import Cookie

from mbox_ops.server.ui.visits import cookie

FLASH_COOKIE = "mbox_flash"
_SECONDS = 60


class Flash(msgspec.Struct, frozen=True, kw_only=True):
    """A sentence for the next page.

    Attributes:
        failed: it tells of a failure.
        undo: the id of a deletion, which a button beside the sentence undoes.
    """

    text: str
    failed: bool = False
    undo: str | None = None


def flash_cookie(text: str, *, failed: bool = False, undo: str | None = None) -> Cookie:
    """The cookie that has the next page say so."""
    packed = msgspec.json.encode(Flash(text=text[:1_000], failed=failed, undo=undo))
    return cookie(FLASH_COOKIE, base64.urlsafe_b64encode(packed).decode("ascii"), seconds=_SECONDS)


def read_flash(cookie: str) -> Flash | None:
    """What is to be said, if anything."""
    if not cookie:
        return None
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cookie), type=Flash)
    except (binascii.Error, ValueError, msgspec.MsgspecError):
        return None
