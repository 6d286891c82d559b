"""Who is asking, and what they may do."""

import msgspec

from mbox_ops.entities.tokens import Scope
from mbox_ops.errors import Forbidden


class Actor(msgspec.Struct, frozen=True, kw_only=True):
    """Whoever makes a request.

    Attributes:
        namespace: the request's namespace, to which lists and new objects are confined.
        namespaces: those that the token opens; None for all.
        scopes: what the token allows; `admin` includes all.
        name: the token's name, for the record of who did what.
    """

    namespace: str
    namespaces: frozenset[str] | None
    scopes: frozenset[str]
    name: str

    def require(self, scope: Scope) -> None:
        """Make sure that the actor has a scope.

        Raises:
            Forbidden: the token lacks it.
        """
        if scope not in self.scopes and "admin" not in self.scopes:
            has = ", ".join(sorted(self.scopes)) or "none"
            raise Forbidden(
                f"The token {self.name!r} lacks the scope {scope!r}; it has {has}. Make one with"
                f" `mbox token create --scope {scope}`.",
                scope=scope, scopes=sorted(self.scopes),
            )  # fmt: skip

    def opens(self, namespace: str) -> bool:
        """Whether the token opens a namespace."""
        return self.namespaces is None or namespace in self.namespaces
