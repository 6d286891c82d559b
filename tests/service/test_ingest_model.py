"""Random histories of attempts, ranks, zombies and resends, against a model that keeps every accepted batch."""

import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from mbox_ops.entities.metrics import Block, HistoryQuery
from mbox_ops.entities.runs import OpenRun, Run, Source
from mbox_ops.entities.writers import Batch, MetadataOp, Writer
from mbox_ops.errors import Conflict, Fenced, MboxError
from mbox_ops.service.service import Service
from mbox_ops.store import attributes, subjects
from mbox_ops.store.database import Database
from mbox_ops.store.tables import attributes as attributes_table
from mbox_ops.store.tables import names
from mbox_ops.wire.encodings import pack_floats, pack_ints, unpack_floats, unpack_ints
from tests.service.services import ANN, NOON, HandClock

EPOCH = NOON // 1000
EXCLUSIVE = ("scenario", "scenario_version", "source", "execution", "collection", "external_id")
ENDS = ("FINISHED", "FAILED", "KILLED")

few = st.sampled_from(["a", "b", "c"])
leaf = st.sampled_from([None, 1, 2.5, "text", "x.y", True, [1, {"a": "in"}], []])
value = st.recursive(leaf, lambda inner: st.dictionaries(few, inner, max_size=2), max_leaves=4)
document = st.dictionaries(few, value, max_size=3)
change = st.one_of(
    document.map(lambda d: MetadataOp(op="merge", document=d)),
    st.builds(lambda k, v: MetadataOp(op="set", key=k, value=v), few, value),
    document.map(lambda d: MetadataOp(op="replace", document=d)),
)
ranks = st.sampled_from(["argument", "orchestrator", "guess"])
sources = st.builds(lambda name, rank: Source(kind="pipeline", name=name, rank=rank), few, ranks)


