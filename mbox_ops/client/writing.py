"""What is written: the verbs that all objects share, and those of runs and experiments."""

from collections.abc import Iterable, Mapping
from typing import Any

from mbox_ops.client import parts
from mbox_ops.client.files import Files, records
from mbox_ops.client.stream import Stream
from mbox_ops.client.uses import Used, used
from mbox_ops.client.values import Event, MetadataWritten, MetricScalar, Wallclock
from mbox_ops.entities.artifacts import ArtifactMime
from mbox_ops.entities.writers import MetadataOp

Metrics = Mapping[str, MetricScalar] | Iterable[Mapping[str, Any]]


class SubjectWrites:
    """The verbs that write to anything. What goes to a run open in this process is buffered; else it is durable on
    return.

    Attributes:
        own: the stream of a run that was started here; None of any other.
    """

    own: Stream | None = None

    def _stream(self) -> Stream:
        raise NotImplementedError

    def _written(self) -> None:
        """Called after each write."""
        raise NotImplementedError

    def log_metric(
        self, name: str, value: MetricScalar, step: int | None = None, wallclock: Wallclock | None = None
    ) -> None:
        """Log one value of a metric.

        Args:
            name: 1-256 printable characters; case-sensitive; `/` groups metrics on the pages.
            value: a number (NaN and infinities included), text of 5,000 characters, or 65,536 bytes. A series has one
                kind of value.
            step: an int64 in any order; the series' largest + 1, from 0, if it is not given.
            wallclock: seconds since 1970 UTC, a datetime or RFC 3339 text; now if it is not given.

        Raises:
            InvalidRequest: the name, the value or the time breaks a rule.

        Example:
            >>> run.log_metric("loss", 0.25, step=10)  # doctest: +SKIP
        """
        stream = self.own
        if (  # what nearly every call is, with a step of 30 bits: `Stream.log` at the price of a few list appends
            stream is not None
            and wallclock is None
            and type(value) is float
            and type(name) is str
            and name in stream.floats
            and (step is None or (type(step) is int and 0 <= step <= 0x3FFF_FFFF))
        ):
            stream.append((name, value, step, stream.now()))
            stream.weight = weight = stream.weight + 3
            if weight > stream.room:
                stream.crowded()
            return
        self._stream().log(name, value, step, wallclock)
        self._written()

    def log_metrics(self, metrics: Metrics, step: int | None = None, wallclock: Wallclock | None = None) -> None:
        """Log values of several metrics in one atomic write.

        Args:
            metrics: name to value, or a list of `{"name": ..., "value": ..., "step": ..., "wallclock": ...}`, of which
                the last two may be missing.
            step: for all that have none of their own.
            wallclock: for all that have none of their own.

        Raises:
            InvalidRequest: one of them breaks a rule; none is logged.

        Example:
            >>> run.log_metrics({"loss": 2.4, "accu": 97.6}, step=10, wallclock=12345)  # doctest: +SKIP
        """
        if isinstance(metrics, Mapping):
            self._stream().log(metrics, step=step, wallclock=wallclock)
        else:
            self._stream().log_rows(parts.rows(metrics, step, wallclock))
        self._written()

    def log_event(self, event: Event) -> None:
        """Log that something happened; the same event may be logged again.

        Args:
            event: its `wallclock_time` is kept; now if it has none.

        Raises:
            InvalidRequest: its name, source, time or metadata breaks a rule.

        Example:
            >>> run.log_event(Event("checkpoint_started", EventSource("trainer"), 12000))  # doctest: +SKIP
        """
        self._stream().put(events=[parts.event_record(event)])
        self._written()

    def track_artifacts(self, files: Files, *, checksum: bool = False, mime_type: ArtifactMime | None = None) -> None:
        """Track files that are stored elsewhere; nothing is copied.

        Args:
            files: paths or URIs, one or a list, each 1-2,048 characters. URIs that carry credentials are refused.
            checksum: read local files and keep their sha256.
            mime_type: what kind of thing they are; guessed from their names if it is not given.

        Raises:
            InvalidRequest: one of them breaks a rule; none is tracked.
        """
        self._stream().put(artifacts=records(files, checksum=checksum, mime_type=mime_type))
        self._written()

    def update_metadata(self, key: str, value: object) -> MetadataWritten | None:
        """Replace one top-level key of the metadata; the others stay.

        Args:
            key: 1-256 characters, any but U+0000.
            value: anything that JSON can hold.

        Raises:
            InvalidRequest: the key or the value breaks a rule.
        """
        return self._change(parts.set_key(key, value), 1)

    def report_metadata(self, metadata: Mapping[str, Any]) -> MetadataWritten | None:
        """Merge a document into the metadata (RFC 7386): dicts merge, null removes, anything else replaces.

        Raises:
            InvalidRequest: the document breaks a rule.
        """
        return self._change(parts.merge(metadata), len(metadata))

    def set_metadata(self, metadata: Mapping[str, Any]) -> MetadataWritten | None:
        """Make a document the whole metadata; `{}` clears it.

        Raises:
            InvalidRequest: the document breaks a rule.
        """
        return self._change(parts.replace(metadata), len(metadata))

    def _change(self, change: MetadataOp, keys: int) -> MetadataWritten | None:
        self._stream().put(metadata=[change])
        self._written()
        return None


class Writes(SubjectWrites):
    """The verbs that write to a run."""

    def log_parameters(self, name: str | Mapping[str, Any] | Iterable[Mapping[str, Any]], value: object = None) -> None:
        """Log parameters: what the run was configured with. The last value of a name stands.

        Args:
            name: a name of 1-256 characters, with `value`; or a dict of names to values; or a list of
                `{"name": ..., "value": ...}`. `start` and `end` are kept by the system.
            value: text of up to 5,000 characters, or anything that JSON can hold, kept as JSON text; not None.

        Raises:
            InvalidRequest: a name or a value breaks a rule; none is logged.

        Example:
            >>> run.log_parameters({"learning_rate": 0.001, "optimizer": "adam"})  # doctest: +SKIP
        """
        self._stream().put(parameters=parts.parameters(name, value))
        self._written()

    def set_tags(self, tags: Mapping[str, str]) -> None:
        """Set tags, by which runs can be found. The last value of a key stands.

        Args:
            tags: text to text, 1-256 characters each, at most 100 a run; case-sensitive; `runName` is the system's.

        Raises:
            InvalidRequest: a key or a value breaks a rule; none is set.
        """
        self._stream().put(tags=parts.tags(tags))
        self._written()

    def set_labels(self, labels: Mapping[str, Any]) -> None:
        """Set labels: display data, by which runs cannot be found. The last value of a key stands.

        Args:
            labels: key to anything that JSON can hold; `{"accuracy": {"format_string": "percentage"}}` formats that
                metric on the pages.

        Raises:
            InvalidRequest: a key or a value breaks a rule; none is set.
        """
        self._stream().put(labels=parts.labels(labels))
        self._written()

    def use_artifact(self, artifacts: Used) -> None:
        """Say that the run used artifacts; `client.artifacts.lineage` shows it. Nothing is read or copied.

        Args:
            artifacts: one or a list: an `Artifact` or its id, a checksum (`sha256:...`), a URI or a path, as in
                `track_artifacts`. Whether there is such a thing is not asked.

        Raises:
            InvalidRequest: one of them breaks a rule; none is kept.

        Example:
            >>> run.use_artifact(client.artifacts.get("0196f2c8-..."))  # doctest: +SKIP
            >>> run.use_artifact("s3://lake/churn.parquet")  # doctest: +SKIP
        """
        self._stream().put(uses=used(artifacts))
        self._written()
