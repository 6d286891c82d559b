"""Texts that begin alike, and patterns, as the databases are asked for them."""

from hypothesis import given, settings
from hypothesis import strategies as st

from mbox_ops.search.tree import Like, Tag
from mbox_ops.store.filters.texts import after_all, glob_of, like_of, literal_start
from tests.search.naive import Record, holds

LETTERS = st.sampled_from(["a", "b", "\ud7ff", "\ue000", "\U0010ffff", "\U0010fffe", "é"])
TEXTS = st.text(LETTERS, min_size=1, max_size=4)


@settings(max_examples=300, deadline=None)
@given(TEXTS, TEXTS)
def test_a_range_holds_the_texts_that_begin_alike_and_no_others(start: str, text: str) -> None:
    """By code point, as both databases compare; where nothing comes after, it has no end."""
    end = after_all(start)
    assert (text >= start and (end is None or text < end)) == text.startswith(start)


@settings(max_examples=300, deadline=None)
@given(st.text("ab*?\\[%_", max_size=6), st.text("ab*?\\[%_", min_size=1, max_size=6))
def test_whatever_fits_a_pattern_begins_with_its_literal_start(pattern: str, text: str) -> None:
    """So that its index can be asked."""
    leaf = Like(Tag("t"), "matches", pattern)
    if holds(leaf, Record(tags={"t": text})):
        assert text.startswith(literal_start(leaf))


def test_patterns_are_written_for_each_database() -> None:
    """What is special to a database and not to us stands for itself, and the other way round."""
    for pattern, glob, like in (
        ("a*b?", "a*b?", "a%b_"),
        ("100%_[x]", "100%_[[]x]", r"100\%\_[x]"),
        (r"\*\?\\\a", r"[*][?]\a", r"*?\\a"),
        ("a***b", "a*b", "a%b"),
        ("end\\", "end\\", r"end\\"),
    ):
        assert (glob_of(pattern), like_of(pattern)) == (glob, like)
