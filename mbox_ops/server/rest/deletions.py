"""Deletions: previewed, made, read."""

import msgspec

from mbox_ops.entities.deletions import CreateDeletion, Deletion
from mbox_ops.entities.pages import Page
from mbox_ops.server.routes import Call, operation


class DeletionQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which page of deletions."""

    limit: int = 100
    cursor: str | None = None


@operation(
    "POST", "/api/v1/deletions", scope="delete", errors=("conflict", "not_found"),
    example={"selector": {"scenarios": ["churn"]}, "dry_run": True},
)  # fmt: skip
def create_deletion(call: Call, body: CreateDeletion) -> Deletion:
    """Delete what a selector takes, or only count it with `dry_run`."""
    return call.service.deletions.create(call.actor, body)


@operation("GET", "/api/v1/deletions", scope="read")
def list_deletions(call: Call, query: DeletionQuery) -> Page[Deletion]:
    """Deletions of the namespace, newest first."""
    return call.service.deletions.list(call.actor, limit=query.limit, cursor=query.cursor)


@operation("GET", "/api/v1/deletions/{deletion_id}", scope="read")
def get_deletion(call: Call, deletion_id: str) -> Deletion:
    """One deletion: its state and what went with it."""
    return call.service.deletions.get(call.actor, deletion_id)
