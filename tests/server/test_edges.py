"""What happens at the edges: the disk is full, the database is away, a bug is met, too many ask at once."""

import asyncio
import threading
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from mbox_ops.errors import StorageFull, Unavailable
from mbox_ops.server.app import App, create_app
from mbox_ops.server.threads import MOST_WAITING, SIZES, Threads
from mbox_ops.service.service import Service
from mbox_ops.store.database import Database


class Broken:
    """A part of a service that raises whatever it is asked."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def __getattr__(self, name: str) -> Any:
        def fail(*arguments: object) -> None:
            raise self.error

        return fail


@pytest.fixture
def service(tmp_path: Any) -> Iterator[Service]:
    """A service over a fresh database."""
    with Database(f"sqlite:///{tmp_path / 'mbox.db'}") as database:
        database.upgrade()
        yield Service(database)


@pytest.fixture
def app(service: Service) -> Iterator[App]:
    """The application, asked without a network: some errors cannot be brought about from outside."""
    made = create_app(service)
    yield made
    made.parts.threads.close()


def ask_app(app: App, method: str, path: str) -> tuple[int, dict[str, str], dict[str, Any]]:
    """Send one request through the application; return status, headers and body."""
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method, "scheme": "http",
        "path": path, "raw_path": path.encode(), "root_path": "", "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"content-type", b"application/json"), (b"x-request-id", b"the-one")],
        "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2), "state": {},
    }  # fmt: skip
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"{}", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))  # type: ignore[arg-type]
    start, body = sent[0], b"".join(message.get("body", b"") for message in sent[1:])
    return start["status"], {k.decode(): v.decode() for k, v in start["headers"]}, msgspec.json.decode(body)


@pytest.mark.parametrize(("error", "status"), [(StorageFull("The disk is full."), 507), (Unavailable("Busy."), 503)])
def test_what_may_go_through_later_says_when_to_try_again(
    app: App, service: Service, error: Exception, status: int
) -> None:
    """A full disk and a database that is away are no bugs."""
    service.batches = Broken(error)  # type: ignore[assignment]
    answered, headers, body = ask_app(app, "POST", "/api/v1/batches")
    assert (answered, body["error"]["message"]) == (status, str(error))
    assert int(headers["retry-after"]) > 0


def test_a_bug_is_an_internal_error_with_its_reason_in_the_log(app: App, service: Service) -> None:
    """The caller gets the request id, and nothing of the inside."""
    service.runs = Broken(ZeroDivisionError("secret inside"))  # type: ignore[assignment]
    with capture_logs(processors=[merge_contextvars]) as logs:
        status, _, body = ask_app(app, "GET", "/api/v1/runs/x")
    assert (status, body["error"]["code"], body["error"]["request_id"]) == (500, "internal", "the-one")
    assert "secret inside" not in str(body)
    failed = [line for line in logs if line["event"] == "request failed"]
    assert [(line["request_id"], str(line["exc_info"])) for line in failed] == [("the-one", "secret inside")]


def test_a_recursion_error_is_an_answer_too(app: App, service: Service) -> None:
    """Wherever it comes from."""
    service.runs = Broken(RecursionError("too deep"))  # type: ignore[assignment]
    assert ask_app(app, "GET", "/api/v1/runs/x")[0] == 500


def test_a_database_that_is_gone_is_not_ready(app: App, service: Service) -> None:
    """The process is alive all the same."""
    with service.database.write() as conn:
        conn.exec_driver_sql("UPDATE alembic_version SET version_num = '0000'")
    assert ask_app(app, "GET", "/readyz")[0] == 503
    assert ask_app(app, "GET", "/healthz")[0] == 200


def test_more_than_can_wait_are_asked_to_come_back() -> None:
    """The lane that is full refuses at once; the others go on."""
    threads = Threads()
    go = threading.Event()

    async def crowd() -> None:
        waiting = [asyncio.create_task(threads.run("write", go.wait, 30)) for _ in range(MOST_WAITING)]
        await asyncio.sleep(0)
        with pytest.raises(Unavailable, match="waiting already"):
            await threads.run("write", int)
        assert await threads.run("read", int) == 0
        go.set()
        assert all(await asyncio.gather(*waiting))
        assert await threads.run("write", int) == 0

    asyncio.run(crowd())
    threads.close()
    assert sum(SIZES.values()) < 20  # connections of the database
