"""Signing in and out, and what guards the pages."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest

from mbox_ops import Client
from mbox_ops.server.app import create_app
from mbox_ops.server.ui import sitemap
from mbox_ops.server.ui.pages import Page
from mbox_ops.server.ui.sitemap import PAGES
from mbox_ops.service.service import Service
from mbox_ops.settings import server_settings
from mbox_ops.store.database import Database
from mbox_ops.testing import LiveServer
from tests.server.asking import Answer, ask
from tests.ui.conftest import FRAMING, Watch

HTML = {"Accept": "text/html"}
FORM = "application/x-www-form-urlencoded"
ROUTES = [(page.method, page.path) for page in PAGES if page.scope != "open"]


def filled(path: str) -> str:
    """A path with something in its places."""
    return re.sub(r"\{\w+\}", "0190-nobody", path)


def post(server: LiveServer, path: str, fields: str, *, cookie: str = "", origin: str | None = None) -> Answer:
    """Send a form as a browser would; `fields` is url-encoded."""
    headers = {"Content-Type": FORM, "Cookie": cookie, "Origin": server.url if origin is None else origin}
    return ask(server.url, "POST", path, fields.encode(), headers=HTML | headers)


def csrf(server: LiveServer, path: str = "/sign-in") -> tuple[str, str]:
    """A page's CSRF cookie, and the field that goes with it."""
    answer = ask(server.url, "GET", path, headers=HTML)
    found = re.search(rb'name="csrf" value="(\w+)"', answer.body)
    assert found is not None
    return answer.headers["set-cookie"].partition(";")[0], f"csrf={found[1].decode()}"


def session_of(server: LiveServer, token: str | None = None) -> str:
    """The cookie of someone who has signed in; with no token of their own, of someone who may do everything."""
    return f"{session_name(server)}={quote(token or server.token or '')}"


def session_name(server: LiveServer) -> str:
    """What the server calls the session's cookie: it names the port, since cookies know none."""
    return f"mbox_session_{urlsplit(server.url).port}"


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_without_a_token_every_page_leads_to_the_sign_in(closed: LiveServer, method: str, path: str) -> None:
    """And tells nothing."""
    place = filled(path)
    answer = post(closed, place, "") if method == "POST" else ask(closed.url, method, place, headers=HTML)
    assert answer.status == 303
    assert answer.headers["location"].startswith("/sign-in")
    assert answer.body == b""


def test_signing_in_leads_to_the_page_that_was_asked_for(
    open_tab: Callable[..., Any], closed: LiveServer, watch: Watch
) -> None:
    """A wrong token is told so at its place; the right one opens; signing out closes."""
    tab = open_tab(url=closed.url)
    tab.goto("/scenarios?limit=7")
    watch.expect("401")
    tab.get_by_label("Token").fill("mbox_wrong")
    tab.get_by_role("button", name="Sign in").click()
    assert "No token is like this one" in tab.get_by_role("alert").inner_text()
    tab.get_by_label("Token").fill(closed.token)
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/scenarios?limit=7")
    (session,) = [one for one in tab.context.cookies() if one["name"] == session_name(closed)]
    assert (session["httpOnly"], session["sameSite"]) == (True, "Lax")
    tab.get_by_role("button", name="Sign out").click()
    tab.wait_for_url("**/sign-in")
    tab.goto("/scenarios")
    assert tab.url.endswith("/sign-in?next=%2Fscenarios")


def test_servers_on_two_ports_of_a_host_share_no_cookie(server: LiveServer, closed: LiveServer) -> None:
    """Browsers send a host's cookies to all its ports: signing out of one server leaves the other's session alone."""
    names = []
    for one in (server, closed):
        cookie, field = csrf(one)
        out = post(one, "/sign-out", field, cookie=cookie).headers["set-cookie"]
        theme = post(one, "/theme", f"theme=dark&{field}", cookie=cookie).headers["set-cookie"]
        names.append({given.partition("=")[0] for given in (cookie, out, theme)})
        assert names[-1] == {f"mbox_{what}_{urlsplit(one.url).port}" for what in ("csrf", "session", "theme")}
    assert not names[0] & names[1]


@pytest.mark.parametrize(("host", "name"), [("mbox.example.com", "mbox_csrf"), ("mbox.example.com:x", "mbox_csrf")])
def test_a_host_without_a_port_is_in_no_cookies_name(closed: LiveServer, host: str, name: str) -> None:
    """Nor what is none."""
    answer = ask(closed.url, "GET", "/sign-in", headers=HTML | {"Host": host})
    assert answer.headers["set-cookie"].startswith(f"{name}=")


def test_one_signs_in_without_javascript(open_tab: Callable[..., Any], closed: LiveServer) -> None:
    """It is a form."""
    tab = open_tab(url=closed.url, javascript=False)
    tab.goto("/")
    tab.get_by_label("Token").fill(closed.token)
    tab.get_by_role("button", name="Sign in").click()
    assert tab.get_by_role("heading", level=1).inner_text() == "Scenarios"


