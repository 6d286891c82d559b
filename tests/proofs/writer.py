"""A training process of the proofs: `python -m tests.proofs.writer`. It logs through the SDK until it is stopped.

Every step logs three series, at times an event, a parameter or a move to another collection, and keeps a ledger of what
it was promised. The settings come from the environment, as they do for anybody.
"""

import argparse
import random
import time
from pathlib import Path

from mbox_ops import Event, EventSource, tracking
from mbox_ops.client import recorder
from mbox_ops.client.recorder import Recorder
from mbox_ops.client.tuning import Tuning
from mbox_ops.client.verdicts import Backoff
from mbox_ops.settings import client_settings
from tests.proofs.ledger import Ledger, Line, NotingTransport

SPAN = 1_000_000  # each writer has steps of its own: what it logs can be told from what others log to the same run
EVENT_EVERY, PARAMETER_EVERY, COLLECTION_EVERY = 20, 30, 50


def values(step: int) -> dict[str, float]:
    """What is logged at a step; nothing else may ever be read."""
    return {"loss": step / 7, "accuracy": step / SPAN, "step": float(step)}


def main() -> None:
    """Log until the stop file is there, or so many steps, then see to it that everything arrives."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--number", type=int, required=True)
    parser.add_argument("--key", required=True)
    parser.add_argument("--folder", type=Path, required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--steps", type=int, default=SPAN)
    parser.add_argument("--persist-every", type=int, default=0)
    parser.add_argument("--pause", type=float, default=0.004)
    given = parser.parse_args()

    ledger = Ledger(given.folder / f"{given.number}.ledger")
    settings = client_settings()
    tuning = Tuning(batch_seconds=0.05, orphans_seconds=0.5)
    transport = NotingTransport(settings, ledger, given.number, given.key)
    recorder._recorders[settings] = Recorder(
        settings, tuning=tuning, transport=transport, backoff=Backoff(first=0.03, longest=0.3)
    )
    train(given, ledger)


def train(given: argparse.Namespace, ledger: Ledger) -> None:
    """The training itself."""
    rng = random.Random(given.seed * 10_007 + given.number)
    stop, first = given.folder / "stop", given.number * SPAN
    run = tracking.start_run("begun", key=given.key, scenario="proofs")
    done = 0
    while done < given.steps and not stop.exists():
        log(first + done, given.number, done)
        done += 1
        if done % given.persist_every == 0 if given.persist_every else rng.random() < 0.05:
            persist(ledger, given, done)
        time.sleep(given.pause * rng.random() * 2)
    persist(ledger, given, done, timeout=90)
    tracking.end_run()
    where = run.persist_run(timeout=90).where
    assert where == "server", where
    ledger.note(Line(what="done", writer=given.number, key=given.key, steps=done, where=where))


def log(step: int, number: int, done: int) -> None:
    """One step, by all the verbs that training uses."""
    tracking.log_metrics(values(step), step=step)
    if done % EVENT_EVERY == 0:
        tracking.log_event(Event(f"step {step}", EventSource("trainer"), time.time()))
    if done % PARAMETER_EVERY == 0:
        tracking.log_parameters({f"step of {number}": step})
    if done % COLLECTION_EVERY == 0:
        tracking.update_run_info(run_collection_name=f"collection {step}")


def persist(ledger: Ledger, given: argparse.Namespace, done: int, timeout: float | None = None) -> None:
    """Make durable what was logged, and note what that call said."""
    flushed = tracking.persist_run(timeout=timeout)
    assert flushed.refused == [], flushed
    ledger.note(Line(what="persisted", writer=given.number, key=given.key, steps=done, where=flushed.where))


if __name__ == "__main__":
    main()
