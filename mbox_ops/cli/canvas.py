"""Lines drawn in braille: each character of the terminal is two dots wide and four dots high."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))  # of a braille character, by row and column
BLANK = 0x2800

Dot = tuple[int, int]


class Cell(NamedTuple):
    """A character, and the line that was drawn in it last; None where there is nothing."""

    character: str
    line: int | None


class Canvas:
    """Dots on `width` by `height` characters; (0, 0) is the dot at the lower left."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width * 2, height * 4
        self._dots = [[0] * width for _ in range(height)]
        self._lines: list[list[int | None]] = [[None] * width for _ in range(height)]
        self._marks: dict[tuple[int, int], str] = {}

    def draw(self, points: Sequence[Dot], line: int) -> None:
        """Join dots in their order."""
        for start, end in zip(points, points[1:] or points, strict=False):
            for x, y in _between(start, end):
                row, down = divmod(self.height - 1 - y, 4)
                self._dots[row][x // 2] |= DOTS[down][x % 2]
                self._lines[row][x // 2] = line

    def mark(self, point: Dot, character: str, line: int) -> None:
        """Put a character where a dot is."""
        row, column = (self.height - 1 - point[1]) // 4, point[0] // 2
        self._marks[row, column] = character
        self._lines[row][column] = line

    def rows(self) -> Iterable[list[Cell]]:
        """The characters, row by row from the top."""
        for row, (dots, lines) in enumerate(zip(self._dots, self._lines, strict=True)):
            shown = (self._marks.get((row, column)) or _braille(dot) for column, dot in enumerate(dots))
            yield [Cell(character, line) for character, line in zip(shown, lines, strict=True)]


def _braille(dots: int) -> str:
    return chr(BLANK + dots) if dots else " "


def _between(start: Dot, end: Dot) -> Iterator[Dot]:
    """The dots of a straight line, both ends included."""
    (x, y), (to_x, to_y) = start, end
    steps = max(abs(to_x - x), abs(to_y - y)) or 1
    for step in range(steps + 1):
        yield x + round((to_x - x) * step / steps), y + round((to_y - y) * step / steps)