def test_a_token_of_another_namespace_leads_there(closed: LiveServer) -> None:
    """It does not open the default one."""
    made = Client(url=closed.url, token=closed.token).tokens.create("cv", ["read"], ["cv & more"])
    cookie, field = csrf(closed)
    answer = post(closed, "/sign-in", f"token={quote(made.token or '')}&{field}", cookie=cookie)
    assert (answer.status, answer.headers["location"]) == (303, "/scenarios?namespace=cv%20%26%20more")


def test_a_token_of_another_namespace_is_led_there_later_too(closed: LiveServer) -> None:
    """An address that names no namespace is shown in one that the token opens; one that names it is what it says."""
    made = Client(url=closed.url, token=closed.token).tokens.create("cv", ["read"], ["cv & more"])
    headers = HTML | {"Cookie": session_of(closed, made.token)}
    for path, there in (("/", "/?"), ("/runs?sort=name", "/runs?sort=name&")):
        answer = ask(closed.url, "GET", path, headers=headers)
        assert (answer.status, answer.headers["location"]) == (303, f"{there}namespace=cv%20%26%20more")
        assert ask(closed.url, "GET", answer.headers["location"], headers=headers).status in (200, 303)
    for path in ("/runs?namespace=default", "/deletions/new?namespace=cv+%26+more"):
        assert ask(closed.url, "GET", path, headers=headers).status == 403


