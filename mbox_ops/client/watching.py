"""Watching a namespace: changes as they come, over broken lines and restarts of the service."""

from __future__ import annotations

import logging
import math
import time
from collections import deque
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Self

from mbox_ops.client.clock import microseconds
from mbox_ops.client.http import HttpApi
from mbox_ops.client.references import Ref, ident
from mbox_ops.client.values import Wallclock
from mbox_ops.client.verdicts import Backoff
from mbox_ops.entities.changes import Change, ChangePage, SubjectKind
from mbox_ops.errors import InternalError, Unavailable

if TYPE_CHECKING:
    from mbox_ops.client.connection import Connection

WAIT = 20  # seconds that the service is asked to wait for a change
SILENCE = 15.0  # seconds more until it is taken for dead
PAGE = 1_000
LONGEST_PAUSE = 5.0

logger = logging.getLogger(__name__)


class Watch(Iterator[Change]):
    """The changes of a namespace, one after the other, each once and in order; see `Client.watch`.

    Attributes:
        cursor: behind the last change that was given: what to hand to the next `watch` to go on without loss or repeat.
            None before the first change of one that began with `since`.

    Example:
        >>> watch = client.watch(kind="run")  # doctest: +SKIP
        >>> for change in watch:  # doctest: +SKIP
        ...     print(change.action, change.name, change.parts)
    """

    def __init__(
        self,
        connection: Connection,
        *,
        cursor: str | None = None,
        since: Wallclock | None = None,
        kind: SubjectKind | Sequence[SubjectKind] | None = None,
        scenario: Ref | None = None,
        subject: Ref | None = None,
        timeout: float | None = None,
        patience: float | None = None,
    ) -> None:
        connection.flush()
        settings = connection.settings
        # An API of its own: an answer that is waited for keeps a connection.
        self._api = HttpApi.of(settings)
        self._query: dict[str, object] = {
            "since": None if since is None else microseconds(since, "since"),
            "kind": [kind] if isinstance(kind, str) else kind,
            "scenario": ident("scenario", scenario),
            "subject": ident("subject", subject),
        }
        self._timeout, self._patience = timeout, patience
        self._closed = False
        self._waiting: deque[Change] = deque()
        first = self._api.call("GET", "/changes", query={**self._query, "cursor": cursor}, result=ChangePage)
        self._waiting.extend(first.items)
        self._next = first.next
        self.cursor = cursor if first.items else first.next

    def __next__(self) -> Change:
        """The next change, when there is one.

        Raises:
            StopIteration: none came within `timeout` seconds, or it was closed.
            CursorExpired: the service does not keep what changed behind the cursor any more.
            Unavailable: the service was away for `patience` seconds, or when `timeout` seconds were over.
        """
        until = math.inf if self._timeout is None else time.monotonic() + self._timeout
        more = True  # there may be, until it was asked for
        while not self._waiting and not self._closed:
            left = until - time.monotonic()
            if left <= 0 and not more:
                raise StopIteration
            page = self._page(max(math.ceil(min(WAIT, left)), 0), until)
            self._waiting.extend(page.items)
            self._next, more = page.next, page.more
            if not page.items:
                self.cursor = page.next
        if self._closed:
            raise StopIteration
        change = self._waiting.popleft()
        self.cursor = change.cursor if self._waiting else self._next
        return change

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End it, and give the connection to the service up; `cursor` still says where to go on."""
        self._closed = True
        self._api.close()

    def _page(self, wait: int, until: float) -> ChangePage:
        """The next page, asked for again, with growing pauses, while the service is away and patience lasts."""
        backoff = Backoff(longest=LONGEST_PAUSE)
        while True:
            query = {**self._query, "cursor": self._next, "wait": wait, "limit": PAGE}
            try:
                return self._api.call(
                    "GET", "/changes", query=query, result=ChangePage, retry=False, timeout=wait + SILENCE
                )
            except (Unavailable, InternalError) as error:
                if backoff.failures == 0:  # until then it was there
                    until = min(until, math.inf if self._patience is None else time.monotonic() + self._patience)
                    logger.warning("The changes cannot be read now; trying again. %s", error)
                left = until - time.monotonic()
                if self._closed or left <= 0:
                    raise
                time.sleep(min(backoff.fail(error), left))
