"""What people hand in, checked at the call, as the parts of a batch."""

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import msgspec

from mbox_ops.client.clock import microseconds
from mbox_ops.client.plain import plain
from mbox_ops.client.points import check_step, check_value, kind_of
from mbox_ops.client.values import Event, EventSource, MetricScalar, MetricValue, Wallclock
from mbox_ops.entities.documents import check_document
from mbox_ops.entities.events import EventRecord
from mbox_ops.entities.limits import DEFAULT, check_metric_name, check_parameter_name, check_tag, check_text
from mbox_ops.entities.metrics import Block
from mbox_ops.entities.runs import MLFramework
from mbox_ops.entities.writers import MetadataOp
from mbox_ops.errors import InvalidRequest
from mbox_ops.wire.encodings import pack_floats, pack_ints

_ROW = frozenset({"name", "value", "step", "wallclock"})


class Row(NamedTuple):
    """One value of a metric as it was logged."""

    name: str
    value: MetricScalar
    step: int | None
    wallclock: Wallclock | None


def rows(metrics: Iterable[object], step: int | None, wallclock: Wallclock | None) -> list[Row]:
    """The rows of `log_metrics([{...}, ...])`; step and wallclock fill what a row lacks.

    Raises:
        InvalidRequest: one is no dict, has a key that is unknown, or lacks its name or value.
    """
    found = []
    for item in metrics:
        if not isinstance(item, Mapping) or not {"name", "value"} <= item.keys() <= _ROW:
            raise InvalidRequest(
                f"Each item of metrics takes name and value, and may have step and wallclock: {item!r:.120}",
                field="metrics", value=item,
            )  # fmt: skip
        own_step, own_wallclock = item.get("step"), item.get("wallclock")
        found.append(
            Row(
                item["name"],
                item["value"],
                step if own_step is None else own_step,
                wallclock if own_wallclock is None else own_wallclock,
            )
        )
    return found


