"""Tokens: made, listed, revoked by an administrator."""

from mbox_ops.entities.pages import Items
from mbox_ops.entities.tokens import CreateToken, Token
from mbox_ops.server.routes import Call, operation


@operation(
    "POST", "/api/v1/tokens", scope="admin",
    example={"name": "nightly pipelines", "scopes": ["write"], "namespaces": ["default"]},
)  # fmt: skip
def create_token(call: Call, body: CreateToken) -> Token:
    """Make a token. Its secret is in this answer and nowhere else, ever.

    The first token closes the service to everybody without one.
    """
    return call.service.tokens.create(call.actor, body)


@operation("GET", "/api/v1/tokens", scope="admin")
def list_tokens(call: Call) -> Items[Token]:
    """All tokens, without their secrets."""
    return Items(items=call.service.tokens.list(call.actor))


@operation("DELETE", "/api/v1/tokens/{token_id}", scope="admin")
def revoke_token(call: Call, token_id: str) -> Token:
    """Revoke a token; from now on it opens nothing."""
    return call.service.tokens.revoke(call.actor, token_id)
