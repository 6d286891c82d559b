"""The identity that a step computes is the one that mbox_ops computes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

pytest.importorskip("kfp")

from mbox_kfp.inlined.identity import mbox_item, mbox_key, mbox_origin, mbox_who
from mbox_ops import identity

pytestmark = pytest.mark.kfp

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
LONG = st.builds(lambda text, times: text * times, TEXT, st.integers(1, 60))


@given(TEXT, LONG)
def test_a_step_has_the_key_that_everybody_computes(instance, run_id):
    """The inlined twin and mbox_ops.identity agree on every run."""
    assert mbox_key(instance, run_id) == identity.kfp_key(instance, run_id)


@given(LONG, TEXT, TEXT, st.lists(TEXT, max_size=3), LONG)
def test_a_step_has_the_origin_that_everybody_computes(key, task, parent, items, writer):
    """The inlined twin and mbox_ops.identity agree on every step."""
    assert mbox_origin(key, task, parent, items, writer) == identity.kfp_origin(key, task, parent, items, writer)


def test_the_items_of_a_loop_are_told_apart():
    """Texts that look like numbers, such as versions, stay what they are."""
    items = ["1.1", "1.10", "1", "1.0", "a", "", "1 ", {"a": 1}, {"a": 2}, [1], [[1]], True, "nan", 1.5]
    assert len({mbox_item(item) for item in items}) == len(items)


def test_a_number_is_the_item_that_people_wrote():
    """kfp.local knows only floating-point numbers; a whole one is written as one."""
    assert [mbox_item(item) for item in (1.0, 0.1, {"b": 2.0, "a": 1.0})] == ["1", "0.1", '{"a":1,"b":2}']


GIVEN = {
    "run_id": "4711", "task": "p.submit-metrics", "parent_dag_id": "9", "loops": 0, "loop_item_1": "",
    "loop_item_2": "", "loop_item_3": "", "writer": "", "scenario": "",
}  # fmt: skip


def test_the_parent_dag_counts_only_in_a_pod(monkeypatch):
    """kfp.local gives a random number in its place, and a new one for every attempt."""
    monkeypatch.delenv("KFP_POD_UID", raising=False)
    monkeypatch.setenv("MBOX_INSTANCE", "prod")
    assert mbox_who(GIVEN) == {"key": "kfp/prod/4711", "origin": "kfp/prod/4711/p.submit-metrics"}
    monkeypatch.setenv("KFP_POD_UID", "4c5b")
    assert mbox_who(GIVEN)["origin"] == "kfp/prod/4711/p.submit-metrics/dag=9"


def test_an_empty_loop_item_has_its_place():
    """("", "x") and ("x", "") are different items of two nested loops."""
    one = mbox_who(GIVEN | {"loops": 2, "loop_item_1": "", "loop_item_2": "x"})
    other = mbox_who(GIVEN | {"loops": 2, "loop_item_1": "x", "loop_item_2": ""})
    assert one["origin"] != other["origin"]


@pytest.mark.parametrize("value", ["{{$.pipeline_job_uuid}}", "run-{{$.pipeline_job_uuid}}"])
@pytest.mark.parametrize("name", ["run_id", "task", "parent_dag_id", "loop_item_1", "writer", "scenario"])
def test_an_unresolved_placeholder_is_refused(name, value):
    """A cluster resolves a placeholder only where it is the whole value; the error names the input and says so."""
    with pytest.raises(ValueError, match=rf"The input '{name}' holds an unresolved placeholder.*pass it on its own"):
        mbox_who(GIVEN | {name: value})


def test_a_run_needs_an_id():
    """Without KFP's run id there is no run to write to."""
    with pytest.raises(ValueError, match=r"'run_id' is empty; pass dsl\.PIPELINE_JOB_ID_PLACEHOLDER"):
        mbox_who(GIVEN | {"run_id": ""})
