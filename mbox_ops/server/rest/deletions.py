"""Deletions: previewed, made, read, undone, purged; and the record of it."""

import msgspec

from mbox_ops.entities.audit import AuditEntry, AuditQuery
from mbox_ops.entities.deletions import CreateCleanup, CreateDeletion, Deletion, PurgeDeletion, UndoDeletion
from mbox_ops.entities.pages import Page
from mbox_ops.server.routes import Call, operation


class DeletionQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of deletions."""

    limit: int = 100
    cursor: str | None = None


@operation(
    "POST", "/api/v1/deletions", scope="delete", errors=("conflict", "not_found", "stale"),
    example={"selector": {"scenarios": ["churn"]}, "dry_run": True},
)  # fmt: skip
def create_deletion(call: Call, body: CreateDeletion) -> Deletion:
    """Delete what a selector takes, or only count it with `dry_run`."""
    return call.service.deletions.create(call.actor, body)


@operation(
    "POST", "/api/v1/cleanup", scope="delete", errors=("conflict", "stale"),
    example={"rules": {"scenarios": ["churn"], "older_than_seconds": 2_592_000, "keep_last": 10}},
)  # fmt: skip
def create_cleanup(call: Call, body: CreateCleanup) -> Deletion:
    """Delete what rules let go; it is a dry run unless `dry_run` is false.

    The answer tells what goes and, in `kept`, how many runs of each scenario stay for which reason.
    """
    return call.service.deletions.clean_up(call.actor, body)


@operation("GET", "/api/v1/deletions", scope="read")
def list_deletions(call: Call, query: DeletionQuery) -> Page[Deletion]:
    """Deletions of the namespace, newest first."""
    return call.service.deletions.list(call.actor, limit=query.limit, cursor=query.cursor)


@operation("GET", "/api/v1/deletions/{deletion_id}", scope="read")
def get_deletion(call: Call, deletion_id: str) -> Deletion:
    """One deletion: its state and what went with it."""
    return call.service.deletions.get(call.actor, deletion_id)


@operation("POST", "/api/v1/deletions/{deletion_id}/undo", scope="delete", errors=("conflict",), example={})
def undo_deletion(call: Call, deletion_id: str, body: UndoDeletion) -> Deletion:
    """Bring back all that a deletion took, as it was.

    Where runs that live now have taken keys of its runs, it is refused, and the answer lists them; with `key_suffix`
    those runs come back under other keys.
    """
    return call.service.deletions.undo(call.actor, deletion_id, body)


@operation("POST", "/api/v1/deletions/{deletion_id}/purge", scope="delete", errors=("conflict",), example={})
def purge_deletion(call: Call, deletion_id: str, body: PurgeDeletion) -> Deletion:
    """Give the undo window up: the purge begins within a second, and what is gone is gone for good."""
    return call.service.deletions.purge(call.actor, deletion_id)


@operation("GET", "/api/v1/deletions/{deletion_id}/audit", scope="read")
def audit_deletion(call: Call, deletion_id: str, query: AuditQuery) -> Page[AuditEntry]:
    """What was done with one deletion, oldest first: by whom, when, how much."""
    return call.service.deletions.audit(call.actor, deletion_id, query)


@operation("GET", "/api/v1/audit", scope="read")
def list_audit(call: Call, query: AuditQuery) -> Page[AuditEntry]:
    """What was done with all deletions of the namespace, oldest first."""
    return call.service.deletions.audit(call.actor, None, query)
