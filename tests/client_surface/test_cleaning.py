"""What `client.cleanup` takes, before anything is sent."""

from datetime import timedelta

import pytest

from mbox_ops.client.cleaning import seconds_of
from mbox_ops.client.client import Client
from mbox_ops.errors import InvalidRequest


@pytest.mark.parametrize(
    ("given", "seconds"),
    [("90s", 90), ("15m", 900), ("12h", 43_200), ("30d", 2_592_000), ("4w", 2_419_200), (60, 60), (1.5, 1),
     (timedelta(days=1), 86_400), (0, 0)],
)  # fmt: skip
def test_an_age_is_text_seconds_or_a_timedelta(given, seconds):
    """Whole seconds."""
    assert seconds_of("older_than", given) == seconds


@pytest.mark.parametrize("given", ["", "d", "30", "-1d", "1.5h", "³d", "30 d", True, None, [], float("nan"), 1e30])
def test_what_is_no_age_is_refused(given):
    """By name."""
    with pytest.raises(InvalidRequest, match="older_than"):
        seconds_of("older_than", given)


@pytest.mark.parametrize(
    "given", [{"keep_best": 1}, {"keep_best": 1, "metric": "loss"}, {"metric": "loss"}, {"direction": "min"},
              {"keep_best": 1, "metric": "loss", "direction": "least"}],
)  # fmt: skip
def test_half_a_rule_is_refused(given):
    """How many, by what, and which is best go together."""
    with pytest.raises(InvalidRequest, match="go together"):
        Client("http://127.0.0.1:9").cleanup(**given)
