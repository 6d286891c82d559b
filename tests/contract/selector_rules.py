"""The rules of what may be deleted together, as one table that is tried at every door.

A door is a function that is given the arguments of `delete_runs` and answers None, or the text of the refusal. A row
that a door has no words for names the doors it is for.
"""

import secrets
from collections.abc import Callable
from typing import Any, NamedTuple

from mbox_ops.client.client import Client
from mbox_ops.entities.deletions import Deletion

Ask = Callable[[dict[str, Any]], str | None]

# The runs: each has its name, and is ended unless it is alive.
RUNS: dict[str, dict[str, Any]] = {
    "a1": {"scenario": "a", "scenario_version": "1", "pipeline": "p", "execution": "e", "lr": 0.1},
    "a2": {"scenario": "a", "scenario_version": "2", "notebook": "n", "lr": 0.9},
    "a kept": {"scenario": "a", "pipeline": "p", "tags": {"mbox.keep": "true"}},
    "b1": {"scenario": "b", "pipeline": "p", "execution": "e", "lr": 0.1},
    "b2": {"scenario": "b", "notebook": "n"},
    "c1": {"scenario": "c"},
    "alive": {"scenario": "c"},
}
A, B = {"a1", "a2", "a kept"}, {"b1", "b2"}


class Row(NamedTuple):
    """What is asked for, and what goes or why nothing does.

    Attributes:
        given: arguments of `delete_runs`; `{name}` stands for the id of a run or of a scenario.
        gone: the names of the runs that go, or a part of the refusal.
        spared: protected runs that would have gone too, or do.
        not_found: scenarios that were named and are not there.
        not_at: doors that cannot say this.
    """

    given: dict[str, Any]
    gone: set[str] | str
    spared: int = 0
    not_found: tuple[str, ...] = ()
    not_at: tuple[str, ...] = ()


TAKEN = [
    Row({"scenario": "a"}, A, spared=1),
    Row({"scenario": "{a}"}, A, spared=1),
    Row({"scenario": "a, b"}, A | B, spared=1),
    Row({"scenario": ["a", "b"]}, A | B, spared=1),
    Row({"scenario": ["a", "a"]}, A, spared=1),
    Row({"scenario": ["b", "nobody"]}, B, not_found=("nobody",)),
    Row({"scenario": "nobody"}, set(), not_found=("nobody",)),
    Row({"scenario": []}, set(), not_at=("mbox", "kfp")),
    Row({"scenario": ["a", "a"], "pipeline": "p"}, {"a1", "a kept"}, spared=1, not_at=("kfp",)),
    Row({"scenario": "a", "pipeline": "p", "execution": "e"}, {"a1"}),
    Row({"scenario": "a", "pipeline": "nobody's"}, set()),
    Row({"scenario_version": "1"}, {"a1"}),
    Row({"pipeline": "p"}, {"a1", "b1"}, spared=1),
    Row({"execution": "e"}, {"a1", "b1"}),
    Row({"scenario": "b", "notebook": "n"}, {"b2"}),
    Row({"run": "{a2}", "notebook": "n"}, {"a2"}),
    Row({"run": "{a kept}"}, {"a kept"}, spared=1),
    Row({"run": "{a1}", "scenario": "b"}, set()),
    Row({"filter": "params.lr < 0.5"}, {"a1", "b1"}),
    Row({"filter": "params.lr < 0.5", "scenario": "a"}, {"a1"}),
    Row({"filter": "scenario = 'a'"}, {"a1", "a2"}, spared=1),
    Row({"scenario": "c", "force": True}, {"c1", "alive"}),
    Row({"run": "{alive}", "force": True}, {"alive"}),
    Row({"scenario": "b", "max_runs": 2}, B),
    Row({"scenario": "b", "expected": {"runs": 2}}, B, not_at=("mbox",)),
]

