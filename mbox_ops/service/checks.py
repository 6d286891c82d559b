"""What can be said about a batch without looking into the database: every limit and every form.

A batch is refused whole. What passes is given in the form that the store takes.
"""

import json
import re
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from mbox_ops.entities.artifacts import ArtifactRecord
from mbox_ops.entities.checkpoints import MOST_EPOCH as MOST_EPOCH_OF_TRAINING
from mbox_ops.entities.documents import INT_RANGE, check_document, check_value
from mbox_ops.entities.events import EventRecord
from mbox_ops.entities.instants import INT64, check_instant
from mbox_ops.entities.limits import Limits, check_parameter_name, check_tag, check_text
from mbox_ops.entities.lineage import ArtifactUse
from mbox_ops.entities.metrics import Block
from mbox_ops.entities.runs import OpenRun
from mbox_ops.entities.writers import Batch, MetadataOp, Writer
from mbox_ops.errors import InvalidRequest
from mbox_ops.service.artifacts import check_artifact
from mbox_ops.service.blocks import check_block
from mbox_ops.service.lineage import check_use
from mbox_ops.store.documents import Patch
from mbox_ops.store.settings import Given

MOST_EPOCH = MOST_SEQ = 2**53 - 1
MOST_LOST = 2**31 - 1

_PRODUCER = re.compile(r"[0-9a-f]{32}")
_TYPES = {bool: "boolean", int: "integer", float: "float", dict: "json", list: "json"}


class Checked(NamedTuple):
    """The parts of a batch as the store takes them."""

    blocks: list[Block]
    parameters: list[Given]
    tags: list[Given]
    labels: list[Given]
    patches: list[Patch]
    events: list[EventRecord]
    artifacts: list[ArtifactRecord]
    uses: list[ArtifactUse]


def check_batch(batch: Batch, limits: Limits) -> Checked:
    """The batch's parts, all of them within the limits.

    Raises:
        InvalidRequest: one breaks a rule; the message names the field, the limit and the value.
    """
    _check_address(batch)
    return check_parts(batch, limits)


def check_parts(batch: Batch, limits: Limits) -> Checked:
    """The same of a batch that does not say what it is for.

    Raises:
        InvalidRequest: a part breaks a rule.
    """
    if batch.checkpoint is not None:
        check_range("checkpoint", batch.checkpoint, 0, MOST_EPOCH_OF_TRAINING)
    if batch.key is not None:
        check_text("key", batch.key, most=limits.key)
    if batch.writer is not None:
        _check_writer(batch.writer, limits)
    if batch.open is not None:
        _check_opening(batch.open, limits)
    if batch.name is not None:
        check_text("name", batch.name, most=limits.name)
    if batch.collection is not None:
        check_text("collection", batch.collection, most=limits.name)
    if batch.at is not None:
        check_instant("at", batch.at)
        if batch.state is None:
            raise InvalidRequest("at is when a state was reached, and the batch has none.", field="at", value=batch.at)
    check_range("lost", batch.lost, 0, MOST_LOST)
    for field in ("tags", "labels", "parameters"):
        check_count(field, len(getattr(batch, field)), limits)
    for event in batch.events:
        _check_event(event, limits)
    return Checked(
        blocks=[check_block(block, limits) for block in batch.points],
        parameters=[parameter(name, value, limits) for name, value in batch.parameters.items()],
        tags=[_tag(key, value, limits) for key, value in batch.tags.items()],
        labels=[_label(key, value, limits) for key, value in batch.labels.items()],
        patches=[_patch(change, limits) for change in batch.metadata],
        events=batch.events,
        artifacts=[check_artifact(record, limits) for record in batch.artifacts],
        uses=[check_use(use, limits) for use in batch.uses],
    )


_OF_RUNS = ("open", "parameters", "tags", "labels", "uses", "name", "collection", "state", "lease")
_EMPTY = Batch()


def check_fits(batch: Batch, type: str, uid: str) -> None:
    """Make sure that a batch to a checkpoint, a model or a model version holds nothing that only runs take.

    Raises:
        InvalidRequest: it does; the message names the field.
    """
    for field in _OF_RUNS if type != "run" else ():
        if getattr(batch, field) != getattr(_EMPTY, field):
            raise InvalidRequest(
                f"{field} goes on runs only, and {uid!r} is a {type.replace('_', ' ')}, which takes points, metadata,"
                " events and artifacts.",
                field=field, value=uid,
            )  # fmt: skip


def check_count(field: str, count: int, limits: Limits) -> None:
    """Make sure that a run has no more tags, labels or parameters than it may."""
    most = getattr(limits, field)
    if count > most:
        raise InvalidRequest(
            f"{field} would be {count}; a run has at most {most}.", field=field, limit=most, value=count
        )


def parameter(name: object, value: object, limits: Limits) -> Given:
    """A parameter as text with the type it had; what is not text becomes JSON text.

    Raises:
        InvalidRequest: it is null, no JSON value, or longer than the limit.
    """
    text = check_parameter_name(name, limits)
    field = f"parameter {text!r}"
    if isinstance(value, str):
        return Given(text, check_text(field, value, most=limits.parameter_value, least=0), "string")
    kind = _TYPES.get(type(value))
    if kind is None:
        what = "null" if value is None else type(value).__name__
        raise InvalidRequest(f"{field} is {what}; give a text, number, boolean, list or object.", field=field)
    return Given(text, check_text(field, _json(field, value, limits), most=limits.parameter_value), kind)


