"""The PostgreSQL that tests run on is real, fresh per database, and gone afterwards."""

import socket
from collections.abc import Callable
from pathlib import Path

import pytest
import sqlalchemy as sa

from tests.postgres import MISSING, running_server_in, server_folder, server_programs, stop_server_in

pytestmark = [
    pytest.mark.postgres,
    pytest.mark.skipif(server_programs() is None, reason=MISSING),
]


def tables_of(url: str) -> list[str]:
    """Return the names of the tables in a database."""
    engine = sa.create_engine(url, poolclass=sa.NullPool)
    return sa.inspect(engine).get_table_names()


def test_each_call_gives_an_empty_utf8_database(postgres_url: Callable[[], str]) -> None:
    """What one test writes, no other sees."""
    first, second = postgres_url(), postgres_url()
    engine = sa.create_engine(first, poolclass=sa.NullPool)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE runs (name text)"))
        encoding = connection.execute(sa.text("SHOW server_encoding")).scalar_one()

    assert (tables_of(first), tables_of(second), encoding) == (["runs"], [], "UTF8")


def test_a_server_is_shared_while_it_runs_and_gone_once_stopped() -> None:
    """Asking twice gives one server; stopping it frees the port and removes the data."""
    folder = server_folder()
    try:
        server = running_server_in(folder)
        again = running_server_in(folder)
        names = tables_of(server.create_database())
    finally:
        stop_server_in(folder)

    assert again == server
    assert names == []
    assert not Path(folder).exists()
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", server.port)) != 0
