"""The active run, for scripts and notebooks.

Example:
    from mbox_ops import tracking

    with tracking.start_run(run_collection_name="rc1"):
        tracking.log_parameters({"learning_rate": 0.001})
        for epoch in range(10):
            tracking.log_metrics({"loss": 1 / (epoch + 1)}, step=epoch)
"""

from collections.abc import Mapping

from mbox_ops.client import parts
from mbox_ops.client.active import ActiveRuns
from mbox_ops.client.connection import Connection, connect, with_overrides
from mbox_ops.client.deleting import Deletions
from mbox_ops.client.outcome import Flushed
from mbox_ops.client.reading import Scenarios
from mbox_ops.client.references import (
    Execution,
    Notebook,
    Pipeline,
    Ref,
    Scenario,
    ScenarioVersion,
    WhichScenarios,
    ident,
    name_of,
    scenario_of,
)  # fmt: skip
from mbox_ops.client.run import Run
from mbox_ops.client.runs import Runs
from mbox_ops.client.starting import Address, Task, address, current_scenario, opening, orchestrated_run, this_task
from mbox_ops.client.tables import RunList
from mbox_ops.client.verbs import Verbs
from mbox_ops.entities.deletions import Deletion
from mbox_ops.entities.writers import EndState
from mbox_ops.errors import InvalidRequest


