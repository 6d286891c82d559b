"""All operations there are, and the document that tells of them."""

from functools import cache

import msgspec

from mbox_ops.server import health
from mbox_ops.server.openapi import document
from mbox_ops.server.rest import (
    artifacts,
    batches,
    changes,
    checkpoints,
    clock,
    comparisons,
    curves,
    deletions,
    events,
    experiments,
    fields,
    grouping,
    metadata,
    metrics,
    models,
    runs,
    tokens,
    uploads,
)
from mbox_ops.server.routes import Call, Raw, operation, operations_of
from mbox_ops.wire.encodings import JSON

DOCUMENTED = tuple(
    operations_of(
        runs, batches, experiments, metrics, curves, comparisons, fields,
        metadata, events, artifacts, uploads, grouping, models, checkpoints, deletions, changes, tokens, clock,
        health,
    )
)  # fmt: skip


@operation("GET", "/schema", scope="read")
def get_schema(call: Call) -> Raw:
    """The OpenAPI document."""
    return Raw(document_text(), JSON)


@cache
def document_text() -> bytes:
    """The OpenAPI document as JSON."""
    return msgspec.json.encode(document(DOCUMENTED))


OPERATIONS = (*DOCUMENTED, get_schema)
