"""Random histories of runs, writes, deletions, cleanups, undos, purges and zombies, against a model of plain lists.

In every history a preview is what the deletion then does, what lives is what the model says, and no row is left over.
"""

import shutil
import tempfile
from pathlib import Path
from typing import Any, ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mbox_ops.artifacts.blobs import Blobs
from mbox_ops.entities.audit import AuditQuery
from mbox_ops.entities.checkpoints import CheckpointQuery, CreateCheckpoint
from mbox_ops.entities.cleanup import Rules
from mbox_ops.entities.deletions import (
    Counts,
    CreateCleanup,
    CreateDeletion,
    Deletion,
    Expected,
    Selector,
    UndoDeletion,
)
from mbox_ops.entities.metrics import Block
from mbox_ops.entities.runs import OpenRun, RunQuery
from mbox_ops.entities.writers import Batch
from mbox_ops.errors import MboxError
from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from tests.service.deletions_model import Model, Run, counted
from tests.service.services import ANN, DAY, HandClock, Log
from tests.store.orphans import orphans

SCENARIO_OF = {"k": "a", "k2": "b", None: "a"}  # the scenario of a key: two explicit ones would be a conflict
keys = st.sampled_from(list(SCENARIO_OF))
LAST_ENTRY = {"TOMBSTONED": "created", "UNDONE": "undone", "PURGED": "purge_finished"}
TOLD = ("counts", "by_scenario", "running", "protected", "scenarios_not_found", "kept", "purge_after")


