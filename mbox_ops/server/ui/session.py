"""Signing in with a token, signing out, and what a browser keeps: its session and its theme."""

from typing import Literal
from urllib.parse import parse_qsl, quote, urlsplit

import msgspec

from mbox_ops.errors import Unauthenticated
from mbox_ops.server.guards import SESSION_COOKIE
from mbox_ops.server.ui.pages import page
from mbox_ops.server.ui.rendering import THEME_COOKIE, render
from mbox_ops.server.ui.visits import Answer, Visit, cookie, is_https, redirect
from mbox_ops.service.tokens import EVERY

_YEAR = 366 * 86_400  # seconds


class SignInQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to go when signed in."""

    next: str | None = None


class SignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who signs in."""

    token: str
    next: str = ""


class ChooseTheme(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which colours, and the page to go back to."""

    theme: Literal["auto", "light", "dark"]
    back: str = ""


@page("GET", "/", scope="read")
def home(visit: Visit) -> Answer:
    """The first page."""
    return redirect(visit.link("/scenarios"))


@page("GET", "/sign-in", scope="open")
def sign_in_page(visit: Visit, query: SignInQuery) -> Answer:
    """The form that asks for a token."""
    return render(visit, "sign_in.html", next=query.next or "", wrong=None)


@page("POST", "/sign-in", scope="open")
def sign_in(visit: Visit, form: SignIn) -> Answer:
    """Keep the token in a cookie that no script reads, and go on in a namespace that it opens."""
    tokens, secret = visit.service.tokens, form.token.strip()
    try:
        opened = tokens.whose(secret).namespaces
    except Unauthenticated:
        wrong = "No token is like this one, or it has ended. Nothing is kept of it."
        return render(visit, "sign_in.html", status=401, next=form.next, wrong=wrong)
    to = own(form.next)
    wanted = dict(parse_qsl(urlsplit(to).query)).get("namespace", visit.namespace)
    if EVERY not in opened and wanted not in opened:
        to = f"/scenarios?namespace={quote(opened[0], safe='')}"
    return redirect(to, cookie(SESSION_COOKIE, quote(secret, safe=""), secure=is_https(visit.headers)))


@page("POST", "/sign-out", scope="open")
def sign_out(visit: Visit) -> Answer:
    """Forget the token."""
    return redirect("/sign-in", cookie(SESSION_COOKIE, "", seconds=0, secure=is_https(visit.headers)))


@page("POST", "/theme", scope="open")
def choose_theme(visit: Visit, form: ChooseTheme) -> Answer:
    """Keep the choice in a cookie."""
    return redirect(own(form.back), cookie(THEME_COOKIE, form.theme, seconds=_YEAR, readable=True))


def own(path: str) -> str:
    """A path of ours to go on to; the first page for what leads elsewhere."""
    leads_away = not path.startswith("/") or path.startswith("//") or "\\" in path or not path.isprintable()
    return "/" if leads_away or not path.isascii() else path
