"""One DAG run that the listener follows: what the service has been told of it, and what is still to be told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import msgspec

from mbox_airflow import chronicle
from mbox_airflow.facts import BEGUN
from mbox_ops.entities.pages import Page
from mbox_ops.entities.runs import Run
from mbox_ops.entities.writers import Batch, BatchResult, Writer
from mbox_ops.errors import Fenced, InvalidRequest, RunDeleted

if TYPE_CHECKING:
    from mbox_airflow.context import TaskIdentity
    from mbox_airflow.facts import DagRunFacts
    from mbox_ops.client.http import HttpApi
    from mbox_ops.settings import ClientSettings

LOOKS_IN_A_HURRY = 6  # after a note: Airflow gives it before its transaction ends


class Watch:
    """Tells the service of one DAG run, once each.

    Its batches are one stream of a writer that begins with it; what an earlier stream told, of another process or from
    before the DAG run was cleared, is replaced. A batch whose answer was lost is sent again as it was.

    Attributes:
        due_at: when to look again, by the monotonic clock.
        hurried: how many looks are to follow soon.
        answered: whether the service has answered anything in the last `tell`.
    """

    def __init__(self) -> None:
        self.due_at = 0.0
        self.hurried = LOOKS_IN_A_HURRY
        self.answered = self._over = False
        self._begin()

    def _begin(self) -> None:
        self._writer: TaskIdentity | None = None
        self._stream, self._seq = uuid4().hex, 0
        self._told: set[tuple[str, str]] = set()
        self._shown: dict[str, Any] | None = None
        self._pending: list[tuple[Batch, set[tuple[str, str]]]] = []
        self._ending = self._mute = False

    def hurry(self) -> None:
        """Something has happened: look at once, and again soon."""
        self.due_at, self.hurried = 0.0, LOOKS_IN_A_HURRY

    def tell(self, facts: DagRunFacts, api: HttpApi, settings: ClientSettings) -> bool:
        """Send what is new.

        Returns:
            Whether the DAG run has ended, and all is told.

        Raises:
            MboxError: the service is away, or refused; told again, it goes on where it was.
        """
        self.answered = False
        if facts.state not in BEGUN or self._over:
            return self._over and facts.ended
        if self._ending and not facts.ended:
            self._begin()
        try:
            self._send(api)
            if self._writer is None:
                self._writer = chronicle.identity(facts, settings)
                self._put(chronicle.opening(facts, self._writer))
            for batch, told in chronicle.news(facts, self._told):
                self._put(batch, told)
            self._send(api)
            if facts.ended and not self._ending:
                self._end(facts, api)
            self._send(api)
            self._show(chronicle.states(facts), api)
        except (Fenced, RunDeleted):  # another process has taken over, or nobody wants to know any more
            self.answered = self._over = True
        return facts.ended

    def _end(self, facts: DagRunFacts, api: HttpApi) -> None:
        """Close the run, unless the DAG's own task has done so, and take out what is no longer there."""
        assert self._writer is not None
        close = facts.state == "failed" or not (chronicle.closed_by_a_task(facts) and self._is_closed(api))
        self._pending += [(batch, set()) for batch in chronicle.retirements(facts, self._writer.key)]
        self._put(chronicle.ending(facts, close=close))
        self._ending = True

    def _is_closed(self, api: HttpApi) -> bool:
        assert self._writer is not None
        found = api.call("GET", "/runs", query={"key": self._writer.key, "limit": 1}, result=Page[Run])
        return any(run.status != "RUNNING" for run in found.items)

    def _show(self, document: dict[str, Any], api: HttpApi) -> None:
        """States as metadata, if they have changed, and as long as there is room for them beside the users' own."""
        if self._mute or document == self._shown:
            return
        self._put(Batch(metadata=chronicle.shown(document)))
        try:
            self._send(api)
        except InvalidRequest:
            self._pending, self._mute, self.answered = [], True, True
            self._seq -= 1  # what was refused has changed nothing
        self._shown = document

    def _put(self, batch: Batch, told: set[tuple[str, str]] | None = None) -> None:
        writer = self._writer
        assert writer is not None
        assert writer.origin is not None
        assert writer.epoch is not None
        self._seq += 1
        stream = Writer(origin=writer.origin, epoch=writer.epoch, producer=self._stream, seq=self._seq)
        self._pending.append((msgspec.structs.replace(batch, key=writer.key, writer=stream), told or set()))

    def _send(self, api: HttpApi) -> None:
        """Send what waits, in order; what is stored waits no longer."""
        while self._pending:
            batch, told = self._pending[0]
            try:
                api.call("POST", "/batches", body=batch, result=BatchResult, retry=False)
            except Fenced:
                if batch.writer is None or batch.writer.producer == self._stream:
                    raise  # else a task's newest try has written itself: there is nothing to take out
            self.answered = True
            self._told |= told
            del self._pending[0]