class Histories(RuleBasedStateMachine):
    """A service and its model, step by step."""

    template: ClassVar[Path]

    @initialize()
    def begin(self) -> None:
        """An empty service."""
        self.folder = tempfile.TemporaryDirectory()
        path = Path(self.folder.name) / "mbox.db"
        shutil.copyfile(self.template, path)
        self.store = Path(self.folder.name) / "artifacts"
        self.clock = HandClock()
        self.connect(path)
        self.model = Model()
        self.logs: list[Log] = []
        self.checkpoints: dict[str, tuple[str, int]] = {}  # all there ever were: their runs and epochs

    def connect(self, path: Path) -> None:
        """A server's beginning."""
        self.database = Database(f"sqlite:///{path}")
        self.service = Service(self.database, clock=self.clock, blobs=Blobs(str(self.store)))

    def teardown(self) -> None:
        """Nothing is left without its parent, and every deletion has its entries."""
        if not hasattr(self, "database"):
            return
        assert orphans(self.database) == {}
        for done in self.model.deletions:
            told = [entry.action for entry in self.service.deletions.audit(ANN, done.uid, AuditQuery()).items]
            assert told[0] == "created"
            assert told[-1] == LAST_ENTRY.get(done.state, told[-1])
        self.database.close()
        self.folder.cleanup()

    def answer(self, call: Any) -> str:
        """`ok`, or the code of the refusal."""
        try:
            self.result = call()
        except MboxError as error:
            return error.code
        return "ok"

    @rule(key=keys, ended=st.booleans(), late=st.booleans(), protect=st.booleans())
    def open(self, key: str | None, ended: bool, late: bool, protect: bool) -> None:
        """A writer begins now, or (late) its first batch has been under way for days."""
        self.clock.forward(seconds=1)
        now = self.clock.now()
        epoch = (now - 2 * DAY if late else now) // 1000
        log = Log(self.service, epoch=epoch)
        log.key = key
        opening = OpenRun(scenario=SCENARIO_OF[key])
        state, tags = "FINISHED" if ended else None, {"mbox.keep": "true"} if protect else {}
        got = self.answer(lambda: log.write(open=opening, state=state, tags=tags))
        log.key = None  # from now on by the run's id
        stones = [s for s in self.model.stones if key is not None and s.key == key and epoch * 1000 <= s.at]
        assert got == ("run_deleted" if stones else "ok")
        if got != "ok":
            return
        self.logs.append(log)
        run = next((run for run in self.model.live() if key is not None and run.key == key), None)
        if run is None:
            run = Run(log.id, key, SCENARIO_OF[key], now, now, ended=False)
            self.model.runs.append(run)
        assert run.uid == log.id
        run.written_at, run.ended, run.kept = now, run.ended or ended, run.kept or protect

    @precondition(lambda self: self.logs)
    @rule(data=st.data())
    def write(self, data: st.DataObject) -> None:
        """Any writer that ever was goes on: those of deleted runs are told so, for ever."""
        self.clock.forward(seconds=1)
        log = data.draw(st.sampled_from(self.logs))
        run = next((run for run in self.model.runs if run.uid == log.id), None)
        got = self.answer(lambda: log.points("loss", 1.0))
        if run is None or run.deletion is not None:
            assert got == "run_deleted"
            return
        assert got == "ok"
        run.points, run.written_at = run.points + 1, self.clock.now()

    @precondition(lambda self: self.logs)
    @rule(data=st.data(), epoch=st.integers(0, 1))
    def make_checkpoint(self, data: st.DataObject, epoch: int) -> None:
        """Of any run there ever was: one that is live has one checkpoint of an epoch, a deleted one gets none."""
        self.clock.forward(seconds=1)
        uid = data.draw(st.sampled_from(self.logs)).id
        run = next((run for run in self.model.runs if run.uid == uid), None)
        wish = CreateCheckpoint(epoch=epoch, metrics={"loss": 1.0})
        got = self.answer(lambda: self.service.checkpoints.create(ANN, uid, wish))
        assert got == ("run_deleted" if run is None or run.deletion is not None else "ok")
        if run is None or got != "ok":
            return
        assert self.result.checkpoint_exists == (epoch in run.checkpoints)
        if epoch not in run.checkpoints:
            run.written_at = self.clock.now()
        run.checkpoints[epoch] = run.checkpoints.get(epoch, 0) + 1
        self.checkpoints[self.result.checkpoint_id] = uid, epoch

    @precondition(lambda self: self.checkpoints)
    @rule(data=st.data())
    def write_to_checkpoint(self, data: st.DataObject) -> None:
        """By its id, whatever became of its run."""
        self.clock.forward(seconds=1)
        checkpoint_id, (uid, epoch) = data.draw(st.sampled_from(list(self.checkpoints.items())))
        run = next((run for run in self.model.runs if run.uid == uid), None)
        batch = Batch(run_id=checkpoint_id, points=[Block(names=["loss"], values=[0.5])])
        got = self.answer(lambda: self.service.batches.write(ANN, batch))
        if run is None or run.deletion is not None:
            assert got == "run_deleted"
            return
        assert got == "ok"
        run.checkpoints[epoch] += 1

    @rule(data=st.data(), how=st.sampled_from(["run", "scenario", "filter"]), force=st.booleans(), purge=st.booleans())
    def delete(self, data: st.DataObject, how: str, force: bool, purge: bool) -> None:
        """A preview, and then the deletion, which must be the same."""
        self.clock.forward(seconds=1)
        live, spared = self.model.live(), 0
        if how == "run":
            if not live:
                return
            runs = [data.draw(st.sampled_from(live))]
            selector = Selector(run_id=runs[0].uid)
        elif how == "scenario":
            name = data.draw(st.sampled_from(["a", "b", "c"]))
            runs, selector = [run for run in live if run.scenario == name], Selector(scenarios=[name])
        else:
            found = [run for run in live if run.points > 0]
            runs, selector = [run for run in found if not run.kept], Selector(filter="metrics.loss.count > 0")
            spared = len(found) - len(runs)
        preview = self.service.deletions.create(ANN, CreateDeletion(selector=selector, dry_run=True))
        counts = expectation(preview.counts)
        request = CreateDeletion(selector=selector, force=force, purge=purge, expected=counts, max_runs=len(runs))
        got = self.answer(lambda: self.service.deletions.create(ANN, request))
        alive = [run.uid for run in runs if run.is_alive(self.clock.now())]
        assert got == ("conflict" if alive and not force else "ok")
        self.check(preview, runs, alive=alive, protected=spared or sum(run.kept for run in runs))
        if got == "ok":
            self.took(preview, runs, purge=purge)

    @rule(
        last=st.none() | st.integers(0, 2), days=st.none() | st.integers(0, 3), apply=st.booleans(),
        scenarios=st.none() | st.lists(st.sampled_from(["a", "b"]), max_size=2),
    )  # fmt: skip
    def clean_up(self, last: int | None, days: int | None, apply: bool, scenarios: list[str] | None) -> None:
        """Rules take what is neither alive, nor protected, nor young, nor among the last."""
        self.clock.forward(seconds=1)
        if last is None and days is None:
            return
        now = self.clock.now()
        rules = Rules(scenarios=scenarios, keep_last=last, older_than_seconds=None if days is None else days * 86_400)
        within = [run for run in self.model.live() if scenarios is None or run.scenario in scenarios]
        kept: dict[str, dict[str, int]] = {}
        runs = []
        for run in within:
            newer = [each for each in within if each.scenario == run.scenario and each.made_at >= run.made_at]
            reasons = {
                "alive": run.is_alive(now),
                "protected": run.kept,
                "young": days is not None and run.written_at > now - days * DAY,
                "last": last is not None and len(newer) <= last,
            }
            reason = next((name for name, holds in reasons.items() if holds), None)
            if reason is None:
                runs.append(run)
            else:
                of = kept.setdefault(run.scenario, {})
                of[reason] = of.get(reason, 0) + 1
        preview = self.service.deletions.clean_up(ANN, CreateCleanup(rules=rules))
        assert preview.kept == kept
        self.check(preview, runs, protected=sum(of.get("protected", 0) for of in kept.values()))
        if apply:
            expected = expectation(preview.counts)
            self.result = self.service.deletions.clean_up(
                ANN, CreateCleanup(rules=rules, dry_run=False, expected=expected, max_runs=len(runs))
            )
            self.took(preview, runs)

    def check(self, preview: Deletion, runs: list[Run], *, alive: list[str] | None = None, protected: int = 0) -> None:
        """The preview counts these runs."""
        assert {name: counts for name, counts in preview.by_scenario.items() if counts.runs} == counted(runs)
        assert preview.counts.runs == len(runs)
        assert (preview.running, preview.protected) == (alive or [], protected)

    def took(self, preview: Deletion, runs: list[Run], *, purge: bool = False) -> None:
        """The deletion that was made is the one that was previewed."""
        done: Deletion = self.result
        told = TOLD[:-1] if purge else TOLD
        assert [getattr(done, name) for name in told] == [getattr(preview, name) for name in told]
        self.model.delete(done, runs, self.clock.now(), purge=purge)

    @precondition(lambda self: self.model.deletions)
    @rule(data=st.data(), suffix=st.sampled_from([None, "2", "-old"]))
    def undo(self, data: st.DataObject, suffix: str | None) -> None:
        """Everything comes back, unless it is gone for good or its keys are taken."""
        self.clock.forward(seconds=1)
        done = data.draw(st.sampled_from(self.model.deletions))
        got = self.answer(lambda: self.service.deletions.undo(ANN, done.uid, UndoDeletion(key_suffix=suffix)))
        assert got == self.model.undo(done, suffix)

    @precondition(lambda self: self.model.deletions)
    @rule(data=st.data())
    def ask_for_a_purge(self, data: st.DataObject) -> None:
        """The undo window is over at once."""
        done = data.draw(st.sampled_from(self.model.deletions))
        got = self.answer(lambda: self.service.deletions.purge(ANN, done.uid))
        assert got == ("conflict" if done.state == "UNDONE" else "ok")
        done.state = "PURGING" if done.state == "TOMBSTONED" else done.state

    @rule(days=st.sampled_from([0, 1, 4, 8]))
    def purge(self, days: int) -> None:
        """Time passes, and what is due goes for good."""
        self.clock.forward(days=days, seconds=1)
        due = [
            done for done in self.model.deletions
            if done.state == "PURGING" or (done.state == "TOMBSTONED" and done.purge_at <= self.clock.now())
        ]  # fmt: skip
        assert self.service.deletions.purge_due() == len(due)
        for done in due:
            self.model.purge(done)

    @invariant()
    def what_lives_is_what_the_model_says(self) -> None:
        """Runs, with their keys and points, scenarios, and the states of deletions."""
        if not hasattr(self, "model"):
            return
        shown = self.service.runs.list(ANN, RunQuery(limit=1_000)).items
        points = {run.id: run.metrics["loss"].count if "loss" in run.metrics else 0 for run in shown}
        assert sorted((run.id, run.key or "", run.scenario, points[run.id]) for run in shown) == sorted(
            (run.uid, run.key or "", run.scenario, run.points) for run in self.model.live()
        )
        for run in self.model.live():
            of_run = self.service.checkpoints.list(ANN, run.uid, CheckpointQuery()).items
            assert {each.epoch: each.metrics["loss"].count for each in of_run} == run.checkpoints
        scenarios = self.service.scenarios.list(ANN, limit=9, cursor=None).items
        assert [each.name for each in scenarios] == sorted({run.scenario for run in self.model.live()})
        listed = self.service.deletions.list(ANN, limit=1_000, cursor=None).items
        assert {each.id: each.state for each in listed} == {each.uid: each.state for each in self.model.deletions}


def expectation(counts: Counts) -> Expected:
    """What a preview counted, as an expectation."""
    return Expected(
        runs=counts.runs, checkpoints=counts.checkpoints, points=counts.points, events=counts.events,
        artifacts=counts.artifacts, bytes=counts.bytes,
    )  # fmt: skip
