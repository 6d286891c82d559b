"""All RPCs there are."""

from mbox_ops.server.rpc import (
    artifacts,
    changes,
    checkpoints,
    deletions,
    events,
    experiments,
    files,
    grouping,
    metadata,
    metrics,
    models,
    runs,
)
from mbox_ops.server.rpc.calls import rpcs_of

RPCS = tuple(
    rpcs_of(
        experiments, metadata, metrics, events, artifacts, files, runs, grouping, models, checkpoints, deletions,
        changes,
    )
)  # fmt: skip
