"""Whatever is asked, it ends."""

import time

import pytest
from sqlalchemy import text

from mbox_ops.store.database import Database
from mbox_ops.store.patience import OutOfTimeError, limited
from tests.service.services import database, postgres_tables, sqlite_template

__all__ = ["database", "postgres_tables", "sqlite_template"]

ENDLESS = text("WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n")


def test_a_statement_that_takes_too_long_is_stopped(database: Database) -> None:
    """And the next one on the same connection has all the time there is."""
    began = time.monotonic()
    with pytest.raises(OutOfTimeError), database.read() as conn, limited(conn, 0.05):
        conn.execute(ENDLESS)
    assert time.monotonic() - began < 10
    with database.read() as conn:
        rows = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 500000) SELECT count(*) FROM n"
        assert conn.execute(text(rows)).scalar_one() == 500_000
