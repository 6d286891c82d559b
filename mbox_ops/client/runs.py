"""Runs: found, read, made, changed, ended, each in one synchronous call that raises."""

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TypedDict, Unpack

import msgspec

from mbox_ops.client import parts
from mbox_ops.client.comparing import Comparison
from mbox_ops.client.reading import Listing, segment
from mbox_ops.client.references import Ref, ident, idents, name_of
from mbox_ops.client.run import Run
from mbox_ops.client.starting import Address, opening, this_task
from mbox_ops.client.tables import RunList
from mbox_ops.entities import runs
from mbox_ops.entities import search as compared
from mbox_ops.entities.pages import Page
from mbox_ops.entities.runs import Status
from mbox_ops.entities.search import CompareQuery
from mbox_ops.entities.writers import BatchResult, EndState

if TYPE_CHECKING:
    import pandas

    from mbox_ops.client.connection import Connection


class Selectors(TypedDict, total=False):
    """The conditions of `Runs.list` that a filter may stand beside."""

    scenario: Ref | None
    scenario_version: Ref | None
    pipeline: Ref | None
    notebook: Ref | None
    execution: Ref | None
    run: Ref | None
    key: str | None
    external_id: str | None
    run_collection: str | None
    status: Status | None
    experiments: bool | None
    tags: Mapping[str, str] | None


class RunListing(Listing[Run]):
    """Runs on the server: walking it fetches page after page."""

    def __init__(self, connection: "Connection", query: runs.RunQuery, limit: int | None) -> None:
        super().__init__(self._page, lambda record: Run.read(connection, record), limit)
        self._connection = connection
        self._query = query

    def total(self) -> int:
        """How many runs there are, whatever the limit. The server counts them now: a list by itself never does."""
        page = self._search(limit=1, total=True)
        assert page.total is not None
        return page.total

    def to_pandas(self) -> "pandas.DataFrame":
        """The runs as a table, as `RunList.to_pandas` says. It needs pandas."""
        return RunList(self).to_pandas()

    def _page(self, cursor: str | None, size: int) -> Page[runs.Run]:
        return self._search(limit=size, cursor=cursor)

    def _search(self, **changes: object) -> Page[runs.Run]:
        query = msgspec.structs.replace(self._query, **changes)
        return self._connection.ask("/runs/search", query, Page[runs.Run])


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
        filter: str | None = None,
        sort: str | None = None,
        limit: int | None = None,
    ) -> "RunListing":
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
            filter: a condition in the filter language, such as `params.lr > 0.1 AND metrics.loss.min < 2`.
            sort: fields parted by commas, each with `-` in front for descending: `-metrics.accuracy.max,name`. Runs
                that lack a field come last. Newest first if it is not given.
            limit: at most so many; all if it is not given.

        Raises:
            InvalidRequest: `filter` or `sort` is wrong; the message shows where. It comes with the first page.
        """
        query = runs.RunQuery(
            scenario=ident("scenario", scenario),
            scenario_version=ident("scenario_version", scenario_version),
            pipeline=ident("pipeline", pipeline),
            notebook=ident("notebook", notebook),
            execution=ident("execution", execution),
            run_id=ident("run", run),
            key=key,
            external_id=external_id,
            collection=run_collection,
            status=status,
            experiments=experiments,
            tags=parts.wanted_tags(tags),
            filter=filter,
            sort="-started_at" if sort is None else sort,
        )
        self._connection.flush()
        return RunListing(self._connection, query, limit)

    def search(
        self,
        filter: str | None = None,
        *,
        sort: str | None = None,
        limit: int | None = None,
        **selectors: Unpack[Selectors],
    ) -> "RunListing":
        """The runs that a filter holds for; `list` with the filter first.

        Args:
            filter: a condition in the filter language.
            sort: as in `list`; newest first if it is not given.
            limit: at most so many; all if it is not given.
            selectors: the conditions of `list`, which must hold too.

        Example:
            >>> best = client.runs.search("metrics.loss.min < 0.2", sort="metrics.loss.min", limit=10)  # doctest: +SKIP
            >>> best.to_pandas()[["name", "params.lr", "metrics.loss"]]  # doctest: +SKIP
        """
        return self.list(filter=filter, sort=sort, limit=limit, **selectors)

    def compare(
        self, runs: Iterable[Ref], *, all: bool = False, x: str | None = None, y: Sequence[str] | str = ()
    ) -> Comparison:
        """Runs side by side: what differs between them.

        Args:
            runs: 1 to 200 runs or their ids.
            all: give also what is the same in all of them.
            x: a field to set metrics over, such as `params.lr`.
            y: the metrics to set over it, such as `metrics.loss.min`; the last values of all if none is given.

        Returns:
            What prints as a table, has `.to_pandas()`, and holds the parts.

        Example:
            >>> print(client.runs.compare(client.runs.search("scenario = 'churn'", limit=5)))  # doctest: +SKIP
        """
        query = CompareQuery(run_ids=idents("runs", runs), all=all, x=x, y=[y] if isinstance(y, str) else [*y])
        self._connection.flush()
        return Comparison(self._connection, self._connection.ask("/runs/compare", query, compared.Comparison))

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
