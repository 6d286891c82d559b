"""Airflow's assets: what an operator wrote becomes an event of its outlets, so that other DAGs know the run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow.sdk import Context

    from mbox_airflow.context import TaskIdentity
    from mbox_ops.entities.artifacts import ArtifactRecord

LISTED = 20
"""Artifacts that one event tells of: it lies in Airflow's database."""
_LONGEST = 1_500  # characters of an asset's URI


def announce(outlets: Iterable[Any], context: Context, extra: dict[str, Any], uris: Sequence[str]) -> None:
    """Put `extra` into the events that Airflow makes of a task's outlets when it has succeeded.

    Args:
        outlets: of the operator. An `AssetAlias` becomes an asset for each of `uris`.
        context: of the task.
        extra: plain JSON.
        uris: of the files that were written; those that are too long for Airflow are left out.
    """
    from airflow.sdk import Asset, AssetAlias

    events = context["outlet_events"]
    for outlet in outlets:
        if isinstance(outlet, AssetAlias):
            for uri in uris:
                if len(uri) <= _LONGEST:
                    events[outlet].add(Asset(uri), extra=extra)
        else:
            events[outlet].extra |= extra


def extra_of(identity: TaskIdentity, receipt: dict[str, Any], records: Sequence[ArtifactRecord]) -> dict[str, Any]:
    """What an event tells of the run, and of the first artifacts that were written to it."""
    ids = receipt.get("artifact_ids") or []
    listed = [
        {"id": id_, "path": record.path, "kind": record.kind, "uri": record.uri, "checksum": record.checksum}
        for id_, record in zip(ids[:LISTED], records, strict=False)
    ]
    told = {name: receipt[name] for name in ("run_id", "run_key", "url")}
    told |= {"namespace": identity.settings.namespace, "scenario": identity.scenario, "pipeline": identity.pipeline}
    return told | ({"artifacts": listed} if listed else {})


def uri_of(identity: TaskIdentity, record: ArtifactRecord) -> str:
    """Where a file is: a tracked one has its URI; an uploaded one is named by service, namespace, DAG and path.

    So an asset stays the same from one DAG run to the next, and its events tell the run.
    """
    if record.uri:
        return record.uri
    parts = (identity.settings.namespace, identity.pipeline, record.path)
    return f"mbox://{urlsplit(identity.settings.url).netloc.rpartition('@')[2]}/{'/'.join(map(quote, parts))}"
