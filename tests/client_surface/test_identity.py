"""Keys and origins from an orchestrator's identity."""

import doctest
from itertools import combinations
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mbox_ops import identity

PART = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40)


def test_the_examples_in_the_docstrings_are_true():
    """Every example in the module runs."""
    assert doctest.testmod(identity).failed == 0


def test_a_slash_inside_an_id_makes_no_other_identity():
    """Different (dag, run) pairs never share a key, wherever their slashes are."""
    assert identity.airflow_key("i", "a/b", "c") != identity.airflow_key("i", "a", "b/c")
    assert identity.airflow_origin("airflow/i/d/r", "t/1") != identity.airflow_origin("airflow/i/d/r", "t", 1)


def test_what_tells_kfp_steps_apart_is_never_mixed_up():
    """Parent, loop item and writer with the same text are three different origins."""
    key = identity.kfp_key("default", "4711")
    origins = [
        identity.kfp_origin(key, "t"),
        identity.kfp_origin(key, "t", parent_dag_id="1"),
        identity.kfp_origin(key, "t", loop_items=["1"]),
        identity.kfp_origin(key, "t", loop_items=["1", "1"]),
        identity.kfp_origin(key, "t", loop_items=["1/item=1"]),
        identity.kfp_origin(key, "t", writer="1"),
        identity.kfp_origin(key, "t/item=1"),
    ]
    assert all(a != b for a, b in combinations(origins, 2))


@given(PART, PART, PART, PART, PART, PART)
def test_different_identities_have_different_keys(a, b, c, d, e, f):
    """Keys are equal only if all parts are."""
    assert (identity.airflow_key(a, b, c) == identity.airflow_key(d, e, f)) == ((a, b, c) == (d, e, f))


def test_an_identity_is_at_most_1024_characters_and_still_its_own():
    """A long key keeps its beginning; its tail becomes a hash, so two long keys differ."""
    one, other = (identity.airflow_key("i", "d" * 900, "r" * 900 + end) for end in "12")
    assert len(one) == len(other) == 1_024
    assert one != other
    assert one.startswith("airflow/i/" + "d" * 900 + "/")
    assert len(identity.ordinal_key(identity.airflow_origin(one, "task"), 3)) == 1_024


def test_the_epoch_is_the_time_part_of_a_uuid7():
    """Airflow gives each attempt a new UUIDv7; its 48 bits of milliseconds are the epoch."""
    assert identity.epoch_of_uuid7(UUID("019aa4d5-6c00-7abc-8def-0123456789ab")) == 0x019AA4D56C00


def test_a_uuid_without_a_time_is_refused():
    """A random UUID would give a random epoch."""
    with pytest.raises(ValueError, match="has version 4"):
        identity.epoch_of_uuid7("9f4b1b1e-2f0c-4a5e-8f6b-0d7a3a1f9a11")


def test_a_writer_survives_the_environment():
    """What the parent writes into MBOX_WRITER, the child reads, colons in the origin included."""
    origin = identity.airflow_origin(identity.airflow_key("i", "d", "manual__2026-11-21T05:00:00+00:00"), "t")
    assert identity.parse_writer(identity.format_writer(origin, 17)) == (origin, 17)


@pytest.mark.parametrize("text", ["", "17", ":origin", "x:origin", "17:", "-1:origin", "1.5:origin", "²:origin"])
def test_a_damaged_writer_is_refused(text):
    """MBOX_WRITER that is not `<epoch>:<origin>` is named, with its value."""
    with pytest.raises(ValueError, match="MBOX_WRITER must be"):
        identity.parse_writer(text)
