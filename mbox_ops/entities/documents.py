"""Metadata documents: what they may hold, and how a place in one is written.

A path joins keys with dots. A key that is empty or holds a dot, a bracket, a quote or a backslash is quoted:
`model."conv.1".size`. What lies in an array has the array's path with `[*]`.
"""

import math
import re

import msgspec

from mbox_ops.entities.limits import DEFAULT, Limits, check_text
from mbox_ops.errors import InvalidRequest

INT_RANGE = range(-(2**63), 2**64)  # what JSON and MessagePack both carry

_QUOTED = re.compile(r"""[.\[\]"'`\\]""")
_PART = re.compile(
    r"""(?:^|\.)(?:"(?P<quoted>(?:[^"\\]|\\.)*)"|(?P<bare>[^.\[\]"'`\\]+))(?P<arrays>(?:\[\*\])*)""", re.DOTALL
)
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


def join_path(path: str, key: str) -> str:
    """The path of what a key holds in the object at `path` (empty for the document itself).

    >>> join_path("model", "conv.1")
    'model."conv.1"'
    """
    if not key or _QUOTED.search(key):
        key = '"' + key.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"{path}.{key}" if path else key


def split_path(path: str) -> list[tuple[str, int]]:
    """The keys of a path, and how many `[*]` stand behind each: what `join_path` puts together.

    >>> split_path('model."conv.1"[*].size')
    [('model', 0), ('conv.1', 1), ('size', 0)]
    """
    return [
        (part["bare"] if part["quoted"] is None else _ESCAPED.sub(r"\1", part["quoted"]), len(part["arrays"]) // 3)
        for part in _PART.finditer(path)
    ]


def check_document(field: str, document: object, limits: Limits = DEFAULT) -> None:
    """Make sure that a document is within the limits of metadata.

    Args:
        field: what an error calls it; the path of the place that breaks a rule is added.
        document: an object of JSON values.

    Raises:
        InvalidRequest: keys, strings, arrays, depth, leaves or size break a limit, or a value is not of JSON.
    """
    if not isinstance(document, dict):
        raise InvalidRequest(f"{field} must be an object, not {type(document).__name__}.", field=field)
    check_value(field, document, limits)
    size = len(msgspec.json.encode(document))
    if size > limits.metadata_bytes:
        raise InvalidRequest(
            f"{field} is {size} bytes of JSON; the limit is {limits.metadata_bytes}.",
            field=field, limit=limits.metadata_bytes, value=size,
        )  # fmt: skip


def check_value(field: str, value: object, limits: Limits = DEFAULT) -> None:
    """Make sure that a JSON value is within the limits of metadata, but for its size.

    Raises:
        InvalidRequest: it is not; the message names the path.
    """
    walk = _Walk(field, limits)
    walk.visit("", value, 0)
    if walk.leaves > limits.metadata_leaves:
        raise InvalidRequest(
            f"{field} has {walk.leaves} leaves; the limit is {limits.metadata_leaves}.",
            field=field, limit=limits.metadata_leaves, value=walk.leaves,
        )  # fmt: skip


class _Walk:
    """One walk through a document; as deep as the limit and no deeper."""

    def __init__(self, field: str, limits: Limits) -> None:
        self.field, self.limits, self.leaves = field, limits, 0

    def visit(self, path: str, value: object, depth: int) -> None:
        kind = type(value)
        if kind is str:
            check_text(self._name(path), value, most=self.limits.metadata_string, least=0)
        elif kind is dict or kind is list:
            self._descend(path, value, depth + 1)  # type: ignore[arg-type]
            if value:
                return
        elif kind is int:
            if value not in INT_RANGE:
                raise self._error(path, "holds an integer beyond 64 bits", "64 bits", str(value)[:60])
        elif kind is float:
            if not math.isfinite(value):  # type: ignore[arg-type]
                raise self._error(path, f"is {value}, which JSON does not have", None, str(value))
        elif value is not None and kind is not bool:
            raise self._error(path, f"is a {kind.__name__}, which JSON does not have", None, kind.__name__)
        self.leaves += 1

    def _descend(self, path: str, value: dict[object, object] | list[object], depth: int) -> None:
        limits = self.limits
        if depth > limits.metadata_depth:
            what = f"is nested more than {limits.metadata_depth} levels deep"
            raise self._error(path, what, limits.metadata_depth, depth)
        if isinstance(value, list):
            if len(value) > limits.metadata_array:
                what = f"is an array of {len(value)} elements; the limit is {limits.metadata_array}"
                raise self._error(path, what, limits.metadata_array, len(value))
            for element in value:
                self.visit(path + "[*]", element, depth)
            return
        for key, inner in value.items():
            check_text(f"{self._name(path)} key", key, most=limits.metadata_key, least=0)
            self.visit(join_path(path, str(key)), inner, depth)

    def _name(self, path: str) -> str:
        return f"{self.field}.{path}" if path else self.field

    def _error(self, path: str, what: str, limit: object, value: object) -> InvalidRequest:
        return InvalidRequest(f"{self._name(path)} {what}.", field=self._name(path), limit=limit, value=value)
