"""Every route is guarded: by a token where there is one, by loopback where there is none."""

import re
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from litestar import get

from mbox_ops.entities.tokens import CreateToken
from mbox_ops.server.app import App, create_app
from mbox_ops.server.guards import check_scopes, is_loopback
from mbox_ops.server.operations import OPERATIONS
from mbox_ops.server.routes import Call, Operation, operation
from mbox_ops.server.ui.sitemap import PAGES
from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from mbox_ops.testing import LiveServer, live_server
from mbox_ops.wire.encodings import JSON
from tests.server.asking import Answer, ask

OPEN = {"/healthz", "/readyz"}
OF_EVERYTHING = {
    "get_metadata", "merge_metadata", "replace_metadata", "list_metrics", "get_history", "list_events",
    "list_artifacts",
}  # fmt: skip
ROUTES = [(op.method, op.path) for op in OPERATIONS]


def call(server: LiveServer, method: str, path: str, **options: Any) -> Answer:
    """Ask a route with something in its places, and with a body that is an object."""
    path = re.sub(r"\{\w+\}", "0190-nobody", path)
    path += "?no=parameter" if path.endswith("/stream") else ""  # its answer would not end
    return ask(server.url, method, path, None if method in {"GET", "DELETE"} else {}, **options)


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_without_a_token_only_health_answers(closed: LiveServer, method: str, path: str) -> None:
    """When there are tokens, nothing else does; and the body tells what to do."""
    answer = call(closed, method, path)
    if path in OPEN:
        assert answer.status == 200
    else:
        assert answer.refusal == (401, "unauthenticated")
        assert answer.headers["www-authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    "authorization", ["Bearer wrong", "Bearer ", "Bearer", "Basic dXNlcjpwYXNz", "mbox", "Bearer \xe9", "Bearer a b"]
)
def test_what_is_no_token_opens_nothing(closed: LiveServer, authorization: str) -> None:
    """Unknown, empty, or of another scheme."""
    answer = ask(closed.url, "GET", "/api/v1/runs", headers={"Authorization": authorization})
    assert answer.refusal == (401, "unauthenticated")


def test_a_token_opens(closed: LiveServer) -> None:
    """The scheme's case does not matter."""
    assert ask(closed.url, "GET", "/api/v1/runs", token=closed.token).status == 200
    assert ask(closed.url, "GET", "/api/v1/runs", headers={"Authorization": f"bearer {closed.token}"}).status == 200


SCOPES = ["read", "write", "delete", "admin"]


@pytest.fixture(scope="module")
def tokens(closed: LiveServer) -> dict[str, str]:
    """A token of each scope, and one of another namespace."""
    wishes = {scope: {"name": scope, "scopes": [scope]} for scope in SCOPES}
    wishes["elsewhere"] = {"name": "elsewhere", "scopes": ["read", "write", "delete"], "namespaces": ["elsewhere"]}
    made = {name: ask(closed.url, "POST", "/api/v1/tokens", wish, token=closed.token) for name, wish in wishes.items()}
    return {name: answer.data["token"] for name, answer in made.items()}


@pytest.mark.parametrize("op", OPERATIONS, ids=lambda op: op.name)
@pytest.mark.parametrize("scope", SCOPES)
def test_a_route_wants_the_scope_it_declares(
    closed: LiveServer, tokens: dict[str, str], op: Operation, scope: str
) -> None:
    """`admin` includes the others; a token without the scope gets 403, whatever else is wrong with the request."""
    answer = call(closed, op.method, op.path, token=tokens[scope])
    if op.scope in {"open", scope} or scope == "admin":
        assert answer.status != 401
        assert answer.status != 403 or op.name == "open_run"  # it reads too
    else:
        assert answer.refusal == (403, "forbidden")


@pytest.fixture(scope="module")
def ids(closed: LiveServer) -> dict[str, str]:
    """The ids of what is in the default namespace, which the token of elsewhere does not open, by their places."""

    def made(path: str, answer: str, /, **body: Any) -> str:
        return str(ask(closed.url, "POST", f"/api/v1/{path}", body, token=closed.token).data[answer])

    secret = [{"op": "merge", "document": {"a": 1}}]
    run_id = made("batches", "run_id", key="secret", open={"scenario": "secret"}, metadata=secret)
    model_id = made("models", "model_id", name="secret")
    version_id = made("model-versions", "model_version_id", model="secret", version="1")
    checkpoint_id = made(f"runs/{run_id}/checkpoints", "checkpoint_id", epoch=1)
    return {
        "run_id": run_id, "experiment_id": run_id, "model": model_id, "model_version_id": version_id,
        "checkpoint_id": checkpoint_id,
    }  # fmt: skip