def point(name: object, value: object) -> Block:
    """One value of a metric, as `client.log_metrics` takes it.

    Raises:
        InvalidRequest: the name or a part of the value breaks a rule.
    """
    if not isinstance(value, MetricValue):
        raise InvalidRequest(
            f"log_metrics takes a MetricValue, such as MetricValue(step=1, value=0.5), not {type(value).__name__}.",
            field="value", value=value,
        )  # fmt: skip
    at = value.wallclock_time
    step = check_step(value.step)
    series = check_metric_name(name)
    held = check_value(series, value.value)
    return Block(
        names=[series],
        kind=kind_of(held),
        steps=None if step is None else pack_ints([step]),
        wallclocks=pack_ints([time.time_ns() // 1_000 if at is None else microseconds(at)]),
        values=pack_floats([held]) if isinstance(held, float) else [held],
    )


def parameters(name: object, value: object) -> dict[str, Any]:
    """The parameters of `log_parameters`, by name.

    Raises:
        InvalidRequest: a name or a value breaks a rule.
    """
    return {check_parameter_name(key): _parameter(key, item) for key, item in _pairs(name, value)}


def _pairs(name: object, value: object) -> Iterator[tuple[Any, object]]:
    if isinstance(name, Mapping):
        yield from name.items()
    elif isinstance(name, str) or not isinstance(name, Iterable):
        yield name, value
    else:
        for item in name:
            if not isinstance(item, Mapping) or item.keys() != {"name", "value"}:
                raise InvalidRequest(
                    f"Each item of parameters takes name and value: {item!r:.120}", field="parameters", value=item
                )
            yield item["name"], item["value"]


def _parameter(name: str, value: object) -> Any:
    field = f"parameter {name!r}"
    held = plain(field, value)
    if held is None:
        raise InvalidRequest(f"{field} must have a value, not None.", field=field)
    if isinstance(held, str):
        return check_text(field, held, most=DEFAULT.parameter_value, least=0)
    check_text(f"{field} as JSON", msgspec.json.encode(held).decode(), most=DEFAULT.parameter_value)
    return held


def wanted_tags(given: object) -> dict[str, str]:
    """The tags that runs are to have, the system's among them.

    Raises:
        InvalidRequest: they are no dict of text to text.
    """
    return {
        check_text("tag key", key, most=DEFAULT.name): check_text(f"tag {key!r}", value, most=DEFAULT.tag_value)
        for key, value in _mapping("tags", given or {}).items()
    }


def info(run_name: str | None, run_collection_name: str | None, tags_given: object) -> dict[str, Any]:
    """The parts of `update_run_info`.

    Raises:
        InvalidRequest: a name or a tag breaks a rule.
    """
    return {
        "name": _optional("run name", run_name),
        "collection": _optional("run collection name", run_collection_name),
        "tags": tags(tags_given or {}),
    }


def _optional(field: str, value: str | None) -> str | None:
    return None if value is None else check_text(field, value, most=DEFAULT.name)


def tags(given: object) -> dict[str, str]:
    """Tags, text to text.

    Raises:
        InvalidRequest: a key or a value breaks a rule.
    """
    return dict(check_tag(key, value) for key, value in _mapping("tags", given).items())


def labels(given: object) -> dict[str, Any]:
    """Labels, text to JSON.

    Raises:
        InvalidRequest: a key or a value breaks a rule.
    """
    return {
        check_text("label key", key, most=DEFAULT.name): plain(f"label {key!r}", value)
        for key, value in _mapping("labels", given).items()
    }


def event_record(event: object) -> EventRecord:
    """An event as it is written; one without a time happened now.

    Raises:
        InvalidRequest: a part of it breaks a rule.
    """
    if not isinstance(event, Event):
        raise InvalidRequest(
            f"log_event takes an Event, such as Event('started', EventSource('trainer')), not {type(event).__name__}.",
            field="event", value=event,
        )  # fmt: skip
    source = event.source.name if isinstance(event.source, EventSource) else event.source
    at = event.wallclock_time
    return EventRecord(
        name=check_text("event name", event.name, most=DEFAULT.name),
        source=check_text("event source", source, most=DEFAULT.name),
        wallclock=time.time_ns() // 1_000 if at is None else microseconds(at, "event wallclock_time"),
        metadata=_document("event metadata", event.metadata),
    )


def set_key(key: object, value: object) -> MetadataOp:
    """The change that replaces one top-level key of the metadata.

    Raises:
        InvalidRequest: the key or the value breaks a limit of metadata.
    """
    name = check_text("metadata key", key, most=DEFAULT.metadata_key, least=0)
    return MetadataOp(op="set", key=name, value=_document("metadata", {name: value})[name])


def merge(document: object) -> MetadataOp:
    """The change that merges a document into the metadata.

    Raises:
        InvalidRequest: it breaks a limit of metadata.
    """
    return MetadataOp(op="merge", document=_document("metadata", document))


def document(given: Mapping[str, Any] | None) -> dict[str, Any]:
    """A metadata document that something is made with.

    Raises:
        InvalidRequest: it breaks a limit of metadata.
    """
    return _document("metadata", given) if given else {}


def framework(given: MLFramework | str | None) -> MLFramework | None:
    """A framework, also by its name.

    Raises:
        InvalidRequest: there is none of that name.
    """
    if given is None or isinstance(given, MLFramework):
        return given
    try:
        return MLFramework[str(given).upper()]
    except KeyError:
        known = ", ".join(known.name for known in MLFramework)
        raise InvalidRequest(
            f"framework is {given!r:.80}; there are {known}.", field="framework", value=given
        ) from None


def replace(document: object) -> MetadataOp:
    """The change that makes a document the whole metadata.

    Raises:
        InvalidRequest: it breaks a limit of metadata.
    """
    return MetadataOp(op="replace", document=_document("metadata", document))


def _document(field: str, given: object) -> dict[str, Any]:
    held: dict[str, Any] = plain(field, _mapping(field, given))
    check_document(field, held)
    return held


def _mapping(field: str, given: object) -> Mapping[Any, Any]:
    if isinstance(given, Mapping):
        return given
    raise InvalidRequest(f"{field} must be a dict, not {type(given).__name__}: {given!r:.80}", field=field, value=given)
