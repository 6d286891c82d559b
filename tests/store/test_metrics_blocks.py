"""Blocks of points are checked whole and packed, with an error that names field, limit and value."""

import base64
import math
import struct
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbox_ops.entities.limits import DEFAULT, Limits
from mbox_ops.entities.metrics import Block
from mbox_ops.errors import InvalidRequest
from mbox_ops.service.blocks import check_block
from mbox_ops.wire.encodings import pack_floats, pack_ints, to_wire

ONE_NAN = struct.pack("<Q", 0x7FF8000000000000)


def test_arrays_are_packed() -> None:
    """What JSON brings becomes what MessagePack brings."""
    given = Block(names=["a", "b"], steps=[1, -(2**63)], wallclocks=[2, 3], values=[1, 2.5, "Infinity", -0.0])
    packed = Block(
        names=["a", "b"], steps=pack_ints([1, -(2**63)]), wallclocks=pack_ints([2, 3]),
        values=pack_floats([1.0, 2.5, math.inf, -0.0]),
    )  # fmt: skip
    assert check_block(given) == packed
    assert check_block(packed) == packed


def test_a_block_of_bytes_takes_base64_or_byte_strings() -> None:
    """JSON has the one and MessagePack the other."""
    text = base64.b64encode(b"\x00\xff").decode()
    assert check_block(Block(names=["a"], kind="bytes", values=[text, b"\x00\xff", b""])).values == [
        b"\x00\xff", b"\x00\xff", b"",
    ]  # fmt: skip


def test_no_points_are_no_error() -> None:
    """A block without rows is checked like any other."""
    assert check_block(Block(names=["a"], steps=[], values=[])).values == b""
    with pytest.raises(InvalidRequest):
        check_block(Block(names=["a"], steps=[1], values=[]))


@given(st.lists(st.integers(0, 2**64 - 1)))
def test_every_nan_becomes_the_same_and_every_other_float_stays(patterns: list[int]) -> None:
    """Bit by bit, signalling NaNs included."""
    packed = struct.pack(f"<{len(patterns)}Q", *patterns)
    expected = b"".join(
        ONE_NAN if math.isnan(value) else packed[8 * index : 8 * index + 8]
        for index, (value,) in enumerate(struct.iter_unpack("<d", packed))
    )
    assert check_block(Block(names=["a"], values=packed)).values == expected


@given(st.lists(st.floats()))
def test_json_brings_every_float(values: list[float]) -> None:
    """Through JSON text and back, NaN and the infinities by their names."""
    body = msgspec.json.encode(Block(names=["a"], values=[to_wire(value) for value in values]))
    found = check_block(msgspec.json.decode(body, type=Block)).values
    assert isinstance(found, bytes)
    expected = [value if not math.isnan(value) else struct.unpack("<d", ONE_NAN)[0] for value in values]
    assert found == pack_floats(expected)


BAD: list[tuple[dict[str, Any], str]] = [
    ({"names": []}, "points.names is empty"),
    ({"names": ["a", "a"], "values": [1.0, 2.0]}, "'a' twice"),
    ({"names": [""]}, "metric name is 0 characters long; the limit is 1 to 256"),
    ({"names": ["x" * 257]}, "metric name is 257 characters long; the limit is 1 to 256"),
    ({"names": ["a\nb"]}, "metric name must be printable"),
    ({"names": ["a\x00"]}, r"U\+0000"),
    ({"names": ["\ud800"]}, "surrogate"),
    ({"names": ["a", "b"]}, "points.values holds 1 values, which 2 series cannot share evenly"),
    ({"steps": [1, 2]}, "points.steps holds 2 entries, but 1 series with 1 values need 1"),
    ({"wallclocks": b"\x00" * 16}, "points.wallclocks holds 2 entries"),
    ({"steps": b"\x00" * 7}, "points.steps is 7 bytes long; packed columns hold 8 bytes an entry"),
    ({"values": b"\x00" * 9}, "points.values is 9 bytes long"),
    ({"steps": [True]}, "points.steps takes integers of 64 bits, not True"),
    ({"steps": [1.0]}, r"points.steps takes integers of 64 bits, not 1\.0"),
    ({"steps": [2**63]}, "points.steps takes integers of 64 bits, not 9223372036854775808"),
    ({"values": [True]}, "not True"),
    ({"values": [None]}, "not None"),
    ({"values": ["nan"]}, "not 'nan'"),
    ({"values": [10**400]}, "beyond float64's range"),
    ({"kind": "string", "values": b"12345678"}, "a string series is an array"),
    ({"kind": "string", "values": [1.0]}, "points.values must be text, not float"),
    ({"kind": "string", "values": ["x" * 5_001]}, "points.values is 5001 characters long; the limit is 0 to 5000"),
    ({"kind": "string", "values": ["\x00"]}, r"U\+0000"),
    ({"kind": "bytes", "values": ["not base64!"]}, "base64 text, not 'not base64!'"),
    ({"kind": "bytes", "values": [7]}, "takes byte strings, not int: 7"),
    ({"kind": "bytes", "values": [b"x" * 65_537]}, "a value of 65537 bytes; the limit is 65536"),
]


@pytest.mark.parametrize(("fields", "message"), BAD)
def test_what_breaks_a_rule_is_refused(fields: dict[str, Any], message: str) -> None:
    """The whole block, by a sentence that names what is wrong."""
    with pytest.raises(InvalidRequest, match=message):
        check_block(Block(**{"names": ["a"], "values": [1.0], **fields}))


def test_limits_are_those_of_the_service() -> None:
    """Each can be set."""
    limits = Limits(name=3, string_value=4, bytes_value=5)
    for fields in (
        {"names": ["abcd"]},
        {"kind": "string", "values": ["x" * 5]},
        {"kind": "bytes", "values": [b"x" * 6]},
    ):
        block = Block(**{"names": ["a"], "values": [1.0], **fields})
        check_block(block, DEFAULT)
        with pytest.raises(InvalidRequest):
            check_block(block, limits)