PLACES = ("run_id", "experiment_id", "model", "model_version_id", "checkpoint_id")
BY_ID = [(op, op.places[0]) for op in OPERATIONS if op.places and op.places[0] in PLACES]
# Every object has metadata, metrics, events and artifacts at the address of a run's.
BY_ID += [
    (op, place) for op in OPERATIONS for place in ("model", "model_version_id", "checkpoint_id")
    if op.path.startswith("/api/v1/runs/{run_id}/") and op.name in OF_EVERYTHING
]  # fmt: skip
BODIES: dict[str, dict[str, Any]] = {"create_checkpoint": {"epoch": 0}, "set_unique_tags": {"unique_tags": []}}


@pytest.mark.parametrize(("op", "place"), BY_ID, ids=[f"{op.name}-{place}" for op, place in BY_ID])
def test_what_is_in_another_namespace_looks_like_nothing(
    closed: LiveServer, tokens: dict[str, str], ids: dict[str, str], op: Operation, place: str
) -> None:
    """Status, headers and body are the same for an object of another namespace and for one that never was."""
    headers = {"Mbox-Namespace": "elsewhere", "X-Request-Id": "the-same"}
    body = BODIES.get(op.name, {}) if op.method in {"POST", "PUT"} else None
    nothing = "0" * len(ids[place])
    there, not_there = (
        ask(closed.url, op.method, op.path.format(**{op.places[0]: ident}), body, headers=headers,
            token=tokens["elsewhere"])
        for ident in (ids[place], nothing)
    )  # fmt: skip
    assert there.refusal == (404, "not_found")
    assert there.body.replace(ids[place].encode(), nothing.encode()) == not_there.body
    assert {**there.headers, "date": ""} == {**not_there.headers, "date": ""}


@pytest.mark.parametrize("namespace", ["default", "never-heard-of"])
def test_a_namespace_that_the_token_does_not_open_is_forbidden(
    closed: LiveServer, tokens: dict[str, str], namespace: str
) -> None:
    """Whether or not there is such a namespace."""
    answer = ask(closed.url, "GET", "/api/v1/runs", headers={"Mbox-Namespace": namespace}, token=tokens["elsewhere"])
    assert answer.refusal == (403, "forbidden")


@pytest.mark.parametrize("name", ["", "x" * 257])
def test_a_namespace_must_be_a_name(server: LiveServer, name: str) -> None:
    """1 to 256 characters."""
    answer = ask(server.url, "GET", "/api/v1/runs", headers={"Mbox-Namespace": name})
    assert answer.refusal == (422, "invalid_request")


def test_a_namespace_may_hold_any_letters(server: LiveServer) -> None:
    """The header is UTF-8."""
    headers = {"Mbox-Namespace": "größe/東京".encode().decode("latin-1")}
    body = {"key": "k", "open": {"scenario": "s"}}
    run_id = ask(server.url, "POST", "/api/v1/batches", body, headers=headers).data["run_id"]
    assert ask(server.url, "GET", f"/api/v1/runs/{run_id}", headers=headers).data["namespace"] == "größe/東京"


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:1", "127.0.0.1", "127.8.9.1:80", "[::1]:8085", "[::1]"])
def test_a_loopback_host_is_served_without_tokens(server: LiveServer, host: str) -> None:
    """By any port: a tunnel may stand between."""
    assert ask(server.url, "GET", "/api/v1/runs", headers={"Host": host}).status == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8085",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "10.0.0.1",
        "[::2]",
        "",
        "[",
    ],
)
@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/api/v1/runs"), ("POST", "/api/v1/batches"), ("GET", "/metrics")]
)
def test_a_rebound_name_is_refused_without_tokens(server: LiveServer, method: str, path: str, host: str) -> None:
    """A page whose name was pointed at this machine reads and writes nothing."""
    answer = ask(server.url, method, path, {} if method == "POST" else None, headers={"Host": host})
    assert answer.status in {400, 403}


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "http://localhost:3000", "http://127.0.0.1", "", "x"]
)
def test_a_page_of_another_origin_is_refused_without_tokens(server: LiveServer, origin: str) -> None:
    """Another port of this machine is another origin too; and nothing was written."""
    body = {"key": "foreign", "open": {"scenario": "foreign"}}
    answer = ask(server.url, "POST", "/api/v1/batches", body, headers={"Origin": origin})
    assert answer.refusal == (403, "forbidden")
    assert ask(server.url, "GET", "/api/v1/runs?key=foreign").data["items"] == []


