"""The checker of the proofs sees what it is there to see."""

from pathlib import Path

import pytest

from mbox_ops.client.client import Client
from mbox_ops.testing import live_server
from tests.proofs.checker import Found, compare, compare_producers
from tests.proofs.ledger import Ledger, Line, lines_of
from tests.proofs.under_fire import SEED, writers
from tests.proofs.writer import SPAN, values

pytestmark = pytest.mark.proof

STEPS = 40


def test_what_is_lost_doubled_or_strange_is_found(tmp_path: Path) -> None:
    """A promise that was not kept, a batch that is not there, a point twice, a value that nobody logged."""
    with live_server(home=tmp_path / "home") as server, writers(tmp_path / "writers", server.url, SEED) as made:
        for number in (0, 1):
            made.start(number, "run", steps=STEPS)
        made.wait()
        honest = compare(made.folder, server.url, everybody_ended=True)
        compare_producers(honest, made.folder, server.database_url, everybody_ended=True)
        assert honest.faults() == {}
        assert honest.points == honest.stored == 2 * STEPS * len(values(0))

        client = Client(server.url)
        (run,) = client.runs.list(scenario="proofs")
        run.log_metrics({"loss": values(3)["loss"]}, step=3)
        run.log_metrics({"accuracy": -1.0}, step=5)
        run.log_metrics({"step": float(SPAN + STEPS + 1)}, step=SPAN + STEPS + 1)
        last = max((line for line in lines_of(made.folder) if line.what == "ack"), key=lambda line: line.seq)
        forged = Ledger(made.folder / "forged.ledger")
        forged.note(Line("persisted", 0, "run", steps=STEPS + 2, where="spool"))
        forged.note(Line("ack", 0, "run", producer=last.producer, seq=last.seq + 1))
        forged.note(Line("ack", 1, "run", producer=last.producer, seq=last.seq, logged=[SPAN + STEPS]))

        found = compare(made.folder, server.url, everybody_ended=True)
        assert (found.doubled, found.lost) == (2, 3 * 2 + 1 + 3)
        assert any("Nobody logged accuracy=-1.0" in sentence for sentence in found.wrong)
        before = Found()
        compare_producers(before, made.folder, server.database_url, everybody_ended=True)
        assert before.lost == 1
        assert before.wrong
