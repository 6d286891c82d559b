"""Runs as they are shown: their own columns with what was set on them, in a fixed number of statements a page."""

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection

from mbox_ops.entities.instants import to_datetime, to_text
from mbox_ops.entities.metrics import MetricSummary
from mbox_ops.entities.runs import MLFramework, Run
from mbox_ops.store import runs, series, settings
from mbox_ops.store.runs import RunRow
from mbox_ops.store.settings import Setting

_DECODER = msgspec.json.Decoder()
_SHOWN = ("parameter", "tag", "label")
Given = dict[str, dict[str, Setting]]  # kind, name


def describe(conn: Connection, *, rows: Sequence[RunRow]) -> list[Run]:
    """The runs of these rows, in their order."""
    ids = [row.subject_id for row in rows]
    if not ids:
        return []
    given = settings.current(conn, subject_ids=ids, kinds=_SHOWN)
    summaries = series.summaries(conn, subject_ids=ids)
    lost = runs.lost_batches(conn, subject_ids=ids)
    return [
        _run(row, given.get(row.subject_id, {}), summaries.get(row.subject_id, {}), *lost.get(row.subject_id, (0, 0)))
        for row in rows
    ]


def _run(row: RunRow, given: Given, metrics: dict[str, MetricSummary], lost: int, writers: int) -> Run:
    parameters = given.get("parameter", {})
    system = {"start": to_text(row.started_at)}
    if row.ended_at is not None:
        system["end"] = to_text(row.ended_at)
    return Run(
        id=row.uid,
        key=row.key,
        namespace=row.namespace,
        name=row.name,
        status=row.status,
        scenario=row.scenario,
        scenario_id=row.scenario_uid,
        scenario_version=row.scenario_version,
        pipeline=row.source if row.source_kind == "pipeline" else None,
        notebook=row.source if row.source_kind == "notebook" else None,
        execution=row.execution,
        run_collection=row.collection,
        run_collection_id=row.collection_uid,
        run_collection_is_default=row.collection_is_default,
        external_id=row.external_id,
        owner=row.owner,
        framework=None if row.framework is None else MLFramework(row.framework),
        task=row.task,
        parameters={name: setting.value for name, setting in parameters.items()} | system,
        parameter_types={name: setting.type for name, setting in parameters.items()} | dict.fromkeys(system, "string"),
        tags=_decoded(given.get("tag", {})) | {"runName": row.name},
        labels=_decoded(given.get("label", {})),
        metrics=metrics,
        started_at=to_datetime(row.started_at),
        ended_at=None if row.ended_at is None else to_datetime(row.ended_at),
        created_at=to_datetime(row.created_at),
        updated_at=to_datetime(row.updated_at),
        lost=lost,
        number_of_writers=writers,
    )


def _decoded(settings_by_name: dict[str, Setting]) -> dict[str, Any]:
    return {name: _DECODER.decode(setting.value) for name, setting in settings_by_name.items()}