class MLTrackingSDK(Verbs):
    """The functions of this module, as methods of an object with an active run of its own.

    Args:
        url: where the service is; `MBOX_URL` if it is not given (in an Airflow task, the connection's).
        token: `MBOX_TOKEN` if it is not given.
        namespace: `MBOX_NAMESPACE` if it is not given.
    """

    def __init__(self, url: str | None = None, token: str | None = None, namespace: str | None = None) -> None:
        self._url = url
        self._token = token
        self._namespace = namespace
        self._active = ActiveRuns()
        self._key = self._active.key
        self._orchestrated: dict[tuple[Connection, Address], Run] = {}

    def start_run(
        self,
        run_collection_name: str | None = None,
        run_name: str | None = None,
        *,
        scenario: Ref | None = None,
        scenario_version: Ref | None = None,
        pipeline: Ref | None = None,
        notebook: Ref | None = None,
        execution: Ref | None = None,
        key: str | None = None,
        namespace: str | None = None,
        tags: Mapping[str, str] | None = None,
        system_metrics: bool = False,
    ) -> Run:
        """Start a run and make it the active one of this context. It needs no server.

        Left as a `with` block, the run ends FINISHED, FAILED on an exception, KILLED on Ctrl-C.

        Args:
            run_collection_name: the source's default collection if it is not given.
            run_name: the run's id if it is not given.
            scenario: `MBOX_SCENARIO`, or else the source's name, if it is not given.
            scenario_version: by the caller's own name for it.
            pipeline: the source; in an orchestrator its pipeline, else the script's name, if none is given.
            notebook: the source, instead of a pipeline; in Jupyter its notebook if none is given.
            execution: of the pipeline, by the caller's own name for it.
            key: 1-1,024 characters; the live run of the namespace that has it is joined. Inside an orchestrated task
                each `start_run()` without a key gets one that a retry finds again.
            namespace: another one than usual.
            tags: text to text.
            system_metrics: log what the machine and this process do every 5 seconds, under `system/`; see
                `Run.log_system_metrics`.

        Raises:
            InvalidRequest: a run is active in this context, or an argument breaks a rule.

        Example:
            >>> with tracking.start_run(run_collection_name="rc1") as run:  # doctest: +SKIP
            ...     tracking.log_metric("loss", 0.25)
        """
        self._active.check_none_here()
        checked = parts.tags(tags or {})
        task = this_task()
        where = address(task, key)
        wanted = opening(
            task,
            name=run_name,
            collection=run_collection_name,
            scenario=name_of("scenario", scenario),
            scenario_version=ident("scenario_version", scenario_version),
            pipeline=ident("pipeline", pipeline),
            notebook=ident("notebook", notebook),
            execution=ident("execution", execution),
            lease=where.key is None or where.key != task.key,  # the orchestrator's run outlives this process
        )
        run = Run.opened(self._connect(task, namespace), where, wanted, closes=True)
        run.set_tags(checked)  # also sends the opening, when there are no tags
        self._active.begin(run)
        if system_metrics:
            run.log_system_metrics()
        return run

    def end_run(self, status: EndState = "FINISHED") -> Flushed:
        """End the active run and make all that was logged durable.

        Args:
            status: `FINISHED`, `FAILED` or `KILLED`.

        Returns:
            Where the data is: `.where` is `server`, or `spool` when the server is away.

        Raises:
            InvalidRequest: no run is active.
        """
        run = self._active.find()
        if run is None:
            raise _nothing_active()
        return run.end_run(status)

    def current_run(self) -> Run:
        """The run of the DAG run or KFP run that this task belongs to; elsewhere the active run.

        Raises:
            InvalidRequest: there is neither.
        """
        run = self._task_run() or self._active.find()
        if run is None:
            raise _nothing_active()
        return run

    def get_runs(
        self,
        *,
        scenario: Ref | None = None,
        scenario_version: Ref | None = None,
        pipeline: Ref | None = None,
        execution: Ref | None = None,
        notebook: Ref | None = None,
        run: Ref | None = None,
        tags: Mapping[str, str] | None = None,
        filter: str | None = None,
        sort: str | None = None,
        limit: int | None = None,
    ) -> RunList[Run]:
        """The runs that all given conditions hold for; one of the first six or a filter is needed.

        Args:
            scenario: a scenario, its id or its name.
            scenario_version: by the caller's own name for it; so are pipeline, execution and notebook.
            notebook: needs a scenario or a run beside it.
            run: a run or its id.
            tags: every one of these tags has this value.
            filter: a condition in the filter language, such as `params.lr > 0.1 AND metrics.loss.min < 2`.
            sort: fields parted by commas, each with `-` in front for descending, such as `-metrics.accuracy.max,name`;
                newest first if it is not given.
            limit: at most so many; None for all.

        Returns:
            A list of runs with `id, key, name, status, run_collection, scenario, pipeline, execution, parameters, tags,
            labels, metrics`; none for a name that is unknown. Its `.to_pandas()` is a table of them.

        Raises:
            InvalidRequest: no condition is given, or only a notebook, or the filter or the order is wrong.

        Example:
            >>> tracking.get_runs(filter="params.lr > 0.1", sort="metrics.loss").to_pandas()  # doctest: +SKIP
        """
        if all(given is None for given in (scenario, scenario_version, pipeline, execution, notebook, run, filter)):
            raise InvalidRequest(
                "get_runs needs one or more of scenario, scenario_version, pipeline, execution, notebook, run and"
                " filter."
            )
        if notebook is not None and scenario is None and run is None:
            raise InvalidRequest("get_runs with notebook needs scenario or run, too.", field="notebook")
        found = Runs(self._connect()).list(
            scenario=scenario,
            scenario_version=scenario_version,
            pipeline=pipeline,
            notebook=notebook,
            execution=execution,
            run=run,
            tags=tags,
            filter=filter,
            sort=sort,
            limit=limit,
        )
        return RunList(found)

    def delete_runs(
        self,
        *,
        scenario: WhichScenarios | None = None,
        scenario_version: Ref | None = None,
        pipeline: Ref | None = None,
        execution: Ref | None = None,
        notebook: Ref | None = None,
        run: Ref | None = None,
        filter: str | None = None,
        dry_run: bool = False,
        purge: bool = False,
        force: bool = False,
    ) -> Deletion:
        """Delete the runs that all given conditions hold for.

        Args:
            scenario: a name or id, several parted by commas, an object, or a list of either. An empty list deletes
                nothing. More than one scenario stand alone, without other conditions.
            scenario_version: by the caller's own name for it; so are pipeline, execution and notebook.
            notebook: needs a scenario or a run beside it.
            run: a run or its id.
            filter: a condition in the filter language, such as `params.lr > 0.1 AND metrics.loss.min < 2`.
            dry_run: only count what would go.
            purge: give the undo window up.
            force: take runs that count as alive too.

        Returns:
            What went, or would go: `counts`, `by_scenario`, `scenarios_not_found`; undoable until `purge_after`.

        Raises:
            InvalidRequest: no condition is given, or the conditions may not stand together.
            Conflict: runs among them count as alive; the message names them.

        Example:
            >>> tracking.delete_runs(scenario="churn", dry_run=True).counts.runs  # doctest: +SKIP
            12
        """
        return Deletions(self._connect()).create(
            scenario=scenario,
            scenario_version=scenario_version,
            pipeline=pipeline,
            execution=execution,
            notebook=notebook,
            run=run,
            filter=filter,
            dry_run=dry_run,
            purge=purge,
            force=force,
        )

    def get_current_scenario(self) -> Scenario:
        """The active run's scenario, or else the one that a run started now would be in."""
        run = self._active.find()
        name = run.started_scenario if run is not None else current_scenario(this_task())
        return Scenario(id=name, name=name)

    def list_scenarios(self) -> list[Scenario]:
        """The namespace's scenarios that have live runs."""
        return [scenario_of(scenario) for scenario in Scenarios(self._connect()).list()]

    def _connect(self, task: Task | None = None, namespace: str | None = None) -> Connection:
        settings = (task or this_task()).settings
        wanted = self._namespace if namespace is None else namespace
        return connect(with_overrides(settings, url=self._url, token=self._token, namespace=wanted))

    def _run(self, run: Ref | None) -> Run:
        if run is not None:
            return self._other_run(run)
        found = self._active.find() or self._task_run()
        if found is None:
            raise _nothing_active()
        return found

    def _other_run(self, run: Ref) -> Run:
        if isinstance(run, Run) and run.writes_here:
            return run
        run_id = ident("run", run) or ""
        here = self._active.with_id(run_id)
        if here is not None:
            return here
        return run if isinstance(run, Run) else Run(run_id, connection=self._connect())

    def _task_run(self) -> Run | None:
        task = this_task()
        found = orchestrated_run(task)
        if found is None:
            return None
        where, wanted = found
        connection = self._connect(task)
        if (connection, where) not in self._orchestrated:
            self._orchestrated[connection, where] = Run.opened(connection, where, wanted)
        return self._orchestrated[connection, where]


