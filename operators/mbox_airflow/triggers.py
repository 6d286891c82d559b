"""What waits in the triggerer, for tasks that have given their worker back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from airflow.triggers.base import BaseTrigger, TriggerEvent

from mbox_ops.errors import MboxError


class FilterTrigger(BaseTrigger):
    """Fires when a run meets a filter, with its id; or when asking goes on to be refused, with the reason.

    Args:
        mbox_conn_id: the connection that names the service. No secret is here: Airflow keeps arguments in its database.
        key: the run's.
        filter: in the filter language.
        poll_interval: seconds between two questions.
    """

    def __init__(self, *, mbox_conn_id: str, key: str, filter: str, poll_interval: float) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # Airflow gives no types here, nor below
        self.mbox_conn_id = mbox_conn_id
        self.key = key
        self.filter = filter
        self.poll_interval = poll_interval

    def serialize(self) -> tuple[str, dict[str, Any]]:
        """The trigger as Airflow keeps it."""
        arguments = {name: getattr(self, name) for name in ("mbox_conn_id", "key", "filter", "poll_interval")}
        return f"{type(self).__module__}.{type(self).__qualname__}", arguments

    async def run(self) -> AsyncIterator[TriggerEvent]:
        """Ask, and ask again."""
        from asgiref.sync import sync_to_async

        from mbox_airflow.finding import met
        from mbox_airflow.hooks import MboxHook

        try:
            settings = await sync_to_async(MboxHook(self.mbox_conn_id).settings)()
            while (run_id := await asyncio.to_thread(met, settings, self.key, self.filter)) is None:
                await asyncio.sleep(self.poll_interval)
        except MboxError as error:
            yield TriggerEvent({"error": str(error)})  # type: ignore[no-untyped-call]  # likewise
        else:
            yield TriggerEvent({"run_id": run_id})  # type: ignore[no-untyped-call]  # likewise
