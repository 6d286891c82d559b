"""Blocks of metric points, checked and packed: everything that needs no database."""

import base64
import binascii
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from mbox_ops.entities.limits import DEFAULT, Limits, check_metric_name, check_text
from mbox_ops.entities.metrics import Block
from mbox_ops.errors import InvalidRequest
from mbox_ops.wire.encodings import from_wire, pack_floats, pack_ints

_INT64 = range(-(2**63), 2**63)
_NAN = np.uint64(0x7FF8_0000_0000_0000)


def check_block(block: Block, limits: Limits = DEFAULT) -> Block:
    """The block as the store takes it: names checked, every numeric column packed, every NaN the same NaN.

    Args:
        block: as it came from JSON or MessagePack.
        limits: the limits to check against.

    Returns:
        The same points. `steps` and `wallclocks` are packed int64 or None; `values` is packed float64, a list of texts,
        or a list of byte strings.

    Raises:
        InvalidRequest: a name, a value or a length breaks a rule; nothing was changed.
    """
    _check_names(block.names, limits)
    values, count = _values(block, limits)
    steps = _ints("points.steps", block.steps)
    wallclocks = _ints("points.wallclocks", block.wallclocks)
    rows = _rows(count, len(block.names))
    for field, column in (("steps", steps), ("wallclocks", wallclocks)):
        if column is not None and len(column) != 8 * rows:
            raise InvalidRequest(
                f"points.{field} holds {len(column) // 8} entries, but {len(block.names)} series with {count} values"
                f" need {rows}.",
                field=f"points.{field}", limit=rows, value=len(column) // 8,
            )  # fmt: skip
    return Block(names=block.names, kind=block.kind, steps=steps, wallclocks=wallclocks, values=values)


def _check_names(names: Sequence[str], limits: Limits) -> None:
    if not names:
        raise InvalidRequest("points.names is empty; a block needs at least one series.", field="points.names")
    most = limits.name
    for name in names:
        if not (0 < len(name) <= most and name.isprintable()):
            check_metric_name(name, limits)
    if len(set(names)) != len(names):
        twice = Counter(names).most_common(1)[0][0]
        raise InvalidRequest(
            f"points.names has {twice!r} twice; each name stands once.", field="points.names", value=twice
        )


def _rows(count: int, series: int) -> int:
    rows, rest = divmod(count, series)
    if rest:
        raise InvalidRequest(
            f"points.values holds {count} values, which {series} series cannot share evenly.",
            field="points.values", limit=series, value=count,
        )  # fmt: skip
    return rows


def _ints(field: str, column: "bytes | Sequence[Any] | None") -> bytes | None:
    if column is None or isinstance(column, bytes):
        if column is not None and len(column) % 8:
            raise _torn(field, column)
        return column
    for value in column:
        if type(value) is not int or value not in _INT64:
            raise InvalidRequest(
                f"{field} takes integers of 64 bits, not {value!r:.60}.", field=field, limit="int64", value=str(value)
            )
    return pack_ints(column)


def _values(block: Block, limits: Limits) -> tuple[bytes | list[Any], int]:
    given = block.values
    if block.kind == "float":
        if isinstance(given, bytes):
            if len(given) % 8:
                raise _torn("points.values", given)
            packed = given
        else:
            packed = pack_floats([from_wire(value) for value in given])
        return _one_nan(packed), len(packed) // 8
    if isinstance(given, bytes):
        raise InvalidRequest(
            f"points.values of a {block.kind} series is an array, not packed numbers.",
            field="points.values", value=block.kind,
        )  # fmt: skip
    check = _text if block.kind == "string" else _blob
    return [check(value, limits) for value in given], len(given)


def _one_nan(packed: bytes) -> bytes:
    """Every NaN as the one NaN that every reader will see; all other bits stay."""
    values = np.frombuffer(packed, "<f8")
    nan = np.isnan(values)
    if not nan.any():
        return packed
    bits = values.view("<u8").copy()
    bits[nan] = _NAN
    return bits.tobytes()


def _text(value: object, limits: Limits) -> str:
    return check_text("points.values", value, most=limits.string_value, least=0)


def _blob(value: object, limits: Limits) -> bytes:
    if isinstance(value, str):
        try:
            value = base64.b64decode(value, validate=True)
        except (binascii.Error, ValueError):
            raise InvalidRequest(
                f"points.values of a bytes series is base64 text, not {value!r:.60}.",
                field="points.values", value=value,
            ) from None  # fmt: skip
    if not isinstance(value, bytes):
        raise InvalidRequest(
            f"points.values of a bytes series takes byte strings, not {type(value).__name__}: {value!r:.60}",
            field="points.values", value=repr(value),
        )  # fmt: skip
    if len(value) > limits.bytes_value:
        raise InvalidRequest(
            f"points.values has a value of {len(value)} bytes; the limit is {limits.bytes_value}.",
            field="points.values", limit=limits.bytes_value, value=len(value),
        )  # fmt: skip
    return value


def _torn(field: str, column: bytes) -> InvalidRequest:
    return InvalidRequest(
        f"{field} is {len(column)} bytes long; packed columns hold 8 bytes an entry.",
        field=field, limit=8, value=len(column),
    )  # fmt: skip
