"""What all operators share: who they write as, how a write is made, and what becomes of a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import BaseOperator

from mbox_airflow.context import TaskIdentity, identity_of
from mbox_airflow.hooks import DEFAULT_CONN_ID
from mbox_airflow.links import MboxRunLink, url_of
from mbox_ops.errors import Fenced, Forbidden, InternalError, InvalidRequest, MboxError, Unauthenticated, Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from mbox_ops.entities.writers import Batch

OnError = Literal["fail", "warn"]


class MboxOperator(BaseOperator):
    """Writes once to the DAG run's run, and is done when the service has it. A retry replaces what it wrote.

    Args:
        scenario: of the run; by default `mbox_scenario` of `dag_run.conf` or params, the connection's, `MBOX_SCENARIO`
            or the DAG's id.
        run_collection_name: of the run; by default the DAG's own collection.
        run_name: renames the run.
        mbox_conn_id: the connection that names the service.
        on_error: `fail` fails the task: a service that is away or busy lets Airflow retry it, anything else does not.
            `warn` logs a warning, and the task succeeds.
    """

    template_fields: Sequence[str] = ("scenario", "run_collection_name", "run_name", "mbox_conn_id", "on_error")
    operator_extra_links = (MboxRunLink(),)
    ui_color: str = "#dbeaf4"

    def __init__(
        self,
        *,
        scenario: str | None = None,
        run_collection_name: str | None = None,
        run_name: str | None = None,
        mbox_conn_id: str = DEFAULT_CONN_ID,
        on_error: OnError = "fail",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.scenario = scenario
        self.run_collection_name = run_collection_name
        self.run_name = run_name
        self.mbox_conn_id = mbox_conn_id
        self.on_error = on_error

    def fill(self, batch: Batch, context: Context, identity: TaskIdentity) -> None:
        """Put into `batch` what this operator writes.

        Raises:
            InvalidRequest: an argument breaks a rule; nothing is written.
        """
        raise NotImplementedError

    def execute(self, context: Context) -> dict[str, Any]:
        """Write, and answer what was written, as plain JSON for XCom.

        The errors stand without their cause: the sentence says it, and a hundred lines of urllib3 would hide it.

        Raises:
            AirflowException: the service is away or busy; a retry may succeed.
            AirflowFailException: the service refused; a retry would be refused too.
        """
        return self.finish(context, self._told(context))

    def act(self, context: Context) -> dict[str, Any]:
        """Do the operator's work: write to the DAG run's run, and answer what was written.

        Raises:
            MboxError: the service is away, or an argument or the write was refused.
        """
        return self.written(context, self.identified(context))

    def finish(self, context: Context, receipt: dict[str, Any]) -> dict[str, Any]:
        """What is left to do once the receipt is there, also if nothing could be written."""
        return receipt

    def _told(self, context: Context) -> dict[str, Any]:
        from airflow.sdk.exceptions import AirflowException, AirflowFailException

        try:
            return self.act(context)
        except Fenced as error:
            self.log.info("A newer try of this task has taken over, so this one ends quietly: %s", error)
            return self._refusal(error)
        except MboxError as error:
            sentence = self._explain(error)
            if self.on_error == "warn":
                self.log.warning("Nothing was written, and on_error='warn' lets the task go on: %s", sentence)
                return self._refusal(error)
            if isinstance(error, (Unavailable, InternalError)):
                raise AirflowException(sentence) from None
            raise AirflowFailException(sentence) from None

    def identified(self, context: Context) -> TaskIdentity:
        """Who this task is, checked; the link to its run is there from now on."""
        if self.on_error not in ("fail", "warn"):
            raise InvalidRequest(
                f"on_error must be 'fail' or 'warn', not {self.on_error!r}.", field="on_error", value=self.on_error
            )
        identity = identity_of(context, self.mbox_conn_id).in_scenario(self.scenario)
        self.run_url = url_of(identity)
        context["ti"].xcom_push(key=MboxRunLink.xcom_key, value=self.run_url)
        return identity

    def written(self, context: Context, identity: TaskIdentity) -> dict[str, Any]:
        """Write what `fill` gives, and answer the receipt."""
        from mbox_airflow import batches

        batch = batches.opened(identity, context, collection=self.run_collection_name, name=self.run_name)
        self.fill(batch, context, identity)
        result = batches.send(batch, identity.settings)
        receipt = {"run_id": result.run_id, "run_key": identity.key, "url": self.run_url, **batches.counts(batch)}
        self.log.info("Written to %s: %s", self.run_url, batches.counts(batch))
        return receipt

    def _refusal(self, error: MboxError) -> dict[str, Any]:
        return {"run_id": None, "url": getattr(self, "run_url", None), "error": error.code, "message": str(error)}

    def _explain(self, error: MboxError) -> str:
        if isinstance(error, (Unauthenticated, Forbidden)):
            return f"{error} The token is that of the connection {self.mbox_conn_id!r}."
        return str(error)
