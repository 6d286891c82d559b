"""Deletions: previewed, made, read, undone, purged."""

from typing import TYPE_CHECKING

import msgspec

from mbox_ops.client.reading import Listing, listing, same, segment
from mbox_ops.client.references import Ref, WhichScenarios, ident, idents_of_scenarios
from mbox_ops.entities import deletions
from mbox_ops.entities.audit import AuditEntry
from mbox_ops.entities.ids import uuid7

if TYPE_CHECKING:
    from mbox_ops.client.connection import Connection


class Deletions:
    """Deletions of the namespace's runs."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    def create(
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
        max_runs: int | None = None,
        expected: "deletions.Deletion | deletions.Counts | deletions.Expected | None" = None,
        key: str | None = None,
    ) -> deletions.Deletion:
        """Delete the runs that all given conditions hold for.

        Args:
            scenario: a name or id, several parted by commas, an object, or a list of either. An empty list deletes
                nothing. More than one scenario stand alone, without other conditions.
            scenario_version: by the caller's own name for it.
            pipeline: by the caller's own name for it.
            execution: by the caller's own name for it.
            notebook: by the caller's own name for it; needs a scenario or a run beside it.
            run: a run or its id.
            filter: a condition in the filter language, such as `params.lr > 0.1 AND metrics.loss.min < 2`. With it runs
                with the tag `mbox.keep=true` stay.
            dry_run: only count what would go.
            purge: give the undo window up.
            force: take runs that count as alive too.
            max_runs: refuse when more runs than that would go.
            expected: a preview or its counts, or some of them: refuse when something else would go now.
            key: your own name for this deletion, 1-1,024 characters; a call that is repeated under the same key deletes
                once and returns that deletion.

        Returns:
            What went, or would go: `counts`, `by_scenario`, `scenarios_not_found`; `purge_after` says until when it can
            be undone.

        Raises:
            InvalidRequest: no condition is given, or the conditions may not stand together.
            NotFound: there is no such run.
            Conflict: runs among them count as alive (the message names them), or there are more than `max_runs`.
            StaleRequest: the counts are not the expected ones.

        Example:
            >>> preview = client.deletions.create(scenario="churn", dry_run=True)  # doctest: +SKIP
            >>> client.deletions.create(scenario="churn", expected=preview)  # doctest: +SKIP
        """
        wish = deletions.CreateDeletion(
            selector=deletions.Selector(
                scenarios=None if scenario is None else idents_of_scenarios(scenario),
                scenario_version=ident("scenario_version", scenario_version),
                pipeline=ident("pipeline", pipeline),
                execution=ident("execution", execution),
                notebook=ident("notebook", notebook),
                run_id=ident("run", run),
                filter=filter,
            ),
            dry_run=dry_run,
            purge=purge,
            force=force,
            max_runs=max_runs,
            expected=expectation(expected),
            key=None if dry_run else key or uuid7(),  # sent again after a lost answer, it deletes once
        )
        self._connection.flush()
        return self._connection.api.call("POST", "/deletions", body=wish, result=deletions.Deletion, retry=True)

    def list(self, *, limit: int | None = None) -> Listing[deletions.Deletion]:
        """The namespace's deletions, newest first."""
        return listing(self._connection, "/deletions", deletions.Deletion, same, limit=limit)

    def get(self, deletion: Ref) -> deletions.Deletion:
        """A deletion: its state and what went with it.

        Raises:
            NotFound: there is none.
        """
        return self._connection.get(f"/deletions/{_segment(deletion)}", deletions.Deletion)

    def undo(self, deletion: Ref, *, key_suffix: str | None = None) -> deletions.Deletion:
        """Bring back all that a deletion took, as it was.

        Args:
            deletion: a deletion or its id.
            key_suffix: where a live run has taken the key of a run that comes back, that one comes back under its key
                with this behind it.

        Raises:
            NotFound: there is none.
            Conflict: it is undone or purged; or live runs have taken keys (`details["taken"]` lists them) and no suffix
                was given.
        """
        wish = deletions.UndoDeletion(key_suffix=key_suffix)
        return self._post(deletion, "undo", wish)

    def purge(self, deletion: Ref) -> deletions.Deletion:
        """Give the undo window of a deletion up: the service drops what it took for good, from now on.

        Raises:
            NotFound: there is none.
            Conflict: it is undone.
        """
        return self._post(deletion, "purge", deletions.PurgeDeletion())

    def audit(self, deletion: Ref | None = None, *, limit: int | None = None) -> Listing[AuditEntry]:
        """What was done with a deletion, or with all of the namespace, oldest first: by whom, when, how much."""
        path = "/audit" if deletion is None else f"/deletions/{_segment(deletion)}/audit"
        return listing(self._connection, path, AuditEntry, same, limit=limit)

    def _post(self, deletion: Ref, verb: str, wish: msgspec.Struct) -> deletions.Deletion:
        path = f"/deletions/{_segment(deletion)}/{verb}"
        return self._connection.api.call("POST", path, body=wish, result=deletions.Deletion)


def expectation(
    given: "deletions.Deletion | deletions.Counts | deletions.Expected | None",
) -> deletions.Expected | None:
    """What a deletion is to take, from the preview of it or its counts."""
    if given is None or isinstance(given, deletions.Expected):
        return given
    counts = given.counts if isinstance(given, deletions.Deletion) else given
    return deletions.Expected(**msgspec.structs.asdict(counts))


def _segment(deletion: Ref) -> str:
    return segment(ident("deletion", deletion) or "")
