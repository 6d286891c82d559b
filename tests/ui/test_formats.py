"""Values as pages write them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from mbox_ops.server.ui import formats

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "just now"), (59, "just now"), (60, "1 minute ago"), (3_599, "59 minutes ago"), (7_200, "2 hours ago"),
        (86_400 * 29, "29 days ago"), (86_400 * 31, "1 month ago"), (86_400 * 800, "2 years ago"),
        (-120, "in 2 minutes"),
    ],
)  # fmt: skip
def test_an_instant_is_told_by_how_long_ago_it_was(seconds: int, told: str) -> None:
    """The exact one is in the title and in the element's own attribute."""
    html = formats.time(NOW - timedelta(seconds=seconds), now=NOW)
    assert html.striptags() == told
    assert (NOW - timedelta(seconds=seconds)).strftime("%Y-%m-%d %H:%M:%S.000000 UTC") in html


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (None, ""), (0.0125, "12 ms"), (1.5, "1.5 s"), (60, "1 min"), (61, "1 min 1 s"), (3_600, "1 h"),
        (5_400, "1 h 30 min"), (86_400, "1 d"), (100_000, "1 d 3 h"),
    ],
)  # fmt: skip
def test_a_duration_has_at_most_two_units(seconds: float | None, told: str) -> None:
    """As one says it."""
    assert formats.duration(seconds) == told


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (3, "3"), (3.0, "3"), (0.1, "0.1"), (1 / 3, "0.33333"), (123_456_789, "123456789"), (1e-7, "1e-07"),
        (1e30, "1e+30"),
        (-0.000012345678, "-1.2346e-05"), ("NaN", "NaN"), ("Infinity", "∞"), ("-Infinity", "\N{MINUS SIGN}∞"),
        (None, ""),
    ],
)  # fmt: skip
def test_a_number_is_short_in_sight_and_exact_in_the_title(value: Any, shown: str) -> None:
    """Five digits; what is whole stays so."""
    html = formats.number(value)
    assert html.striptags() == shown
    assert value is None or str(value) in html or str(value).removesuffix(".0") == shown or "title" not in html


@pytest.mark.parametrize(
    ("value", "shown"), [(0, "0 B"), (999, "999 B"), (1_000, "1 kB"), (12_345, "12.3 kB"), (5 * 10**12, "5 TB")]
)
def test_bytes_are_told_in_the_unit_that_fits(value: int, shown: str) -> None:
    """Thousands, not powers of two."""
    assert formats.size(value).replace("\N{NARROW NO-BREAK SPACE}", " ") == shown


def test_users_texts_are_escaped_and_isolated() -> None:
    """In sight and in the title."""
    html = formats.text("<b onclick='x'>\"&\u202e")
    assert html == (
        '<bdi class="cut" title="&lt;b onclick=&#39;x&#39;&gt;&#34;&amp;\u202e">'
        "&lt;b onclick=&#39;x&#39;&gt;&#34;&amp;\u202e</bdi>"
    )


def test_texts_have_the_room_that_their_page_has() -> None:
    """Few are whole; of many a little more is there than can be seen."""
    assert formats.text("W" * 5_000, formats.room(100)) == formats.text("W" * 5_000)
    assert formats.text("W" * 5_000, formats.room(8_000)).endswith(f"{'W' * 124}\N{HORIZONTAL ELLIPSIS}</bdi>")
    assert formats.room(60_000) == formats.room(10**9) == 120
