"""What the rules say, in the simplest words: every accepted batch is kept, and all else is computed from scratch.

It shares no code with the service. The world hands it each request at the instant at which it reaches the server, and
compares its answer with the server's; at the end it compares what is shown.
"""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from mbox_ops.entities.writers import Batch, Writer
from mbox_ops.wire.encodings import unpack_floats, unpack_ints

EXCLUSIVE = ("scenario", "scenario_version", "source", "execution", "collection", "external_id")
RANKS = {"argument": 2, "orchestrator": 1, "guess": 0}


@dataclass
class Point:
    """A point as it is shown; `place` is its place among all that arrived."""

    step: int
    wallclock: int
    place: int
    value: float


@dataclass
class Accepted:
    """A batch that was stored."""

    writer: Writer
    batch: Batch
    points: dict[str, list[Point]]
    lost: int


@dataclass
class ModelRun:
    """A run with all that was ever accepted for it."""

    uid: str
    key: str | None
    accepted: list[Accepted] = field(default_factory=list)
    deletion: str | None = None

    def present(self, beyond: Writer | None = None) -> list[Accepted]:
        """What is not replaced, or would not be if `beyond` wrote."""
        newest: dict[str, int] = {}
        for writer in [*(a.writer for a in self.accepted), *([beyond] if beyond else [])]:
            newest[writer.origin] = max(writer.epoch, newest.get(writer.origin, 0))
        return [a for a in self.accepted if a.writer.epoch == newest[a.writer.origin]]


@dataclass
class ModelDeletion:
    """A deletion and what it took."""

    uid: str
    at: int
    purge_at: int
    runs: list[ModelRun]
    state: str


class Oracle:
    """The rules for one namespace."""

    def __init__(self) -> None:
        self.runs: list[ModelRun] = []
        self.deletions: dict[str, ModelDeletion] = {}
        self.stored: Counter[float] = Counter()  # values by the number of times they were accepted, ever
        self._place = 0

    def live(self) -> list[ModelRun]:
        """The runs that readers see."""
        return [run for run in self.runs if run.deletion is None]

    def judge(self, batch: Batch) -> str:
        """The answer to a batch, which is kept if it is `ok`."""
        writer = batch.writer
        assert writer is not None
        known = next((r for r in self.runs for a in r.accepted if a.writer.producer == writer.producer), None)
        run = known or self._named(batch)
        if self._is_buried(batch, writer, known):
            return "run_deleted"
        if run is None and batch.open is None:
            return "not_found"
        if run is not None:
            highest = max((a.writer.seq for a in run.accepted if a.writer.producer == writer.producer), default=0)
            if writer.seq <= highest:
                return "duplicate"
            if run.deletion is not None:
                return "run_deleted"
            if any(a.writer.origin == writer.origin and a.writer.epoch > writer.epoch for a in run.accepted):
                return "fenced"
            if _excluded(run.present(beyond=writer), Accepted(writer, batch, {}, 0)):
                return "conflict"
        else:
            highest, run = 0, self._made(batch)
        self._keep(run, writer, batch, writer.seq - highest - 1 + batch.lost)
        return "ok"

    def _named(self, batch: Batch) -> ModelRun | None:
        if batch.key is not None:
            return next((run for run in self.live() if run.key == batch.key), None)
        return next((run for run in self.runs if run.uid == batch.run_id), None)

    def _is_buried(self, batch: Batch, writer: Writer, known: ModelRun | None) -> bool:
        """Whether a gravestone refuses it: by the id always, by the key if the epoch is not after the deletion."""
        if known is not None:
            return False  # the run that it wrote to says more
        proposed = batch.run_id or (batch.open.run_id if batch.open else None)
        for deletion in self.deletions.values():
            if deletion.state == "UNDONE":
                continue
            for run in deletion.runs:
                if run.uid == proposed:
                    return True
                if batch.key is not None and run.key == batch.key and writer.epoch * 1000 <= deletion.at:
                    return True
        return False

    def _made(self, batch: Batch) -> ModelRun:
        assert batch.open is not None
        uid = batch.run_id or batch.open.run_id
        assert uid is not None
        run = ModelRun(uid, batch.key)
        self.runs.append(run)
        return run

    def _keep(self, run: ModelRun, writer: Writer, batch: Batch, lost: int) -> None:
        present = run.present(beyond=writer)
        points: dict[str, list[Point]] = {}
        steps = {name: points_of(present, name) for name in ("m", "n")}
        for block in batch.points:
            given = None if block.steps is None else unpack_ints(block.steps)
            values, width = list(unpack_floats(block.values)), len(block.names)
            for row, wall in enumerate(unpack_ints(block.wallclocks)):
                for at, name in enumerate(block.names):
                    self._place += 1
                    before = max((point.step for point in steps[name]), default=-1)
                    step = before + 1 if given is None else given[row]
                    value = values[row * width + at]
                    point = Point(step, wall, self._place, value)
                    points.setdefault(name, []).append(point)
                    steps[name].append(point)
                    self.stored[value] += 1
        run.accepted.append(Accepted(writer, batch, points, lost))

    def delete(self, uid: str, runs: list[ModelRun], *, at: int, purge_at: int, purge: bool) -> None:
        """Tombstone live runs."""
        self.deletions[uid] = ModelDeletion(uid, at, purge_at, runs, "PURGING" if purge else "TOMBSTONED")
        for run in runs:
            run.deletion = uid

    def undo(self, uid: str) -> str:
        """Bring back what a deletion took, if nothing that lives has its keys."""
        deletion = self.deletions[uid]
        taken = {run.key for run in self.live() if run.key is not None}
        if deletion.state != "TOMBSTONED" or any(run.key in taken for run in deletion.runs):
            return "conflict"
        deletion.state = "UNDONE"
        for run in deletion.runs:
            run.deletion = None
        return "ok"

    def purge(self, now: int) -> int:
        """Forget all but the gravestones of what is due."""
        finished = 0
        for deletion in self.deletions.values():
            if deletion.state == "PURGING" or (deletion.state == "TOMBSTONED" and deletion.purge_at <= now):
                deletion.state = "PURGED"
                finished += 1
                self.runs = [run for run in self.runs if run.deletion != deletion.uid]
        return finished


