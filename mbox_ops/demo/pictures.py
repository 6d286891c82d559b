"""Pictures without a library for pictures: PNGs of up to 256 colours."""

import struct
import zlib

import numpy as np
from numpy.typing import NDArray

Colors = NDArray[np.uint8]
CELL = 120  # pixels
STROKE = 6
PAPER, GRID, INK = 0, 1, 2
SHADES = 64
# Digits of 3 x 5 squares: each row is three bits.
DIGITS = ("75557", "26227", "71747", "71717", "55711", "74717", "74757", "71111", "75757", "75717")


def png(palette: Colors, pixels: Colors) -> bytes:
    """A PNG file.

    Args:
        palette: up to 256 colours, each red, green and blue: (colours, 3).
        pixels: the number of each pixel's colour: (rows, columns).
    """
    rows, columns = pixels.shape
    lines = np.hstack([np.zeros((rows, 1), np.uint8), pixels])  # in front of each row: it is not filtered
    header = struct.pack(">IIBBBBB", columns, rows, 8, 3, 0, 0, 0)
    parts = (
        (b"IHDR", header), (b"PLTE", palette.tobytes()), (b"IDAT", zlib.compress(lines.tobytes(), 9)), (b"IEND", b""),
    )  # fmt: skip
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in parts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def confusion_picture(counts: NDArray[np.int64]) -> bytes:
    """A confusion matrix as a PNG: a row for each true class, a column for each that was predicted; dark is much."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    shades = np.linspace((236, 242, 250), (24, 78, 150), SHADES)
    palette = np.vstack([[(255, 255, 255), (120, 130, 145), (20, 24, 32)], shades]).astype(np.uint8)
    tints = (INK + 1 + np.rint(shares * (SHADES - 1))).astype(np.uint8)
    pixels = np.repeat(np.repeat(tints, CELL, axis=0), CELL, axis=1)
    pixels[::CELL] = GRID
    pixels[:, ::CELL] = GRID
    for (row, column), count in np.ndenumerate(counts):
        cell = pixels[row * CELL : (row + 1) * CELL, column * CELL : (column + 1) * CELL]
        _write(cell, str(count), PAPER if shares[row, column] > 0.5 else INK)
    return png(palette, pixels)


def _write(cell: Colors, number: str, color: int) -> None:
    """Write a number into the middle of a cell."""
    rows = [" ".join(f"{int(DIGITS[int(digit)][row]):03b}" for digit in number) for row in range(5)]
    bits = np.array([[square == "1" for square in row] for row in rows])
    drawn = np.repeat(np.repeat(bits, STROKE, axis=0), STROKE, axis=1)
    top, left = ((whole - part) // 2 for whole, part in zip(cell.shape, drawn.shape, strict=True))
    cell[top : top + drawn.shape[0], left : left + drawn.shape[1]][drawn] = color
