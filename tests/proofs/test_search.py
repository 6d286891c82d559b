"""Thousands of searches of random runs answer what the naive reading answers, on both databases."""

import os
from pathlib import Path

import pytest

from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from mbox_ops.store.filters import candidates
from tests.service.records import check, filled

EXAMPLES = int(os.environ.get("MBOX_SEARCH_EXAMPLES", "2100"))

pytestmark = [pytest.mark.proof, pytest.mark.timeout(3_600)]


# Read and sorted, walked, and now one, now the other: with few runs all would go the first way.
@pytest.mark.parametrize("few", [candidates.FEW, 0, 6])
@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_thousands_of_searches_find_what_the_naive_reading_finds(
    request: pytest.FixtureRequest, dialect: str, few: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Any filter in any order on pages of any size; `MBOX_SEARCH_EXAMPLES` says how many on each database."""
    monkeypatch.setattr(candidates, "FEW", few)
    url = f"sqlite:///{tmp_path / 'mbox.db'}" if dialect == "sqlite" else request.getfixturevalue("postgres_url")()
    with Database(url) as database:
        database.upgrade()
        check(filled(Service(database), 10), EXAMPLES // 3)
