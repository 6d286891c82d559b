"""The client: one synchronous call for each thing that can be written or read; each raises when it fails."""

from collections.abc import Mapping, Sequence
from typing import Any

from mbox_ops.client import experiment, parts
from mbox_ops.client.artifacts import Artifacts
from mbox_ops.client.catalogue import Fields
from mbox_ops.client.checkpoints import Checkpoints
from mbox_ops.client.cleaning import Cleanup
from mbox_ops.client.connection import Connection, connect, with_overrides
from mbox_ops.client.deleting import Deletions
from mbox_ops.client.experiment import Experiment
from mbox_ops.client.files import Files, records
from mbox_ops.client.flat import ModelCalls
from mbox_ops.client.model_versions import ModelVersions
from mbox_ops.client.models import Models
from mbox_ops.client.reading import Collections, Events, Metrics, Scenarios
from mbox_ops.client.references import Ref, ident
from mbox_ops.client.run import Run
from mbox_ops.client.runs import RunListing, Runs
from mbox_ops.client.starting import this_task
from mbox_ops.client.tokens import Tokens
from mbox_ops.client.uses import Used, used
from mbox_ops.client.values import Event, MetadataWritten, MetricValue, Wallclock
from mbox_ops.client.watching import Watch
from mbox_ops.entities.artifacts import ArtifactMime
from mbox_ops.entities.changes import SubjectKind
from mbox_ops.entities.experiments import CreatedExperiment
from mbox_ops.entities.runs import MLFramework
from mbox_ops.entities.writers import BatchResult, MetadataOp
from mbox_ops.errors import InvalidRequest
from mbox_ops.settings import ClientSettings


