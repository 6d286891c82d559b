"""What an error means for a batch, and how long to wait: the sender's judgement, apart from everything that acts."""

import enum
import random
from collections.abc import Callable

from mbox_ops.errors import Forbidden, MboxError, MethodNotAllowed, Unauthenticated
from mbox_ops.wire.status import FINAL, RETRYABLE

DENIED_PAUSE = 30.0
LONGEST_RETRY_AFTER = 60.0


class Verdict(enum.Enum):
    """What to do with a batch that was not stored."""

    WAIT = enum.auto()
    """The same batch may go through later."""
    DENIED = enum.auto()
    """It may go through with another token."""
    REFUSED = enum.auto()
    """It will never be taken; those behind it may be."""
    OVER = enum.auto()
    """Nothing of this producer will ever be taken again."""


def judge(error: MboxError) -> Verdict:
    """The verdict that an error stands for.

    >>> from mbox_ops.errors import Fenced, InvalidRequest, Unavailable
    >>> [judge(error("...")).name for error in (Unavailable, InvalidRequest, Fenced)]
    ['WAIT', 'REFUSED', 'OVER']
    """
    if error.code in FINAL:
        return Verdict.OVER
    if isinstance(error, (Unauthenticated, Forbidden)):
        return Verdict.DENIED
    if error.code in RETRYABLE or isinstance(error, MethodNotAllowed):  # 405: the address is not the service's
        return Verdict.WAIT
    return Verdict.REFUSED


# Never the generator of the `random` module: a script that has seeded it must draw what it would draw without us.
draw_apart: Callable[[], float] = random.SystemRandom().random


class Backoff:
    """Growing pauses with jitter, so that many clients do not come back in step.

    Args:
        draw: gives a random number from 0 to 1.
        first: seconds of the first pause.
        longest: seconds, unless the server asks for more (`Retry-After`), or fails in itself (five times as many).
    """

    def __init__(self, draw: Callable[[], float] = draw_apart, *, first: float = 0.1, longest: float = 1.5) -> None:
        self._draw = draw
        self._first = first
        self._longest = longest
        self.failures = 0

    def succeed(self) -> None:
        """Begin with short pauses again."""
        self.failures = 0

    def fail(self, error: MboxError) -> float:
        """The seconds to wait after one more failure."""
        self.failures += 1
        longest = self._longest * 5 if error.code == "internal" else self._longest
        pause = min(self._first * 2.0 ** min(self.failures - 1, 30), longest)
        if judge(error) is Verdict.DENIED:
            pause = DENIED_PAUSE
        pause *= 0.5 + self._draw() / 2
        asked = error.details.get("retry_after")
        if isinstance(asked, (int, float)):
            return max(pause, min(float(asked), LONGEST_RETRY_AFTER) * (1 + self._draw() / 10))
        return pause
