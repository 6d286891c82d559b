"""Templates become pages here: escaped, compressed, with the headers that keep foreign code out."""

import gzip
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from litestar.datastructures import Cookie

from mbox_ops.server.answers import takes_gzip
from mbox_ops.server.guards import DEFAULT_NAMESPACE, cookie_name
from mbox_ops.server.ui import csrf, formats, metric_formats
from mbox_ops.server.ui.deletion_pages import words
from mbox_ops.server.ui.flash import FLASH_COOKIE, read_flash
from mbox_ops.server.ui.static_files import is_there, static
from mbox_ops.server.ui.visits import Answer, Visit, cookie

TEMPLATES = Path(__file__).parent / "templates"
THEME_COOKIE = "mbox_theme"
_SMALL = 1_000  # bytes that are not worth compressing


class Section(NamedTuple):
    """A place in the navigation; `name` is what a template gives as `section`."""

    name: str
    path: str
    title: str
    scope: str = "read"


NAVIGATION = (
    Section("scenarios", "/scenarios", "Scenarios"),
    Section("runs", "/runs", "Runs"),
    Section("models", "/models", "Models"),
    Section("deletions", "/deletions", "Deletions"),
)


@cache
def environment() -> Environment:
    """The environment that all templates are compiled in, once."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= formats.FILTERS | metric_formats.FILTERS | words.FILTERS
    made.globals |= {"static": static, "has_static": is_there, "navigation": NAVIGATION}
    made.globals |= {"default_namespace": DEFAULT_NAMESPACE}
    return made


def render(visit: Visit, template: str, *, status: int = 200, **values: Any) -> Answer:
    """A page made from a template.

    Besides `values` a template has `visit`, `link`, `may`, `csrf_token`, `theme`, `theme_cookie` and `flash`.
    """
    cookies: tuple[Cookie, ...] = ()
    secret = csrf.secret_of(visit.cookie(csrf.CSRF_COOKIE))
    if secret is None:
        secret = csrf.new_secret()
        cookies = (cookie(csrf.CSRF_COOKIE, secret),)
    said = visit.cookie(FLASH_COOKIE)
    if said:
        cookies = (*cookies, cookie(FLASH_COOKIE, "", seconds=0))
    theme = visit.cookie(THEME_COOKIE)
    text = environment().get_template(template).render(
        visit=visit, link=visit.link, may=visit.may, csrf_token=csrf.token_of(secret), flash=read_flash(said),
        theme=theme if theme in ("light", "dark") else "auto",
        theme_cookie=cookie_name(THEME_COOKIE, visit.headers), **values,
    )  # fmt: skip
    body, headers = text.encode(), page_headers(visit)
    if takes_gzip(visit.headers) and len(body) > _SMALL:
        body, headers["content-encoding"] = gzip.compress(body, 4, mtime=0), "gzip"
    return Answer(body, status, headers, cookies)


def page_headers(visit: Visit) -> dict[str, str]:
    """The headers of every page. The envelope around all answers adds those that the API's answers have too."""
    framed_by = " ".join(visit.framed_by) or "'none'"
    headers = {
        "content-type": "text/html; charset=utf-8",
        "content-security-policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
            f"form-action 'self'; base-uri 'none'; frame-ancestors {framed_by}"
        ),
        "referrer-policy": "same-origin",  # with no-referrer, forms would be sent with `Origin: null`
        "vary": "accept-encoding, cookie",
    }
    return headers if visit.framed_by else {**headers, "x-frame-options": "DENY"}