def _json(field: str, value: Any, limits: Limits) -> str:
    """JSON text with `NaN`, `Infinity` and `-Infinity` as Python writes them."""
    _check_plain(field, value, limits.body_depth)
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _check_plain(field: str, value: Any, deepest: int) -> None:
    """Make sure that a value is of JSON's kinds, without U+0000, and not nested too deeply."""
    if deepest < 0:
        raise InvalidRequest(f"{field} is nested too deeply.", field=field, value="nested too deeply")
    if isinstance(value, dict):
        for key, inner in value.items():
            check_text(f"{field} key", key, most=INT64, least=0)
            _check_plain(field, inner, deepest - 1)
    elif isinstance(value, list):
        for inner in value:
            _check_plain(field, inner, deepest - 1)
    elif isinstance(value, str):
        check_text(field, value, most=INT64, least=0)
    elif value is not None and type(value) not in _TYPES:
        raise InvalidRequest(f"{field} holds a {type(value).__name__}, which JSON does not have.", field=field)
    elif isinstance(value, int) and value not in INT_RANGE:
        raise InvalidRequest(f"{field} holds an integer beyond 64 bits.", field=field, limit="64 bits")


def _tag(key: object, value: object, limits: Limits) -> Given:
    name, text = check_tag(key, value, limits)
    return Given(name, msgspec.json.encode(text).decode())


def _label(key: object, value: object, limits: Limits) -> Given:
    name = check_text("label key", key, most=limits.name)
    check_value(f"label {name!r}", value, limits)
    return Given(name, msgspec.json.encode(value).decode())


def _patch(change: MetadataOp, limits: Limits) -> Patch:
    if change.op == "set":
        if change.key is None or change.document is not None:
            raise InvalidRequest("metadata `set` takes `key` and `value`, and no `document`.", field="metadata.key")
        document = {change.key: change.value}
    elif change.document is None or change.key is not None:
        raise InvalidRequest(f"metadata `{change.op}` takes `document`, and no `key`.", field="metadata.document")
    else:
        document = change.document
    check_document("metadata", document, limits)
    return Patch(change.op, document)


def _check_event(event: EventRecord, limits: Limits) -> None:
    check_text("event name", event.name, most=limits.name)
    check_text("event source", event.source, most=limits.name)
    if event.wallclock is not None:
        check_range("event wallclock", event.wallclock, -INT64, INT64 - 1)
    check_document("event metadata", event.metadata, limits)


def _check_writer(writer: Writer, limits: Limits) -> None:
    check_text("writer.origin", writer.origin, most=limits.key)
    check_range("writer.epoch", writer.epoch, 1, MOST_EPOCH)
    check_range("writer.seq", writer.seq, 1, MOST_SEQ)
    if not _PRODUCER.fullmatch(writer.producer):
        raise InvalidRequest(
            f"writer.producer must be 32 lower-case hex digits, not {writer.producer[:40]!r}.",
            field="writer.producer", limit=32, value=writer.producer,
        )  # fmt: skip


def _check_address(batch: Batch) -> None:
    """A batch names its run by id or by key; only one that opens a run may leave both to the server."""
    proposed = None if batch.open is None else batch.open.run_id
    if batch.checkpoint is not None and batch.open is not None:
        raise InvalidRequest("A batch opens a run or writes to a checkpoint: send two batches.", field="checkpoint")
    if batch.run_id is not None and batch.key is not None:
        raise InvalidRequest("Name the run by run_id or by key, not by both.", field="key", value=batch.key)
    if batch.run_id is None and batch.key is None and batch.open is None:
        raise InvalidRequest("Name the run by run_id or by key.", field="run_id")
    if batch.run_id is not None and proposed is not None and proposed != batch.run_id:
        raise InvalidRequest(
            f"open.run_id is {proposed[:100]!r}, but the batch is addressed to {batch.run_id[:100]!r}.",
            field="open.run_id", value=proposed,
        )  # fmt: skip
    made_as = batch.run_id if batch.open is not None and batch.run_id is not None else proposed
    if made_as is not None and not _is_uuid(made_as):
        field = "open.run_id" if proposed is not None else "run_id"
        raise InvalidRequest(
            f"{field} must be a UUID in lower case, such as 0194a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b, not"
            f" {made_as[:100]!r}.",
            field=field, value=made_as,
        )  # fmt: skip


def _check_opening(opened: OpenRun, limits: Limits) -> None:
    for field in ("name", "scenario", "scenario_version", "execution", "collection", "external_id"):
        value = getattr(opened, field)
        if value is not None:
            check_text(f"open.{field}", value, most=limits.name)
    check_text("open.owner", opened.owner, most=limits.owner, least=0)
    check_text("open.task", opened.task, most=limits.name, least=0)
    if opened.source is not None:
        check_text("open.source.name", opened.source.name, most=limits.name)
    if opened.started_at is not None:
        check_instant("open.started_at", opened.started_at)
    if opened.scenario is not None:
        check_scenario("open.scenario", opened.scenario)


def check_scenario(field: str, name: str) -> None:
    """A scenario's name holds no comma, which parts scenarios in a list, and no outer blanks."""
    if "," in name or name != name.strip():
        raise InvalidRequest(f"{field} must hold no comma and no outer blanks: {name[:40]!r}", field=field, value=name)


def check_range(field: str, value: int, least: int, most: int) -> None:
    """Make sure that a number is one of those that a field takes."""
    if not least <= value <= most:
        raise InvalidRequest(
            f"{field} is {value}; it takes {least} to {most}.", field=field, limit=[least, most], value=str(value)
        )


def _is_uuid(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
