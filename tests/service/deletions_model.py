"""What should be there after runs were written, deleted, brought back and purged: plain lists."""

from dataclasses import dataclass, field

from mbox_ops.entities.deletions import Counts, Deletion
from tests.service.services import DAY


@dataclass
class Run:
    """A run as it should be."""

    uid: str
    key: str | None
    scenario: str
    made_at: int
    written_at: int
    ended: bool
    kept: bool = False
    points: int = 0
    checkpoints: dict[int, int] = field(default_factory=dict)  # epochs, and how many points each has
    files: list[bytes] = field(default_factory=list)
    deletion: str | None = None

    def is_alive(self, now: int) -> bool:
        """Whether rules and deletions take it for alive."""
        return not self.ended and self.written_at > now - 7 * DAY


@dataclass
class Done:
    """A deletion as it should be."""

    uid: str
    runs: list[Run]
    purge_at: int
    state: str


@dataclass
class Stone:
    """What refuses zombies: by the id always, by the key if they began before."""

    deletion: str
    uid: str | None
    key: str | None
    at: int


@dataclass
class Model:
    """Everything that should be there."""

    runs: list[Run] = field(default_factory=list)
    deletions: list[Done] = field(default_factory=list)
    stones: list[Stone] = field(default_factory=list)
    uploads: dict[bytes, int] = field(default_factory=dict)  # contents, and when they were uploaded

    def live(self) -> list[Run]:
        """What can be read."""
        return [run for run in self.runs if run.deletion is None]

    def delete(self, done: Deletion, runs: list[Run], now: int, *, purge: bool) -> None:
        """Take runs out."""
        for run in runs:
            run.deletion = done.id
            self.stones.append(Stone(done.id, run.uid, run.key, now))
        state, at = ("PURGING", now) if purge else ("TOMBSTONED", now + 7 * DAY)
        self.deletions.append(Done(done.id, runs, at, state))

    def undo(self, done: Done, suffix: str | None) -> str:
        """Bring them back, if their keys are free or get free by the suffix."""
        taken = {run.key for run in self.live()} - {None}
        renamed = {run.uid: (run.key or "") + suffix for run in done.runs if run.key in taken} if suffix else {}
        back = [renamed.get(run.uid, run.key) for run in done.runs]
        named = [key for key in back if key is not None]
        if done.state != "TOMBSTONED" or taken & set(named) or len(set(named)) < len(named):
            return "conflict"
        self.stones = [s for s in self.stones if s.deletion != done.uid or s.uid in renamed]
        for stone in self.stones:
            stone.uid = None if stone.deletion == done.uid else stone.uid
        for run, key in zip(done.runs, back, strict=True):
            run.deletion, run.key = None, key
        done.state = "UNDONE"
        return "ok"

    def purge(self, done: Done) -> None:
        """Drop its runs for good."""
        done.state = "PURGED"
        self.runs = [run for run in self.runs if run.deletion != done.uid]


def counted(runs: list[Run]) -> dict[str, Counts]:
    """What is told of these runs, by scenario."""
    return {
        name: Counts(
            runs=len(some),
            checkpoints=sum(len(run.checkpoints) for run in some),
            points=sum(run.points + sum(run.checkpoints.values()) for run in some),
            artifacts=sum(len(run.files) for run in some),
            bytes=sum(len(file) for run in some for file in run.files),
        )
        for name in sorted({run.scenario for run in runs})
        if (some := [run for run in runs if run.scenario == name])
    }