@pytest.mark.parametrize("following", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:0"])
def test_signing_in_leads_to_no_other_site(closed: LiveServer, following: str) -> None:
    """Whatever a link says."""
    assert closed.token is not None
    cookie, field = csrf(closed)
    fields = f"token={quote(closed.token)}&next={quote(following)}&{field}"
    assert post(closed, "/sign-in", fields, cookie=cookie).headers["location"] == "/"


def test_a_cookie_that_was_given_over_https_is_sent_over_nothing_else(closed: LiveServer) -> None:
    """A proxy in front speaks HTTPS: the browser's Origin says so."""
    assert closed.token is not None
    cookie, field = csrf(closed)
    fields = f"token={quote(closed.token)}&{field}"
    secure = post(closed, "/sign-in", fields, cookie=cookie, origin=closed.url.replace("http:", "https:"))
    assert "Secure" in secure.headers["set-cookie"]
    assert "Secure" not in post(closed, "/sign-in", fields, cookie=cookie).headers["set-cookie"]


@pytest.mark.parametrize("origin", ["https://evil.example", "null", ""])
def test_a_form_of_another_site_is_refused(closed: LiveServer, origin: str) -> None:
    """Even with the right token in it."""
    cookie, field = csrf(closed)
    answer = post(closed, "/sign-out", field, cookie=f"{session_of(closed)}; {cookie}", origin=origin)
    assert answer.status == 403
    assert "set-cookie" not in answer.headers or "mbox_session" not in answer.headers["set-cookie"]


@pytest.mark.parametrize("field", ["", "csrf=", "csrf=00", "csrf=" + "ab" * 32, "csrf=zz"])
def test_a_form_without_the_csrf_token_is_refused(closed: LiveServer, field: str) -> None:
    """Also one with a token that is not this browser's."""
    cookie, _ = csrf(closed)
    answer = post(closed, "/sign-out", field, cookie=f"{session_of(closed)}; {cookie}")
    assert answer.status == 403
    assert b"Load the page again" in answer.body


def test_a_form_of_too_many_fields_is_told_so(closed: LiveServer) -> None:
    """It is a mistake of who sends it, not of the server."""
    cookie, field = csrf(closed)
    answer = post(closed, "/theme", f"{field}{'&a=1' * 20_000}", cookie=cookie)
    assert (answer.status, b"more than 1000" in answer.body) == (400, True)


def test_a_form_is_url_encoded(closed: LiveServer) -> None:
    """What other sites may send without asking is refused by its type as well."""
    headers = {"Content-Type": "text/plain", "Origin": closed.url, **HTML}
    assert ask(closed.url, "POST", "/sign-out", b"csrf=", headers=headers).status == 415


def test_the_api_takes_the_cookie_for_what_changes_nothing(closed: LiveServer) -> None:
    """The pages' own requests need no token in a script."""
    assert ask(closed.url, "GET", "/api/v1/runs", headers={"Cookie": session_of(closed)}).status == 200
    wrong = ask(closed.url, "GET", "/api/v1/runs", headers={"Cookie": f"{session_name(closed)}=mbox_wrong"})
    assert wrong.refusal == (401, "unauthenticated")


@pytest.mark.parametrize("origin", ["https://evil.example", "null", None])
def test_the_api_takes_a_change_with_the_cookie_from_our_pages_only(closed: LiveServer, origin: str | None) -> None:
    """By the Origin, and by a content type that no form can have."""
    headers = {"Cookie": session_of(closed)} | ({} if origin is None else {"Origin": origin})
    body = {"selector": {"scenarios": []}}
    refused = ask(closed.url, "POST", "/api/v1/deletions", body, headers=headers)
    assert refused.refusal == (403, "forbidden")
    own = {**headers, "Origin": closed.url}
    assert ask(closed.url, "POST", "/api/v1/deletions", body, headers=own).status == 200
    form = {**own, "Content-Type": FORM}
    assert ask(closed.url, "POST", "/api/v1/deletions", b"a=b", headers=form).status == 415


def test_a_scope_that_is_missing_is_told(open_tab: Callable[..., Any], closed: LiveServer, watch: Watch) -> None:
    """On a page of its own."""
    made = Client(url=closed.url, token=closed.token).tokens.create("writer", ["write"], ["*"])
    watch.expect("403")
    tab = open_tab(url=closed.url)
    tab.goto("/sign-in")
    tab.get_by_label("Token").fill(made.token)
    tab.get_by_role("button", name="Sign in").click()
    assert tab.get_by_role("heading", level=1).inner_text() == "Not allowed"
    assert "lacks the scope 'read'" in tab.get_by_role("main").inner_text()


def test_an_address_that_is_not_there_is_a_page_for_browsers(tab: Any, server: LiveServer, watch: Watch) -> None:
    """And JSON for programs."""
    watch.expect("404")
    tab.goto("/nothing/here?a=<script>")
    assert tab.get_by_role("heading", level=1).inner_text() == "Not found"
    assert ask(server.url, "GET", "/nothing/here").refusal == (404, "not_found")
    assert ask(server.url, "GET", "/api/v1/nothing", headers=HTML).refusal == (404, "not_found")


@pytest.mark.parametrize(
    ("path", "above"),
    [
        ("/runs/some%2Frun/tags?namespace=n", "/runs/some%2Frun?namespace=n"), ("/runs/selection", "/runs"),
        ("/deletions/a/undo", "/deletions/a"), ("/sign-out", "/"),
    ],
)  # fmt: skip
def test_an_address_of_a_form_leads_to_the_page_above_it(server: LiveServer, path: str, above: str) -> None:
    """One comes there by loading the page of a refused form anew, or by changing its colours."""
    answer = ask(server.url, "GET", path, headers=HTML)
    assert (answer.status, answer.headers["location"]) == (303, above)


@pytest.mark.parametrize("path", ["/scenarios?nonsense=1", "/scenarios?limit=0", "/scenarios?namespace=%00"])
def test_a_query_that_is_wrong_is_told(server: LiveServer, path: str) -> None:
    """As the API does, with the name of what is wrong."""
    answer = ask(server.url, "GET", path, headers=HTML)
    assert answer.status == 422
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert b"invalid_request" in answer.body


def test_every_page_forbids_foreign_code_and_frames(server: LiveServer) -> None:
    """No inline script or style would run, and nobody may frame a page."""
    headers = ask(server.url, "GET", "/scenarios", headers=HTML).headers
    policy = headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'; ")
    assert policy.endswith("frame-ancestors 'none'")
    assert (headers["x-frame-options"], headers["cache-control"]) == ("DENY", "no-store")
    assert "unsafe" not in policy


def test_origins_that_are_named_may_frame_the_pages(closed: LiveServer) -> None:
    """Airflow's, for one; what is no origin keeps the server from starting."""
    headers = ask(closed.url, "GET", "/sign-in", headers=HTML).headers
    assert headers["content-security-policy"].endswith(f"frame-ancestors {FRAMING}")
    assert "x-frame-options" not in headers
    with pytest.raises(ValueError, match="MBOX_FRAME_ANCESTORS holds"):
        server_settings({"MBOX_FRAME_ANCESTORS": "https://a.example; script-src *"})


def test_the_theme_follows_the_system_until_one_is_chosen(either_tab: Any) -> None:
    """Dark, then light, then as the system has it; the choice stays."""
    either_tab.emulate_media(color_scheme="light")
    either_tab.goto("/scenarios?limit=5")
    seen = [_background(either_tab)]
    for _ in range(3):
        either_tab.get_by_role("button", name="Change the colours").click()
        either_tab.wait_for_load_state()
        assert either_tab.url.endswith("/scenarios?limit=5")
        seen.append(_background(either_tab))
    assert seen[1] != seen[0] == seen[2] == seen[3]
    either_tab.emulate_media(color_scheme="dark")
    either_tab.reload()
    assert _background(either_tab) == seen[1]


def _background(tab: Any) -> str:
    return tab.locator("html").evaluate("element => getComputedStyle(element).backgroundColor")


def test_a_page_without_a_scope_keeps_the_server_from_starting(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Pages are denied by default, as the API's routes are."""
    naked = Page("GET", "/naked", "", lambda visit: None)  # type: ignore[arg-type, return-value]
    monkeypatch.setattr(sitemap, "PAGES", (*PAGES, naked))
    with Database(f"sqlite:///{tmp_path / 'mbox.db'}") as database:
        database.upgrade()
        with pytest.raises(RuntimeError, match="/naked"):
            create_app(Service(database))
