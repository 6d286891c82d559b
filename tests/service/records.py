"""The records of the search tests as runs of a service, and the same questions asked of both."""

import json
import secrets
from collections.abc import Sequence
from typing import Any

import msgspec
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from mbox_ops.entities.instants import to_microseconds
from mbox_ops.entities.metrics import Block
from mbox_ops.entities.runs import MLFramework, OpenRun, Run, RunQuery, Source
from mbox_ops.entities.writers import Batch, MetadataOp
from mbox_ops.search.parser import show
from mbox_ops.search.tree import Filter, SortKey
from mbox_ops.service.access import Actor
from mbox_ops.service.service import Service
from mbox_ops.wire.encodings import pack_floats, pack_ints
from tests.search import naive
from tests.search.naive import Record
from tests.search.strategies import filters, orders, records
from tests.service.services import actor


def drawn(strategy: SearchStrategy[Any], count: int, number: int) -> list[Any]:
    """So many values of a strategy, the same ones for the same number."""
    found: list[Any] = []

    @seed(number)
    @settings(
        max_examples=count, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(strategy)
    def collect(value: Any) -> None:
        found.append(value)

    collect()
    return found


RUNS = 30


class Runs:
    """Records, written as the runs of a namespace; each with its run's id."""

    def __init__(self, service: Service, by: Actor, records: Sequence[Record]) -> None:
        self.service, self.by = service, by
        self.records: dict[str, Record] = {}
        for record in records:
            self.add(record)

    def add(self, record: Record) -> str:
        """Write a run; its columns, and its parameters as text, are those that are read back."""
        run_id = self.service.batches.write(self.by, batch_of(record)).run_id
        self.records[run_id] = read_back(self.service.runs.get(self.by, run_id), record)
        return run_id

    def expected(self, tree: Filter | None, keys: Sequence[SortKey]) -> list[str]:
        """The ids of the runs that meet a filter, in order."""
        found = [
            (record, run_id) for run_id, record in self.records.items() if tree is None or naive.holds(tree, record)
        ]
        if keys[0].descending:
            found.reverse()
        ids = {id(record): run_id for record, run_id in found}
        return [ids[id(record)] for record in naive.ordered([record for record, _ in found], keys)]

    def walked(self, query: RunQuery) -> list[str]:
        """The ids of the runs on all pages of a query."""
        found: list[str] = []
        while True:
            page = self.service.runs.list(self.by, query)
            found += [run.id for run in page.items]
            if page.next is None:
                return found
            query = RunQuery(filter=query.filter, sort=query.sort, limit=query.limit, cursor=page.next)


def filled(service: Service, sets: int) -> list[Runs]:
    """Namespaces, each with records of its own."""
    found = []
    for number in range(sets):
        by = actor(f"ns-{secrets.token_hex(4)}")
        found.append(Runs(service, by, drawn(records(), RUNS, number)))
    return found


def check(sets: list[Runs], examples: int) -> None:
    """Ask so many queries of the records, and compare with the naive reading."""

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data(), filters(), orders())
    def ask(data: st.DataObject, tree: Filter, keys: tuple[SortKey, ...]) -> None:
        runs = sets[data.draw(st.integers(0, len(sets) - 1))]
        expected = runs.expected(tree, keys)
        limit = data.draw(st.integers(max(1, len(expected) // 5), RUNS))
        query = RunQuery(filter=show(tree), sort=sort_text(keys), limit=limit)
        assert runs.walked(query) == expected
        if data.draw(st.integers(0, 4)) == 0:
            assert runs.service.runs.list(runs.by, msgspec.structs.replace(query, total=True)).total == len(expected)

    ask()


def sort_text(keys: Sequence[SortKey]) -> str:
    """An order as people write it."""
    return ",".join(("-" if key.descending else "") + show(key.field) for key in keys)


def batch_of(record: Record) -> Batch:
    """The batch that makes a run of a record."""
    columns: dict[str, Any] = dict(record.columns)
    kind = next((kind for kind in ("pipeline", "notebook") if columns.get(kind)), None)
    status, ended_at = columns.pop("status", "RUNNING"), columns.pop("ended_at", None)
    given = {name: columns[name] for name in OpenRun.__struct_fields__ if columns.get(name) is not None}
    if kind is not None:
        given["source"] = Source(kind=kind, name=columns[kind])
    if "framework" in given:
        given["framework"] = MLFramework(given["framework"])
    return Batch(
        open=OpenRun(**given),
        state=None if status == "RUNNING" else status,
        at=ended_at,
        parameters={name: _typed(*value) for name, value in record.parameters.items()},
        tags=record.tags,
        metadata=[MetadataOp(op="replace", document=record.metadata)],
        points=[_block(name, points) for name, points in record.metrics.items()],
    )


def read_back(run: Run, record: Record) -> Record:
    """The record with what only the service knows."""
    ended = None if run.ended_at is None else to_microseconds(run.ended_at)
    started = to_microseconds(run.started_at)
    columns = {
        "id": run.id, "key": run.key, "name": run.name, "status": run.status, "owner": run.owner,
        "external_id": run.external_id, "framework": None if run.framework is None else run.framework.name,
        "task": run.task, "scenario": run.scenario, "scenario_version": run.scenario_version, "pipeline": run.pipeline,
        "notebook": run.notebook, "execution": run.execution, "collection": run.run_collection,
        "started_at": started, "ended_at": ended, "created_at": to_microseconds(run.created_at),
        "updated_at": to_microseconds(run.updated_at),
        "duration_seconds": None if ended is None else (ended - started) / 1e6,
    }  # fmt: skip
    parameters = {name: (text, run.parameter_types[name]) for name, text in run.parameters.items()}
    return Record(columns, parameters, record.tags, record.metadata, record.metrics)


def _typed(text: str, kind: str) -> Any:
    return text if kind == "string" else json.loads(text)


def _block(name: str, points: Sequence[Any]) -> Block:
    steps = pack_ints(range(len(points)))
    if isinstance(points[0], str):
        return Block(names=[name], kind="string", steps=steps, values=list(points))
    return Block(names=[name], steps=steps, values=pack_floats(points))
