"""The operator that deletes runs in bulk."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mbox_airflow.operators.deleting import DeletingOperator

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mbox_ops.client.client import Client
    from mbox_ops.entities.deletions import Deletion

SELECTORS = ("scenario", "scenario_version", "pipeline", "execution", "notebook", "run", "filter")


class DeleteRunsOperator(DeletingOperator):
    """Deletes the runs that all given conditions hold for; they can be brought back until the undo window ends.

    Args:
        scenario: a name or id, several parted by commas, or a list of them. An empty list deletes nothing. More than
            one scenario stand alone, without other conditions.
        scenario_version: by the caller's own name for it.
        pipeline: such as a DAG's id.
        execution: such as a DAG run's id.
        notebook: by the caller's own name for it; needs a scenario or a run beside it.
        run: a run's id.
        filter: a condition in the filter language, such as `metrics.loss.min > 2`. With it runs with the tag
            `mbox.keep=true` stay.
        dry_run: only count what would go.
        force: take runs that count as alive too; without it they make the deletion refuse, and the message names them.
        **kwargs: `purge`, `max_runs`, `expected`, `mbox_conn_id`, and what `DeletingOperator` takes besides.

    Example:
        >>> DeleteRunsOperator(task_id="delete", scenario="{{ params.scenario }}", max_runs=500)
        <Task(DeleteRunsOperator): delete>
    """

    template_fields: Sequence[str] = (*DeletingOperator.template_fields, *SELECTORS, "force")
    narrowing: Sequence[str] = (*DeletingOperator.narrowing, *SELECTORS)

    def __init__(
        self,
        *,
        scenario: str | list[str] | None = None,
        scenario_version: str | None = None,
        pipeline: str | None = None,
        execution: str | None = None,
        notebook: str | None = None,
        run: str | None = None,
        filter: str | None = None,
        dry_run: bool | str = False,
        force: bool | str = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(dry_run=dry_run, **kwargs)
        self.scenario = scenario
        self.scenario_version = scenario_version
        self.pipeline = pipeline
        self.execution = execution
        self.notebook = notebook
        self.run = run
        self.filter = filter
        self.force = force
        self.given()

    def asked(self, client: Client, limits: dict[str, Any]) -> Deletion:
        """Delete by selector."""
        from mbox_airflow import templated

        selector: dict[str, Any] = {name: templated.text(name, getattr(self, name)) for name in SELECTORS[1:]}
        return client.deletions.create(
            scenario=templated.names("scenario", self.scenario),
            **selector,
            force=templated.truth("force", self.force),
            **limits,
        )
