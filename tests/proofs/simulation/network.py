"""The network between simulated processes and the server, and the clock that they all share."""

from collections.abc import Callable
from typing import Protocol

from mbox_ops.client.clock import Clock
from mbox_ops.entities.writers import BatchResult
from mbox_ops.errors import Unavailable
from mbox_ops.service.clock import Clock as ServerClock

NOON = 1_780_000_000_000_000  # microseconds since 1970 UTC


class HostClock(Clock):
    """The clock of the host on which all simulated processes run; nobody waits for real."""

    def __init__(self) -> None:
        self.at = 1_000.0
        self.boot = "boot"
        self.wall = lambda: NOON / 1_000_000 + self.at
        self.monotonic = lambda: self.at
        self.sleep = self.forward

    def forward(self, seconds: float) -> None:
        """Let time pass."""
        self.at += seconds

    def age(self) -> int:
        """Microseconds since the boot."""
        return int(self.at * 1_000_000)


class SimulatedServerClock(ServerClock):
    """The server's clock, a little behind the host's, until somebody sets it.

    Attributes:
        skew: microseconds before the host's clock.
    """

    skew = -3_000_000

    def __init__(self, host: HostClock) -> None:
        super().__init__()
        self._host = host

    def read(self) -> int:
        """Microseconds since 1970 UTC."""
        return NOON + self._host.age() + self.skew


class ProcessKilled(BaseException):
    """A simulated process dies in the middle of what it does; no code of it may catch this."""


class Server(Protocol):
    """What the network carries requests to."""

    def receive(self, body: bytes) -> BatchResult:
        """A batch."""

    def time(self) -> int:
        """The server's instant."""


class Wire:
    """One process's way to the server. A fate is drawn for every request.

    Args:
        server: answers.
        fate: what becomes of a request.
        meanwhile: lets others act while a request or its reply is under way.
        later: takes a copy of a request that arrives some time.
        clock: the host's.
    """

    def __init__(
        self, server: Server, fate: Callable[[], str], meanwhile: Callable[[], None],
        later: Callable[[bytes], None], clock: HostClock,
    ) -> None:  # fmt: skip
        self._server, self._fate, self._meanwhile, self._later, self._clock = server, fate, meanwhile, later, clock

    def send(self, body: bytes) -> BatchResult:
        """Send a batch, and suffer its fate."""
        fate = self._fate()
        if fate == "drop request":
            raise _gone(fate)
        if fate == "delay":
            self._later(body)
            raise _gone("the request is still under way")
        if fate == "die before":
            self._later(body)
            raise ProcessKilled
        if fate == "double":
            self._later(body)
        if fate == "slow request":
            self._meanwhile()
        answer = self._server.receive(body)
        if fate == "slow reply":
            self._meanwhile()
        if fate == "drop reply":
            raise _gone(fate)
        if fate == "die after":
            raise ProcessKilled
        return answer

    def time(self) -> int:
        """Ask for the time."""
        fate = self._fate()
        if fate.startswith("drop"):
            raise _gone(fate)
        if fate.startswith("slow"):
            self._clock.forward(1.5)
        return self._server.time()


def _gone(why: str) -> Unavailable:
    return Unavailable(f"Simulated: {why}.", unreachable=True)
