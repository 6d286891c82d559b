"""Deletions: previewed, made, read."""

from typing import TYPE_CHECKING

from mbox_ops.client.reading import Listing, listing, same, segment
from mbox_ops.client.references import Ref, WhichScenarios, ident, idents_of_scenarios
from mbox_ops.entities import deletions
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
        dry_run: bool = False,
        purge: bool = False,
        force: bool = False,
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
            dry_run: only count what would go.
            purge: give the undo window up.
            force: take runs that count as alive too.

        Returns:
            What went, or would go: `counts`, `by_scenario`, `scenarios_not_found`; `purge_after` says until when it can
            be undone.

        Raises:
            InvalidRequest: no condition is given, or the conditions may not stand together.
            NotFound: there is no such run.
            Conflict: runs among them count as alive; the message names them.
        """
        wish = deletions.CreateDeletion(
            selector=deletions.Selector(
                scenarios=None if scenario is None else idents_of_scenarios(scenario),
                scenario_version=ident("scenario_version", scenario_version),
                pipeline=ident("pipeline", pipeline),
                execution=ident("execution", execution),
                notebook=ident("notebook", notebook),
                run_id=ident("run", run),
            ),
            dry_run=dry_run,
            purge=purge,
            force=force,
            key=None if dry_run else uuid7(),  # sent again after a lost answer, it deletes once
        )
        self._connection.flush()
        return self._connection.api.call("POST", "/deletions", body=wish, result=deletions.Deletion, retry=True)

    def list(self, *, limit: int | None = None) -> Listing[deletions.Deletion]:
        """The namespace's deletions, newest first."""
        return listing(self._connection, "/deletions", deletions.Deletion, same, limit=limit)

    def get(self, deletion_id: str) -> deletions.Deletion:
        """A deletion: its state and what went with it.

        Raises:
            NotFound: there is none.
        """
        return self._connection.get(f"/deletions/{segment(deletion_id)}", deletions.Deletion)
