"""The doors that the contract suite knocks on: the service itself, and the client over HTTP, each on both databases.

A door takes and gives the same Structs, whichever it is, so that one test says what holds at all of them.
"""

from typing import Any, Protocol
from urllib.parse import quote

from mbox_ops.client.http import HttpApi
from mbox_ops.entities.artifacts import ArtifactQuery, StoredArtifact
from mbox_ops.entities.audit import AuditEntry, AuditQuery
from mbox_ops.entities.changes import Change, ChangePage, ChangeQuery
from mbox_ops.entities.checkpoints import Checkpoint, CheckpointQuery, CreateCheckpoint, CreatedCheckpoint
from mbox_ops.entities.deletions import CreateCleanup, CreateDeletion, Deletion, PurgeDeletion, UndoDeletion
from mbox_ops.entities.events import EventQuery, StoredEvent
from mbox_ops.entities.experiments import CreatedExperiment, CreateExperiment
from mbox_ops.entities.grouping import RunCollection, Scenario
from mbox_ops.entities.lineage import LineageEdge, LineageQuery
from mbox_ops.entities.metrics import HistoryQuery, MetricHistory, MetricSummary
from mbox_ops.entities.model_versions import (
    CreatedModelVersion,
    CreateModelVersion,
    ModelVersion,
    ModelVersionQuery,
    SetUniqueTags,
    UniqueTags,
)
from mbox_ops.entities.models import CreatedModel, CreateModel, Model, ModelQuery
from mbox_ops.entities.pages import Items, Page
from mbox_ops.entities.runs import Run, RunQuery
from mbox_ops.entities.search import (
    CompareQuery,
    Comparison,
    Curve,
    CurveQuery,
    FieldQuery,
    KnownField,
    KnownValue,
    ValueQuery,
)
from mbox_ops.entities.writers import Batch, BatchResult
from mbox_ops.service.access import Actor
from mbox_ops.service.service import Service


class Door(Protocol):
    """What can be asked at every door."""

    def write(self, batch: Batch) -> BatchResult:
        """Write one batch."""

    def create_experiment(self, request: CreateExperiment) -> CreatedExperiment:
        """Create an experiment, or find it."""

    def run(self, run_id: str) -> Run:
        """One run by id."""

    def runs(self, **query: Any) -> Page[Run]:
        """A page of runs."""

    def metrics(self, run_id: str) -> list[MetricSummary]:
        """The summaries of a run's series."""

    def history(self, run_id: str, **query: Any) -> list[MetricHistory]:
        """The history of a run's series."""

    def curves(self, query: CurveQuery) -> list[Curve]:
        """Series thinned out."""

    def compare(self, query: CompareQuery) -> Comparison:
        """Runs side by side."""

    def fields(self, **query: Any) -> Page[KnownField]:
        """A page of the fields that runs have."""

    def values(self, field: str, **query: Any) -> Page[KnownValue]:
        """A page of a field's values."""

    def metadata(self, run_id: str) -> dict[str, Any]:
        """A run's metadata document."""

    def events(self, run_id: str, **query: Any) -> Page[StoredEvent]:
        """A page of a run's events."""

    def artifacts(self, run_id: str, **query: Any) -> Page[StoredArtifact]:
        """A page of a run's artifacts."""

    def artifact_lineage(self, artifact_id: str, **query: Any) -> Page[LineageEdge]:
        """A page of an artifact's lineage."""

    def run_lineage(self, run_id: str, **query: Any) -> Page[LineageEdge]:
        """A page of a run's lineage."""

    def cursor(self) -> str:
        """Where the namespace's changes end now."""

    def changes(self, count: int, **query: Any) -> list[Change]:
        """The next changes, waited for until there are so many."""

    def scenarios(self) -> list[Scenario]:
        """The scenarios, by name."""

    def collections(self, scenario: str | None = None) -> list[RunCollection]:
        """The run collections, by name."""

    def create_model(self, request: CreateModel) -> CreatedModel:
        """Create a model, or find it."""

    def model(self, model: str) -> Model:
        """One model by id or name."""

    def models(self, **query: Any) -> Page[Model]:
        """A page of models."""

    def create_model_version(self, request: CreateModelVersion) -> CreatedModelVersion:
        """Create a version of a model, or find it."""

    def model_version(self, model_version_id: str) -> ModelVersion:
        """One version by id."""

    def model_versions(self, **query: Any) -> Page[ModelVersion]:
        """A page of versions."""

    def set_unique_tags(self, model_version_id: str, request: SetUniqueTags) -> UniqueTags:
        """Give a version exactly these tags."""

    def create_checkpoint(self, run_id: str, request: CreateCheckpoint) -> CreatedCheckpoint:
        """Create a checkpoint of a run, or find it."""

    def checkpoint(self, checkpoint_id: str) -> Checkpoint:
        """One checkpoint by id."""

    def checkpoints(self, run_id: str, **query: Any) -> Page[Checkpoint]:
        """A page of a run's checkpoints."""

    def delete(self, request: CreateDeletion) -> Deletion:
        """Preview or make a deletion."""

    def clean_up(self, request: CreateCleanup) -> Deletion:
        """Preview or make a cleanup."""

    def deletion(self, deletion_id: str) -> Deletion:
        """One deletion by id."""

    def undo(self, deletion_id: str, request: UndoDeletion) -> Deletion:
        """Undo a deletion."""

    def purge(self, deletion_id: str) -> Deletion:
        """Have a deletion purged."""

    def audit(self, deletion_id: str) -> list[AuditEntry]:
        """What was done with a deletion."""


