"""What the demonstration shows of what it recorded, and makes sure of."""

from collections import Counter
from typing import NamedTuple

from mbox_ops.cli.grouping import show_collections, show_scenarios
from mbox_ops.cli.output import out, problem
from mbox_ops.cli.showing import show_deletion, show_run
from mbox_ops.client.client import Client
from mbox_ops.client.run import Run
from mbox_ops.demo.recording import FIRST_TRIES, RECORDED


class Seen(NamedTuple):
    """Ids of what is worth a look.

    Attributes:
        dag_run: the run of the Airflow DAG.
        training: the run of the classifier that was trained to the end.
        model: what it became.
        deletion: that can be undone.
    """

    dag_run: str
    training: str
    model: str
    deletion: str


def look(url: str) -> Seen | None:
    """Show what was recorded, and delete a part of it; None if anything is not as it should be."""
    client = Client(url)
    out.rule("What was recorded")
    show_scenarios(list(client.scenarios.list()))
    show_collections(list(client.collections.list()))
    runs = list(client.runs.list())
    if (found := _counted(runs)) != RECORDED:
        problem(f"Missing: {_listed(RECORDED - found)}. Not expected: {_listed(found - RECORDED)}.")
        return None
    dag_run, training = (_of(runs, pipeline) for pipeline in ("train_and_track", "final_training"))
    out.rule("The run of the Airflow DAG")
    show_run(dag_run)
    model = _model(client, training)
    deletion = _delete(client)
    return Seen(dag_run.id, training.id, model, deletion) if model and deletion else None


def _counted(runs: list[Run]) -> Counter[tuple[str, str, str]]:
    return Counter((run.scenario, run.pipeline or run.notebook or "", run.status) for run in runs)


def _listed(counts: Counter[tuple[str, str, str]]) -> str:
    parts = (f"{count} {state} run(s) of {source} in {scenario}" for (scenario, source, state), count in counts.items())
    return ", ".join(parts) or "none"


def _of(runs: list[Run], pipeline: str) -> Run:
    return next(run for run in runs if run.pipeline == pipeline)


def _model(client: Client, training: Run) -> str | None:
    """The model that came of a training."""
    versions = list(client.model_versions.list(run=training))
    if len(versions) != 2 or len(training.checkpoints()) < 2:
        problem("The last training should have left several checkpoints, and two of them as versions of a model.")
        return None
    return versions[0].model_id


def _delete(client: Client) -> str | None:
    """Delete a scenario; the deletion if it took what its preview had counted."""
    out.rule(f"Deleting the scenario {FIRST_TRIES}: first a preview, then for real")
    preview = client.deletions.create(scenario=FIRST_TRIES, dry_run=True)
    show_deletion(preview)
    done = client.deletions.create(scenario=FIRST_TRIES)
    show_deletion(done)
    show_scenarios(list(client.scenarios.list()))
    wanted = sum(count for (scenario, *_), count in RECORDED.items() if scenario == FIRST_TRIES)
    if preview.counts != done.counts or done.counts.runs != wanted:
        problem(f"The deletion should have taken what the preview counted: {wanted} runs.")
        return None
    return done.id
