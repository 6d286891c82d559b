"""Metadata documents as the fold of patches: RFC 7386 merges, keys that are set, whole replacements.

A patch is an operation and an object: `merge` (a merge patch), `set` (one key with its new value) or `replace` (the
whole). Everything here is pure.
"""

from collections.abc import Iterable
from typing import Any, Literal, NamedTuple

Document = dict[str, Any]
Operation = Literal["merge", "set", "replace"]


class Patch(NamedTuple):
    """One change of a document; `set` has exactly one key."""

    op: Operation
    document: Document


def fold(patches: Iterable[Patch]) -> Document:
    """The document that patches come to, in their order."""
    found: Document = {}
    for patch in patches:
        found = apply(found, patch)
    return found


def apply(document: Document, patch: Patch) -> Document:
    """The document after a patch. `document` is changed and may be the answer; the patch is not, nor shared."""
    if patch.op == "replace":
        return _copy(patch.document)
    if patch.op == "set":
        document |= _copy(patch.document)
        return document
    return _merge(document, patch.document)


def _merge(document: Document, patch: Document) -> Document:
    for key, value in patch.items():
        if value is None:
            document.pop(key, None)
        elif isinstance(value, dict):
            inner = document.get(key)
            document[key] = _merge(inner if isinstance(inner, dict) else {}, value)
        else:
            document[key] = value
    return document


def _copy(document: Document) -> Document:
    return {key: _copy(value) if isinstance(value, dict) else value for key, value in document.items()}


def subtract(older: Patch, newer: Patch) -> Patch | None:
    """What is left of an older patch of the writer that now gives a newer one: the fold stays the same.

    It stays the same whatever others wrote before, between and after, since a writer's patches live and die together.
    Gone is what `newer` sets, deletes or replaces; an object that is left empty goes too where `newer` has an object.

    Returns:
        The patch to keep instead of `older`; None if nothing is left of it.
    """
    if newer.op == "replace":
        return None
    if newer.op == "set":
        left = {key: value for key, value in older.document.items() if key not in newer.document}
    elif older.op == "set":
        left = _left_of_set(older.document, newer.document)
    else:
        left = _left(older.document, newer.document)
    return Patch(older.op, left) if left or older.op == "replace" else None


def _left_of_set(older: Document, newer: Document) -> Document:
    """The key of a `set` stays unless its value is overridden whole: it wipes what was there."""
    ((key, value),) = older.items()
    inner = newer.get(key)
    if key in newer and not isinstance(inner, dict):
        return {}
    return {key: _left(value, inner) if isinstance(value, dict) and isinstance(inner, dict) else value}


def _left(older: Document, newer: Document) -> Document:
    left = {}
    for key, value in older.items():
        if key not in newer:
            left[key] = value
        elif isinstance(inner := newer[key], dict):
            # An object does not override a value that is none: it only makes an object of it, and wipes it if it is.
            rest = _left(value, inner) if isinstance(value, dict) else value
            if rest != {}:
                left[key] = rest
    return left