class ServiceDoor:
    """The service's rules, called in this process."""

    def __init__(self, service: Service, namespace: str = "default") -> None:
        self.service = service
        self.actor = Actor(namespace=namespace, namespaces=None, scopes=frozenset({"admin"}), name="contract")

    def write(self, batch: Batch) -> BatchResult:
        return self.service.batches.write(self.actor, batch)

    def create_experiment(self, request: CreateExperiment) -> CreatedExperiment:
        return self.service.experiments.create(self.actor, request)

    def run(self, run_id: str) -> Run:
        return self.service.runs.get(self.actor, run_id)

    def runs(self, **query: Any) -> Page[Run]:
        return self.service.runs.list(self.actor, RunQuery(**query))

    def metrics(self, run_id: str) -> list[MetricSummary]:
        return self.service.metrics.list(self.actor, run_id)

    def history(self, run_id: str, **query: Any) -> list[MetricHistory]:
        return self.service.metrics.history(self.actor, run_id, HistoryQuery(**query))

    def curves(self, query: CurveQuery) -> list[Curve]:
        return self.service.curves.read(self.actor, query)

    def compare(self, query: CompareQuery) -> Comparison:
        return self.service.comparisons.make(self.actor, query)

    def fields(self, **query: Any) -> Page[KnownField]:
        return self.service.fields.list(self.actor, FieldQuery(**query))

    def values(self, field: str, **query: Any) -> Page[KnownValue]:
        return self.service.fields.values(self.actor, ValueQuery(field=field, **query))

    def metadata(self, run_id: str) -> dict[str, Any]:
        return self.service.metadata.get(self.actor, run_id)

    def events(self, run_id: str, **query: Any) -> Page[StoredEvent]:
        return self.service.events.list(self.actor, run_id, EventQuery(**query))

    def artifacts(self, run_id: str, **query: Any) -> Page[StoredArtifact]:
        return self.service.artifacts.list(self.actor, run_id, ArtifactQuery(**query))

    def artifact_lineage(self, artifact_id: str, **query: Any) -> Page[LineageEdge]:
        return self.service.lineage.of_artifact(self.actor, artifact_id, LineageQuery(**query))

    def run_lineage(self, run_id: str, **query: Any) -> Page[LineageEdge]:
        return self.service.lineage.of_run(self.actor, run_id, LineageQuery(**query))

    def cursor(self) -> str:
        return self.service.changes.page(self.actor, ChangeQuery()).next

    def changes(self, count: int, **query: Any) -> list[Change]:
        found: list[Change] = []
        while len(found) < count:
            page = self.service.changes.page(self.actor, ChangeQuery(**query))
            found += page.items
            query["cursor"] = page.next
        return found

    def scenarios(self) -> list[Scenario]:
        return self.service.scenarios.list(self.actor, limit=100, cursor=None).items

    def collections(self, scenario: str | None = None) -> list[RunCollection]:
        return self.service.collections.list(self.actor, scenario=scenario, limit=100, cursor=None).items

    def create_model(self, request: CreateModel) -> CreatedModel:
        return self.service.models.create(self.actor, request)

    def model(self, model: str) -> Model:
        return self.service.models.get(self.actor, model)

    def models(self, **query: Any) -> Page[Model]:
        return self.service.models.list(self.actor, ModelQuery(**query))

    def create_model_version(self, request: CreateModelVersion) -> CreatedModelVersion:
        return self.service.model_versions.create(self.actor, request)

    def model_version(self, model_version_id: str) -> ModelVersion:
        return self.service.model_versions.get(self.actor, model_version_id)

    def model_versions(self, **query: Any) -> Page[ModelVersion]:
        return self.service.model_versions.list(self.actor, ModelVersionQuery(**query))

    def set_unique_tags(self, model_version_id: str, request: SetUniqueTags) -> UniqueTags:
        return self.service.model_versions.set_unique_tags(self.actor, model_version_id, request)

    def create_checkpoint(self, run_id: str, request: CreateCheckpoint) -> CreatedCheckpoint:
        return self.service.checkpoints.create(self.actor, run_id, request)

    def checkpoint(self, checkpoint_id: str) -> Checkpoint:
        return self.service.checkpoints.get(self.actor, checkpoint_id)

    def checkpoints(self, run_id: str, **query: Any) -> Page[Checkpoint]:
        return self.service.checkpoints.list(self.actor, run_id, CheckpointQuery(**query))

    def delete(self, request: CreateDeletion) -> Deletion:
        return self.service.deletions.create(self.actor, request)

    def clean_up(self, request: CreateCleanup) -> Deletion:
        return self.service.deletions.clean_up(self.actor, request)

    def deletion(self, deletion_id: str) -> Deletion:
        return self.service.deletions.get(self.actor, deletion_id)

    def undo(self, deletion_id: str, request: UndoDeletion) -> Deletion:
        return self.service.deletions.undo(self.actor, deletion_id, request)

    def purge(self, deletion_id: str) -> Deletion:
        return self.service.deletions.purge(self.actor, deletion_id)

    def audit(self, deletion_id: str) -> list[AuditEntry]:
        return self.service.deletions.audit(self.actor, deletion_id, AuditQuery()).items


