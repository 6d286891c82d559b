"""The verbs of the active run: each finds the run that is meant and passes the call on to it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from mbox_ops.client.active import streams_here
from mbox_ops.client.files import Files
from mbox_ops.client.history import MetricHistory
from mbox_ops.client.outcome import Flushed
from mbox_ops.client.references import Ref
from mbox_ops.client.run import Run
from mbox_ops.client.uploading import Progress
from mbox_ops.client.uses import Used
from mbox_ops.client.values import Artifact, Event, MetricScalar, Wallclock
from mbox_ops.client.writing import Metrics
from mbox_ops.entities.artifacts import ArtifactMime


class Verbs:
    """The verbs of a run, on the active one or on `run`: a run object, a reference or an id.

    What goes to a run that is open in this process is buffered and never waits for the server; what goes to any other
    run, such as one that has ended, is durable when the call returns.
    """

    _key: int  # of this SDK in `streams_here`

    def _run(self, run: Ref | None) -> Run:
        raise NotImplementedError

    def log_metric(
        self,
        name: str,
        value: MetricScalar,
        step: int | None = None,
        wallclock: Wallclock | None = None,
        run: Ref | None = None,
    ) -> None:
        """Log one value of a metric.

        Args:
            name: 1-256 printable characters; case-sensitive; `/` groups metrics on the pages.
            value: a number (NaN and infinities included), text of 5,000 characters, or 65,536 bytes. A series has one
                kind of value.
            step: an int64 in any order; the series' largest + 1, from 0, if it is not given.
            wallclock: seconds since 1970 UTC, a datetime or RFC 3339 text; now if it is not given.
            run: the active run if it is not given.

        Raises:
            InvalidRequest: the name, the value or the time breaks a rule, or no run is active.

        Example:
            >>> tracking.log_metric("loss", 0.25, step=10)  # doctest: +SKIP
        """
        if run is None and wallclock is None and type(value) is float and type(name) is str:
            # `Run.log_metric` at the price of one call, since a second one is dear beside a few list appends.
            try:
                stream = streams_here()[self._key]
            except KeyError:
                pass
            else:
                if name in stream.floats and (step is None or (type(step) is int and 0 <= step <= 0x3FFF_FFFF)):
                    stream.append((name, value, step, stream.now()))
                    stream.weight = weight = stream.weight + 3
                    if weight > stream.room:
                        stream.crowded()
                    return
        self._run(run).log_metric(name, value, step, wallclock)

    def log_metrics(
        self, metrics: Metrics, step: int | None = None, wallclock: Wallclock | None = None, run: Ref | None = None
    ) -> None:
        """Log values of several metrics in one atomic write.

        Args:
            metrics: name to value, or a list of `{"name": ..., "value": ..., "step": ..., "wallclock": ...}`, of which
                the last two may be missing.
            step: for all that have none of their own.
            wallclock: for all that have none of their own.
            run: the active run if it is not given.

        Raises:
            InvalidRequest: one of them breaks a rule; none is logged.

        Example:
            >>> tracking.log_metrics({"loss": 2.4, "accuracy": 0.97}, step=10)  # doctest: +SKIP
        """
        self._run(run).log_metrics(metrics, step, wallclock)

    def log_parameters(
        self, name: str | Mapping[str, Any] | Iterable[Mapping[str, Any]], value: object = None, run: Ref | None = None
    ) -> None:
        """Log parameters: what the run was configured with. The last value of a name stands.

        Args:
            name: a name of 1-256 characters, with `value`; or a dict of names to values; or a list of
                `{"name": ..., "value": ...}`. `start` and `end` are kept by the system.
            value: text of up to 5,000 characters, or anything that JSON can hold, kept as JSON text; not None.
            run: the active run if it is not given.

        Raises:
            InvalidRequest: a name or a value breaks a rule; none is logged.

        Example:
            >>> tracking.log_parameters({"learning_rate": 0.001})  # doctest: +SKIP
        """
        self._run(run).log_parameters(name, value)

    def set_tags(self, tags: Mapping[str, str], run: Ref | None = None) -> None:
        """Set tags, by which runs can be found; see `Run.set_tags`."""
        self._run(run).set_tags(tags)

    def set_labels(self, labels: Mapping[str, Any], run: Ref | None = None) -> None:
        """Set labels: display data, by which runs cannot be found; see `Run.set_labels`."""
        self._run(run).set_labels(labels)

    def log_event(self, event: Event, run: Ref | None = None) -> None:
        """Log that something happened; see `Run.log_event`."""
        self._run(run).log_event(event)

    def track_artifacts(
        self,
        files: Files,
        *,
        checksum: bool = False,
        mime_type: ArtifactMime | None = None,
        run: Ref | None = None,
    ) -> None:
        """Track files that are stored elsewhere; see `Run.track_artifacts`."""
        self._run(run).track_artifacts(files, checksum=checksum, mime_type=mime_type)

    def upload_artifact(
        self,
        files: Files,
        *,
        under: str | None = None,
        mime_type: ArtifactMime | None = None,
        progress: Progress | None = None,
        timeout: float = 30.0,
        run: Ref | None = None,
    ) -> list[Artifact]:
        """Upload files: the service keeps the bytes, and this waits for it; see `Run.upload_artifact`."""
        return self._run(run).upload_artifact(
            files, under=under, mime_type=mime_type, progress=progress, timeout=timeout
        )

    def log_checkpoint(
        self,
        epoch: int,
        metrics: Mapping[str, MetricScalar] | None = None,
        *,
        files: Files | None = None,
        checksum: bool = False,
        mime_type: ArtifactMime | None = None,
        metadata: Mapping[str, Any] | None = None,
        run: Ref | None = None,
    ) -> None:
        """Log the checkpoint of an epoch: there is one of each; see `Run.log_checkpoint`."""
        self._run(run).log_checkpoint(
            epoch, metrics, files=files, checksum=checksum, mime_type=mime_type, metadata=metadata
        )

    def use_artifact(self, artifacts: Used, *, run: Ref | None = None) -> None:
        """Say that the run used artifacts; see `Run.use_artifact`."""
        self._run(run).use_artifact(artifacts)

    def update_metadata(self, key: str, value: object, run: Ref | None = None) -> None:
        """Replace one top-level key of the metadata; the others stay."""
        self._run(run).update_metadata(key, value)

    def set_metadata(self, metadata: Mapping[str, Any], run: Ref | None = None) -> None:
        """Make a document the whole metadata; `{}` clears it."""
        self._run(run).set_metadata(metadata)

    def report_metadata(self, metadata: Mapping[str, Any], run: Ref | None = None) -> None:
        """Merge a document into the metadata (RFC 7386): dicts merge, null removes, anything else replaces."""
        self._run(run).report_metadata(metadata)

    def get_metadata(self, run: Ref | None = None) -> dict[str, Any]:
        """The metadata document; `{}` where there is none."""
        return self._run(run).get_metadata()

    def update_run_info(
        self,
        run: Ref | None = None,
        run_name: str | None = None,
        run_collection_name: str | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> None:
        """Rename a run, move it to another collection of its scenario, set tags; before, during or after it runs.

        Args:
            run: the active run if it is not given.
            run_name: 1-256 characters.
            run_collection_name: 1-256 characters; made if it is not there.
            tags: as in `set_tags`.
        """
        self._run(run).update_run_info(run_name, run_collection_name, tags)

    def get_metrics_history(
        self, run: Ref | None = None, metrics: Sequence[str] | str | None = None, limit: int | None = 1_000
    ) -> list[MetricHistory]:
        """The points of some metrics of a run.

        Args:
            run: the active run if it is not given.
            metrics: their names; all of them if they are not given.
            limit: the most points of each, the first ones by step; None for all.

        Returns:
            Histories with `name`, `points` (each with `step`, `wallclock`, `value`), `total` and `truncated`.
        """
        return self._run(run).get_metrics_history(metrics, limit)

    def persist_run(self, run: Ref | None = None, timeout: float | None = None) -> Flushed:
        """Return when all that was logged is durable.

        Args:
            run: the active run if it is not given.
            timeout: seconds to wait for the server; by default one that is away is not waited for.

        Returns:
            Where it is: `.where` is `server`, or `spool` when the server is away.
        """
        return self._run(run).persist_run(timeout)
