"""The feed: one poller for all who watch in this process, and what it read last, which they share.

Who watches has a position and nothing else. It takes what lies behind it from the changes that the poller read last or,
if it is further behind, from the database, page by page, as fast as its reader takes them: a slow reader costs no
memory. Nobody who waits holds a thread or a connection.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import structlog
from prometheus_client import CollectorRegistry, Gauge

from mbox_ops.entities.changes import Change, ChangePage, ChangeQuery, WatchQuery
from mbox_ops.entities.limits import Limits
from mbox_ops.errors import MboxError, Unavailable
from mbox_ops.server.channels import PAGE, Channel, Placed
from mbox_ops.server.threads import Threads
from mbox_ops.service.access import Actor
from mbox_ops.service.changes import Changes, Position, is_wanted

POLL_SECONDS = 0.5  # until what another replica has committed is seen, at the most
SOON_SECONDS = 0.005  # until what waits for an open transaction is looked at again, at first
PAUSE_SECONDS = 0.005  # between two looks, at the least, and as much again for each `MANY` who are woken by one
MANY = 50
BEAT_SECONDS = 15.0  # until a stream says that it is still there; as often it is asked whether its token still opens it

log = structlog.get_logger("mbox_ops.feed")


class Piece(NamedTuple):
    """Some changes of a stream, or none: it is still there. `cursor` goes on behind what was looked at."""

    changes: list[Change]
    cursor: str


class Feed:
    """The changes that this process has seen, for those who wait for them. It is used from one event loop only.

    Args:
        changes: where they come from.
        threads: that read them.
        limits: how many may watch.
        beat_seconds: until a stream says that it is still there.

    Attributes:
        watchers: how many watch now.
    """

    def __init__(
        self, changes: Changes, threads: Threads, limits: Limits, *, beat_seconds: float = BEAT_SECONDS
    ) -> None:
        self._changes, self._threads, self._limits, self._beat = changes, threads, limits, beat_seconds
        self._channels: dict[str, Channel] = {}
        self._poller: asyncio.Task[None] | None = None
        self._rung = asyncio.Event()
        self._closing = asyncio.Event()
        self.watchers = 0

    async def page(self, actor: Actor, query: ChangeQuery) -> ChangePage:
        """A page of changes; without any yet, it comes with the first of them, or empty after `wait` seconds.

        Raises:
            MboxError: as `Changes.page` does; or too many watch already.
        """
        found = await self._threads.run("read", self._changes.page, actor, query)
        if found.items or found.more or not query.wait or self._closing.is_set():
            return found
        until = time.monotonic() + query.wait
        at = await self._threads.run("read", self._changes.begin, actor, _from(query, found.next))
        async with self._watching(actor.namespace) as channel:
            while not self._closing.is_set():
                placed, at = await self._behind(actor.namespace, channel, at, until - time.monotonic())
                items = [change for _, change in placed[: query.limit] if is_wanted(change, query)]
                if len(placed) > query.limit:
                    at = placed[query.limit - 1][0]
                if items or time.monotonic() >= until:
                    return ChangePage(items=items, next=self._changes.cursor(at), more=len(placed) > query.limit)
        return ChangePage(items=[], next=self._changes.cursor(at))

    async def follow(self, actor: Actor, query: WatchQuery, recheck: Callable[[], object]) -> AsyncIterator[Piece]:
        """Changes as they come, first a piece without any. It ends when the service stops.

        Args:
            recheck: raises when the reader's token does not open the stream any more.

        Raises:
            MboxError: as `Changes.begin` and `Changes.read` do; or too many watch already.
        """
        at = await self._threads.run("read", self._changes.begin, actor, query)
        async with self._watching(actor.namespace) as channel:
            yield Piece([], self._changes.cursor(at))
            said = checked = time.monotonic()
            while not self._closing.is_set():
                placed, at = await self._behind(actor.namespace, channel, at, self._beat + said - time.monotonic())
                now = time.monotonic()
                if now >= checked + self._beat:
                    await self._threads.run("quick", recheck)
                    checked = now
                wanted = [change for _, change in placed if is_wanted(change, query)]
                if wanted or now >= said + self._beat:
                    yield Piece(wanted, self._changes.cursor(at))
                    said = time.monotonic()

    def show_in(self, registry: CollectorRegistry) -> None:
        """Let Prometheus read how many watch."""
        Gauge("mbox_watchers", "Who waits for changes.", registry=registry).set_function(lambda: self.watchers)

    def close(self) -> None:
        """Let all streams end, and begin no other."""
        self._closing.set()
        self._rung.set()
        for channel in self._channels.values():
            channel.wake()

    async def _behind(self, namespace: str, channel: Channel, at: Position, seconds: float) -> tuple[Placed, Position]:
        """The next changes behind a position, and where they end; none, if none come within so many seconds."""
        news, start = channel.news, channel.start
        placed = channel.behind(at)
        if placed is None:
            told = await self._threads.run("read", self._changes.read, namespace, at, limit=PAGE)
            # If there is nothing behind it, it is where the channel began before this was asked.
            return told.changes, told.end if told.changes else max(at, start)
        if not placed and seconds > 0 and not self._closing.is_set():
            with suppress(TimeoutError):
                await asyncio.wait_for(news.wait(), seconds)
            placed = channel.behind(at) or ()
        return placed, placed[-1][0] if placed else at

    @asynccontextmanager
    async def _watching(self, namespace: str) -> AsyncIterator[Channel]:
        if self._closing.is_set():
            raise Unavailable("The service is stopping; go on from your cursor in a moment.")
        if self.watchers >= self._limits.watchers:
            raise Unavailable(
                f"{self._limits.watchers} watch already; try again later, or ask for pages without `wait`.",
                limit=self._limits.watchers,
            )
        self.watchers += 1
        try:
            channel = await self._channel(namespace)
            channel.watchers += 1
            try:
                yield channel
            finally:
                channel.watchers -= 1
                if not channel.watchers:
                    self._channels.pop(namespace, None)
                    self._rung.set()
        finally:
            self.watchers -= 1

    async def _channel(self, namespace: str) -> Channel:
        if namespace not in self._channels:
            end = await self._threads.run("read", self._changes.end)
            self._channels.setdefault(namespace, Channel(end))
        if self._poller is None or self._poller.done():
            self._poller = asyncio.create_task(self._poll())
        return self._channels[namespace]

    async def _poll(self) -> None:
        """Look for changes as long as somebody watches: after each commit of this process, and every so often."""
        loop = asyncio.get_running_loop()

        def ring() -> None:
            with suppress(RuntimeError):  # the loop is closed: the process ends
                loop.call_soon_threadsafe(self._rung.set)

        stop_listening = self._changes.on_commit(ring)
        try:
            pause = POLL_SECONDS
            while self._channels and not self._closing.is_set():
                self._rung.clear()
                pause = await self._look(pause)
                await asyncio.sleep(min(pause, PAUSE_SECONDS * (1 + self.watchers / MANY)))
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._rung.wait(), pause)
        finally:
            stop_listening()

    async def _look(self, pause: float) -> float:
        """Read what is new in every channel; returns how long to wait then, after that pause."""
        channels = dict(self._channels)
        ends = {namespace: channel.end for namespace, channel in channels.items()}
        try:
            found = await self._threads.run("quick", self._changes.read_all, ends, limit=PAGE)
            lost = [channels[namespace] for namespace, told in found.items() if told is None]
            if lost:
                end = await self._threads.run("quick", self._changes.end)
                for channel in lost:
                    channel.restart(end)
        except MboxError as error:
            log.warning("changes cannot be read", error=str(error))
            return POLL_SECONDS
        except Exception:  # the outermost edge of the task
            log.exception("poll failed")
            return POLL_SECONDS
        read = [(channels[namespace], told) for namespace, told in found.items() if told is not None]
        for channel, told in read:
            channel.add(told.changes, told.end)
        if any(told.more for _, told in read):
            return 0.0
        if any(told.waiting for _, told in read):
            return SOON_SECONDS if pause >= POLL_SECONDS else min(2 * pause, POLL_SECONDS / 2)
        return POLL_SECONDS


def _from(query: ChangeQuery, cursor: str) -> WatchQuery:
    return WatchQuery(cursor=cursor, since=query.since, kind=query.kind, scenario=query.scenario, subject=query.subject)
