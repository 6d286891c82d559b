"""Runs: found, read, made, changed, ended, each in one synchronous call that raises."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from mbox_ops.client import parts
from mbox_ops.client.reading import Listing, listing, segment
from mbox_ops.client.references import Ref, ident, name_of
from mbox_ops.client.run import Run
from mbox_ops.client.starting import Address, opening, this_task
from mbox_ops.entities import runs
from mbox_ops.entities.runs import Status
from mbox_ops.entities.writers import BatchResult, EndState

if TYPE_CHECKING:
    from mbox_ops.client.connection import Connection

Sort = Literal["-started_at", "started_at"]


class Runs:
    """The runs of a namespace."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    def get(self, run: Ref) -> Run:
        """A run by its id.

        Raises:
            NotFound: there is none in any namespace that the token opens.
        """
        path = f"/runs/{segment(self._connection.ready(run))}"
        return Run.read(self._connection, self._connection.get(path, runs.Run))

    def list(
        self,
        *,
        scenario: Ref | None = None,
        scenario_version: Ref | None = None,
        pipeline: Ref | None = None,
        notebook: Ref | None = None,
        execution: Ref | None = None,
        run: Ref | None = None,
        key: str | None = None,
        external_id: str | None = None,
        run_collection: str | None = None,
        status: Status | None = None,
        experiments: bool | None = None,
        tags: Mapping[str, str] | None = None,
        sort: Sort = "-started_at",
        limit: int | None = None,
    ) -> Listing[Run]:
        """The namespace's runs that all given conditions hold for.

        Args:
            scenario: a scenario, its id or its name; an id beats a name.
            scenario_version: by the caller's own name for it; so are pipeline, notebook and execution.
            run: a run or its id.
            key: the key it was started with.
            external_id: the caller's own id of the run.
            run_collection: the collection's name.
            status: `RUNNING`, `FINISHED`, `FAILED`, `KILLED` or `LOST`.
            experiments: True: only experiments; False: none of them.
            tags: every one of these tags has this value.
            sort: newest first, or `started_at` for oldest first.
            limit: at most so many; all if it is not given.
        """
        query = {
            "scenario": ident("scenario", scenario),
            "scenario_version": ident("scenario_version", scenario_version),
            "pipeline": ident("pipeline", pipeline),
            "notebook": ident("notebook", notebook),
            "execution": ident("execution", execution),
            "run_id": ident("run", run),
            "key": key,
            "external_id": external_id,
            "collection": run_collection,
            "status": status,
            "experiments": experiments,
            "tags": parts.wanted_tags(tags) or None,
            "sort": sort,
        }
        self._connection.flush()
        connection = self._connection
        return listing(connection, "/runs", runs.Run, lambda record: Run.read(connection, record), limit=limit, **query)

    def create(
        self,
        *,
        key: str | None = None,
        run_name: str | None = None,
        run_collection_name: str | None = None,
        scenario: Ref | None = None,
        scenario_version: Ref | None = None,
        pipeline: Ref | None = None,
        notebook: Ref | None = None,
        execution: Ref | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Run:
        """Make a run, or join the one that has the key; `run.existed` tells which. Nobody keeps it alive or ends it.

        Args:
            key: 1-1,024 characters; one live run of the namespace has it, however many callers race or retry.
            run_name: its id if it is not given.
            run_collection_name: the source's default collection if it is not given.
            scenario: the source's name if it is not given.
            tags: text to text.

        Raises:
            Conflict: the key's run has another pipeline, execution, or explicit scenario or collection.
        """
        task = this_task()
        wanted = opening(
            task,
            name=run_name,
            collection=run_collection_name,
            scenario=name_of("scenario", scenario),
            scenario_version=ident("scenario_version", scenario_version),
            pipeline=ident("pipeline", pipeline),
            notebook=ident("notebook", notebook),
            execution=ident("execution", execution),
        )
        checked = parts.tags(tags or {})
        stream = self._connection.stream(Address(key, task.origin, task.epoch), wanted)
        result = stream.write_now(tags=checked)
        stream.close()
        run = Run(result.run_id, connection=self._connection)
        run.existed = result.existed
        return run

    def update(
        self,
        run: Ref,
        *,
        run_name: str | None = None,
        run_collection_name: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> BatchResult:
        """Rename a run, move it to another collection of its scenario, set tags.

        Raises:
            NotFound: there is no such run.
        """
        changes = parts.info(run_name, run_collection_name, tags)
        return self._connection.stream_to(self._connection.ready(run)).write_now(**changes)

    def end(self, run: Ref, status: EndState = "FINISHED") -> BatchResult:
        """End a run as `FINISHED`, `FAILED` or `KILLED`.

        Raises:
            NotFound: there is no such run.
        """
        return self._connection.stream_to(self._connection.ready(run)).write_now(state=status)
