"""Airflow's assets: events of outlets tell other DAGs the run, and what triggered a DAG run is what its run used."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from mbox_ops.entities.limits import DEFAULT
from mbox_ops.entities.uris import check_uri
from mbox_ops.errors import InvalidRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from airflow.sdk import Context

    from mbox_airflow.context import TaskIdentity
    from mbox_ops.entities.artifacts import ArtifactRecord
    from mbox_ops.entities.lineage import ArtifactUse

LISTED = 20
"""Artifacts that one event tells of: it lies in Airflow's database."""
MOST_EVENTS = 1_000
"""Of those that triggered a DAG run, so many are looked at."""
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


def uses_of(run: Any) -> list[ArtifactUse]:
    """What a DAG run used because they triggered it: the artifacts that their events tell of, else URIs.

    Args:
        run: Airflow's DAG run.
    """
    from mbox_ops.entities.lineage import ArtifactUse

    found: list[ArtifactUse] = []
    for event in (getattr(run, "consumed_asset_events", None) or ())[:MOST_EVENTS]:
        ids = _ids(event.extra or {})
        found += [ArtifactUse(artifact_id=one) for one in ids]
        if not ids and _is_storable(event.asset.uri):
            found.append(ArtifactUse(uri=event.asset.uri))
    return found


def _ids(extra: dict[str, Any]) -> list[str]:
    """Ids of artifacts in what somebody put into an event; others put other things there."""
    listed = extra.get("artifacts")
    given = [one.get("id") for one in listed if isinstance(one, dict)] if isinstance(listed, list) else []
    return [one for one in given if isinstance(one, str) and 0 < len(one) <= DEFAULT.name]


def _is_storable(uri: str) -> bool:
    try:
        return "://" in uri and bool(check_uri("asset", uri))
    except InvalidRequest:
        return False
