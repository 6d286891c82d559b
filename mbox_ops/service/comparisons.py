"""Comparisons: runs side by side, and their metrics over a field."""

from collections.abc import Sequence

from mbox_ops.entities.limits import Limits
from mbox_ops.entities.runs import Run
from mbox_ops.entities.search import CompareQuery, Comparison, Difference
from mbox_ops.errors import InvalidRequest
from mbox_ops.search.parser import parse_field
from mbox_ops.search.showing import show
from mbox_ops.search.tree import Field, Metric
from mbox_ops.service import comparing
from mbox_ops.service.access import Actor
from mbox_ops.service.runs import Runs
from mbox_ops.service.scatters import scatter
from mbox_ops.store import metadata_patches
from mbox_ops.store.database import Database


class Comparisons:
    """Comparisons of a service's runs; nothing of them is kept."""

    def __init__(self, database: Database, *, runs: Runs, limits: Limits) -> None:
        self._database = database
        self._runs = runs
        self._limits = limits

    def make(self, actor: Actor, query: CompareQuery) -> Comparison:
        """Runs side by side, in the order of the request: what differs between them, or all of it.

        Raises:
            InvalidRequest: there are too many runs, none, or one twice; a field of the plot is none.
            NotFound: there is no such live run, or the token does not open its namespace.
        """
        actor.require("read")
        _check_runs(query.run_ids, self._limits)
        x, y = _fields(query, self._limits)
        runs = self._runs.several(actor, query.run_ids)
        with self._database.read() as conn:
            found = metadata_patches.documents(conn, subject_uids=query.run_ids)
        documents = [found.get(run.id, {}) for run in runs]
        metrics = comparing.metrics(runs)
        return Comparison(
            runs=runs,
            columns=_kept(comparing.columns(runs), query),
            parameters=_kept(comparing.parameters(runs), query),
            tags=_kept(comparing.tags(runs), query),
            metadata=_kept(comparing.documents(documents), query),
            metrics=[metric for metric in metrics if query.all or comparing.metric_differs(metric)],
            scatters=[] if x is None else [scatter(x, one, runs, documents) for one in y or self._every(runs)],
        )

    def _every(self, runs: Sequence[Run]) -> list[Metric]:
        """The last values of all numeric series."""
        names = {name for run in runs for name, summary in run.metrics.items() if summary.kind == "float"}
        if len(names) > self._limits.scatters:
            raise InvalidRequest(
                f"The runs have {len(names)} numeric metrics; the limit is {self._limits.scatters} over one field. Say"
                " in y which ones to set over x.",
                field="y", limit=self._limits.scatters, value=len(names),
            )  # fmt: skip
        return [Metric(name) for name in sorted(names)]


def _kept(differences: list[Difference], query: CompareQuery) -> list[Difference]:
    return [one for one in differences if query.all or comparing.differs(one)]


def _check_runs(run_ids: Sequence[str], limits: Limits) -> None:
    if not 1 <= len(run_ids) <= limits.compared:
        raise InvalidRequest(
            f"run_ids names {len(run_ids)} runs; a comparison takes 1 to {limits.compared}.",
            field="run_ids", limit=limits.compared, value=len(run_ids),
        )  # fmt: skip
    seen: set[str] = set()
    for run_id in run_ids:
        if run_id in seen:
            raise InvalidRequest(
                f"run_ids names the run {run_id!r:.60} twice; name each once.", field="run_ids", value=run_id
            )
        seen.add(run_id)


def _fields(query: CompareQuery, limits: Limits) -> tuple[Field | None, list[Metric]]:
    """What to set over what; no metrics: all."""
    if query.x is None:
        if query.y:
            raise InvalidRequest("y needs x beside it: the field to set the metrics over.", field="x")
        return None, []
    if len(query.y) > limits.scatters:
        raise InvalidRequest(
            f"y names {len(query.y)} metrics; the limit is {limits.scatters}.",
            field="y", limit=limits.scatters, value=len(query.y),
        )  # fmt: skip
    return parse_field(query.x, field="x"), list({show(one): one for one in map(_metric, query.y)}.values())


def _metric(text: str) -> Metric:
    found = parse_field(text, field="y")
    if not isinstance(found, Metric):
        raise InvalidRequest(
            f"y names {text!r:.60}, which is no metric; write metrics.loss or metrics.loss.min.", field="y", value=text
        )
    return found
