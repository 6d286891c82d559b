"""Steps that delete runs, by name and by rules."""

from typing import Any

import pytest

pytest.importorskip("kfp")

from kfp import dsl

from mbox_kfp import cleanup_runs, delete_runs, tracked_run
from mbox_kfp.inlined.deleting import mbox_report, mbox_rules, mbox_seconds, mbox_selector
from mbox_ops.client.cleaning import seconds_of
from mbox_ops.errors import InvalidRequest
from tests.kfp.calling import call

pytestmark = [
    pytest.mark.kfp,
    pytest.mark.filterwarnings("ignore:.*have no effect in the current local runner:UserWarning"),
]


def make_runs(scenario: str, count: int = 3, *, ended: bool = True, **fields: Any) -> list[str]:
    """Runs of a scenario, each of a KFP run of its own, with a loss that falls by one each; their ids."""
    ids = []
    for number in range(count):
        where = {"run_id": f"{scenario} {number}", "run_name": f"run {number}", **fields}
        ids.append(call("submit_metrics", scenario, metrics={"loss": count - number}, **where)[0])
        if ended:
            call("finish_run", scenario, **where)
    return ids


def names(written, scenario: str) -> list[str]:
    """The names of a scenario's live runs."""
    return sorted(run["name"] for run in written.runs(scenario=scenario))


def test_a_pipeline_deletes_exactly_what_it_previewed(play, written):
    """A scenario by its name after a dry run, and what rules let go of another; each step files a report."""
    make_runs("kfp-gone", 3)
    make_runs("kfp-thinned", 4)

    @dsl.pipeline(name="deletes")
    def deletes(scenario: str):
        with tracked_run(scenario="kfp-deletes"):
            preview = delete_runs(scenario=scenario, dry_run=True)
            gone = delete_runs(scenario=scenario, expected=preview.outputs["counts"], max_runs=3)
            rules = {"scenario": "kfp-thinned", "keep_last": 1, "keep_best": 2, "metric": "loss", "direction": "min"}
            plan = cleanup_runs(**rules).after(gone)
            cleanup_runs(
                **rules, dry_run=False, confirm="kfp-thinned", expected=plan.outputs["counts"], max_runs=10
            ).after(plan)

    log = play(deletes, scenario="kfp-gone")
    assert written.runs(scenario="kfp-gone") == []
    assert names(written, "kfp-thinned") == ["run 2", "run 3"]
    assert written.run("kfp-deletes")["status"] == "FINISHED"
    assert "**3 runs would go.** Nothing has changed." in log
    assert "| kfp-gone | 3 | 3 | 0 | 0 | 0 |" in log
    assert "**2 runs would go.** Nothing has changed." in log
    assert "| kfp-thinned | 2 | 2 | 0 | 0 | 0 |" in log
    deletions = written.get("/deletions")["items"][:2]
    assert [each["counts"]["runs"] for each in deletions] == [2, 3]
    for each in deletions:
        assert f"**{each['counts']['runs']} runs are deleted** (`{each['id']}`, TOMBSTONED)." in log
        assert f"`mbox deletions undo {each['id']}` brings them back" in log


@pytest.mark.parametrize("name", ["delete_runs", "cleanup_runs"])
def test_a_step_that_runs_again_deletes_once_and_answers_the_same(written, name):
    """What came meanwhile stays, even though the step would choose it: the deletion's key is the step's identity."""
    scenario = f"kfp-again-{name}"
    make_runs(scenario, 2)
    first = call(name, scenario, run_id="k")
    make_runs(scenario, 1)
    assert call(name, scenario, run_id="k") == first
    assert first[1:3] == ("TOMBSTONED", 2)
    assert len(written.runs(scenario=scenario)) == 1
    entries = written.get(f"/deletions/{first[0]}/audit")["items"]
    assert [entry["action"] for entry in entries] == ["created"]
    other = call(name, scenario, run_id="k", loops=1, loop_item_1="x")
    assert (other[0] != first[0], other[2]) == (True, 1)


def test_two_steps_with_one_identity_are_found_out(written):
    """A sub-pipeline that is used twice under kfp.local: the second one deletes nothing and says what to do."""
    make_runs("kfp-twins-1", 1)
    make_runs("kfp-twins-2", 1)
    call("delete_runs", "kfp-twins-1", run_id="twins")
    with pytest.raises(RuntimeError, match=r"was used for deletion .* same identity: give each its own writer="):
        call("delete_runs", "kfp-twins-2", run_id="twins")
    assert call("delete_runs", "kfp-twins-2", run_id="twins", writer="second")[2] == 1


