"""Ids: UUIDv7 text, so that what was made later sorts later."""

import os
import time
from uuid import UUID


def uuid7() -> str:
    """A new UUIDv7 (RFC 9562) as text: 48 bits of milliseconds, then random ones."""
    milliseconds = time.time_ns() // 1_000_000
    random = int.from_bytes(os.urandom(10), "big")
    value = (milliseconds & (1 << 48) - 1) << 80 | 0x7 << 76 | (random >> 62 & 0xFFF) << 64 | 0b10 << 62
    return str(UUID(int=value | random & (1 << 62) - 1))