def maybe(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Mostly nothing."""
    return st.one_of(st.none(), st.none(), strategy)


openings = st.builds(
    OpenRun, name=maybe(few), scenario=maybe(few), scenario_explicit=st.booleans(), scenario_version=maybe(few),
    source=maybe(sources), execution=maybe(few), collection=maybe(few), external_id=maybe(few),
    owner=st.sampled_from(["", "", "ann", "bob"]), started_at=maybe(st.integers(1, 9)), lease=st.booleans(),
)  # fmt: skip
parts = st.fixed_dictionaries(
    {},
    optional={
        "open": openings,
        "parameters": st.dictionaries(few, st.sampled_from([1, 0.5, "7", "text", True, [1], {"a": 1}]), max_size=2),
        "tags": st.dictionaries(few, few, max_size=2),
        "labels": st.dictionaries(few, leaf, max_size=2),
        "metadata": st.lists(change, max_size=2),
        "points": st.lists(st.integers(0, 3), min_size=1, max_size=3),
        "name": few,
        "collection": few,
        "state": st.sampled_from(["FINISHED", "FAILED", "LOST"]),
        "lease": st.just(True),
    },
)
# Who writes (origin, which of its attempts, which of the attempt's processes), and how far the sequence number jumps:
# 0 resends the last one.
steps = st.tuples(
    st.sampled_from("xyz"), st.integers(0, 2), st.integers(0, 1), st.sampled_from([1, 1, 1, 1, 0, 2]), parts
)


class Model:
    """Every accepted batch of one run, and what the run is shown as, computed from scratch."""

    def __init__(self, run_id: str) -> None:
        self.run_id = run_id
        self.batches: list[tuple[Writer, dict[str, Any]]] = []

    def judge(self, writer: Writer, given: dict[str, Any]) -> type[MboxError] | str:
        """What the answer must be."""
        if writer.seq <= max((w.seq for w, _ in self.batches if w.producer == writer.producer), default=0):
            return "duplicate"
        if any(w.origin == writer.origin and w.epoch > writer.epoch for w, _ in self.batches):
            return Fenced
        survivors = [(w, g) for w, g in self.present() if w.origin != writer.origin or w.epoch >= writer.epoch]
        standing = {c[0]: c[1] for c in claims(survivors) if c[2] == 2 and c[0] in EXCLUSIVE}
        for name, claimed, rank, _ in claims([(writer, given)]):
            if rank == 2 and standing.get(name, claimed) != claimed:
                return Conflict
        self.batches.append((writer, given))
        return "ok"

    def present(self) -> list[tuple[Writer, dict[str, Any]]]:
        """The batches of each origin's newest epoch."""
        newest: dict[str, int] = {}
        for writer, _ in self.batches:
            newest[writer.origin] = max(writer.epoch, newest.get(writer.origin, 0))
        return [(w, g) for w, g in self.batches if w.epoch == newest[w.origin]]

    def shown(self) -> dict[str, Any]:
        """Everything that readers see."""
        present = self.present()
        best: dict[str, Any] = {}
        for name, claimed, *_ in sorted(claims(present), key=lambda c: (-c[2], c[3])):
            best.setdefault(name, claimed)
        last: dict[str, Any] = {}
        for _, g in present:
            last |= {key: g[key] for key in ("name", "collection") if key in g}
        source = best.get("source", (None, None))[1]
        state = self.state(present)
        return {
            "name": last.get("name", best.get("opened_as", self.run_id)),
            "scenario": best.get("scenario", source or "default"),
            "collection": last.get("collection", best.get("collection", source or "default")),
            "is_default": "collection" not in last and "collection" not in best,
            "scenario_version": best.get("scenario_version"),
            "pipeline": source,
            "execution": best.get("execution"),
            "external_id": best.get("external_id"),
            "owner": best.get("owner", ""),
            "started_at": best.get("started_at"),
            "status": state,
            "parameters": {k: v for _, g in present for k, v in g.get("parameters", {}).items()},
            "tags": {k: v for _, g in present for k, v in g.get("tags", {}).items()},
            "labels": {k: v for _, g in present for k, v in g.get("labels", {}).items()},
            "metadata": folded(change for _, g in present for change in g.get("metadata", [])),
            "points": sorted(
                (step, arrival) for arrival, (_, g) in enumerate(present) for step in g.get("points", [])
            ),
            "lost": sum(writer_losses(present).values()),
        }  # fmt: skip

    @staticmethod
    def state(present: list[tuple[Writer, dict[str, Any]]]) -> str:
        """The last explicit end, else whether it was given up after the last renewal."""
        shown, given_up = "RUNNING", False
        for _, g in present:
            state = g.get("state")
            if state in ENDS:
                shown = state
            elif state == "LOST":
                given_up = True
            elif g.get("lease") or ("open" in g and g["open"].lease):
                given_up = False
        return shown if shown != "RUNNING" or not given_up else "LOST"


def writer_losses(present: list[tuple[Writer, dict[str, Any]]]) -> dict[str, int]:
    """By producer, how many sequence numbers never came."""
    highest: dict[str, int] = {}
    count: dict[str, int] = {}
    for w, _ in present:
        highest[w.producer] = max(w.seq, highest.get(w.producer, 0))
        count[w.producer] = count.get(w.producer, 0) + 1
    return {producer: highest[producer] - count[producer] for producer in highest}


def claims(batches: list[tuple[Writer, dict[str, Any]]]) -> list[tuple[str, Any, int, int]]:
    """(name, value, rank, place) of every claim."""
    found = []
    ranks = {"argument": 2, "orchestrator": 1, "guess": 0}
    for place, (_, g) in enumerate(batches):
        if (o := g.get("open")) is None:
            continue
        scenario = 2 if o.scenario_explicit else 1
        source = None if o.source is None else (o.source.kind, o.source.name)
        rank = ranks[o.source.rank] if o.source else 2
        given = [
            ("opened_as", o.name, 1), ("scenario", o.scenario, scenario), ("source", source, rank),
            ("scenario_version", o.scenario_version, scenario), ("execution", o.execution, rank),
            ("collection", o.collection, 2), ("external_id", o.external_id, 2), ("owner", o.owner or None, 1),
            ("started_at", o.started_at, 1),
        ]  # fmt: skip
        found += [(name, claimed, rank, place) for name, claimed, rank in given if claimed is not None]
    return found


def folded(changes: Any) -> dict[str, Any]:
    """RFC 7386, as its text says it."""

    def merge(target: Any, patch: Any) -> Any:
        if not isinstance(patch, dict):
            return patch
        target = dict(target) if isinstance(target, dict) else {}
        for key, inner in patch.items():
            if inner is None:
                target.pop(key, None)
            else:
                target[key] = merge(target.get(key), inner)
        return target

    found: dict[str, Any] = {}
    for c in changes:
        if c.op == "merge":
            found = merge(found, c.document)
        elif c.op == "set":
            found = {**found, c.key: c.value}
        else:
            found = dict(c.document)
    return found


def seen(service: Service, run: Run) -> dict[str, Any]:
    """What readers see, in the model's words."""
    hidden = {"start", "end"}
    texts = {"1": 1, "0.5": 0.5, "true": True, "[1]": [1], '{"a":1}': {"a": 1}}
    found = service.metrics.history(ANN, run.id, HistoryQuery(limit=None))
    points = [
        (step, value)
        for history in found
        for step, value in zip(unpack_ints(history.steps), unpack_floats(history.values), strict=True)
    ]
    return {
        "name": run.name, "scenario": run.scenario, "collection": run.run_collection,
        "is_default": run.run_collection_is_default, "scenario_version": run.scenario_version,
        "pipeline": run.pipeline, "execution": run.execution, "external_id": run.external_id, "owner": run.owner,
        "status": run.status,
        "parameters": {
            k: v if run.parameter_types[k] == "string" else texts[v]
            for k, v in run.parameters.items() if k not in hidden
        },
        "tags": {k: v for k, v in run.tags.items() if k != "runName"},
        "labels": run.labels,
        "metadata": service.metadata.get(ANN, run.id),
        "points": [step for step, _ in points],
        "lost": run.lost,
    }  # fmt: skip


def searched(database: Database, run: Run, metadata: dict[str, Any]) -> tuple[Any, Any]:
    """The attribute rows of a run, and what they should be."""
    with database.read() as conn:
        subject = subjects.find(conn, uid=run.id)
        assert subject is not None
        a = attributes_table.c
        query = select(a.kind, names.c.name, a.ordinal, a.type, a.num, a.text, a.text_start)
        rows = conn.execute(
            query.join(names, names.c.id == a.name_id).where(a.subject_id == subject.id)
        ).all()  # fmt: skip
    wanted = {("parameter", k): attributes.of_parameter(v, run.parameter_types[k]) for k, v in run.parameters.items()}
    wanted |= {("tag", k): attributes.of_tag(v) for k, v in run.tags.items()}
    wanted |= {("metadata", k): v for k, v in attributes.of_document(metadata).items()}
    for system in (("parameter", "start"), ("parameter", "end"), ("tag", "runName")):
        wanted.pop(system, None)
    flat = [(*key, *v, None if v.text is None else v.text[:200]) for key, some in wanted.items() for v in some]
    return sorted(map(tuple, rows), key=str), sorted(flat, key=str)


def block(series: list[int], number: int) -> Block:
    """A point at each of these steps; the value says which batch it came from."""
    at = pack_ints([NOON] * len(series))
    return Block(names=["m"], steps=pack_ints(series), wallclocks=at, values=pack_floats([float(number)] * len(series)))


@pytest.fixture(params=["sqlite", "postgresql"], scope="module")
def database(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """One database for all histories; each has a run of its own."""
    folder: Path = tmp_path_factory.mktemp("model")
    postgres: Callable[[], str] | None = None
    if request.param == "postgresql":
        postgres = request.getfixturevalue("postgres_url")
    with Database(postgres() if postgres else f"sqlite:///{folder / 'mbox.db'}") as opened:
        if postgres is None:  # what a power cut does is not asked here
            event.listen(
                opened._engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous = OFF")
            )
        opened.upgrade()
        yield opened


PHASES = [Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink]  # to explain a failure it would trace every line


@given(history=st.lists(steps, min_size=1, max_size=14))
@settings(max_examples=100, deadline=None, phases=PHASES, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_run_is_what_its_present_writers_said(database: Database, history: list[Any]) -> None:
    """Whatever was resent, replaced, refused or lost on the way; and search finds exactly what is shown."""
    clock = HandClock()
    service = Service(database, clock=clock)
    run_id = service.batches.write(
        ANN, Batch(writer=Writer(origin="maker", epoch=EPOCH, producer=secrets.token_hex(16), seq=1), open=OpenRun())
    ).run_id
    model = Model(run_id)
    producers: dict[tuple[str, int, int], str] = {}
    numbers: dict[str, int] = {}
    for number, (origin, attempt, process, jump, given_parts) in enumerate(history):
        producer = producers.setdefault((origin, attempt, process), secrets.token_hex(16))
        seq = numbers.get(producer, 0) + jump
        if seq == 0:
            continue
        writer = Writer(origin=origin, epoch=EPOCH + attempt, producer=producer, seq=seq)
        sent = {
            **given_parts,
            **({"points": [block(given_parts["points"], number)]} if "points" in given_parts else {}),
        }
        clock.forward(seconds=1)
        expected = model.judge(writer, given_parts)
        batch = Batch(run_id=run_id, writer=writer, **sent)
        if isinstance(expected, str):
            assert service.batches.write(ANN, batch).status == expected
            numbers[producer] = max(seq, numbers.get(producer, 0))
        else:
            with pytest.raises(expected):
                service.batches.write(ANN, batch)
    run = service.runs.get(ANN, run_id)
    wanted = model.shown()
    started_at = wanted.pop("started_at")
    wanted["points"] = [step for step, _ in wanted["points"]]
    found = seen(service, run)
    assert found == wanted
    if started_at is not None:
        assert run.started_at.microsecond == started_at
    assert (run.ended_at is not None) == (run.status in ENDS)
    rows, flat = searched(database, run, found["metadata"])
    assert rows == flat