@pytest.mark.parametrize("name", ["delete_runs", "cleanup_runs"])
def test_what_is_more_or_other_than_was_meant_is_refused(written, name):
    """By the cap and by the counts of a preview; nothing goes."""
    scenario = f"kfp-refused-{name}"
    make_runs(scenario, 2)
    _, state, runs, counts = call(name, scenario, dry_run=True)
    assert (state, runs) == ("PREVIEW", 2)
    with pytest.raises(RuntimeError, match=r"2 runs would be deleted, and max_runs is 1: nothing was.*409 conflict"):
        call(name, scenario, max_runs=1)
    make_runs(f"{scenario}-other", 1)
    floats = {key: float(value) for key, value in counts.items()}  # KFP's only kind of number
    both = f"{scenario},{scenario}-other"
    confirmed = {"confirm": both} if name == "cleanup_runs" else {}
    with pytest.raises(RuntimeError, match=r"3 runs instead of 2.* stale"):
        call(name, scenario, scenario=both, expected=floats, **confirmed)
    assert len(written.runs(scenario=scenario)) == 2
    assert call(name, scenario, expected=floats)[2] == 2


def test_runs_that_are_alive_are_taken_by_force_only(written):
    """Named, they make the deletion refuse with their ids; rules pass them over and say so."""
    ids = make_runs("kfp-alive", 1, ended=False)
    with pytest.raises(RuntimeError, match=rf"{ids[0]}.*409 conflict"):
        call("delete_runs", "kfp-alive")
    assert call("cleanup_runs", "kfp-alive")[2] == 0
    assert call("delete_runs", "kfp-alive", force=True)[2] == 1


@pytest.mark.parametrize(
    ("selector", "value", "taken"),
    [
        ("pipeline", "chosen-{}", ["run 0", "run 1"]),
        ("execution", "kfp-chosen-{} 1", ["run 1"]),
        ("run", None, ["run 0"]),
        ("filter", "metrics.loss > 1 AND pipeline = 'chosen-{}'", ["run 0"]),
        ("scenario", "kfp-chosen-{}", ["run 0", "run 1"]),
    ],
)
def test_runs_are_chosen_by_whatever_tells_them_apart(written, selector, value, taken):
    """By source, execution, run, filter or scenario; the others stay."""
    scenario = f"kfp-chosen-{selector}"
    ids = make_runs(scenario, 2, pipeline=f"chosen-{selector}")
    chosen = {"scenario": "", "selectors": selector, selector: value.format(selector) if value else ids[0]}
    assert call("delete_runs", f"deletion by {selector}", **chosen)[2] == len(taken)
    assert sorted({"run 0", "run 1"} - set(names(written, scenario))) == taken


def test_rules_speak_of_the_runs_that_they_name(written):
    """By filter, state and collection, all of which must hold."""
    scenario = "kfp-rules"
    make_runs(scenario, 2, run_collection_name="tried")
    make_runs(scenario, 1, run_collection_name="kept", run_id="kept")
    rules = {"run_collection": "tried", "status": "FAILED,FINISHED", "filter": "metrics.loss >= 2", "keep_last": -1}
    assert call("cleanup_runs", scenario, **rules)[2] == 1
    assert sorted(run["run_collection"] for run in written.runs(scenario=scenario)) == ["kept", "tried"]


@pytest.mark.parametrize("confirm", ["", "kfp-other", "all scenarios"])
def test_a_cleanup_deletes_only_when_it_is_confirmed(written, confirm):
    """By the scenario itself, so that a copied pipeline cannot delete what it was not meant for."""
    make_runs("kfp-unconfirmed", 1)
    with pytest.raises(ValueError, match=r"Nothing was deleted: .* give confirm='kfp-unconfirmed'"):
        call("cleanup_runs", "kfp-unconfirmed", confirm=confirm)
    assert call("cleanup_runs", "kfp-unconfirmed", confirm=confirm, dry_run=True)[2] == 1
    assert len(written.runs(scenario="kfp-unconfirmed")) == 1


def test_all_scenarios_have_to_be_meant(environment):
    """An empty scenario, given by mistake or not, confirms nothing."""
    with pytest.raises(ValueError, match="give confirm='all scenarios'"):
        call("cleanup_runs", "", confirm="")
    with pytest.raises(ValueError, match="scenario is ' ,', which names none"):
        call("cleanup_runs", " ,", confirm=" ,")


