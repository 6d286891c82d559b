"""All RPCs there are."""

from mbox_ops.server.rpc import (
    artifacts,
    deletions,
    events,
    experiments,
    files,
    grouping,
    metadata,
    metrics,
    runs,
)
from mbox_ops.server.rpc.calls import rpcs_of

RPCS = tuple(
    rpcs_of(experiments, metadata, metrics, events, artifacts, files, runs, grouping, deletions)
)  # fmt: skip
