"""Tokens: who may do what, where, for how long."""

from datetime import datetime
from typing import Literal

import msgspec

Scope = Literal["read", "write", "delete", "admin"]


class CreateToken(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A wish for a token.

    Attributes:
        name: what it is for, 1-256 characters.
        scopes: `admin` includes the others.
        namespaces: those it opens; `*` stands for all.
        expires_in_seconds: None for never.
    """

    name: str
    scopes: list[Scope]
    namespaces: list[str] = msgspec.field(default_factory=lambda: ["default"])
    expires_in_seconds: int | None = None


class Token(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A token as it is listed; `token` holds the secret once, when it is made."""

    id: str
    name: str
    scopes: list[Scope]
    namespaces: list[str]
    created_at: datetime
    expires_at: datetime | None = None
    revoked_at: datetime | None = None
    token: str | None = None
