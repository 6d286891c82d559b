"""The token that each form carries: other sites can send a form here, but cannot read the cookie that it has to match.

The field holds the cookie's secret, masked anew in every page: what is compressed together with it tells nothing.
"""

import secrets
from urllib.parse import parse_qsl

from mbox_ops.errors import Forbidden

CSRF_COOKIE = "mbox_csrf"
CSRF_FIELD = "csrf"
_BYTES = 16


def secret_of(cookie: str) -> str | None:
    """The secret that a browser holds in its cookie; None if it holds none that we gave."""
    return cookie if len(_read(cookie)) == _BYTES else None


def new_secret() -> str:
    """A secret for a browser that has none."""
    return secrets.token_hex(_BYTES)


def token_of(secret: str) -> str:
    """What a form carries, another text each time."""
    mask = secrets.token_bytes(_BYTES)
    return mask.hex() + _xor(mask, bytes.fromhex(secret)).hex()


def check_token(cookie: str, form: bytes) -> None:
    """Make sure that a form comes from one of our pages.

    Raises:
        Forbidden: it does not carry the token that belongs to the browser's cookie.
    """
    secret = secret_of(cookie)
    pairs = parse_qsl(form.decode("latin-1"))
    given = _read(next((value for name, value in pairs if name == CSRF_FIELD), ""))
    mask, masked = given[:_BYTES], given[_BYTES:]
    if secret is None or len(given) != 2 * _BYTES or not secrets.compare_digest(_xor(mask, masked).hex(), secret):
        raise Forbidden(
            "The form does not carry this browser's token: cookies are off, or the browser was started after the page"
            " was loaded. Load the page again, then send the form once more."
        )


def _read(text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        return b""


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
