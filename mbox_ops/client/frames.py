"""Records in a file that a crash can tear: each with its length and checksums, found again behind damage.

A frame is a header of 16 bytes (`mbx1`, the payload's length, the payload's CRC32, the CRC32 of these 12 bytes; little-
endian) and the payload.
"""

import os
import struct
from typing import NamedTuple
from zlib import crc32

_MAGIC = b"mbx1"
_HEADER = struct.Struct("<4sIII")


class Read(NamedTuple):
    """What was found: a payload, where the next frame begins, and whether damage was skipped on the way."""

    payload: bytes
    next: int
    damaged: bool


def frame(payload: bytes) -> bytes:
    """`payload` with its header."""
    head = _HEADER.pack(_MAGIC, len(payload), crc32(payload), 0)[:12]
    return head + struct.pack("<I", crc32(head)) + payload


def read_frame(fd: int, at: int) -> Read | None:
    """The first whole frame at or behind `at`; None at the end of the file, or of what is whole in it.

    A frame whose payload is damaged is skipped; behind a damaged header the next sound one is looked for.
    """
    place: int | None = at
    damaged = False
    while place is not None:
        head = _header(pread(fd, _HEADER.size, place))
        if head is None:
            place, damaged = _search(fd, place + 1), True
            continue
        length, crc = head
        payload = pread(fd, length, place + _HEADER.size)
        if len(payload) < length:
            return None  # torn off
        place += _HEADER.size + length
        if crc32(payload) == crc:
            return Read(payload, place, damaged)
        damaged = True
    return None


def pread(fd: int, length: int, at: int) -> bytes:
    """So many bytes from `at` on; fewer only where the file ends. One call may give less, and that is no end."""
    data = os.pread(fd, length, at)
    while len(data) < length and (more := os.pread(fd, length - len(data), at + len(data))):
        data += more
    return data


def _header(data: bytes) -> tuple[int, int] | None:
    if len(data) < _HEADER.size:
        return None
    magic, length, crc, check = _HEADER.unpack(data)
    return (length, crc) if magic == _MAGIC and crc32(data[:12]) == check else None


def _search(fd: int, at: int) -> int | None:
    """Where the next sound header is, from `at` on."""
    data = pread(fd, max(0, os.fstat(fd).st_size - at), at)
    found = data.find(_MAGIC)
    while found >= 0:
        if _header(data[found : found + _HEADER.size]) is not None:
            return at + found
        found = data.find(_MAGIC, found + 1)
    return None
