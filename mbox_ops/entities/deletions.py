"""Deletions: previewed, then done; an object of their own that says what went."""

from datetime import datetime
from typing import Literal

import msgspec

from mbox_ops.entities.cleanup import MAX_RUNS, Reason, Rules

DeletionState = Literal["PREVIEW", "TOMBSTONED", "UNDONE", "PURGING", "PURGED"]


class Selector(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What to delete. At least one field; all given must hold (AND).

    Attributes:
        scenarios: names or ids; an id beats a name. Several stand alone: no other selector beside them. An empty list
            deletes nothing.
        notebook: needs a scenario or `run_id`.
        filter: a condition in the filter language, such as `params.lr > 0.1 AND metrics.loss.min < 2`.
    """

    scenarios: list[str] | None = None
    scenario_version: str | None = None
    pipeline: str | None = None
    execution: str | None = None
    notebook: str | None = None
    run_id: str | None = None
    filter: str | None = None


class Expected(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The counts that a deletion is to have; those that are not given may be anything."""

    runs: int | None = None
    checkpoints: int | None = None
    points: int | None = None
    events: int | None = None
    artifacts: int | None = None
    bytes: int | None = None


class CreateDeletion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A wish to delete.

    Attributes:
        dry_run: only count what would go.
        force: take runs that count as alive too; without it they make the deletion refuse with their list.
        purge: give the undo window up.
        max_runs: refuse when more runs than that would go.
        expected: what a preview counted: refuse when it would be something else now.
        key: the caller's own name for this deletion, 1-1,024 characters: a request that is repeated under the same key
            deletes once and is answered with that deletion.
    """

    selector: Selector
    dry_run: bool = False
    force: bool = False
    purge: bool = False
    max_runs: int | None = None
    expected: Expected | None = None
    key: str | None = None


class Counts(msgspec.Struct, kw_only=True):
    """How much of each; points, events, artifacts and bytes with those of the checkpoints."""

    runs: int = 0
    checkpoints: int = 0
    points: int = 0
    events: int = 0
    artifacts: int = 0
    bytes: int = 0


class CreateCleanup(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A wish to delete what rules let go. It is a dry run unless it says otherwise.

    Attributes:
        max_runs: refuse when more runs than that would go.
        purge, expected, key: as of a deletion.
    """

    rules: Rules
    dry_run: bool = True
    purge: bool = False
    max_runs: int = MAX_RUNS
    expected: Expected | None = None
    key: str | None = None


class UndoDeletion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A wish to undo a deletion.

    Attributes:
        key_suffix: where a live run has taken the key of a run that comes back, that one comes back under its key with
            this behind it. Without it such an undo is refused.
    """

    key_suffix: str | None = None


class PurgeDeletion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A wish to purge a deletion; there is nothing to say about it."""


class Deletion(msgspec.Struct, frozen=True, kw_only=True):
    """A deletion, or the preview of one (`state` PREVIEW, empty `id`).

    Attributes:
        counts: the total, `by_scenario` the same by scenario name.
        scenarios_not_found: the scenarios of the selector that have no live runs.
        running: ids of runs that count as alive, at most 100 of them; only with `force` they go too.
        protected: how many of the runs carry the tag `mbox.keep=true`. They go when they or their scenario are named;
            other selectors leave them out.
        purge_after: until then it can be undone.
        rules: those of a cleanup; its selector is empty.
        kept: of a cleanup, how many runs of each scenario stayed, by the first reason of `alive`, `protected`, `young`,
            `last`, `best` and `unranked` (no run of the collection has the metric) that holds.
        finished_at: when it was undone, or purged to the end.
    """

    id: str
    state: DeletionState
    namespace: str
    selector: Selector
    counts: Counts
    by_scenario: dict[str, Counts]
    scenarios_not_found: list[str]
    running: list[str]
    protected: int
    created_at: datetime
    purge_after: datetime
    created_by: str
    finished_at: datetime | None = None
    rules: Rules | None = None
    kept: dict[str, dict[Reason, int]] = {}


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """The deletions in one state, and their runs that are still there."""

    state: DeletionState
    deletions: int
    runs: int
