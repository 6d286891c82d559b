"""The error tree: what can the caller do about it?

    MboxError
    +-- InvalidRequest        422  mend the request: a field breaks a rule
    |   +-- MalformedRequest  400  mend the body: it cannot be read at all
    |   +-- UnsupportedMedia  415  send JSON or MessagePack
    |   +-- TooLarge          413  send less at once
    |   +-- MethodNotAllowed  405  use one of the methods of this address
    |   +-- OutOfRange        416  ask for bytes that are there
    +-- Unauthenticated       401  give a token
    +-- Forbidden             403  give a token with that scope
    +-- NotFound              404  look for another id
    +-- Conflict              409  choose: what is there, or what was asked
    +-- Fenced                409  stop: a newer attempt has taken over
    +-- StaleRequest          409  look again: what was previewed has changed
    +-- RunDeleted            410  stop: the run was deleted
    +-- CursorExpired         410  begin anew: look at all there is, then watch from now
    +-- Unavailable           503  try again later
    |   +-- StorageFull       507  make room on the server, then try again
    +-- InternalError         500  report it with its request id

Facts go into the constructor and the sentence is built from them, so that an error survives pickling
and the JSON body of the service alike. This module imports nothing.
"""


class MboxError(Exception):
    """Something went wrong that mbox-ops can name.

    Attributes:
        code: the stable, machine-readable name of the error, the same at every door.
        details: the facts, JSON-ready.
    """

    code = "internal"

    def __init__(self, message: str, **details: object) -> None:
        super().__init__(message)
        self.message = message
        self.details: dict[str, object] = {k: v for k, v in details.items() if v is not None}

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[object, ...]:
        return (_rebuild, (type(self), self.message, self.details))


def _rebuild(cls: type[MboxError], message: str, details: dict[str, object]) -> MboxError:
    error = cls.__new__(cls)
    MboxError.__init__(error, message, **details)
    return error


class InvalidRequest(MboxError):
    """A field breaks a rule; nothing was changed.

    Args:
        message: the full sentence, which names the field, the limit and the value.
        field: the field's path, such as `tags.key`.
        limit: the limit that was broken, if there is one.
        value: the value given, shortened to 200 characters when it is long.
    """

    code = "invalid_request"

    def __init__(self, message: str, *, field: str = "", limit: object = None, value: object = None, **more: object):
        super().__init__(message, field=field or None, limit=limit, value=_short(value), **more)


class MalformedRequest(InvalidRequest):
    """The body or the query cannot be read as what it says it is."""

    code = "malformed_request"


class UnsupportedMedia(InvalidRequest):
    """The content type is not one that this route reads."""

    code = "unsupported_media_type"


class TooLarge(InvalidRequest):
    """The body is larger than the server takes."""

    code = "too_large"


class MethodNotAllowed(InvalidRequest):
    """This address is there, but not for this method."""

    code = "method_not_allowed"


class OutOfRange(InvalidRequest):
    """The range that was asked for begins behind the last byte."""

    code = "out_of_range"


class Unauthenticated(MboxError):
    """No token, or one that is unknown, expired or revoked."""

    code = "unauthenticated"

    def __init__(self, message: str = "Give a valid token: 'Authorization: Bearer <token>'.", **more: object) -> None:
        super().__init__(message, **more)


class Forbidden(MboxError):
    """The token does not have the scope, or the request comes from where none may."""

    code = "forbidden"


class NotFound(MboxError):
    """There is no such object in this namespace, or the token does not open it (the two look the same)."""

    code = "not_found"

    def __init__(self, kind: str, ident: str, namespace: str | None = None, **more: object) -> None:
        where = f" in namespace {namespace!r}" if namespace else ""
        super().__init__(f"No {kind} {ident!r}{where}.", kind=kind, id=ident, namespace=namespace, **more)


class Conflict(MboxError):
    """Two explicit claims exclude each other; the first stands."""

    code = "conflict"


class Fenced(MboxError):
    """A newer attempt of the same origin has written to this subject: this writer is over."""

    code = "fenced"


class StaleRequest(MboxError):
    """What the request expected to find has changed since."""

    code = "stale"


class RunDeleted(MboxError):
    """The run was deleted: this writer is over, and nothing brings the run back but an undo."""

    code = "run_deleted"


class CursorExpired(MboxError):
    """What changed behind this cursor is not kept any more, or it is a cursor of another database."""

    code = "cursor_expired"


class Unavailable(MboxError):
    """The service is away or busy; the same request may go through later."""

    code = "unavailable"


class StorageFull(Unavailable):
    """The server's disk is full: it reads, and writes again when there is room."""

    code = "storage_full"


class InternalError(MboxError):
    """The service failed; the request id finds the reason in its log."""

    code = "internal"


def _short(value: object) -> object:
    if value is None or isinstance(value, (bool, int, float)):
        return value
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 200 else text[:197] + "..."


BY_CODE: dict[str, type[MboxError]] = {
    cls.code: cls
    for cls in (
        InvalidRequest, MalformedRequest, UnsupportedMedia, TooLarge, MethodNotAllowed, OutOfRange, Unauthenticated,
        Forbidden, NotFound, Conflict, Fenced, StaleRequest, RunDeleted, CursorExpired, Unavailable,
        StorageFull, InternalError,
    )
}  # fmt: skip


def from_code(code: str, message: str, details: dict[str, object]) -> MboxError:
    """The error that a body of the service stands for; an unknown code gives an `InternalError`."""
    return _rebuild(BY_CODE.get(code, InternalError), message, details)