class Client(ModelCalls):
    """A client of one tracking service.

    Args:
        url: where the service is; `MBOX_URL` if it is not given (in an Airflow task, the connection's).
        token: `MBOX_TOKEN` if it is not given.
        namespace: `MBOX_NAMESPACE` if it is not given.
        settings: instead of the environment's.

    Attributes:
        runs, metrics, events, artifacts, models, model_versions, checkpoints, deletions, scenarios, collections,
            fields, tokens: what can be done with each.

    Example:
        >>> client = Client("http://127.0.0.1:8085")
        >>> experiment_id = client.create_experiment(name="yolo-v4").experiment_id  # doctest: +SKIP
    """

    def __init__(
        self,
        url: str | None = None,
        token: str | None = None,
        namespace: str | None = None,
        *,
        settings: ClientSettings | None = None,
    ) -> None:
        known = this_task().settings if settings is None else settings
        self._connection = connect(with_overrides(known, url=url, token=token, namespace=namespace))
        self.runs = Runs(self._connection)
        self.metrics = Metrics(self._connection)
        self.events = Events(self._connection)
        self.artifacts = Artifacts(self._connection)
        self.models = Models(self._connection)
        self.model_versions = ModelVersions(self._connection)
        self.checkpoints = Checkpoints(self._connection)
        self.deletions = Deletions(self._connection)
        self.cleanup = Cleanup(self._connection)
        self.scenarios = Scenarios(self._connection)
        self.collections = Collections(self._connection)
        self.fields = Fields(self._connection)
        self.tokens = Tokens(self._connection)

    def __repr__(self) -> str:
        settings = self._connection.settings
        return f"Client({settings.url!r}, namespace={settings.namespace!r})"

    def create_experiment(
        self,
        name: str,
        owner: str = "",
        namespace: str | None = None,
        external_id: str | None = None,
        framework: MLFramework | str | None = None,
        task: str = "",
        metadata: Mapping[str, Any] | None = None,
    ) -> CreatedExperiment:
        """Make an experiment, or find the one of that name in the namespace.

        Args:
            name: 1-256 characters.
            owner: up to 256 characters.
            namespace: this client's if it is not given.
            external_id: the caller's own id of it, which never changes.
            framework: what it is made with.
            task: what it is for, up to 256 characters.
            metadata: merged into what is there.

        Returns:
            `experiment_id`, `experiment_exists` (it was there before), `created_at`, `updated_at`.

        Raises:
            InvalidRequest: one of them breaks a rule.
            Conflict: it is there with another `external_id`.
        """
        made = self.new_experiment(name, owner, namespace, external_id, framework, task, metadata)
        record = made.refresh()
        return CreatedExperiment(
            experiment_id=made.id,
            experiment_exists=made.experiment_exists,
            created_at=record.created_at,
            updated_at=record.updated_at,
        )

    def new_experiment(
        self,
        name: str,
        owner: str = "",
        namespace: str | None = None,
        external_id: str | None = None,
        framework: MLFramework | str | None = None,
        task: str = "",
        metadata: Mapping[str, Any] | None = None,
    ) -> Experiment:
        """As `create_experiment`, but the answer is an object with the verbs of a run."""
        return experiment.create(
            self._in(namespace),
            name=name,
            owner=owner,
            external_id=external_id,
            framework=framework,
            task=task,
            metadata=metadata,
        )

    def get_experiment(self, experiment_id: str) -> Run:
        """An experiment by its id.

        Raises:
            NotFound: there is none in any namespace that the token opens.
        """
        return self.runs.get(experiment_id)

    def list_experiments(
        self, namespace: str | None = None, external_id: str | None = None, limit: int | None = None
    ) -> RunListing:
        """The experiments of a namespace, newest first.

        Args:
            namespace: this client's if it is not given.
            external_id: only the one with that id.
            limit: at most so many; all if it is not given.
        """
        return Runs(self._in(namespace)).list(experiments=True, external_id=external_id, limit=limit)

    def log_metrics(self, parent_id: Ref, key: str, value: MetricValue) -> BatchResult:
        """Log one value of a metric.

        Args:
            parent_id: the run or experiment.
            key: the metric's name, 1-256 printable characters.
            value: the value with its step and time.

        Raises:
            InvalidRequest: one of them breaks a rule.
            NotFound: there is no such run.

        Example:
            >>> value = MetricValue(step=1, wallclock_time=12325, value=97.6)
            >>> client.log_metrics(parent_id=experiment_id, key="val_accu", value=value)  # doctest: +SKIP
        """
        return self._write(parent_id, points=[parts.point(key, value)])

    def log_event(self, parent_id: Ref, event: Event) -> BatchResult:
        """Log that something happened.

        Raises:
            InvalidRequest: a part of it breaks a rule.
            NotFound: there is no such run.
        """
        return self._write(parent_id, events=[parts.event_record(event)])

    def track_artifacts(
        self, parent_id: Ref, files: Files, *, checksum: bool = False, mime_type: ArtifactMime | None = None
    ) -> BatchResult:
        """Track files that are stored elsewhere; nothing is copied.

        Args:
            parent_id: the run or experiment.
            files: paths or URIs, one or a list.
            checksum: read local files and keep their sha256.
            mime_type: what kind of thing they are; guessed from their names if it is not given.

        Returns:
            `artifact_ids`, in the order of `files`.
        """
        return self._write(parent_id, artifacts=records(files, checksum=checksum, mime_type=mime_type))

    def use_artifact(self, parent_id: Ref, artifacts: Used) -> BatchResult:
        """Say that a run or experiment used artifacts; see `Run.use_artifact`."""
        return self._write(parent_id, uses=used(artifacts))

    def update_metadata(self, parent_id: Ref, key: str, value: object) -> MetadataWritten:
        """Replace one top-level key of the metadata; the others stay.

        Args:
            parent_id: the run or experiment.
            key: 1-256 characters, any but U+0000.
            value: anything that JSON can hold.

        Returns:
            `num_keys_written` and `updated_at`.
        """
        return self._change(parent_id, parts.set_key(key, value))

    def report_metadata(self, parent_id: Ref, metadata: Mapping[str, Any]) -> MetadataWritten:
        """Merge a document into the metadata (RFC 7386): dicts merge, null removes, anything else replaces."""
        return self._change(parent_id, parts.merge(metadata))

    def set_metadata(self, parent_id: Ref, metadata: Mapping[str, Any]) -> MetadataWritten:
        """Make a document the whole metadata; `{}` clears it."""
        return self._change(parent_id, parts.replace(metadata))

    def get_metadata(self, parent_id: Ref) -> dict[str, Any]:
        """The metadata document; `{}` where there is none."""
        return Run(self._id(parent_id), connection=self._connection).get_metadata()

    def watch(
        self,
        cursor: str | None = None,
        *,
        since: Wallclock | None = None,
        kind: SubjectKind | Sequence[SubjectKind] | None = None,
        scenario: Ref | None = None,
        subject: Ref | None = None,
        timeout: float | None = None,
        patience: float | None = None,
    ) -> Watch:
        """What changes in the namespace, as it happens: an iterator that waits for the next change.

        Each committed write is one change. The line may break and the service may restart meanwhile: none is lost, and
        none is given twice.

        Args:
            cursor: the `cursor` of an earlier watch or of a change, to go on behind it. Without it, and without
                `since`: what changes from now on.
            since: only what changed at that time or later; changes are kept for seven days.
            kind: `run`, `model`, `model_version`, `checkpoint`, or several of them.
            scenario: only runs, and their checkpoints, that are in it after the change.
            subject: only one object.
            timeout: end when no change has come for so many seconds; 0 gives what has changed already.
            patience: raise when the service has been away for so many seconds; by default it is waited for.

        Returns:
            `Change`s with `action`, `kind`, `id`, `at`, `parts`, `scenario`, `name` and `status`; `watch.cursor` is
            where to go on.

        Raises:
            CursorExpired: the service does not keep what changed behind the cursor any more.
            Unavailable: the service is away at the beginning.
        """
        return Watch(
            self._connection, cursor=cursor, since=since, kind=kind, scenario=scenario, subject=subject,
            timeout=timeout, patience=patience,
        )  # fmt: skip

    def _change(self, parent: Ref, change: MetadataOp) -> MetadataWritten:
        result = self._write(parent, metadata=[change])
        return MetadataWritten(num_keys_written=result.num_keys_written, updated_at=result.updated_at)

    def _write(self, parent: Ref, **written: Any) -> BatchResult:
        return self._connection.stream_to(self._id(parent)).write_now(**written)

    def _id(self, parent: Ref) -> str:
        if found := ident("parent_id", parent):
            return found
        raise InvalidRequest("parent_id must name a run or an experiment.", field="parent_id", value=parent)

    def _in(self, namespace: str | None) -> Connection:
        return connect(with_overrides(self._connection.settings, namespace=namespace))


def new_experiment(
    name: str,
    owner: str = "",
    namespace: str | None = None,
    external_id: str | None = None,
    framework: MLFramework | str | None = None,
    task: str = "",
    metadata: Mapping[str, Any] | None = None,
) -> Experiment:
    """Make an experiment where the environment says, or find the one of that name; see `Client.create_experiment`.

    Example:
        >>> experiment = mbox.new_experiment(name="yolo-v4", namespace="cv")  # doctest: +SKIP
        >>> experiment.update_metadata(key="hyperparams", value={"fc_layers": 3})  # doctest: +SKIP
    """
    return Client().new_experiment(name, owner, namespace, external_id, framework, task, metadata)
