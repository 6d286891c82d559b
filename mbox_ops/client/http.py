"""The client's one door to the network: MessagePack over one kept connection, errors decoded by their code.

`requests` costs 130 ms to import, so it is imported at the first call and not before.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlencode, urlsplit

import msgspec

from mbox_ops.client.failures import Answer, error_of, failure_of
from mbox_ops.client.verdicts import draw_apart
from mbox_ops.errors import InternalError, InvalidRequest, Unavailable
from mbox_ops.settings import DEFAULT_RETRY_SECONDS, ClientSettings
from mbox_ops.wire.encodings import JSON, MSGPACK, NAMESPACE_HEADER, VERSION_HEADER, WIRE_VERSION, decode, encode

if TYPE_CHECKING:
    import requests

T = TypeVar("T")

PREFIX = "/api/v1"
_IN_ONE_PIECE = 1 << 26  # bytes of an answer, at the most
LOOPBACK = ("localhost", "127.0.0.1", "::1")

IMPORTING = threading.RLock()
"""Held while requests is imported, and by whoever forks: a fork in the middle of an import leaves the child with a
module that is locked for ever."""


class HttpApi:
    """The REST API of one service, as one namespace and one token see it. Threads may share it; forks may not harm it.

    Args:
        url: where the service is, such as `http://127.0.0.1:8085`.
        token: sent as `Authorization: Bearer`; without one, nothing is sent (and `~/.netrc` is not asked).
        namespace: sent as `Mbox-Namespace`.
        connect_timeout: seconds until a connection must stand.
        read_timeout: seconds that the service may stay silent.
        deadline: seconds after which a retried call gives up; 0: it is tried once.
        verify: whether to check the service's certificate, or the file of authorities to check it against.

    Example:
        >>> api = HttpApi("http://127.0.0.1:8085", None, "default")
        >>> api.call("GET", "/runs", query={"scenario": "churn"}, result=Page[Run])  # doctest: +SKIP
    """

    def __init__(
        self,
        url: str,
        token: str | None = None,
        namespace: str = "default",
        *,
        connect_timeout: float = 2.0,
        read_timeout: float = 30.0,
        deadline: float = DEFAULT_RETRY_SECONDS,
        verify: bool | str = True,
    ) -> None:
        for field, text in (("namespace", namespace), ("token", token or "")):
            if not (text.isascii() and text.isprintable()):
                raise InvalidRequest(f"{field} must be printable ASCII: it is sent as a header.", field=field)
        self.url = url.rstrip("/")
        self.namespace = namespace
        self._token = token
        self._timeouts = (connect_timeout, read_timeout)
        self._deadline = deadline
        self._verify = verify
        self._session: requests.Session | None = None
        self._pid = os.getpid()

    @classmethod
    def of(cls, settings: ClientSettings, *, read_timeout: float = 30.0, deadline: float | None = None) -> HttpApi:
        """The service as these settings name it, unless a deadline of its own is given."""
        return cls(
            settings.url, settings.token, settings.namespace, read_timeout=read_timeout, verify=settings.verify,
            deadline=settings.retry_seconds if deadline is None else deadline,
        )  # fmt: skip

    def __repr__(self) -> str:
        return f"HttpApi({self.url!r}, namespace={self.namespace!r})"

    def call(
        self,
        method: str,
        path: str,
        *,
        body: object = None,
        result: type[T],
        query: Mapping[str, Any] | None = None,
        retry: bool | None = None,
        timeout: float | None = None,
        media_type: str = MSGPACK,
    ) -> T:
        """Ask the service, and wait for its answer.

        Args:
            method: `GET`, `POST`, `PUT` or `DELETE`.
            path: below `/api/v1`, such as `/runs/4711`.
            body: a Struct or plain data; bytes are sent as they are.
            result: the type of the answer; `type(None)` for none.
            query: None values are left out, bools are `true` and `false`, a list repeats its name, a dict is JSON.
            retry: try again, with growing pauses, while the service is away or busy, until the deadline of this object.
                By default only what changes nothing (`GET`) is tried again.
            timeout: seconds that the service may stay silent, instead of this object's own.
            media_type: of the body; what is no bytes is sent as MessagePack.

        Returns:
            The answer as `result`.

        Raises:
            Unavailable: the service cannot be reached, does not answer in time, or is busy (`details["retry_after"]`).
            MboxError: whatever the service answered, by its code.
        """
        sent = body if isinstance(body, bytes) else None if body is None else encode(body)
        target = self._target(path, query)
        pauses = _pauses(self._deadline) if (method == "GET" if retry is None else retry) else iter(())
        while True:
            try:
                return _read(self._ask(method, target, sent, timeout, media_type), result)
            except (Unavailable, InternalError) as error:
                if (pause := next(pauses, None)) is None:
                    raise
                time.sleep(max(pause, min(_seconds(error.details.get("retry_after")), self._deadline)))

    def stream(self, path: str, *, start: int = 0, chunk: int = 1 << 20) -> Iterator[bytes]:
        """The bytes at a path below `/api/v1`, from `start` on, piece by piece, as they come.

        Raises:
            MboxError: as `call` does.
        """
        ranged = {"Range": f"bytes={start}-"} if start else {}
        with self._request("GET", self._target(path, None), headers=ranged) as answer:
            if answer.status_code not in (200, 206):
                raise error_of(_answer(answer))
            passed = 0 if answer.status_code == 206 else start  # something between has sent the whole
            try:
                for piece in answer.iter_content(chunk):
                    yield piece[passed:]
                    passed = max(passed - len(piece), 0)
            except (_requests().RequestException, OSError) as error:
                raise failure_of(error, self.url) from error

    def close(self) -> None:
        """Close the kept connections."""
        if self._session is not None and self._pid == os.getpid():
            self._session.close()
        self._session = None

    def _target(self, path: str, query: Mapping[str, Any] | None) -> str:
        pairs = [(name, text) for name, value in (query or {}).items() for text in _query_texts(value)]
        return f"{self.url}{PREFIX}{path}" + (f"?{urlencode(pairs)}" if pairs else "")

    def _ask(self, method: str, target: str, body: bytes | None, timeout: float | None, media_type: str) -> Answer:
        headers = {} if body is None else {"Content-Type": media_type}
        with self._request(method, target, body, timeout, headers) as answer:
            try:
                return _answer(answer)
            except (_requests().RequestException, OSError) as error:
                raise failure_of(error, self.url) from error

    def _request(
        self,
        method: str,
        target: str,
        body: bytes | None = None,
        timeout: float | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> requests.Response:
        """Send a request; the answer is a stream, because `requests` would read the body in pieces of 10 kB."""
        requests = _requests()
        connect, read = self._timeouts
        timeouts = (connect, read) if timeout is None else (min(connect, timeout), timeout)
        try:
            return self._kept_session().request(
                method, target, data=body, headers=headers, timeout=timeouts, allow_redirects=False, stream=True,
                verify=self._verify,
            )  # fmt: skip
        except (requests.RequestException, OSError) as error:
            raise failure_of(error, self.url) from error

    def _kept_session(self) -> requests.Session:
        if self._session is None or self._pid != os.getpid():
            self._session, self._pid = self._new_session(), os.getpid()
        return self._session

    def _new_session(self) -> requests.Session:
        session: requests.Session = _requests().Session()
        session.headers.update(
            {
                "Accept": f"{MSGPACK}, {JSON};q=0.5",
                NAMESPACE_HEADER: self.namespace.encode(),  # as UTF-8: a str would have to be Latin-1
                VERSION_HEADER: str(WIRE_VERSION),
            }
        )
        session.auth = self._authorise  # given, so that requests does not put ~/.netrc in its place
        if urlsplit(self.url).hostname in LOOPBACK:
            session.trust_env = False  # no proxy for what is on this machine
        return session

    def _authorise(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._token is not None:
            request.headers["Authorization"] = f"Bearer {self._token}"
        return request


def _requests() -> Any:
    with IMPORTING:
        import requests

        "localhost".encode("idna")  # resolving a name would import this codec
    return requests


def _pauses(deadline: float, sleep_at_first: float = 0.1, at_most: float = 2.0) -> Iterator[float]:
    """Growing pauses with jitter, until the deadline has passed."""
    end = time.monotonic() + deadline
    pause = sleep_at_first
    while time.monotonic() + pause < end:
        yield pause * (0.5 + draw_apart() / 2)
        pause = min(pause * 2, at_most)


def _read(answer: Answer, result: type[T]) -> T:
    if not 200 <= answer.status < 300:
        raise error_of(answer)
    if result is type(None):
        return result()
    try:
        return decode(answer.body, result, MSGPACK if answer.media_type == MSGPACK else JSON)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unavailable(
            f"{answer.url} answered {answer.status} with something that is no answer of mbox-ops ({error}). "
            "Is MBOX_URL the address of the service?",
            url=answer.url,
        ) from error


def _answer(response: requests.Response) -> Answer:
    media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    retry_after = response.headers.get("Retry-After")
    size = response.headers.get("Content-Length", "")
    whole = min(int(size), _IN_ONE_PIECE) if size.isdecimal() else 0  # what comes in one piece need not be joined
    body = b"".join(response.iter_content(max(whole, 1 << 20)))
    return Answer(response.url, response.status_code, media_type, body, retry_after)


def _query_texts(value: object) -> list[str]:
    if value is None:
        return []
    if isinstance(value, (list, tuple, set, frozenset)):
        return [text for item in value for text in _query_texts(item)]
    if isinstance(value, bool):
        return ["true" if value else "false"]
    if isinstance(value, dict):
        return [encode(value, JSON).decode()]
    return [str(value)]


def _seconds(value: object) -> float:
    return float(value) if isinstance(value, (int, float)) else 0.0