def points_of(accepted: list[Accepted], name: str) -> list[Point]:
    """A series as it is read."""
    found = [point for a in accepted for point in a.points.get(name, [])]
    return sorted(found, key=lambda point: (point.step, point.wallclock, point.place))


def _claims(accepted: Accepted) -> list[tuple[str, Any, int]]:
    """(name, value, rank) of what a batch claims."""
    opened = accepted.batch.open
    if opened is None:
        return []
    rank = 2 if opened.source is None else RANKS[opened.source.rank]
    scenario = 2 if opened.scenario_explicit else 1
    given = [
        ("name", opened.name, 1), ("scenario", opened.scenario, scenario),
        ("scenario_version", opened.scenario_version, scenario), ("execution", opened.execution, rank),
        ("source", None if opened.source is None else opened.source.name, rank),
        ("collection", opened.collection, 2), ("external_id", opened.external_id, 2),
    ]  # fmt: skip
    return [claim for claim in given if claim[1] is not None]


def _excluded(present: list[Accepted], new: Accepted) -> bool:
    explicit = {name: value for a in present for name, value, rank in _claims(a) if rank == 2 and name in EXCLUSIVE}
    return any(rank == 2 and explicit.get(name, value) != value for name, value, rank in _claims(new))


def _merged(target: Any, patch: Any) -> Any:
    if not isinstance(patch, dict):
        return patch
    kept = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        kept[key] = _merged(kept.get(key), value)
    return {key: value for key, value in kept.items() if value is not None}


def shown(run: ModelRun) -> dict[str, Any]:
    """All that readers see of a run."""
    present = run.present()
    best: dict[str, tuple[int, Any]] = {}
    view: dict[str, Any] = {"name": None, "moved": None, "status": "RUNNING"}
    parameters: dict[str, str] = {}
    tags: dict[str, str] = {}
    metadata: Any = {}
    for accepted in present:
        batch = accepted.batch
        for name, value, rank in _claims(accepted):
            if name not in best or best[name][0] < rank:
                best[name] = (rank, value)
        view["name"] = batch.name or view["name"]
        view["moved"] = batch.collection or view["moved"]
        view["status"] = batch.state or view["status"]
        parameters |= batch.parameters
        tags |= batch.tags
        for change in batch.metadata:
            metadata = _merged(metadata, change.document)
    claimed = {name: value for name, (_, value) in best.items()}
    source = claimed.get("source")
    return {
        "key": run.key,
        "name": view["name"] or claimed.get("name") or run.uid,
        "scenario": claimed.get("scenario") or source or "default",
        "collection": view["moved"] or claimed.get("collection") or source or "default",
        **{name: claimed.get(name) for name in ("scenario_version", "execution", "external_id")},
        "pipeline": source,
        "status": view["status"],
        "parameters": parameters,
        "tags": tags,
        "metadata": metadata,
        "events": sorted(event.name for a in present for event in a.batch.events),
        "points": {
            name: [(point.step, point.value) for point in points]
            for name in ("m", "n") if (points := points_of(present, name))
        },
        "lost": sum(a.lost for a in present),
        "writers": len({a.writer.producer for a in present}),
    }  # fmt: skip
