"""Histories of deletions, with contents that are uploaded and linked, servers that crash, and collections.

A content that a live run has is always readable, one that nothing needs is gone, and an interrupted purge goes on.
"""

import hashlib
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule, run_state_machine_as_test

from mbox_ops.entities.artifacts import ArtifactQuery, ArtifactRecord
from mbox_ops.entities.uploads import CreateUpload
from tests.service.deletions_histories import Histories
from tests.service.deletions_model import Done
from tests.service.services import ANN, DAY, sqlite_template

__all__ = ["sqlite_template"]

HISTORIES = int(os.environ.get("MBOX_DELETION_HISTORIES", "12"))
STEPS = 40
PHASES = [Phase.reuse, Phase.generate]  # to shrink a history takes longer than to read it
contents = st.sampled_from([b"a model", b"a picture!"])


class HistoriesWithFiles(Histories):
    """The same with files."""

    @rule(content=contents, whole=st.booleans())
    def upload(self, content: bytes, whole: bool) -> None:
        """All of it, or a beginning that is forgotten later."""
        self.clock.forward(seconds=1)
        wish = CreateUpload(checksum=checksum(content), size=len(content))
        begun = self.service.uploads.create(ANN, wish)
        if begun.complete:
            assert content in self.held(at_most=True)
        elif whole and not begun.offset:
            self.service.uploads.put(ANN, begun.id, 0, content)
            begun = self.service.uploads.create(ANN, wish)
            assert begun.complete
        if begun.complete:
            self.model.uploads[content] = self.clock.now()

    @precondition(lambda self: self.logs)
    @rule(data=st.data(), content=contents)
    def link(self, data: st.DataObject, content: bytes) -> None:
        """A run takes a content that is held; no other, and no deleted run takes any."""
        self.clock.forward(seconds=1)
        log = data.draw(st.sampled_from(self.logs))
        run = next((run for run in self.model.runs if run.uid == log.id), None)
        record = ArtifactRecord(path="file", kind="uploaded", checksum=checksum(content))
        got = self.answer(lambda: log.write(artifacts=[record]))
        if run is None or run.deletion is not None:
            assert got == "run_deleted"
            return
        if content in self.held(at_most=False):
            assert got == "ok"
        elif content not in self.held(at_most=True):
            assert got == "invalid_request"
        if got == "ok":
            run.files.append(content)
            run.written_at = self.clock.now()

    @rule(days=st.sampled_from([0, 2]))
    def collect(self, days: int) -> None:
        """What is needed stays, what nothing needs goes, to the last byte."""
        self.clock.forward(days=days, seconds=1)
        self.service.uploads.collect()
        self.model.uploads = {each: at for each, at in self.model.uploads.items() if at >= self.clock.now() - DAY}
        lying = {path.name.partition(".")[0] for path in self.store.glob("??/*/*")}
        assert {sha256(each) for each in self.held(at_most=False)} <= lying
        assert lying <= {sha256(each) for each in self.held(at_most=True)}

    @rule(days=st.sampled_from([0, 8]))
    def crash_in_a_purge(self, days: int) -> None:
        """After its first transaction; another server goes on."""
        self.clock.forward(days=days, seconds=1)
        due = [done for done in self.model.deletions if self.is_due(done)]
        finished = self.service.deletions.purge_due(seconds=0)
        if due and not finished:
            due[0].state = "PURGING"
        elif due:
            self.model.purge(due[0])
        path = Path(self.folder.name) / "mbox.db"
        self.database.close()
        self.connect(path)
        for log in self.logs:
            log.service = self.service

    def is_due(self, done: Done) -> bool:
        """Whether it was asked for, or its window is over."""
        return done.state == "PURGING" or (done.state == "TOMBSTONED" and done.purge_at <= self.clock.now())

    def held(self, *, at_most: bool) -> set[bytes]:
        """The contents that must be there; `at_most`: and those of runs that a purge may have dropped."""
        going = {done.uid for done in self.model.deletions if done.state == "PURGING"}
        files = [each for run in self.model.runs if at_most or run.deletion not in going for each in run.files]
        return {*self.model.uploads, *files}

    @invariant()
    def what_a_live_run_has_can_be_read(self) -> None:
        """Every byte of it."""
        for run in self.model.live() if hasattr(self, "model") else ():
            listed = self.service.artifacts.list(ANN, run.uid, ArtifactQuery()).items
            assert sorted(self.read(each.id) for each in listed) == sorted(run.files)

    def read(self, artifact_id: str) -> bytes:
        """The bytes of an artifact."""
        found: Any = self.service.artifacts.content(ANN, artifact_id)
        return bytes(found.read(0, found.size))


def sha256(content: bytes) -> str:
    """Its hex digits."""
    return hashlib.sha256(content).hexdigest()


def checksum(content: bytes) -> str:
    """As artifacts have it."""
    return f"sha256:{sha256(content)}"


@pytest.mark.slow
def test_every_history_is_as_the_model_says(sqlite_template: Path) -> None:
    """`MBOX_DELETION_HISTORIES` makes it try more."""
    HistoriesWithFiles.template = sqlite_template
    run_state_machine_as_test(
        HistoriesWithFiles,
        settings=settings(
            max_examples=HISTORIES, stateful_step_count=STEPS, deadline=None, phases=PHASES,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
