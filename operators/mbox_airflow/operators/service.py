"""What all operators share: a connection to the service, and what becomes of a failure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from airflow.sdk import BaseOperator

from mbox_airflow.context import TaskIdentity, identity_of
from mbox_airflow.hooks import DEFAULT_CONN_ID
from mbox_ops.errors import Fenced, Forbidden, InternalError, InvalidRequest, MboxError, Unauthenticated, Unavailable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

OnError = Literal["fail", "warn"]


class ServiceOperator(BaseOperator):
    """Asks the service for one thing, and is done when the service has done it.

    Args:
        mbox_conn_id: the connection that names the service.
        on_error: `fail` fails the task: a service that is away or busy lets Airflow retry it, anything else does not.
            `warn` logs a warning, and the task succeeds.
    """

    template_fields: Sequence[str] = ("mbox_conn_id", "on_error")
    ui_color: str = "#dbeaf4"

    def __init__(self, *, mbox_conn_id: str = DEFAULT_CONN_ID, on_error: OnError = "fail", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.mbox_conn_id = mbox_conn_id
        self.on_error = on_error

    def execute(self, context: Context) -> dict[str, Any]:
        """Do it, and answer what was done, as plain JSON for XCom.

        The errors stand without their cause: the sentence says it, and a hundred lines of urllib3 would hide it.

        Raises:
            AirflowException: the service is away or busy; a retry may succeed.
            AirflowFailException: the service refused; a retry would be refused too.
        """
        return self.finish(context, self._told(context))

    def act(self, context: Context) -> dict[str, Any]:
        """Do the operator's work, and answer what was done.

        Raises:
            MboxError: the service is away, or an argument or the request was refused.
        """
        raise NotImplementedError

    def finish(self, context: Context, receipt: dict[str, Any]) -> dict[str, Any]:
        """What is left to do once the receipt is there, also if nothing could be done."""
        return receipt

    def refusal(self, error: MboxError) -> dict[str, Any]:
        """The receipt of what could not be done."""
        return {"error": error.code, "message": str(error)}

    def identified(self, context: Context) -> TaskIdentity:
        """Who this task is, with what it shares with all others checked.

        Raises:
            InvalidRequest: `on_error` is neither of its two words, or the connection cannot be used.
        """
        if self.on_error not in ("fail", "warn"):
            raise InvalidRequest(
                f"on_error must be 'fail' or 'warn', not {self.on_error!r}.", field="on_error", value=self.on_error
            )
        return identity_of(context, self.mbox_conn_id)

    def _told(self, context: Context) -> dict[str, Any]:
        from airflow.sdk.exceptions import AirflowException, AirflowFailException

        try:
            return self.act(context)
        except Fenced as error:
            self.log.info("A newer try of this task has taken over, so this one ends quietly: %s", error)
            return self.refusal(error)
        except MboxError as error:
            sentence = self._explain(error)
            if self.on_error == "warn":
                self.log.warning("Nothing was done, and on_error='warn' lets the task go on: %s", sentence)
                return self.refusal(error)
            if isinstance(error, (Unavailable, InternalError)):
                raise AirflowException(sentence) from None
            raise AirflowFailException(sentence) from None

    def _explain(self, error: MboxError) -> str:
        if isinstance(error, (Unauthenticated, Forbidden)):
            return f"{error} The token is that of the connection {self.mbox_conn_id!r}."
        return str(error)
