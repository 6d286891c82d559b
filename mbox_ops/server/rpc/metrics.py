"""Metrics of an object: logged, summed up, read."""

import base64
from collections.abc import Iterator
from typing import Any

import msgspec

from mbox_ops.entities.metrics import Block, HistoryQuery, Kind, MetricHistory, MetricSummary
from mbox_ops.entities.writers import Batch
from mbox_ops.errors import InvalidRequest
from mbox_ops.server.routes import Call
from mbox_ops.server.rpc.calls import rpc
from mbox_ops.server.rpc.messages import READERS, WRITERS, read, read_instant, write, write_instant
from mbox_ops.wire import modelbox_pb2 as pb
from mbox_ops.wire.encodings import from_wire, pack_floats, pack_ints, unpack_floats, unpack_ints

PIECE_BYTES = 1 << 20  # of a message of a streamed history, about: clients take 4 MiB unless they are told otherwise
# Points that are read at once, by kind. The first page is a small one: it tells the kind.
FIRST_PAGE = 1_000
PAGES: dict[Kind, int] = {"float": 50_000, "string": 5_000, "bytes": 1_000}
_COLUMNS = {"doubles": "float", "strings": "string", "blobs": "bytes"}
_VALUES = {"double_value": "float", "string_value": "string", "bytes_value": "bytes"}


@rpc(scope="write")
def log_metrics(call: Call, request: pb.LogMetricsRequest) -> pb.LogMetricsResponse:
    """Log one point of a metric."""
    batch = Batch(run_id=request.parent_id, points=[_point(request.key, request.value)])
    return write(call.write(batch), pb.LogMetricsResponse)


@rpc(scope="read")
def get_metrics(call: Call, request: pb.GetMetricsRequest) -> pb.GetMetricsResponse:
    """The first points of each metric."""
    parent_id, query = _query(request)
    found = call.service.metrics.history(call.actor, parent_id, query)
    answer = pb.GetMetricsResponse()
    for history in found:
        _write_history(answer.metrics.add(), history)
    return answer


@rpc(scope="read")
def stream_history(call: Call, request: pb.StreamHistoryRequest) -> Iterator[pb.MetricHistory]:
    """All points, piece by piece."""
    service, actor = call.service.metrics, call.actor
    names = list(request.names) or [summary.name for summary in service.list(actor, request.parent_id)]
    for name in dict.fromkeys(names):
        after, limit = None, FIRST_PAGE
        while True:
            query = HistoryQuery(names=[name], limit=limit, after=after, received=request.received)
            (history,) = service.history(actor, request.parent_id, query)
            for piece in _pieces(history):
                message = pb.MetricHistory()
                _write_history(message, piece)
                yield message
            after, limit = history.next, PAGES[history.kind]
            if after is None:
                break


@rpc(scope="read")
def list_metrics(call: Call, request: pb.ListMetricsRequest) -> pb.ListMetricsResponse:
    """The summaries, by name."""
    answer = pb.ListMetricsResponse()
    for summary in call.service.metrics.list(call.actor, request.parent_id):
        _write_summary(answer.metrics.add(), summary)
    return answer


def _query(request: pb.GetMetricsRequest) -> tuple[str, HistoryQuery]:
    parent_id = request.parent_id
    request.ClearField("parent_id")
    return parent_id, read(request, HistoryQuery, received=request.received)


def _point(key: str, value: pb.MetricValue) -> Block:
    """One point as a block."""
    column = value.WhichOneof("value")
    if column is None:
        raise InvalidRequest(
            "value holds no value; set double_value, string_value or bytes_value.", field="value", limit=[*_VALUES]
        )
    given: Any = getattr(value, column)
    wallclocks = None
    if value.HasField("wallclock_time"):
        wallclocks = pack_ints([read_instant(value.wallclock_time)])
    return Block(
        names=[key], kind=_VALUES[column], wallclocks=wallclocks,  # type: ignore[arg-type] # one of Kind
        steps=pack_ints([value.step]) if value.HasField("step") else None,
        values=pack_floats([given]) if column == "double_value" else [given],
    )  # fmt: skip


def _read_points(message: pb.Points) -> dict[str, Any]:
    """The fields of a block."""
    given = [name for name in _COLUMNS if getattr(message, name)]
    if len(given) > 1:
        raise InvalidRequest(
            f"points holds {' and '.join(given)}; a block has values of one kind.", field="points", limit=1, value=given
        )
    column = given[0] if given else "doubles"
    values = getattr(message, column)
    return {
        "names": list(message.names),
        "kind": _COLUMNS[column],
        "steps": pack_ints(message.steps) if message.steps else None,
        "wallclocks": pack_ints(message.wallclocks) if message.wallclocks else None,
        "values": pack_floats(values) if column == "doubles" else list(values),
    }


def _write_history(message: pb.MetricHistory, history: MetricHistory) -> None:
    message.name, message.kind = history.name, history.kind
    message.total, message.truncated = history.total, history.truncated
    message.steps.extend(unpack_ints(history.steps))
    message.wallclocks.extend(unpack_ints(history.wallclocks))
    if history.received_ats is not None:
        message.received_ats.extend(unpack_ints(history.received_ats))
    if history.next is not None:
        message.next = history.next
    if history.kind == "float":
        message.doubles.extend(unpack_floats(history.values))
    elif history.kind == "string":
        message.strings.extend(history.values)  # type: ignore[arg-type] # the kind says so
    else:
        message.blobs.extend(history.values)  # type: ignore[arg-type] # the kind says so


def _pieces(history: MetricHistory) -> Iterator[MetricHistory]:
    """A history in pieces that fit into a message: strings and bytes may be long."""
    if history.kind == "float":
        yield history
        return
    columns = {name: unpack_ints(getattr(history, name)) for name in ("steps", "wallclocks")}
    if history.received_ats is not None:
        columns["received_ats"] = unpack_ints(history.received_ats)
    widest = 4 if history.kind == "string" else 1  # bytes of a character
    start = size = 0
    for place, value in enumerate(history.values):
        length = len(value) * widest
        if size + length > PIECE_BYTES and place > start:
            yield _cut(history, columns, start, place)
            start, size = place, 0
        size += length
    yield _cut(history, columns, start, len(history.values))


def _cut(history: MetricHistory, columns: dict[str, Any], start: int, end: int) -> MetricHistory:
    cut = {name: column[start:end] for name, column in columns.items()}
    more = history.truncated or end < len(history.values)
    return msgspec.structs.replace(history, values=history.values[start:end], truncated=more, **cut)


def _write_summary(message: pb.MetricSummary, summary: MetricSummary) -> None:
    message.name, message.kind = summary.name, summary.kind
    message.count, message.nan_count = summary.count, summary.nan_count
    _write_value(message.first, summary.kind, summary.first)
    _write_value(message.last, summary.kind, summary.last)
    if summary.last is not None:
        message.last.step = summary.last_step
        write_instant(message.last.wallclock_time, summary.last_wallclock)
    for name in ("min", "max", "mean"):
        value = getattr(summary, name)
        if value is not None:
            setattr(message, name, from_wire(value))


def _write_value(message: pb.MetricValue, kind: str, value: float | str | None) -> None:
    if value is None:
        return
    if kind == "float":
        message.double_value = from_wire(value)
    elif kind == "string":
        message.string_value = str(value)
    else:
        message.bytes_value = base64.b64decode(str(value))


READERS["modelbox.Points"] = _read_points
WRITERS["modelbox.MetricSummary"] = _write_summary
