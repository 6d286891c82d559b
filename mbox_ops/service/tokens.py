"""Tokens: who may do what, where, for how long. A secret is shown once, when it is made; only its SHA-256 is kept."""

import hashlib
import secrets
from collections.abc import Callable, Sequence

import msgspec

from mbox_ops.entities.instants import to_microseconds
from mbox_ops.entities.limits import Limits, check_text
from mbox_ops.entities.tokens import CreateToken, Scope, Token
from mbox_ops.errors import Forbidden, InvalidRequest, NotFound, Unauthenticated
from mbox_ops.service.access import Actor
from mbox_ops.service.clock import Clock
from mbox_ops.service.queries import is_storable
from mbox_ops.store import tokens
from mbox_ops.store.database import Database

PREFIX = "mbox_"
EVERY = "*"  # stands for all namespaces
SHORTEST_SECRET = 16  # characters of a secret that someone chose
SECOND = 1_000_000  # microseconds
_LONGEST_SECONDS = 100 * 366 * 86_400
_MOST = 1_000  # namespaces of a token
_ALL: tuple[Scope, ...] = ("read", "write", "delete", "admin")


class Tokens:
    """The tokens of a service."""

    def __init__(self, database: Database, *, clock: Clock, limits: Limits, new_id: Callable[[], str]) -> None:
        self._database = database
        self._clock = clock
        self._limits = limits
        self._new_id = new_id
        self._any = False

    def create(self, actor: Actor | None, request: CreateToken) -> Token:
        """A new token, with its secret in `token`; nobody can read the secret again.

        Args:
            actor: who asks; None for who sits at the server's own machine.
            request: what the token may do, where, for how long.

        Raises:
            Forbidden: it would open namespaces that the actor's own token does not.
            InvalidRequest: a field breaks a rule.
        """
        if actor is not None:
            actor.require("admin")
        self._check(request)
        if actor is not None and not _reaches(actor, request.namespaces):
            raise Forbidden(
                f"Your token does not open all of the namespaces {request.namespaces}, so it cannot make one that does."
            )
        secret = PREFIX + secrets.token_urlsafe(32)
        made = self._store(secret, request)
        return msgspec.structs.replace(made, token=secret)

    def ensure(self, secret: str, name: str = "bootstrap") -> Token:
        """The token with that secret, made with the scope `admin` on all namespaces if it is not there.

        A token that was revoked stays revoked.

        Raises:
            InvalidRequest: the secret is too short to be one.
        """
        if len(secret) < SHORTEST_SECRET:
            raise InvalidRequest(
                f"The {name} token is {len(secret)} characters long; a secret takes at least {SHORTEST_SECRET}.",
                field=name, limit=SHORTEST_SECRET, value=len(secret),
            )  # fmt: skip
        return self._store(secret, CreateToken(name=name, scopes=["admin"], namespaces=[EVERY]))

    def list(self, actor: Actor | None) -> list[Token]:
        """The tokens that open no namespace beyond the actor's, newest first, without their secrets."""
        if actor is not None:
            actor.require("admin")
        with self._database.read() as conn:
            found = tokens.every(conn)
        return [token for token in found if actor is None or _reaches(actor, token.namespaces)]

    def revoke(self, actor: Actor | None, token_id: str) -> Token:
        """End a token at once and for good.

        Raises:
            NotFound: there is none, or it opens namespaces beyond the actor's.
        """
        if actor is not None:
            actor.require("admin")
        with self._database.write() as conn:
            found = tokens.find(conn, uid=token_id) if is_storable(token_id) else None
            if found is None or not (actor is None or _reaches(actor, found.namespaces)):
                raise NotFound("token", token_id)
            tokens.revoke(conn, uid=token_id, at=self._clock.now())
            revoked = tokens.find(conn, uid=token_id)
        assert revoked is not None
        return revoked

    def authenticate(self, secret: str, namespace: str) -> Actor:
        """Who holds that secret, acting in that namespace.

        It is looked for by its SHA-256, so the time it takes says nothing about the secrets there are.

        Raises:
            Unauthenticated: it is unknown, expired or revoked; the three look the same.
            Forbidden: it does not open the namespace, whether or not anything is in there.
        """
        found = self.whose(secret)
        opened = None if EVERY in found.namespaces else frozenset(found.namespaces)
        if opened is not None and namespace not in opened:
            told = f"The token does not open the namespace {namespace!r:.80}."
            raise Forbidden(told, namespace=namespace, opens=found.namespaces)
        scopes = _ALL if "admin" in found.scopes else found.scopes
        return Actor(namespace=namespace, namespaces=opened, scopes=frozenset(scopes), name=found.name)

    def whose(self, secret: str) -> Token:
        """The token with that secret.

        Raises:
            Unauthenticated: it is unknown, expired or revoked; the three look the same.
        """
        with self._database.read() as conn:
            found = tokens.find_by_hash(conn, hash=_hash(secret))
        if found is None or found.revoked_at is not None or self._is_over(found):
            raise Unauthenticated
        return found

    def any(self) -> bool:
        """Whether a token was ever made: from then on the server asks for one, even if all were revoked."""
        if not self._any:
            with self._database.read() as conn:
                self._any = tokens.any_made(conn)
        return self._any

    def _store(self, secret: str, request: CreateToken) -> Token:
        now = self._clock.now()
        lasts = request.expires_in_seconds
        hashed = _hash(secret)
        with self._database.write() as conn:
            tokens.insert(
                conn,
                uid=self._new_id(),
                name=request.name,
                hash=hashed,
                scopes=[scope for scope in _ALL if scope in request.scopes],
                namespaces=list(dict.fromkeys(request.namespaces)),
                created_at=now,
                expires_at=None if lasts is None else now + lasts * SECOND,
            )
            made = tokens.find_by_hash(conn, hash=hashed)
        assert made is not None
        return made

    def _is_over(self, token: Token) -> bool:
        return token.expires_at is not None and to_microseconds(token.expires_at) <= self._clock.now()

    def _check(self, request: CreateToken) -> None:
        check_text("token name", request.name, most=self._limits.name)
        if not request.scopes:
            raise InvalidRequest(f"scopes is empty; give some of {', '.join(_ALL)}.", field="scopes", value=[])
        if not 1 <= len(request.namespaces) <= _MOST:
            raise InvalidRequest(
                f"namespaces holds {len(request.namespaces)} names; give 1 to {_MOST}, or '{EVERY}' for all.",
                field="namespaces", limit=_MOST, value=len(request.namespaces),
            )  # fmt: skip
        for namespace in request.namespaces:
            check_text("token namespace", namespace, most=self._limits.name)
        lasts = request.expires_in_seconds
        if lasts is not None and not 1 <= lasts <= _LONGEST_SECONDS:
            raise InvalidRequest(
                f"expires_in_seconds is {lasts}; it takes 1 to {_LONGEST_SECONDS} (100 years), or null for never.",
                field="expires_in_seconds", limit=_LONGEST_SECONDS, value=str(lasts),
            )  # fmt: skip


def _reaches(actor: Actor, namespaces: Sequence[str]) -> bool:
    """Whether the actor's token opens all that a token with these namespaces does."""
    return actor.namespaces is None or (EVERY not in namespaces and actor.namespaces.issuperset(namespaces))


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode(errors="surrogatepass")).digest()
