"""The sensor that waits for a run to be as wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.sdk import BaseSensorOperator
from airflow.sdk.configuration import conf

from mbox_airflow.hooks import DEFAULT_CONN_ID
from mbox_ops.errors import InvalidRequest, MboxError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context


class MetricSensor(BaseSensorOperator):
    """Waits until a run meets a filter: this DAG run's own, or another one.

    It asks once in the worker; if the filter does not hold yet and `deferrable` is set, it then waits in the triggerer
    and takes no worker. While the service is away it goes on waiting, until its `timeout`.

    Args:
        filter: a condition in the filter language, such as `metrics.loss.min < 0.1 AND status = 'FINISHED'`.
        run_key: the key of the run that is waited for; this DAG run's own if it is not given.
        external_dag_id, external_run_id: the DAG run whose run is waited for, instead of a key.
        mbox_conn_id: the connection that names the service.
        deferrable: wait in the triggerer; `[operators] default_deferrable` if it is not given.
        **kwargs: what Airflow's sensors take: `poke_interval`, `timeout`, `mode`, `soft_fail`, ...

    Example:
        >>> MetricSensor(task_id="trained", filter="metrics.epoch >= 10", poke_interval=30)
        <Task(MetricSensor): trained>
    """

    template_fields: Sequence[str] = ("filter", "run_key", "external_dag_id", "external_run_id", "mbox_conn_id")
    ui_color: str = "#dbeaf4"

    def __init__(
        self,
        *,
        filter: str,
        run_key: str | None = None,
        external_dag_id: str | None = None,
        external_run_id: str | None = None,
        mbox_conn_id: str = DEFAULT_CONN_ID,
        deferrable: bool = conf.getboolean("operators", "default_deferrable", fallback=False),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.filter = filter
        self.run_key = run_key
        self.external_dag_id = external_dag_id
        self.external_run_id = external_run_id
        self.mbox_conn_id = mbox_conn_id
        self.deferrable = deferrable

    def execute(self, context: Context) -> Any:
        """Wait, and answer the run's id.

        Raises:
            AirflowFailException: the filter or the connection is wrong; waiting would not help.
        """
        if not self.deferrable:
            return super().execute(context)
        found = self.poke(context)
        return found.xcom_value if found else self._defer(context)

    def poke(self, context: Context) -> Any:
        """Whether the run meets the filter now."""
        from airflow.sdk import PokeReturnValue
        from airflow.sdk.exceptions import AirflowFailException

        from mbox_airflow.finding import met

        try:
            key, settings = self._target(context)
            run_id = met(settings, key, self.filter)
        except MboxError as error:
            raise AirflowFailException(str(error)) from None
        return PokeReturnValue(is_done=run_id is not None, xcom_value=run_id)

    def resumed(self, context: Context, event: dict[str, Any]) -> str:
        """What the triggerer found."""
        from airflow.sdk.exceptions import AirflowFailException

        if "error" in event:
            raise AirflowFailException(event["error"])
        self.log.info("The run %s meets the filter.", event["run_id"])
        return str(event["run_id"])

    def _defer(self, context: Context) -> None:
        from datetime import timedelta

        from mbox_airflow.triggers import FilterTrigger

        seconds: Any = self.poke_interval
        interval = seconds.total_seconds() if isinstance(seconds, timedelta) else float(seconds)
        left: Any = self.timeout
        timeout = left if isinstance(left, timedelta) or left is None else timedelta(seconds=left)
        trigger = FilterTrigger(
            mbox_conn_id=self.mbox_conn_id, key=self._target(context)[0], filter=self.filter, poll_interval=interval
        )
        self.defer(trigger=trigger, method_name="resumed", timeout=timeout)

    def _target(self, context: Context) -> tuple[str, Any]:
        """The key of the run, and where to ask."""
        from mbox_airflow.context import identity_of
        from mbox_ops.identity import airflow_key

        identity = identity_of(context, self.mbox_conn_id)
        other = (self.external_dag_id, self.external_run_id)
        if any(other):
            if self.run_key or not all(other):
                raise InvalidRequest(
                    "Give either run_key, or both external_dag_id and external_run_id.", field="external_dag_id"
                )
            return airflow_key(identity.settings.instance, str(other[0]), str(other[1])), identity.settings
        return self.run_key or identity.key, identity.settings