class HttpDoor:
    """The client's one door to the network, over a real server."""

    def __init__(self, url: str, namespace: str = "default", token: str | None = None) -> None:
        self.api = HttpApi(url, token, namespace)

    def write(self, batch: Batch) -> BatchResult:
        return self.api.call("POST", "/batches", body=batch, result=BatchResult)

    def create_experiment(self, request: CreateExperiment) -> CreatedExperiment:
        return self.api.call("POST", "/experiments", body=request, result=CreatedExperiment)

    def run(self, run_id: str) -> Run:
        return self.api.call("GET", f"/runs/{run_id}", result=Run)

    def runs(self, **query: Any) -> Page[Run]:
        return self.api.call("GET", "/runs", query=query, result=Page[Run])

    def metrics(self, run_id: str) -> list[MetricSummary]:
        return self.api.call("GET", f"/runs/{run_id}/metrics", result=dict[str, list[MetricSummary]])["items"]

    def history(self, run_id: str, *, names: list[str] | None = None, **query: Any) -> list[MetricHistory]:
        asked = {**query, **({} if names is None else {"name": names})}
        if "limit" in asked and asked["limit"] is None:
            asked["limit"] = "all"
        path = f"/runs/{run_id}/metrics/history"
        return self.api.call("GET", path, query=asked, result=dict[str, list[MetricHistory]])["items"]

    def curves(self, query: CurveQuery) -> list[Curve]:
        return self.api.call("POST", "/curves", body=query, result=Items[Curve]).items

    def compare(self, query: CompareQuery) -> Comparison:
        return self.api.call("POST", "/runs/compare", body=query, result=Comparison)

    def fields(self, **query: Any) -> Page[KnownField]:
        return self.api.call("GET", "/fields", query=query, result=Page[KnownField])

    def values(self, field: str, **query: Any) -> Page[KnownValue]:
        return self.api.call("GET", "/fields/values", query={"field": field, **query}, result=Page[KnownValue])

    def metadata(self, run_id: str) -> dict[str, Any]:
        return self.api.call("GET", f"/runs/{run_id}/metadata", result=dict[str, Any])

    def events(self, run_id: str, **query: Any) -> Page[StoredEvent]:
        return self.api.call("GET", f"/runs/{run_id}/events", query=query, result=Page[StoredEvent])

    def artifacts(self, run_id: str, **query: Any) -> Page[StoredArtifact]:
        query = {name: getattr(value, "value", value) for name, value in query.items()}
        return self.api.call("GET", f"/runs/{run_id}/artifacts", query=query, result=Page[StoredArtifact])

    def artifact_lineage(self, artifact_id: str, **query: Any) -> Page[LineageEdge]:
        return self.api.call("GET", f"/artifacts/{artifact_id}/lineage", query=query, result=Page[LineageEdge])

    def run_lineage(self, run_id: str, **query: Any) -> Page[LineageEdge]:
        return self.api.call("GET", f"/runs/{run_id}/lineage", query=query, result=Page[LineageEdge])

    def cursor(self) -> str:
        return self.api.call("GET", "/changes", result=ChangePage).next

    def changes(self, count: int, **query: Any) -> list[Change]:
        found: list[Change] = []
        while len(found) < count:
            page = self.api.call("GET", "/changes", query={**query, "wait": 20}, result=ChangePage)
            found += page.items
            query["cursor"] = page.next
        return found

    def scenarios(self) -> list[Scenario]:
        return self.api.call("GET", "/scenarios", query={"limit": 100}, result=Page[Scenario]).items

    def collections(self, scenario: str | None = None) -> list[RunCollection]:
        query = {"limit": 100, **({} if scenario is None else {"scenario": scenario})}
        return self.api.call("GET", "/collections", query=query, result=Page[RunCollection]).items

    def create_model(self, request: CreateModel) -> CreatedModel:
        return self.api.call("POST", "/models", body=request, result=CreatedModel)

    def model(self, model: str) -> Model:
        return self.api.call("GET", f"/models/{quote(model, safe='')}", result=Model)

    def models(self, **query: Any) -> Page[Model]:
        return self.api.call("GET", "/models", query=query, result=Page[Model])

    def create_model_version(self, request: CreateModelVersion) -> CreatedModelVersion:
        return self.api.call("POST", "/model-versions", body=request, result=CreatedModelVersion)

    def model_version(self, model_version_id: str) -> ModelVersion:
        return self.api.call("GET", f"/model-versions/{model_version_id}", result=ModelVersion)

    def model_versions(self, **query: Any) -> Page[ModelVersion]:
        return self.api.call("GET", "/model-versions", query=query, result=Page[ModelVersion])

    def set_unique_tags(self, model_version_id: str, request: SetUniqueTags) -> UniqueTags:
        path = f"/model-versions/{model_version_id}/unique-tags"
        return self.api.call("PUT", path, body=request, result=UniqueTags)

    def create_checkpoint(self, run_id: str, request: CreateCheckpoint) -> CreatedCheckpoint:
        return self.api.call("POST", f"/runs/{run_id}/checkpoints", body=request, result=CreatedCheckpoint)

    def checkpoint(self, checkpoint_id: str) -> Checkpoint:
        return self.api.call("GET", f"/checkpoints/{checkpoint_id}", result=Checkpoint)

    def checkpoints(self, run_id: str, **query: Any) -> Page[Checkpoint]:
        return self.api.call("GET", f"/runs/{run_id}/checkpoints", query=query, result=Page[Checkpoint])

    def delete(self, request: CreateDeletion) -> Deletion:
        return self.api.call("POST", "/deletions", body=request, result=Deletion)

    def clean_up(self, request: CreateCleanup) -> Deletion:
        return self.api.call("POST", "/cleanup", body=request, result=Deletion)

    def deletion(self, deletion_id: str) -> Deletion:
        return self.api.call("GET", f"/deletions/{deletion_id}", result=Deletion)

    def undo(self, deletion_id: str, request: UndoDeletion) -> Deletion:
        return self.api.call("POST", f"/deletions/{deletion_id}/undo", body=request, result=Deletion)

    def purge(self, deletion_id: str) -> Deletion:
        return self.api.call("POST", f"/deletions/{deletion_id}/purge", body=PurgeDeletion(), result=Deletion)

    def audit(self, deletion_id: str) -> list[AuditEntry]:
        return self.api.call("GET", f"/deletions/{deletion_id}/audit", result=Page[AuditEntry]).items


class CrossedDoor:
    """In by one door, out by another: what is written by the first is read by the second."""

    WRITING = frozenset({
        "write", "create_experiment", "create_model", "create_model_version", "set_unique_tags", "create_checkpoint",
        "delete", "undo", "purge",
    })  # fmt: skip

    def __init__(self, writing: Any, reading: Any) -> None:
        self._writing, self._reading = writing, reading

    def __getattr__(self, name: str) -> Any:
        return getattr(self._writing if name in self.WRITING else self._reading, name)