_EMPTY = "an empty selector deletes nothing"
_SEVERAL = "names 2 scenarios, and more than one stand alone: leave out "
_NOTEBOOK = "selector.notebook needs one scenario or run_id beside it"
_ALIVE = "1 of the runs still count as alive: {alive}"
REFUSED = [
    Row({}, _EMPTY, not_at=("kfp",)),
    Row({"force": True}, _EMPTY, not_at=("kfp",)),
    Row({"force": True}, "There is nothing to select runs by", not_at=("sdk", "rest", "mbox", "airflow")),
    Row({"scenario": "a, b", "pipeline": "p"}, _SEVERAL + "pipeline"),
    Row({"scenario": "a, b", "notebook": "n"}, _SEVERAL + "notebook"),
    Row({"scenario": "a, b", "run": "{a1}"}, _SEVERAL + "run_id"),
    Row(
        {"scenario": ["a", "b"], "filter": "params.lr < 1", "scenario_version": "1"},
        _SEVERAL + "scenario_version, filter",
    ),
    Row({"notebook": "n"}, _NOTEBOOK),
    Row({"notebook": "n", "pipeline": "p"}, _NOTEBOOK),
    Row({"notebook": "n", "filter": "params.lr < 1"}, _NOTEBOOK),
    Row({"scenario": "c"}, _ALIVE),
    Row({"run": "{alive}"}, _ALIVE),
    Row({"filter": "name = 'alive'"}, _ALIVE),
    Row({"run": "no-such-run"}, "No run 'no-such-run' in namespace"),
    Row({"filter": "params.lr <"}, "filter"),
    Row({"scenario": "x" * 300}, "is 300 characters long; the limit is 1 to 256"),
    Row({"scenario": ["a,"]}, "scenario", not_at=("airflow", "kfp")),
    Row({"pipeline": ""}, "pipeline", not_at=("airflow", "kfp")),
    Row({"scenario": "a", "max_runs": 2}, "3 runs would be deleted, and max_runs is 2: nothing was."),
    Row({"scenario": "a", "expected": {"runs": 2}}, "3 runs instead of 2", not_at=("mbox",)),
]


class World:
    """The runs of the table in a namespace of their own."""

    def __init__(self, url: str, namespace: str | None = None) -> None:
        self.url, self.namespace = url, namespace or f"rules-{secrets.token_hex(4)}"
        self.client = client = Client(url, namespace=self.namespace)
        self.ids: dict[str, str] = {}
        for name, fields in RUNS.items():
            more = dict(fields)
            rate = more.pop("lr", None)
            run = client.runs.create(run_name=name, **more)
            if rate is not None:
                run.log_parameters({"lr": rate})
                run.persist_run()
            if name != "alive":
                client.runs.end(run)
            self.ids[name] = run.id
        self.ids |= {scenario.name: scenario.id for scenario in client.scenarios.list()}

    def check(self, row: Row, ask: Ask) -> None:
        """Ask at a door; what is gone must be what the row says, what a preview counted, and nothing else."""
        given = self.filled(row.given)
        before = self.names()
        if isinstance(row.gone, str):
            told = ask(given)
            assert told is not None, "it was not refused"
            assert self.filled(row.gone) in told
            assert self.names() == before
            return
        assert ask(given | {"dry_run": True}) is None
        assert self.names() == before
        preview = self.client.deletions.create(**{**given, "expected": None}, dry_run=True)
        assert ask(given) is None
        assert before - self.names() == row.gone
        done = next(iter(self.client.deletions.list(limit=1)))
        assert _told(done) == _told(preview)
        assert (done.counts.runs, done.protected) == (len(row.gone), row.spared)
        assert tuple(done.scenarios_not_found) == row.not_found
        self.client.deletions.undo(done)
        assert self.names() == before

    def names(self) -> set[str]:
        """The names of all runs."""
        return {run.name for run in self.client.runs.list()}

    def filled(self, given: Any) -> Any:
        """The same with ids in place of `{name}`."""
        if isinstance(given, dict):
            return {name: self.filled(value) for name, value in given.items()}
        if isinstance(given, str):
            for name, ident in self.ids.items():
                given = given.replace(f"{{{name}}}", ident)
        return given


def rows(door: str) -> list[Row]:
    """The rows that a door has words for."""
    return [row for row in [*TAKEN, *REFUSED] if door not in row.not_at]


def _told(deletion: Deletion) -> tuple[Any, ...]:
    d = deletion
    return d.counts, d.by_scenario, d.scenarios_not_found, d.running, d.protected
