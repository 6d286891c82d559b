"""What is shown is what is read: every tree has one canonical text."""

from hypothesis import given, settings

from mbox_ops.search.parser import parse_field, parse_filter, parse_sort, show
from mbox_ops.search.tree import Field, Filter, SortKey
from tests.search.strategies import any_fields, fields, filters, orders


@settings(max_examples=150, deadline=None)
@given(filters())
def test_a_filter_is_read_back_from_its_canonical_text(tree: Filter) -> None:
    """Values of every type, negations in their infix forms, parentheses where they are needed."""
    assert parse_filter(show(tree), now=0) == tree


@settings(max_examples=150, deadline=None)
@given(filters(any_fields(), max_leaves=3))
def test_names_of_any_characters_are_read_back(tree: Filter) -> None:
    """Quotes, dots, brackets, line ends and words of the language are kept apart by quoting."""
    assert parse_filter(show(tree), now=0) == tree


@settings(max_examples=150, deadline=None)
@given(any_fields())
def test_a_field_is_read_back_from_its_canonical_text(field: Field) -> None:
    """Alone, as the catalogue of names and comparisons give it."""
    assert parse_field(show(field)) == field


@settings(max_examples=100, deadline=None)
@given(orders(fields() | any_fields()))
def test_an_order_is_read_back_from_its_keys(keys: tuple[SortKey, ...]) -> None:
    """With a minus in front of those that descend."""
    text = ", ".join(("-" if key.descending else "") + show(key.field) for key in keys)
    assert parse_sort(text) == keys
