"""What the operators share that write to the DAG run's run: which run that is, and how a write is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mbox_airflow.links import MboxRunLink, url_of
from mbox_airflow.operators.service import ServiceOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from airflow.sdk import Context

    from mbox_airflow.context import TaskIdentity
    from mbox_ops.entities.writers import Batch
    from mbox_ops.errors import MboxError


LISTED = 100
"""Ids of artifacts in a receipt."""


class MboxOperator(ServiceOperator):
    """Writes once to the DAG run's run, and is done when the service has it. A retry replaces what it wrote.

    Args:
        scenario: of the run; by default `mbox_scenario` of `dag_run.conf` or params, the connection's, `MBOX_SCENARIO`
            or the DAG's id.
        run_collection_name: of the run; by default the DAG's own collection.
        run_name: renames the run.
        **kwargs: `mbox_conn_id`, `on_error`, and what Airflow's operators take. The events of `outlets` tell other DAGs
            the run's id, key, scenario and page.
    """

    template_fields: Sequence[str] = ("scenario", "run_collection_name", "run_name", *ServiceOperator.template_fields)
    operator_extra_links = (MboxRunLink(),)

    def __init__(
        self,
        *,
        scenario: str | None = None,
        run_collection_name: str | None = None,
        run_name: str | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.scenario = scenario
        self.run_collection_name = run_collection_name
        self.run_name = run_name

    def fill(self, batch: Batch, context: Context, identity: TaskIdentity) -> None:
        """Put into `batch` what this operator writes.

        Raises:
            InvalidRequest: an argument breaks a rule; nothing is written.
        """
        raise NotImplementedError

    def act(self, context: Context) -> dict[str, Any]:
        """Do the operator's work: write to the DAG run's run, and answer what was written."""
        return self.written(context, self.identified(context))

    def identified(self, context: Context) -> TaskIdentity:
        """Who this task is, checked; the link to its run is there from now on."""
        identity = super().identified(context).in_scenario(self.scenario)
        self.run_url = url_of(identity)
        context["ti"].xcom_push(key=MboxRunLink.xcom_key, value=self.run_url)
        return identity

    def written(self, context: Context, identity: TaskIdentity) -> dict[str, Any]:
        """Write what `fill` gives, tell it to the outlets, and answer the receipt."""
        from mbox_airflow import assets, batches
        from mbox_ops.client.starting import check_names

        names = {"run_collection_name": self.run_collection_name or None, "run_name": self.run_name or None}
        check_names({"scenario": identity.scenario, **names})
        batch = batches.opened(identity, context, collection=self.run_collection_name, name=self.run_name)
        self.fill(batch, context, identity)
        result = batches.send(batch, identity.settings)
        receipt = {"run_id": result.run_id, "run_key": identity.key, "url": self.run_url, **batches.counts(batch)}
        if result.artifact_ids:
            receipt["artifact_ids"] = result.artifact_ids[:LISTED]
        if self.outlets:
            uris = [assets.uri_of(identity, record) for record in batch.artifacts]
            assets.announce(self.outlets, context, assets.extra_of(identity, receipt, batch.artifacts), uris)
        self.log.info("Written to %s: %s", self.run_url, batches.counts(batch))
        return receipt

    def refusal(self, error: MboxError) -> dict[str, Any]:
        """The receipt of what could not be written."""
        return {"run_id": None, "url": getattr(self, "run_url", None), **super().refusal(error)}
