"""Tokens: made, listed and revoked by an administrator."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from mbox_ops.client.reading import segment
from mbox_ops.entities import tokens
from mbox_ops.entities.pages import Items
from mbox_ops.entities.tokens import Scope

if TYPE_CHECKING:
    from mbox_ops.client.connection import Connection

_Tokens: TypeAlias = list[tokens.Token]  # `Tokens` has a method called `list`


class Tokens:
    """The tokens of the service."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    def create(
        self,
        name: str,
        scopes: Iterable[Scope],
        namespaces: Iterable[str] = ("default",),
        expires_in_seconds: int | None = None,
    ) -> tokens.Token:
        """Make a token; `.token` of the answer is its secret, which is told only once.

        Args:
            name: what it is for, 1-256 characters.
            scopes: any of `read`, `write`, `delete`, `admin`; `admin` includes the others.
            namespaces: those it opens; `*` stands for all.
            expires_in_seconds: None for never.
        """
        wish = tokens.CreateToken(
            name=name, scopes=list(scopes), namespaces=list(namespaces), expires_in_seconds=expires_in_seconds
        )
        return self._connection.api.call("POST", "/tokens", body=wish, result=tokens.Token)

    def list(self) -> _Tokens:
        """All tokens, without their secrets."""
        return self._connection.get("/tokens", Items[tokens.Token]).items

    def revoke(self, token_id: str) -> tokens.Token:
        """Revoke a token: from now on it opens nothing.

        Raises:
            NotFound: there is none.
        """
        return self._connection.api.call("DELETE", f"/tokens/{segment(token_id)}", result=tokens.Token)
