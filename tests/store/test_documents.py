"""Metadata as a fold of patches, and what may be taken out of older ones."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mbox_ops.store.documents import Kept, Patch, apply, condensed, fold, subtract

leaf = st.sampled_from([None, 1, 2, "s", [1], []])
keys = st.sampled_from("ab")
value = st.recursive(leaf, lambda inner: st.dictionaries(keys, inner, max_size=2), max_leaves=5)
document = st.dictionaries(keys, value, max_size=2)
merges = document.map(lambda d: Patch("merge", d))
patches = st.one_of(
    merges, merges, merges, st.builds(lambda k, v: Patch("set", {k: v}), keys, value),
    document.map(lambda d: Patch("replace", d)),
)  # fmt: skip


@given(history=st.lists(st.tuples(st.integers(0, 2), patches), max_size=9), replaced=st.sets(st.integers(0, 2)))
@settings(max_examples=300, deadline=None)
def test_what_is_subtracted_is_never_missed(history: list[tuple[int, Patch]], replaced: set[int]) -> None:
    """Three writers in any order, any of them replaced at the end: the fold of what is kept is the fold of all."""
    kept: list[tuple[int, Patch]] = []
    for writer, patch in history:
        left = [(w, subtract(older, patch) if w == writer else older) for w, older in kept]
        kept = [(w, older) for w, older in left if older is not None]
        kept.append((writer, patch))
    naive = fold(patch for writer, patch in history if writer not in replaced)
    assert fold(patch for writer, patch in kept if writer not in replaced) == naive


@given(base=document, given=st.lists(patches, max_size=6))
@settings(max_examples=200, deadline=None)
def test_condensed_patches_do_the_same(base: dict[str, object], given: list[Patch]) -> None:
    """Whatever the document was before; and those that were given stay as they are."""
    before, shown = Patch("replace", base), repr(given)
    few = condensed(given)
    assert fold([before, *few]) == fold([before, *given])
    assert len(few) <= len(given)
    assert repr(given) == shown


@given(history=st.lists(patches, max_size=9))
@settings(max_examples=200, deadline=None)
def test_what_newer_patches_take_out_is_found_by_its_keys(history: list[Patch]) -> None:
    """As if each were compared with all before it."""
    kept, naive = Kept({}), dict[int, Patch]()
    for number, patch in enumerate(history):
        kept.take_out(patch)
        naive = {older: left for older, one in naive.items() if (left := subtract(one, patch)) is not None}
        if patch.document or patch.op == "replace":  # others are not kept
            kept.add(number, patch)
            naive[number] = patch
        assert list(kept.left.items()) == list(naive.items())


@given(first=document, second=patches, third=patches)
def test_a_fold_shares_nothing_with_its_patches(first: dict[str, object], second: Patch, third: Patch) -> None:
    """What is decoded once may be folded twice."""
    given = [Patch("replace", first), second, third]
    before = repr(given)
    assert fold(given) == fold(given)
    assert repr(given) == before


def test_merges_follow_rfc_7386() -> None:
    """The examples of its appendix whose target and patch are objects."""
    cases: list[tuple[dict[str, object], dict[str, object], dict[str, object]]] = [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"a": [{"b": "c"}]}, {"a": [1]}, {"a": [1]}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ]
    for target, patch, wanted in cases:
        assert apply(dict(target), Patch("merge", patch)) == wanted


def test_a_value_that_is_set_again_leaves_nothing_of_the_old_one() -> None:
    """Nor an empty husk of the objects around it."""
    old, new = Patch("merge", {"a": {"b": {"c": 1}}}), Patch("merge", {"a": {"b": {"c": 2}}})
    assert subtract(old, new) is None
    assert subtract(Patch("merge", {"a": {"b": {"c": 1}, "d": 1}}), new) == Patch("merge", {"a": {"d": 1}})
    assert subtract(Patch("set", {"a": {"b": 1}}), Patch("set", {"a": 1})) is None
    assert subtract(Patch("set", {"a": {"b": 1}}), Patch("merge", {"a": {"b": 2}})) == Patch("set", {"a": {}})
    assert subtract(Patch("replace", {"a": 1}), Patch("merge", {"a": None})) == Patch("replace", {})
