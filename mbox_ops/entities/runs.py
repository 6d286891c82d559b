"""Runs: what they are when they are opened, and what is read back. An experiment is a run."""

import enum
from datetime import datetime
from typing import Any, Literal

import msgspec

from mbox_ops.entities.metrics import MetricSummary

Status = Literal["RUNNING", "FINISHED", "FAILED", "KILLED", "LOST"]
Rank = Literal["argument", "orchestrator", "guess"]


class MLFramework(enum.Enum):
    """The framework an experiment is made with; sent by name."""

    OTHER = "OTHER"
    PYTORCH = "PYTORCH"
    TENSORFLOW = "TENSORFLOW"
    KERAS = "KERAS"
    JAX = "JAX"
    SKLEARN = "SKLEARN"
    XGBOOST = "XGBOOST"
    LIGHTGBM = "LIGHTGBM"
    CATBOOST = "CATBOOST"
    HUGGINGFACE = "HUGGINGFACE"


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a run comes from.

    Attributes:
        kind: a pipeline (an Airflow DAG, a KFP pipeline) or a notebook.
        name: the caller's own name for it, 1-256 characters.
        rank: how it is known: given by the user, by the orchestrator, or guessed. A higher rank replaces a lower one;
            two different `argument`s are a conflict.
    """

    kind: Literal["pipeline", "notebook"]
    name: str
    rank: Rank = "argument"


class OpenRun(msgspec.Struct, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a run is, as the one who opens it knows.

    Attributes:
        run_id: the id the run gets if it has to be made: a UUIDv7 of the caller; made by the server if not given.
        name: the run's name; its id if not given.
        scenario: the scenario's name; the source's name if not given.
        scenario_explicit: the user said so (argument, `dag_run.conf`, params). An implied scenario gives way.
        collection: the collection's name; the source's default collection if not given.
        execution: the caller's own id of the pipeline's execution.
        external_id: the caller's own id of the run.
        started_at: microseconds since 1970 UTC; the server's time if not given.
        lease: the opener renews a lease while it lives; the run is LOST when it stops to.
    """

    run_id: str | None = None
    name: str | None = None
    scenario: str | None = None
    scenario_explicit: bool = True
    scenario_version: str | None = None
    source: Source | None = None
    execution: str | None = None
    collection: str | None = None
    external_id: str | None = None
    owner: str = ""
    framework: MLFramework | None = None
    task: str = ""
    started_at: int | None = None
    lease: bool = False


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A run as it is read back.

    Attributes:
        run_collection: the collection's name, without the suffix that default collections are shown with.
        parameters: name to text, with the system's `start` and, after the end, `end` (RFC 3339, UTC).
        parameter_types: the type each value had: `string`, `integer`, `float`, `boolean`, `json`.
        tags: with the system's `runName`.
        metrics: the series' summaries by name.
        lost: batches that its present writers could never deliver.
        number_of_writers: how many writers of present attempts have written to it.
    """

    id: str
    key: str | None
    namespace: str
    name: str
    status: Status
    scenario: str
    scenario_id: str
    scenario_version: str | None
    pipeline: str | None
    notebook: str | None
    execution: str | None
    run_collection: str
    run_collection_id: str
    run_collection_is_default: bool
    external_id: str | None
    owner: str
    framework: MLFramework | None
    task: str
    parameters: dict[str, str]
    parameter_types: dict[str, str]
    tags: dict[str, str]
    labels: dict[str, Any]
    metrics: dict[str, MetricSummary]
    started_at: datetime
    ended_at: datetime | None
    created_at: datetime
    updated_at: datetime
    lost: int = 0
    number_of_writers: int = 0


class OpenedRun(msgspec.Struct, frozen=True, kw_only=True):
    """A run that was opened, and whether it was there before."""

    existed: bool
    run: Run


class RunQuery(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which runs: all conditions given hold (AND).

    Attributes:
        scenario: an id or a name; an id beats a name.
        tags: every one of these tags has this value.
        filter: a condition in the filter language, such as `params.lr > 0.1 AND metrics.loss.min < 2`.
        sort: fields as the filter language writes them, parted by commas, each with `-` in front for descending:
            `-metrics.accuracy.max,name`. Runs that lack a field come last. The default is newest first.
        total: count all of them, too.
    """

    scenario: str | None = None
    scenario_version: str | None = None
    pipeline: str | None = None
    notebook: str | None = None
    execution: str | None = None
    run_id: str | None = None
    key: str | None = None
    external_id: str | None = None
    collection: str | None = None
    status: Status | None = None
    experiments: bool | None = None
    tags: dict[str, str] = {}
    filter: str | None = None
    sort: str = "-started_at"
    total: bool = False
    limit: int = 100
    cursor: str | None = None