def _nothing_active() -> InvalidRequest:
    return InvalidRequest("No run is active: start one with tracking.start_run(), or say which with run=....")


_sdk = MLTrackingSDK()

start_run = _sdk.start_run
end_run = _sdk.end_run
current_run = _sdk.current_run
log_parameters = _sdk.log_parameters
log_metric = _sdk.log_metric
log_metrics = _sdk.log_metrics
log_event = _sdk.log_event
log_checkpoint = _sdk.log_checkpoint
track_artifacts = _sdk.track_artifacts
upload_artifact = _sdk.upload_artifact
use_artifact = _sdk.use_artifact
update_metadata = _sdk.update_metadata
set_metadata = _sdk.set_metadata
report_metadata = _sdk.report_metadata
get_metadata = _sdk.get_metadata
persist_run = _sdk.persist_run
set_tags = _sdk.set_tags
set_labels = _sdk.set_labels
update_run_info = _sdk.update_run_info
get_runs = _sdk.get_runs
get_metrics_history = _sdk.get_metrics_history
delete_runs = _sdk.delete_runs
get_current_scenario = _sdk.get_current_scenario
list_scenarios = _sdk.list_scenarios

__all__ = [
    "Execution", "MLTrackingSDK", "Notebook", "Pipeline", "Run", "Scenario", "ScenarioVersion", "current_run",
    "delete_runs", "end_run", "get_current_scenario", "get_metadata", "get_metrics_history", "get_runs",
    "list_scenarios", "log_checkpoint", "log_event", "log_metric", "log_metrics", "log_parameters", "persist_run",
    "report_metadata", "set_labels", "set_metadata", "set_tags", "start_run", "track_artifacts", "update_metadata",
    "update_run_info", "upload_artifact", "use_artifact",
]  # fmt: skip
