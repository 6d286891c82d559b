"""Tokens: what they open, how they end, and that the server never opens again."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from mbox_ops.entities.tokens import CreateToken
from mbox_ops.errors import Forbidden, InvalidRequest, NotFound, Unauthenticated
from mbox_ops.service.access import Actor
from mbox_ops.service.service import Service
from mbox_ops.store.database import Database
from mbox_ops.store.tables import tokens as table
from tests.service.services import ANN, HandClock, actor, clock, database, postgres_tables, service, sqlite_template

__all__ = ["clock", "database", "postgres_tables", "service", "sqlite_template"]


def token(**given: Any) -> CreateToken:
    """A wish for a token."""
    return CreateToken(**{"name": "ci", "scopes": ["read"], **given})


def test_a_token_makes_its_holder_an_actor(service: Service) -> None:
    """With its scopes and namespaces, in the request's namespace."""
    made = service.tokens.create(None, token(scopes=["write", "read"], namespaces=["cv", "nlp"]))
    assert made.token is not None
    assert made.token.startswith("mbox_")
    assert service.tokens.authenticate(made.token, "cv") == Actor(
        namespace="cv", namespaces=frozenset({"cv", "nlp"}), scopes=frozenset({"read", "write"}), name="ci"
    )
    with pytest.raises(Forbidden):
        service.tokens.authenticate(made.token, "other")


def test_admin_of_everything_may_do_everything_everywhere(service: Service) -> None:
    """One scope includes the others, one star all namespaces."""
    made = service.tokens.create(None, token(scopes=["admin"], namespaces=["*"]))
    holder = service.tokens.authenticate(made.token or "", "anything")
    assert (holder.namespaces, holder.scopes) == (None, {"read", "write", "delete", "admin"})


def test_the_secret_is_shown_once_and_not_kept(service: Service, database: Database) -> None:
    """Only its hash is in the database."""
    made = service.tokens.create(ANN, token())
    listed = service.tokens.list(ANN)
    assert [(found.id, found.token) for found in listed] == [(made.id, None)]
    with database.read() as conn:
        row = conn.execute(select(table)).one()
    assert made.token is not None
    assert made.token not in repr(tuple(row))


def test_a_token_ends_when_it_expires_or_is_revoked(service: Service, clock: HandClock) -> None:
    """Unknown, expired and revoked look the same."""
    short = service.tokens.create(None, token(expires_in_seconds=60))
    long = service.tokens.create(None, token())
    assert short.expires_at == short.created_at + timedelta(seconds=60)
    clock.forward(seconds=59)
    service.tokens.authenticate(short.token or "", "default")
    clock.forward(seconds=1)
    revoked = service.tokens.revoke(ANN, long.id)
    assert revoked.revoked_at == long.created_at + timedelta(seconds=60)
    clock.forward(seconds=1)
    assert service.tokens.revoke(ANN, long.id) == revoked
    messages = set()
    for secret in (short.token or "", long.token or "", "mbox_unknown", "", "é\ud800"):
        with pytest.raises(Unauthenticated) as error:
            service.tokens.authenticate(secret, "default")
        messages.add((str(error.value), repr(error.value.details)))
    assert len(messages) == 1


def test_once_a_token_was_made_the_server_stays_closed(service: Service, database: Database) -> None:
    """Revoking the last one does not open it, and neither does a restart."""
    assert not service.tokens.any()
    made = service.tokens.create(None, token())
    service.tokens.revoke(None, made.id)
    assert service.tokens.any()
    assert Service(database).tokens.any()


def test_the_bootstrap_token_is_made_once(service: Service) -> None:
    """A restart finds it; once revoked it stays so."""
    secret = "a-secret-of-some-length"
    made = service.tokens.ensure(secret)
    assert service.tokens.ensure(secret) == made
    assert (made.name, made.scopes, made.namespaces, made.token) == ("bootstrap", ["admin"], ["*"], None)
    assert "admin" in service.tokens.authenticate(secret, "default").scopes
    service.tokens.revoke(None, made.id)
    service.tokens.ensure(secret)
    with pytest.raises(Unauthenticated):
        service.tokens.authenticate(secret, "default")
    with pytest.raises(InvalidRequest, match="at least 16"):
        service.tokens.ensure("short")


def test_nobody_makes_sees_or_revokes_a_token_beyond_their_own(service: Service) -> None:
    """An admin of one namespace rules that one."""
    everywhere = service.tokens.create(None, token(namespaces=["*"]))
    nlp = service.tokens.create(None, token(namespaces=["nlp"]))
    cv = service.tokens.create(None, token(namespaces=["cv"]))
    admin = actor("cv", opens={"cv"})
    for namespaces in (["*"], ["nlp"], ["cv", "nlp"]):
        with pytest.raises(Forbidden):
            service.tokens.create(admin, token(namespaces=namespaces))
    assert [found.id for found in service.tokens.list(admin)] == [cv.id]
    for hidden in (everywhere.id, nlp.id, "x", "\x00"):
        with pytest.raises(NotFound):
            service.tokens.revoke(admin, hidden)
    assert service.tokens.revoke(admin, cv.id).revoked_at is not None
    for call in (service.tokens.list, lambda by: service.tokens.revoke(by, nlp.id)):
        with pytest.raises(Forbidden):
            call(actor(scopes=frozenset({"read", "write", "delete"})))


def test_a_wish_that_breaks_a_rule_names_the_field(service: Service) -> None:
    """And no token is made."""
    expected: list[tuple[dict[str, Any], str]] = [
        ({"name": ""}, "token name"),
        ({"scopes": []}, "scopes"),
        ({"namespaces": []}, "namespaces"),
        ({"namespaces": [""]}, "token namespace"),
        ({"namespaces": ["a\x00"]}, "token namespace"),
        ({"expires_in_seconds": 0}, "expires_in_seconds"),
        ({"expires_in_seconds": 10**12}, "expires_in_seconds"),
    ]
    for given, field in expected:
        with pytest.raises(InvalidRequest) as error:
            service.tokens.create(None, token(**given))
        assert error.value.details["field"] == field, given
    assert not service.tokens.any()
