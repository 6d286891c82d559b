"""Searching runs: every filter and every order means what the naive reading of it means, on both databases."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mbox_ops.entities.runs import RunQuery
from mbox_ops.search.parser import show
from mbox_ops.search.tree import Filter, SortKey
from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from mbox_ops.store.filters import candidates
from tests.search.strategies import filters, orders, records
from tests.service.records import Runs, drawn, sort_text
from tests.service.services import actor

EXAMPLES = int(os.environ.get("MBOX_SEARCH_EXAMPLES", "60"))
RUNS = 30


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def searched(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Runs]]:
    """Namespaces of one service, each with its own records."""
    folder = tmp_path_factory.mktemp("search")
    url = f"sqlite:///{folder / 'mbox.db'}" if request.param == "sqlite" else request.getfixturevalue("postgres_url")()
    with Database(url) as database:
        database.upgrade()
        service = Service(database)
        sets = max(2, EXAMPLES // 100)
        yield [Runs(service, actor(f"ns-{number}"), drawn(records(), RUNS, number)) for number in range(sets)]


# Read and sorted, walked, and now one, now the other: with few runs all would go the first way.
@pytest.mark.parametrize("few", [3_000, 0, 6])
def test_a_search_finds_what_the_naive_reading_finds(
    searched: list[Runs], few: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the same order, on however many pages."""
    monkeypatch.setattr(candidates, "FEW", few)

    @settings(max_examples=EXAMPLES // 3, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data(), filters(), orders())
    def check(data: st.DataObject, tree: Filter, keys: tuple[SortKey, ...]) -> None:
        runs = searched[data.draw(st.integers(0, len(searched) - 1))]
        expected = runs.expected(tree, keys)
        limit = data.draw(st.integers(max(1, len(expected) // 5), RUNS))
        assert runs.walked(RunQuery(filter=show(tree), sort=sort_text(keys), limit=limit)) == expected

    check()