def given(**inputs: Any) -> dict[str, Any]:
    """The inputs of a delete_runs step, those that are not given empty."""
    fields = ("selectors", "scenario", "scenario_version", "pipeline", "execution", "notebook", "run", "filter")
    return dict.fromkeys(fields, "") | inputs


def test_an_empty_selector_never_widens_the_choice():
    """A pipeline's parameter that nobody gave is refused where the pipeline selects by it."""
    with pytest.raises(ValueError, match=r"selects by 'scenario', and that input is empty.* Nothing was deleted"):
        mbox_selector(given(selectors="scenario,pipeline", scenario=" ,", pipeline="nightly"))
    with pytest.raises(ValueError, match="'selectors' names 'scenarios'; there are"):
        mbox_selector(given(selectors="scenarios", scenario="a"))
    with pytest.raises(ValueError, match="nothing to select runs by: give at least one of"):
        mbox_selector(given())
    assert mbox_selector(given(scenario="a, b,", run="r")) == {"scenarios": ["a", "b"], "run_id": "r"}


@pytest.mark.parametrize("wrong", [{}, {"scenario": ""}, {"scenario": []}, {"pipeline": "nightly", "filter": " "}])
def test_a_deletion_without_a_choice_is_a_mistake_when_the_pipeline_is_built(wrong):
    """Neither nothing nor an empty text or list says what to delete."""

    def nothing():
        delete_runs(**wrong)

    with pytest.raises(ValueError, match=r"delete_runs\(\) (needs at least one of|is given an empty)"):
        dsl.pipeline(nothing, name="a")


RULES = {
    "scenario": "", "run_collection": "", "status": "", "filter": "", "older_than": "", "keep_last": -1,
    "keep_best": -1, "metric": "", "direction": "", "statistic": "last",
}  # fmt: skip


def test_what_is_not_given_is_no_rule():
    """Empty text and -1 are the absence of a rule; 0 of the last is a rule."""
    assert mbox_rules(RULES) == {}
    best = {"keep_best": 3, "metric": "loss", "direction": "min"}
    assert mbox_rules(RULES | best | {"scenario": "a,b", "status": "FAILED, KILLED", "keep_last": 0}) == {
        "scenarios": ["a", "b"], "status": ["FAILED", "KILLED"], "keep_last": 0,
        "keep_best": {"runs": 3, "metric": "loss", "direction": "min", "statistic": "last"},
    }  # fmt: skip
    for part in best:
        with pytest.raises(ValueError, match="go together"):
            mbox_rules(RULES | {part: best[part]})


@pytest.mark.parametrize("text", ["90s", "15m", "12h", "30d", "4w", "30", "", "d", "-1d", "1.5h", "१d", "1D"])
def test_an_age_is_read_as_the_client_reads_it(text):
    """Plain digits are seconds here, where numbers are text."""
    if text == "30":
        assert mbox_seconds(text) == seconds_of("older_than", 30)
        return
    try:
        expected = seconds_of("older_than", text)
    except InvalidRequest:
        with pytest.raises(ValueError, match="older_than must be seconds, or text such as"):
            mbox_seconds(text)
    else:
        assert mbox_seconds(text) == expected


def test_a_report_says_why_runs_stay():
    """By reason and scenario, with a total; what would be refused is said before."""
    counts = {"runs": 2, "points": 5, "events": 0, "artifacts": 1, "bytes": 7}
    deletion = {
        "id": "", "state": "PREVIEW", "counts": counts, "by_scenario": {"a|b": counts},
        "kept": {"a|b": {"young": 4}, "c": {"last": 1}}, "scenarios_not_found": ["d"], "running": [], "protected": 1,
    }  # fmt: skip
    assert mbox_report(deletion, 1) == (
        "**2 runs would go.** Nothing has changed.\n\n"
        "A deletion would be refused: `max_runs` is 1.\n\n"
        "There is no scenario `d` with live runs.\n\n"
        "Runs with the tag `mbox.keep=true`: 1. They go only where they or their scenario are named.\n\n"
        "| scenario | runs | points | events | artifacts | bytes | kept: last | kept: young |\n"
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n"
        "| a\\|b | 2 | 5 | 0 | 1 | 7 | 0 | 4 |\n"
        "| c | 0 | 0 | 0 | 0 | 0 | 1 | 0 |\n"
        "| total | 2 | 5 | 0 | 1 | 7 | 1 | 4 |\n"
    )