def test_our_own_pages_are_served_without_tokens(server: LiveServer) -> None:
    """The same origin is no foreign one."""
    assert ask(server.url, "GET", "/api/v1/runs", headers={"Origin": server.url}).status == 200


def test_a_form_of_another_site_writes_nothing(server: LiveServer) -> None:
    """Even where a browser sends no Origin: the content type of forms is refused."""
    for content_type in ("application/x-www-form-urlencoded", "text/plain", "multipart/form-data"):
        answer = ask(server.url, "POST", "/api/v1/batches", b"{}", headers={"Content-Type": content_type})
        assert answer.status == 415


def test_the_first_token_closes_the_server_whoever_makes_it() -> None:
    """Another process makes one, as `mbox token create` does; the next request needs it."""
    with live_server() as server:
        assert ask(server.url, "GET", "/api/v1/runs").status == 200
        with Database(server.database_url) as database:
            secret = Service(database).tokens.create(None, CreateToken(name="first", scopes=["read"])).token
        assert ask(server.url, "GET", "/api/v1/runs").refusal == (401, "unauthenticated")
        assert ask(server.url, "GET", "/api/v1/runs", token=secret).status == 200


def test_a_revoked_token_opens_nothing_and_reopens_nothing() -> None:
    """Without any valid token left, the server stays closed."""
    with live_server(tokens=True) as server:
        listed = ask(server.url, "GET", "/api/v1/tokens", token=server.token).data["items"]
        for token in listed:
            assert ask(server.url, "DELETE", f"/api/v1/tokens/{token['id']}", token=server.token).status == 200
        assert ask(server.url, "GET", "/api/v1/runs", token=server.token).refusal == (401, "unauthenticated")
        assert ask(server.url, "GET", "/api/v1/runs").refusal == (401, "unauthenticated")


@pytest.fixture
def app(tmp_path: Any) -> Iterator[App]:
    """The application, not served."""
    with Database(f"sqlite:///{tmp_path / 'mbox.db'}") as database:
        made = create_app(Service(database))
        yield made
        made.parts.threads.close()


def test_a_route_without_a_scope_keeps_the_server_from_starting(app: App) -> None:
    """Whoever adds a route must say who may use it."""

    @get("/naked", sync_to_thread=False)
    def naked() -> None:
        """A route that nobody guards."""

    app.register(naked)
    with pytest.raises(RuntimeError, match="naked at /naked"):
        check_scopes(app)


def test_every_route_of_the_app_is_an_operation_or_a_page(app: App) -> None:
    """What the document lists is what there is, beside the pages."""
    there = {(method, route.path_format) for route in app.routes for method in route.methods if method != "OPTIONS"}
    pages = {(page.method, page.path) for page in PAGES}
    assert there == set(ROUTES) | pages | {("GET", "/static/{version}/{path}")}


def test_an_operation_takes_what_its_path_gives() -> None:
    """A misspelt parameter is found at import."""
    with pytest.raises(TypeError, match="run_id"):

        @operation("GET", "/api/v1/runs/{run_id}", scope="read")
        def wrong(call: Call, run: str) -> SimpleNamespace:
            """Takes another name."""


@pytest.mark.parametrize(
    ("host", "expected"),
    [("localhost", True), ("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("0.0.0.0", False), ("::", False),
     ("192.168.0.1", False), ("example.com", False), ("", False)],
)  # fmt: skip
def test_loopback_is_told_from_the_rest(host: str, expected: bool) -> None:
    """Names are not looked up: only localhost is one."""
    assert is_loopback(host) is expected


def test_json_is_the_content_type_of_the_guards_answers(closed: LiveServer) -> None:
    """An error before any handler has the same body as all others."""
    assert ask(closed.url, "GET", "/api/v1/runs").headers["content-type"] == JSON
